"""Money of firms on their own cash: what is earned, spent and raised, month by month."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from rooms import made_up_treasury, stand_still

from forecast.arrays import REAL, spots
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import cash, funding
from forecast.market.names import market_names
from forecast.market.regimes import REGIMES, transition
from forecast.scenario import load_scenario


def test_other_business_starts_at_the_growth_that_figures_show_and_fades(base, block):
    """The first month's growth of all is that fitted, within the limit; later what is left of it fades as demand's does."""
    _, names, draws = block
    treasury, revenue = made_up_treasury(base, names, draws)
    none, whole = REAL(0), np.ones(revenue.shape, REAL)
    start, long, fade = (draws.parameter(name) for name in
                         ("other_growth_start_per_year", "demand_growth_long_per_year", "demand_fade_months"))  # fmt: skip
    part = treasury.other.part_of_limit
    for month in range(1, 25):
        treasury.step(month, revenue, revenue / 2, none, none, whole, whole)
        if month == 1:  # at the end of which the limit is a little nearer
            far = part < 0.5
            assert_allclose(np.log(treasury.other.market_ratio)[far], start[far] / 12, rtol=0.1, atol=0.003)
    start = start * (1 + part)
    unbound = long * 2 - (start - long) * fade / 12 * np.expm1(-24 / fade)
    assert_allclose(np.log(treasury.other.unbound_ratio), unbound, atol=2e-3)
    assert (part * treasury.other.market_ratio < 1 + part).all()


def test_cash_changes_by_what_is_earned_and_raised(base, block):
    _, names, draws = block
    treasury, revenue = made_up_treasury(base, names, draws)
    own = names.own_cash
    assert_array_equal(treasury.other.usd_per_month(), treasury.other.start_usd_per_month)
    chance = np.random.default_rng(2)
    names_of = ("round_covers_months", "round_to_last_ratio", "round_elasticity")
    covers, to_last, elasticity = (treasury.theta[name] for name in names_of)
    for month in range(6):
        alive = chance.random(revenue.shape) < 0.8
        closes = chance.random(revenue.shape) < 0.3
        money, alone = treasury.cash_usd.copy(), treasury.cash_without_rounds_usd.copy()
        last, average = treasury.last_round_ratio.copy(), treasury.turnover_average.copy()
        since = treasury.months_since_round.copy()
        cost = revenue * chance.uniform(0.2, 1.5, revenue.shape).astype(REAL)
        uniform = np.where(closes, 0.0, np.inf).astype(REAL)  # a chance above one is certain: 1 would close
        apart = chance.normal(0.0, 0.1, (len(names.providers), BLOCK_PATHS)).astype(REAL)
        fall = chance.normal(0.0, 0.2, BLOCK_PATHS).astype(REAL)
        treasury.step(month, revenue, cost, apart, fall, alive.astype(REAL), uniform)
        raised = closes & alive
        assert raised.any()
        # Exact, bit for bit: the same operations of single precision in the same order.
        other_cost = treasury.other.cost_start_usd_per_month * treasury.other.ratio
        other_cost[treasury.other.letting_rows] += treasury.other.letting_cost_added
        other = (treasury.other.usd_per_month() - other_cost)[own]
        flow = (revenue - cost) + other - treasury.fixed_cost - treasury.debt_service
        assert_array_equal(treasury.net_flow, flow)
        flow_alone = flow + (treasury.fixed_cost - treasury.fixed_cost_without_rounds)
        earned, earned_alone = (np.where(alive, each, REAL(0)) for each in (flow, flow_alone))
        turnover = revenue + treasury.other.usd_per_month()[own]
        assert_allclose(treasury.turnover_average, average + (turnover - average) / 12, rtol=1e-5)  # of a year
        reserve = turnover * treasury.theta["reserve_months"]
        # A profit is kept up to the reserve; what was there before stays.
        kept, kept_alone = (
            np.minimum(before + gain, np.maximum(before, reserve))
            for before, gain in ((money, earned), (alone, earned_alone))
        )
        assert (kept < money + earned).any()
        assert (kept == money + earned)[earned <= 0].all()
        assert_array_equal(treasury.cash_without_rounds_usd, kept_alone)
        burn = covers * np.maximum(-flow, REAL(0))
        size = np.maximum(burn, to_last * last * average**elasticity)
        # Of a round is kept what pays for burn or fills the reserve; the rest is spent.
        most = np.maximum(kept + burn, treasury.theta["reserve_months"] * average)
        assert_array_equal(treasury.cash_usd, np.where(raised, np.minimum(kept + burn + (size - burn), most), kept))
        assert_array_equal(treasury.last_round_ratio[~raised], last[~raised])
        assert_allclose((treasury.last_round_ratio * average**elasticity)[raised], size[raised], rtol=1e-6)
        assert_array_equal(treasury.months_since_round, np.where(raised, 0, since + 1))


def test_who_earns_nothing_any_more_has_next_to_no_fixed_cost(tables):
    scenario = load_scenario("base", tables, ["provider_finances.parasail.other_revenue_usd_per_year=0"], months=2)
    names, draws = market_names(scenario), Draws(scenario, 7, 0)
    treasury, revenue = made_up_treasury(scenario, names, draws)
    treasury.theta["fixed_cost_lag_months"] = np.ones(BLOCK_PATHS, REAL)
    gone, even = names.providers.index("parasail"), REAL(0) * revenue
    revenue[gone] = 0
    treasury.step(1, revenue, even, REAL(0), REAL(0), even, even + 1)
    assert np.isfinite(treasury.fixed_cost).all()
    assert (treasury.fixed_cost[gone] < 0.001 * treasury.fixed_cost_start[gone]).all()


def test_who_gets_no_money_cuts_as_its_own_cash_runs_short(base, block):
    """One tenth of a year's burn is left and a round comes each month: the funded cut nothing, the ledger without rounds does."""
    _, names, draws = block
    treasury, revenue = made_up_treasury(base, names, draws)
    stand_still(treasury)
    treasury.cash_usd[:] = treasury.cash_without_rounds_usd[:] = np.maximum(-treasury.net_flow, REAL(1))
    treasury.cash_usd += REAL(1e14)
    treasury.runway_months[names.own_cash] = cash.runway_months(treasury.cash_usd, treasury.net_flow)
    treasury.theta["fixed_cost_lag_months"] = np.ones(BLOCK_PATHS, REAL)
    even, whole = REAL(0), np.ones(revenue.shape, REAL)
    treasury.step(1, revenue, revenue / 2, even, REAL(0), whole, whole)
    burns = (treasury.net_flow < -1e5) & (treasury.fixed_cost > 1e5)
    assert burns.mean() > 0.3
    kept = (treasury.fixed_cost_without_rounds / treasury.fixed_cost)[burns]
    assert_allclose(kept, (1 - draws.parameter("austerity_frac") * (1 - 1 / 24) + 0 * revenue)[burns], rtol=1e-3)
    saved = (treasury.net_flow_without_rounds - treasury.net_flow)[burns]
    assert_allclose(saved, (treasury.fixed_cost - treasury.fixed_cost_without_rounds)[burns], rtol=1e-2)
    treasury.runway_months[names.own_cash] = 6  # the funded cut as well once half a year is left
    treasury.step(2, revenue, revenue / 2, even, REAL(0), whole, whole)
    kept = (treasury.fixed_cost / treasury.fixed_cost_start)[burns]
    assert_allclose(kept, (1 - draws.parameter("austerity_frac") * (1 - 6 / 24) + 0 * revenue)[burns], rtol=1e-3)


def test_a_listing_brings_a_round(base, block):
    _, names, draws = block
    treasury, _ = made_up_treasury(base, names, draws)
    cells = spots(np.random.default_rng(4).random(treasury.cash_usd.shape) < 0.1)
    before = treasury.cash_usd.copy()
    names_of = ("round_covers_months", "round_to_last_ratio", "round_elasticity", "reserve_months")
    covers, to_last, elasticity, reserve = (treasury.theta[name] for name in names_of)
    burn, average = covers * np.maximum(-treasury.net_flow, REAL(0)), treasury.turnover_average
    size = np.maximum(burn, to_last * treasury.last_round_ratio * average**elasticity)
    after = np.minimum(before + size, np.maximum(before + burn, reserve * average))
    treasury.give_money(cells)
    before[cells.row, cells.path] = after[cells.row, cells.path]
    assert_allclose(treasury.cash_usd, before, rtol=1e-6)
    assert (size > after - before)[cells.row, cells.path].any()  # some need less than they are given
    burn = np.maximum(-treasury.net_flow, REAL(1))
    runway = treasury.runway_months[names.own_cash]
    assert_allclose(cells.of(runway), cells.of(np.maximum(before, REAL(0)) / burn), rtol=1e-5)


def test_who_is_carried_on_gets_a_round_and_cuts_cost_to_what_it_earns(base, block):
    """A burn of 4 million behind a cost of 10, where 15 is planned: cost 6, and 6 is the plan. Who burns nothing keeps to his 10."""
    _, names, draws = block
    treasury, _ = made_up_treasury(base, names, draws)
    chosen = np.random.default_rng(4).random(treasury.cash_usd.shape) < 0.1
    treasury.fixed_cost = np.full(chosen.shape, 10e6, REAL)
    treasury.fixed_cost_start = np.full(chosen.shape, 20e6, REAL)
    treasury.planned_fixed_cost = np.full(chosen.shape, 15e6, REAL)
    treasury.net_flow = np.where(np.arange(BLOCK_PATHS) % 2, -4e6, 1e6).astype(REAL) + np.zeros(chosen.shape, REAL)
    before = treasury.cash_usd.copy()
    treasury.carry_on(spots(chosen))
    burns = np.arange(BLOCK_PATHS) % 2 == 1
    assert_allclose(treasury.fixed_cost, np.where(chosen & burns, 6e6, 10e6), rtol=1e-6)
    assert_allclose(
        treasury.fixed_cost_start, np.select([chosen & burns, chosen], [20e6 * 6 / 15, 20e6 * 10 / 15], 20e6), rtol=1e-6
    )
    assert (treasury.cash_usd > before)[chosen & burns].all()
    assert_array_equal(treasury.cash_usd[~chosen], before[~chosen])


def test_a_month_at_todays_books_burns_todays_burn(base, block):
    _, names, draws = block
    treasury, revenue = made_up_treasury(base, names, draws)
    treasury.theta["austerity_frac"] = np.zeros(BLOCK_PATHS, REAL)
    stand_still(treasury)
    burn = draws.column("provider_finances", "burn_usd_per_year", names.providers[names.own_cash]) / 12
    even, whole = REAL(0), np.ones(revenue.shape, REAL)
    treasury.step(1, revenue, revenue / 2, even, REAL(0), whole, whole)
    known = treasury.fixed_cost > 0  # fixed cost is not negative: some burn less
    assert known.any()
    # Burn is a difference of larger sums, each known to seven digits.
    turnover = (
        revenue + treasury.other.start_usd_per_month[names.own_cash] + treasury.fixed_cost + treasury.debt_service
    )
    off = np.abs(treasury.net_flow + burn)
    assert (off <= 5e-7 * turnover + 1.0)[known].all()
    with pytest.raises(AssertionError):  # the control: a thousandth more revenue is seen
        treasury.step(1, revenue * REAL(1.001), revenue / 2, even, REAL(0), whole, whole)
        assert (np.abs(treasury.net_flow + burn) <= 5e-7 * turnover + 1.0)[known].all()


def test_a_runway_is_noted_for_all_and_infinite_where_a_parent_pays(base, block):
    _, names, draws = block
    treasury, revenue = made_up_treasury(base, names, draws)
    never = np.full(revenue.shape, np.inf, REAL)
    treasury.step(1, revenue, revenue / 2, REAL(0), REAL(0), np.ones(revenue.shape, REAL), never)
    assert treasury.runway_months.shape == (len(names.providers), BLOCK_PATHS)
    assert np.isinf(treasury.runway_months[names.backed[:, 0]]).all()
    lasts = np.maximum(treasury.cash_usd, 0) / np.maximum(-treasury.net_flow, 1)
    assert_array_equal(treasury.runway_months[names.own_cash], lasts)
    assert np.isfinite(lasts).all()


def test_money_today_is_that_of_the_tables(base, block):
    _, names, draws = block
    treasury, revenue = made_up_treasury(base, names, draws)
    cash_usd, burn, debt = (
        draws.column("provider_finances", name, names.providers[names.own_cash])
        for name in ("cash_usd", "burn_usd_per_year", "debt_service_usd_per_year")
    )
    for known, found in (
        (cash_usd, treasury.cash_usd), (cash_usd, treasury.cash_without_rounds_usd),
        (-burn / 12, treasury.net_flow), (debt / 12, np.broadcast_to(treasury.debt_service, revenue.shape)),
        (12 * cash_usd / np.maximum(burn, 12), treasury.runway_months[names.own_cash]),
    ):  # fmt: skip
        assert_allclose(found, np.broadcast_to(known, revenue.shape), rtol=1e-5)
    assert not len(treasury.closes.flat)
    assert set(np.unique(treasury.regime)) == {REGIMES.index("hot"), REGIMES.index("normal")}
    hot = draws.parameter("regime_hot_start_prob").mean()
    assert_allclose((treasury.regime == REGIMES.index("hot")).mean(), hot, atol=0.03)  # four standard errors


def test_the_last_round_stands_beside_the_revenue_of_its_day(base, block):
    """The market's tokens grow by 0.24 in logs a year, all else by 0.36; own growth, 0.02 a month and half as much of all else, fades."""
    scenario = load_scenario("base", settings=["round_elasticity=0.7", "demand_growth_start_per_year=0.24",
                                               "other_growth_start_per_year=0.36", "growth_apart_money_ratio=0.5",
                                               "growth_apart_fade_months=12"])  # fmt: skip
    scenario = replace(scenario, as_of=scenario.as_of + timedelta(days=200))  # some rounds lie more than a year back
    rows = scenario.rows["provider_finances"]
    _, names, _ = block
    draws = Draws(scenario, 7, 0)
    treasury, revenue = made_up_treasury(scenario, names, draws, apart_per_month=0.02)
    providers = names.providers[names.own_cash]
    last = draws.column("provider_finances", "last_round_usd", providers)
    days = [rows[provider]["last_round_on"] for provider in providers]
    known = [(scenario.as_of - day).days * 12 / 365 if day else 12 for day in days]
    assert max(known) > 12 and {0 < months < 12 for months in known} == {True, False}
    months = np.minimum(known, 12)[:, None]
    other = treasury.other.start_usd_per_month[names.own_cash]

    def before(flow, market, own, months):
        """Of own growth e^(−t/12) was there t months ago: over so many of them, 12·(1 − e^(−t/12)) times today's."""
        year = (12 * market + own * 12 * (1 - np.exp(-1))) / 12
        return flow * np.exp(-market * months - own * 12 * (1 - np.exp(-months / 12))) / (12 - 11 * np.exp(-year))

    average, at_its_day = (before(revenue, 0.02, 0.02, ago) + before(other, 0.03, 0.01, ago) for ago in (0, months))
    assert_allclose(treasury.turnover_average, average, rtol=1e-5)
    assert_allclose(treasury.last_round_ratio * at_its_day**0.7, last + 0 * at_its_day, rtol=1e-4)
    assert_allclose(treasury.months_since_round, months - 0.5 + 0 * at_its_day, rtol=1e-6)


def test_rounds_follow_growth_of_all_revenue(base, block):
    """CoreWeave earns next to nothing on tokens: that they fall to a hundredth changes no round of its."""
    _, names, draws = block
    uniform = np.random.default_rng(5).uniform(0, 0.2, (len(names.providers[names.own_cash]), BLOCK_PATHS)).astype(REAL)
    closed = {}
    for ratio in (1.0, 0.01):
        treasury, revenue = made_up_treasury(base, names, draws)
        whole = np.ones(revenue.shape, REAL)
        treasury.step(1, REAL(ratio) * revenue, REAL(ratio) * revenue / 2, REAL(0), REAL(0), whole, uniform)
        closed[ratio] = np.zeros(revenue.shape, bool)
        treasury.closes.put(closed[ratio], True)
    coreweave, novita = (names.providers.index(provider) for provider in ("coreweave", "novita"))
    changed = (closed[1.0] != closed[0.01]).sum(axis=1) / closed[1.0].sum(axis=1)
    assert changed[coreweave] < 0.05
    assert changed[novita] > 0.3  # the control: all but tokens is little there


def test_steps_count_the_months_since_a_round_as_the_fit_does(base, block, monkeypatch):
    """A round 73 days ago, 2.4 months, and none in a year: (2.9 + 3.9 + 4.9 + 5.9)/6 + 8 = 10.933 whole months; the fit's 11.4 − 0.48."""
    _, names, draws = block
    provider = names.providers.index("modal")
    scenario = replace(base, as_of=base.rows["provider_finances"]["modal"]["last_round_on"] + timedelta(days=73))
    treasury, revenue = made_up_treasury(scenario, names, draws)
    counted = []

    def none_closes(regime_per_month, growth_ratio, runway, months_since_round):
        counted.append(np.minimum(months_since_round[provider] / 6, 1))
        return REAL(0) * revenue

    monkeypatch.setattr(funding, "funding_prob_per_month", none_closes)
    for month in range(1, 13):
        treasury.step(month, revenue, revenue / 2, REAL(0), REAL(0), REAL(0) * revenue + 1, REAL(1) + revenue)
    assert_allclose(sum(counted), 17.6 / 6 + 8, rtol=1e-6)
    # The ramp ends within a month, of which a step sees the middle only.
    assert_allclose(sum(counted), np.diff(funding.rested_months(np.array([2.4, 14.4])))[0], rtol=2e-3)


def test_a_drought_holds_the_market_cold_to_its_last_month(base, block):
    _, names, draws = block
    treasury, _ = made_up_treasury(base, names, draws)
    treasury.theta["funding_drought_months"] = np.where(np.arange(BLOCK_PATHS) % 2, 3, 0).astype(REAL)
    chance = np.random.default_rng(5)
    for month in range(1, 6):
        before, uniform = treasury.regime, chance.random(BLOCK_PATHS).astype(REAL)
        treasury.turn_regime(month, uniform)
        free = funding.regime_next(before, treasury.transition, uniform)
        held = (np.arange(BLOCK_PATHS) % 2 == 1) & (month <= 3)
        assert_array_equal(treasury.regime, np.where(held, REGIMES.index("cold"), free))


def test_chances_of_the_next_regime_that_do_not_quite_add_up_are_scaled(tables):
    made = load_scenario("base", tables, ["regimes.hot.next_hot_prob=0.97"], months=1)  # beside 0.03 and 0.005
    hot = REGIMES.index("hot")
    assert_allclose(transition(made)[hot], np.array([0.97, 0.03, 0.005]) / 1.005)
