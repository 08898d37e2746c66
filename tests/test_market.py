"""The market of today, of a month later, and what is reported of them, against sums offer by offer."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.chance import Chance
from forecast.draws import BLOCK_PATHS
from forecast.equations import demand, exits
from forecast.equations.tier import capability_floor, tier_shock_scale
from forecast.march import step
from forecast.market.fringe import LEAST_MARGIN_FRAC
from forecast.market.market import Market
from forecast.market.records import noted, of_the_living, reported, subsidy_usd_per_month
from forecast.market.sellers import start_books


def machines_of_clouds(draws, names):
    """Return what all AI machines of each hyperscaler cost today, USD/year: depreciation and running cost."""
    depreciation = draws.column("cloud_finances", "ai_depreciation_usd_per_year", names.clouds)
    return depreciation * (1 + draws.parameter("cloud_running_ratio"))


def test_the_market_of_today_against_brute_force(base, block):
    """Tokens, prices and costs of the books, summed offer by offer in double precision."""
    _, names, draws = block
    market, books = Market(base, names, draws), start_books(draws, names)
    tokens, price, cost = (
        np.asarray(values, float)
        for values in (books.tokens_mtok_per_month, books.usd_per_mtok, books.unit_cost_usd_per_mtok)
    )

    def by(axis, of_offer, values):
        total = np.zeros((len(axis), BLOCK_PATHS))
        np.add.at(total, of_offer, values)
        return total

    wanted, spend, paid_out = (
        by(names.segments, names.offer_segment, v) for v in (tokens, tokens * price, tokens * cost)
    )
    close = {"rtol": 1e-4}  # sums of tens of terms of seven digits
    assert_allclose(market.share, tokens / wanted[names.offer_segment], **close)
    assert_allclose(np.exp(market.log_price), spend / wanted, **close)
    assert_array_equal(market.log_price_before, market.log_price)
    small = names.fringe_offers
    margin = 1 - (tokens * cost)[small].sum(axis=0) / (tokens * price)[small].sum(axis=0)
    assert_allclose(market.fringe.margin_start_frac, np.maximum(margin, LEAST_MARGIN_FRAC), rtol=1e-3)
    assert_allclose(market.load_start, (tokens * market.sellers.machine_cost_usd_per_mtok).sum(axis=0), **close)
    assert_allclose(market.customers.wanted_mtok_per_month, wanted, **close)
    named = slice(len(names.providers[names.single]))
    income = by(names.providers, names.offer_provider, tokens * price)
    earned = income - by(names.providers, names.offer_provider, tokens * cost)
    other = 12 * books.other_usd_per_month[names.cloud_provider]
    machines = machines_of_clouds(draws, names)
    assert (machines > 12 * (income - earned)[names.cloud_provider]).all()  # else they cost what serving does
    assert_allclose(market.clouds.sustainability, (12 * income[names.cloud_provider] + other) / machines, **close)
    own, treasury = names.own_cash, market.treasury
    beside = (treasury.other.usd_per_month() - treasury.other.cost_usd_per_month())[own]
    flow = earned[own] + beside - treasury.fixed_cost - treasury.debt_service
    burn = draws.column("provider_finances", "burn_usd_per_year", names.providers[own]) / 12
    off = np.abs(flow + burn) / (
        income[own] + treasury.other.start_usd_per_month[own] + treasury.fixed_cost + treasury.debt_service
    )
    assert off[treasury.fixed_cost > 0].max() < 1e-5
    # What is reported of it.
    found = reported(market)
    assert_allclose(found["market_price"], spend / wanted, **close)
    assert_allclose(found["unit_cost"], paid_out / wanted, **close)
    assert_allclose(found["volume"], wanted, **close)
    cheapest = [price[offers].min(axis=0) for offers in names.offers_of_segment]
    assert_allclose(found["cheapest_price"], cheapest, **close)
    for what, amount in (("tokens", by(names.providers, names.offer_provider, tokens)), ("spend", income)):
        share = np.sort(amount[named] / amount.sum(axis=0), axis=0)
        assert_allclose(found[f"hhi_{what}"][0], (share**2).sum(axis=0), rtol=1e-3)
        assert_allclose(found[f"top5_{what}_frac"][0], share[-5:].sum(axis=0), **close)
    assert_array_equal(
        found["independent_providers"][0], len(names.providers[own]) + draws.parameter("fringe_count_start")
    )
    hour = market.machines.reference_owned_usd_per_hour() * np.exp(market.rents.scarcity)
    assert_allclose(found["rent"][0], hour, **close)


def test_what_is_noted_is_of_those_that_are_there(block):
    _, names, draws = block
    market = Market(draws.scenario, names, draws)
    market.doors.absent[1], market.doors.present[1] = np.inf, 0
    market.mix.price_ratio = 2 * market.mix.price_ratio
    found = noted(market, of_the_living(market))
    there = (names.offer_provider != 1)[:, None]
    for name, expected in (
        ("asked_price", 2 * market.sellers.usd_per_mtok), ("serving_cost", market.sellers.unit_cost_usd_per_mtok),
    ):  # fmt: skip
        assert_allclose(found[name], np.where(there, expected, np.nan), rtol=1e-6)
    assert_allclose(found["market_price"], market.trade.segment_spend / market.trade.segment_tokens, rtol=1e-6)
    assert_array_equal(found["family_cost"][: len(names.segments)], market.machines.best_usd_per_mtok[0])
    here = (np.arange(len(names.providers)) != 1)[:, None]
    other = start_books(draws, names).other_usd_per_month * here
    margin = draws.column("provider_finances", "other_margin_frac", names.providers)
    earned, paid = market.trade.revenue + other, market.trade.serving_cost + other * (1 - margin)
    assert_allclose(found["revenue"], 12 * earned, rtol=1e-5)
    assert_allclose(found["margin"], np.where(here, 1 - paid / earned, np.nan), atol=1e-5)
    own = names.own_cash
    assert_allclose(found["cash"][own], np.where(here[own], market.treasury.cash_usd, 0))
    assert np.isnan(np.delete(found["cash"], np.arange(len(names.providers))[own], axis=0)).all()  # a parent's purse


def test_selling_below_cost_is_a_subsidy_and_above_it_none(base, block):
    _, names, draws = block
    market = Market(base, names, draws)
    spend, cost = np.zeros((2, len(names.offers), BLOCK_PATHS), REAL)
    first, second = (names.offer_at[names.providers.index("groq")][:2]).tolist()
    spend[first], cost[first], spend[second], cost[second] = 3, 5, 9, 4
    market.trade.spend, market.trade.cost = spend, cost
    lost = subsidy_usd_per_month(market)
    assert_array_equal(lost, 2.0 * (np.array(names.providers) == "groq")[:, None] * np.ones(BLOCK_PATHS))


def test_a_month_hangs_together(block):
    """The second month from the state of the first, room by room, with the luck of streams of their own."""
    _, names, draws = block
    market, chance, luck = Market(draws.scenario, names, draws), Chance(draws, names), Chance(draws, names)
    serving_start = market.trade.serving_cost
    step(market, chance, 1, 12)
    rents, theta, treasury = market.rents, market.rents.theta, market.treasury
    for normal in (
        lambda: luck.normals("demand"),
        lambda: luck.normals("tier"),
        lambda: luck.normals("rent")[0],
    ):
        normal()  # of the first month
    share, wanted, scarcity, tier = (
        market.share,
        market.customers.wanted_mtok_per_month,
        rents.scarcity,
        market.tiers.log_price,
    )
    change, now = market.log_price - market.log_price_before, market.log_price
    spend, present = market.trade.segment_spend.sum(axis=0), market.doors.present[names.own_cash].copy()
    alone, capacity = treasury.cash_without_rounds_usd.copy(), rents.capacity_ratio
    assert np.abs(change).max() > 0.01
    luck.normals("fringe")[0]
    few, grown = market.fringe.count, []
    market.customers.grow_fringe = grown.append
    step(market, chance, 2, 12)
    close = {"rtol": 1e-4, "atol": 1e-5}
    sellers, customers, trade, tiers = market.sellers, market.customers, market.trade, market.tiers

    # Demand: growth in the middle of the month, braked by last month's spend, moved by last month's change of price.
    growth = demand.fading_rate(*(draws.parameter(f"demand_{n}") for n in ("growth_start_per_year", "growth_long_per_year", "fade_months")), 1.5)  # fmt: skip
    growth = demand.braked_growth(growth, 12 * spend, draws.parameter("spend_limit_usd_per_year"))
    shock = draws.parameter("demand_shock_sd") * luck.normals("demand")
    expected = np.log(wanted) + growth / 12 + customers.elasticity * change + shock
    assert_allclose(np.log(customers.wanted_mtok_per_month), expected, **close)
    # Scarcity: what all tokens wanted take of the machines, at last month's shares, over capacity.
    wanted = customers.wanted_mtok_per_month[names.offer_segment]
    load = (share * sellers.machine_cost_usd_per_mtok * wanted).sum(axis=0) / market.load_start
    assert (rents.capacity_ratio != capacity).any()
    assert_allclose(rents.tightness, np.log(load / rents.capacity_ratio), **close)
    target = theta["rent_to_owned_log_level"] + theta["rent_tightness_push"] * rents.tightness
    moved = scarcity + theta["rent_reversion_per_month"] * (target - scarcity)
    moved = moved + theta["rent_shock_sd"] * luck.normals("rent")[0]
    assert_allclose(rents.scarcity, moved, **close)
    # Costs: idle or busy, an owned hour costs what owning does, and a hired one, never idle, its rent.
    own = draws.column("providers", "own_frac", names.providers)
    idle = np.clip(np.exp(-rents.tightness), 1, draws.parameter("idle_hours_ratio"))
    assert ((own > 0) & (own < 1) & (idle > 1.2) & (rents.contract_scarcity > 0.2)).any()
    paid = (own * idle + (1 - own) * np.exp(rents.contract_scarcity))[names.offer_provider]
    assert_allclose(sellers.unit_cost_usd_per_mtok, sellers.machine_cost_usd_per_mtok * paid, **close)
    fleet = market.machines.fleet_usd_per_mtok * market.mix.cost_ratio
    assert (market.mix.cost_ratio != 1).any()
    used = names.on_fleets(fleet) * sellers.overhead_ratio
    assert_allclose(sellers.machine_cost_usd_per_mtok, used, **close)
    # Trade: tokens served, at this month's shares, prices and worth of the mix.
    tokens = market.share * wanted * rents.served_frac(load)
    assert_allclose(trade.tokens, tokens, **close)
    assert_allclose(trade.spend, tokens * sellers.usd_per_mtok * market.mix.price_ratio[names.offer_segment], **close)
    assert_allclose(trade.cost, tokens * sellers.unit_cost_usd_per_mtok, **close)
    assert_array_equal(market.log_price_before, now)
    asked = trade.segment_spend / trade.segment_tokens / market.mix.price_ratio
    assert_allclose(market.log_price, np.log(asked), **close)
    # Money: of those that lived when the month began.
    mine = names.own_cash
    beside = treasury.other.usd_per_month() - treasury.other.cost_usd_per_month()
    flow = ((trade.revenue - trade.serving_cost) + beside)[mine]
    assert_array_equal(treasury.net_flow, flow - treasury.fixed_cost - treasury.debt_service)
    reserve = (trade.revenue + treasury.other.usd_per_month())[mine] * draws.parameter("reserve_months")
    left = alone + treasury.net_flow_without_rounds * present
    assert_array_equal(treasury.cash_without_rounds_usd, np.minimum(left, np.maximum(alone, reserve)))
    assert (treasury.cash_without_rounds_usd < left).any()
    # Contracts of those that have any hold their other revenue up.
    bound = treasury.other.market_ratio * treasury.other.apart_ratio
    treasury.other.bind(bound, 2)
    assert_array_equal(treasury.other.ratio, bound)
    assert (present == 0).any()
    # Hyperscalers: what their tokens cost to serve, and the other machines of the start, as other business has grown.
    cloud = names.cloud_provider
    grown_ratio, beside = treasury.other.ratio[cloud], treasury.other.start_usd_per_month[cloud]
    assert (grown_ratio[0] != grown_ratio[1]).mean() > 0.99  # each grows in its own way
    yearly = 12 * (trade.revenue[cloud] + beside * grown_ratio)
    others = machines_of_clouds(draws, names) - 12 * serving_start[cloud]
    margin = draws.column("provider_finances", "other_margin_frac", names.clouds)
    business = 12 * beside * (1 - margin)
    ahead = others > business
    assert 0.1 < ahead.mean() < 0.9  # both sorts, or less is tested
    others = np.where(ahead, others + business * (grown_ratio - 1), others * grown_ratio)
    assert_allclose(market.clouds.sustainability, yearly / (12 * trade.serving_cost[cloud] + others), **close)
    # The small ones: entry fades as growth does, and follows their margin over that of the start.
    fringe, start = names.providers.index("fringe"), market.fringe.margin_start_frac
    margin = (1 - trade.serving_cost[fringe] / trade.revenue[fringe]) / start
    entry = demand.fading_rate(*(draws.parameter(n) for n in ("entry_per_year", "entry_long_per_year", "demand_fade_months")), 1.5)  # fmt: skip
    many = exits.fringe_count_next(
        few, entry, draws.parameter("fringe_exit_per_year"), margin, luck.normals("fringe")[0]
    )
    assert_allclose(market.fringe.count, many, **close)
    living = market.doors.alive[mine].sum(axis=0)
    assert_allclose(reported(market)["independent_providers"], [living + many], **close)
    assert_allclose(grown, [np.maximum(many, 1) / np.maximum(few, 1)], **close)
    # The price of a fixed capability, at contract rents.
    theta = tiers.theta
    fade = theta["capability_fade_months"]
    floor = capability_floor(market.machines.floor_usd_per_mtok, tiers.shrink_per_year, fade, 2)
    settles = np.minimum(np.log(floor * theta["tier_floor_ratio"]) + rents.contract_scarcity, tiers.log_price_start)
    assert 0 < (settles == tiers.log_price_start).mean() < 1
    scale = tier_shock_scale(tier - settles, theta["tier_shock_sd"], theta["tier_shock_far_ratio"])
    alone = tier + theta["tier_reversion_per_month"] * (settles - tier) + scale * luck.normals("tier")
    assert_allclose(tiers.log_price, np.sort(alone, axis=0), **close)


def test_what_is_known_today_is_what_the_loop_starts_from(base, block):
    """Today's fleets, hired at today's rents and never idle, cost each seller what its known margin leaves."""
    _, names, draws = block
    market = Market(base, names, draws)
    known = start_books(draws, names).unit_cost_usd_per_mtok
    market.sellers.use(market.machines.fleet_usd_per_mtok)
    hire = market.rents.hire_ratio(market.own_frac)
    market.sellers.cost(hire, np.zeros_like(hire))
    assert_allclose(market.sellers.unit_cost_usd_per_mtok, np.broadcast_to(known, market.share.shape), rtol=1e-5)
