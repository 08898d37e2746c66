"""The market's equations: values by hand, limits known on paper, and properties."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.distributions import standard_normal_quantile
from forecast.equations import cash, demand, exits, hardware, price, shares

FRACTION = st.floats(0.0, 1.0)
POSITIVE = st.floats(1e-3, 1e6)
LOG = st.floats(-5.0, 5.0)
WEIGHTS = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=30).map(np.array)
LN2, LN3 = np.log(2.0), np.log(3.0)
MIDPOINTS = (np.arange(20_000) + 0.5) / 20_000


# --- hardware -------------------------------------------------------------------------------------


def test_an_accelerator_comes_with_its_slip_or_never():
    found = hardware.available_month(
        np.array([4.0, -3.0, 4.0, 4.0]),
        np.array([2.5, 1.0, -9.0, 2.5]),
        np.array([0.5, 0.5, 0.5, 0.05]),
        0.06,
    )
    assert_array_equal(found, [6.5, 1.0, 1.0, np.inf])


@given(st.floats(-12.0, 12.0))
def test_an_awaited_accelerator_keeps_only_slips_that_let_it_come_later(promised):
    slip, uniform = np.linspace(-3.0, 9.0, 200), MIDPOINTS[:: len(MIDPOINTS) // 200]
    found = hardware.slip_when_awaited(slip, np.array(promised), uniform)
    assert (found + promised > 0.0).all()
    kept = slip + promised > 0.0  # one that comes within the first month is awaited today
    assert_array_equal(found[kept], slip[kept])
    if kept.any():
        assert set(found) <= set(slip[kept])
    else:
        assert_array_equal(found, np.full_like(slip, 1.0 - promised))


def test_errors_of_two_families_share_the_designs_part_and_no_more():
    own, other, design = (np.random.default_rng(seed).standard_normal(200_000) for seed in (1, 2, 3))
    first, second = (hardware.step_error_log(z, design, sd, 0.2) for z, sd in ((own, 0.25), (other, 0.5)))
    assert_allclose([first.std(), second.std()], [0.25, 0.5], rtol=0.01)
    assert_allclose(np.cov(first, second)[0, 1], 0.2**2, atol=0.002)  # whatever else each is unsure of
    assert_allclose(hardware.step_error_log(own, design, 0.25, 0.0), 0.25 * own)  # a measured design: as before
    assert_allclose(hardware.step_error_log(own, design, 0.1, 0.2), 0.1 * design)  # never more than the whole


@given(st.floats(-0.5, 0.9))
def test_twelve_monthly_declines_make_a_year(decline):
    assert_allclose(hardware.decline_factor(decline) ** 12, 1 - decline, rtol=1e-12)


def test_software_matures_on_the_market_only_and_then_stays():
    found = hardware.maturity_next(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 1.0]), np.array([4.0, 4.0, 4.0]))
    assert_array_equal(found, [0.25, 0.0, 1.0])


def test_a_fleet_serves_the_tokens_of_its_machines():
    """Three dollars an hour of machines at 0.5 a token, and one of machines at 0.1: six and ten tokens for four dollars.

    Where two fifths of that one dollar go to machines at 0.04, it serves six and ten tokens in place of ten.
    """
    assert_allclose(hardware.fleet_cost_next(0.5, 0.1, 0.25, 0.04, 0.0), 4 / (6 + 10))
    assert_allclose(hardware.fleet_cost_next(0.5, 0.1, 0.25, 0.04, 0.4), 4 / (6 + 6 + 10))


@given(POSITIVE, POSITIVE, FRACTION, POSITIVE, FRACTION)
def test_crossing_never_makes_a_fleet_dearer(fleet, best, newest, elsewhere, crossing):
    """Nobody crosses to what is dearer, and without crossing the other families do not exist: to the last bit."""
    locked = hardware.fleet_cost_next(fleet, best, newest, elsewhere, 0.0)
    assert locked == 1.0 / ((1.0 - newest) / fleet + newest / best)
    crossed = hardware.fleet_cost_next(fleet, best, newest, elsewhere, crossing)
    assert min(fleet, best, elsewhere) * (1 - 1e-12) <= crossed <= locked * (1 + 1e-12)
    if elsewhere >= best:
        assert_allclose(crossed, locked, rtol=1e-12)


@given(st.floats(1.0, 10.0), FRACTION)
def test_what_a_fleet_grew_by_is_new(growth, retired):
    """Beside it, machines that are replaced; a fleet that shrinks replaces no fewer, and of the best kind is a part."""
    assert_allclose(hardware.newest_frac(growth, 0.0, 1.0), 1 - 1 / growth, atol=1e-12)
    assert_allclose(hardware.newest_frac(1 / growth, retired, 1.0), retired, atol=1e-12)
    assert_allclose(hardware.newest_frac(growth, retired, 0.5), hardware.newest_frac(growth, retired, 1.0) / 2)


# --- demand, capacity, rents ----------------------------------------------------------------------


def test_growth_fades_from_start_to_long():
    assert_allclose(demand.fading_rate(1.5, 0.5, 12.0, np.array([0.0, 12.0, 1e6])), [1.5, 0.5 + 1 / np.e, 0.5])


def test_tokens_wanted_by_hand():
    assert_allclose(demand.demand_next(100.0, 12 * LN2, 0.0, 0.0, 0.0), 200.0)
    assert_allclose(demand.demand_next(100.0, 0.0, -0.5, np.log(4.0), 0.0), 50.0)
    assert demand.demand_next(100.0, 0.0, -0.5, 0.0, 0.0) == 100.0


def test_capacity_by_hand():
    assert_allclose(demand.capacity_next(100.0, 1.2, 0.7, 0.9, 0.9), 100 * np.exp(0.1))
    assert_allclose(demand.capacity_next(100.0, 0.0, 1.2, 1.0, 0.0), 100 * np.exp(0.1))
    assert demand.capacity_next(100.0, 0.0, 0.0, 5.0, 0.0) == 100.0


def test_rents_by_hand():
    assert_allclose(demand.scarcity_next(1.0, 0.8, 0.5, 0.4, 0.25, 0.1), 1.1)  # at rest, then shocked
    assert_allclose(demand.scarcity_next(0.0, 0.8, 0.0, 0.4, 0.25, 0.0), 0.2)


@given(LOG, LOG, st.floats(1.0, 60.0))
def test_an_average_lies_between(average, value, window):
    assert min(average, value) - 1e-9 <= demand.average_next(average, value, window) <= max(average, value) + 1e-9
    assert_allclose(demand.average_next(average, value, 1.0), value, atol=1e-12)


@given(POSITIVE, POSITIVE, st.floats(0, 2))
def test_all_is_served_that_machines_can(load, capacity, stretch):
    served = demand.served_frac(load, capacity, stretch)
    assert 0 < served <= 1
    assert served * load <= capacity * np.exp(stretch) * (1 + 1e-12)
    assert served == 1 or served * load >= capacity * np.exp(stretch) * (1 - 1e-12)  # none idle while some are refused


def test_hire_by_hand():
    assert_allclose(demand.hire_ratio(np.array([0.5, 1.0, 0.0]), LN3), [2.0, 1.0, 3.0])


def test_idle_hours_by_hand():
    # Twice the machines needed: an owner pays two hours for one, half an owner one and a half.
    assert_allclose(demand.idle_ratio(np.array([1.0, 0.5, 0.0]), -LN2, 3.0), [1.0, 0.5, 0.0])
    assert_allclose(demand.idle_ratio(1.0, -99.0, 3.0), 2.0)  # beyond, machines are switched off
    assert demand.idle_ratio(1.0, 0.3, 3.0) == 0.0  # none idle


# --- prices ---------------------------------------------------------------------------------------


def test_target_price_by_hand():
    # Half the market's 4, half cost 1 with a markup of one: the geometric mean of 4 and 2.
    found = price.target_log_price(np.log(4.0), 0.0, 9.9, 1.0, 0.5, 0.0, 0.0)
    assert_allclose(found, np.log(np.sqrt(8.0)))
    # A premium that is wholly kept, the market alone: the price stays.
    assert_allclose(price.target_log_price(1.0, -3.0, 1.7, 0.5, 1.0, 1.0, 0.0), 1.7)
    # A market far below cost: no lower than subsidised cost.
    assert_allclose(price.target_log_price(-9.0, LN2, -9.0, 0.0, 1.0, 0.0, 0.5), 0.0, atol=1e-15)


@given(LOG, LOG, LOG, st.floats(-0.5, 5), FRACTION, FRACTION, st.floats(0, 0.95))
def test_no_price_below_subsidised_cost(market, cost, now, markup, weight, kept, subsidy):
    target = price.target_log_price(market, cost, now, markup, weight, kept, subsidy)
    assert target >= cost + np.log1p(-subsidy)
    higher = price.target_log_price(market, cost + 1, now, markup, weight, kept, subsidy)
    assert higher >= target - 1e-9  # a dearer token is never sold cheaper


def test_logistic_shocks_have_their_scale():
    assert_allclose(price.logistic_shock(0.75, np.pi / np.sqrt(3)), LN3)
    shocks = price.logistic_shock(MIDPOINTS, 0.2)
    assert_allclose([shocks.mean(), shocks.std()], [0.0, 0.2], atol=1e-3)  # midpoints cut the tails
    assert price.logistic_shock(0.3, 0.0) == 0


def test_a_tier_at_its_floor_stays_there():
    assert price.tier_log_price_next(-1.0, -1.0, 0.3, 0.0) == -1.0
    assert_allclose(price.tier_log_price_next(1.0, -1.0, 0.25, 0.1), 0.6)
    assert price.tier_log_price_next(np.array([1.0, 1.0]), 2.0, 0.0, np.array([90.0, -90.0])).tolist() == [9.0, -5.0]


def test_a_tier_whose_shocks_grow_fast_with_the_distance_keeps_to_its_prices():
    """At three times the distance a month's shocks would feed themselves until no number holds the price."""
    random, log = np.random.default_rng(3), np.zeros(1000)
    for _ in range(240):
        shock = price.tier_shock_scale(log, 0.2, 3.0) * random.standard_t(4, 1000)
        log = price.tier_log_price_next(log, 0.0, 0.1, shock)
        assert np.abs(log).max() <= price.FARTHEST_LOG


def test_a_floor_for_a_capability_shrinks_and_stops():
    found = price.capability_floor(8.0, LN2, 12.0, np.array([0.0, 12.0, 1e6]))
    assert_allclose(found, [8.0, 8 * np.exp(-LN2 * (1 - 1 / np.e)), 4.0])
    assert price.capability_floor(8.0, 0.0, 12.0, 60.0) == 8.0


# --- shares ---------------------------------------------------------------------------------------


@given(st.floats(0.0, 0.2))
def test_heavy_tails_keep_mean_and_known_variance(tail):
    shock = shares.heavy_tailed(standard_normal_quantile(MIDPOINTS), tail)
    assert_allclose(shock.mean(), 0.0, atol=1e-9)
    assert_allclose(shock.var(), 1 + 6 * tail**2, rtol=0.01)  # midpoints cut the tails


@given(WEIGHTS, st.integers(1, 8), st.floats(1.0, 3.0))
def test_concentration_against_brute_force(weights, count, rest):
    amount, total = weights[:, None], np.array([rest * weights.sum()])
    assert_allclose(shares.top_sum(amount, count), [sum(sorted(weights)[-count:])], rtol=1e-9)
    found = shares.herfindahl(amount, total)
    assert_allclose(found, [sum((w / total[0]) ** 2 for w in weights)], rtol=1e-9)
    # The many small ones that are no single provider count in the total alone.
    assert 1 / len(weights) - 1e-9 <= found[0] * rest**2 <= 1 + 1e-9


@pytest.mark.parametrize("unit", [2.0**-70, 1.0, 2.0**70])
def test_concentration_knows_no_unit(unit):
    # Single precision ends at 2^128: squares of amounts leave it, squares of shares do not.
    amount, total = np.array([[1.0], [2.0], [5.0]], REAL), np.array([10.0], REAL)
    found = shares.herfindahl(amount * REAL(unit), total * REAL(unit))
    assert_allclose(found, [0.3], rtol=1e-6)  # seven digits


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_the_largest_are_found_among_any_number_of_rows(rows, count, seed):
    # Whole numbers, so that sums are exact in single precision and in any order; a few values, so that many tie.
    amount = np.random.default_rng(seed).integers(0, [3, 60, 2**20], (rows, 3)).astype(REAL)
    found = shares.top_sum(amount, count)
    assert found.dtype == REAL
    assert_array_equal(found, np.sort(amount, axis=0)[::-1][:count].sum(axis=0))


@pytest.mark.parametrize("rows", [8, 16])
def test_zeros_and_ones_prove_the_comparisons(rows):
    # A network that orders every list of zeros and ones orders every list (Knuth, zero-one principle).
    amount = (np.arange(2**rows) >> np.arange(rows)[:, None] & 1).astype(REAL)
    for count in range(1, 9):
        assert_array_equal(shares.top_sum(amount, count), np.minimum(amount.sum(axis=0), count))


def test_a_missing_comparison_is_noticed(monkeypatch):
    monkeypatch.setattr(shares, "ORDER_8", shares.ORDER_8[:-1])
    with pytest.raises(AssertionError):
        test_zeros_and_ones_prove_the_comparisons(16)


@pytest.mark.parametrize("rows", [3, 8, 11])
def test_concentration_leaves_its_argument_alone(rows):
    amount = np.zeros((rows, 2))
    amount[:3] = [[0.2, 0.7], [0.5, 0.2], [0.3, 0.1]]
    before = amount.copy()
    assert_allclose(shares.top_sum(amount, 2), [0.8, 0.9])
    assert_allclose(shares.herfindahl(amount, np.ones(2)), [0.38, 0.54])
    assert_array_equal(amount, before)


# --- cash -----------------------------------------------------------------------------------------


def test_net_flow_by_hand():
    assert cash.net_flow_usd_per_month(10.0, 2.0, 7.0, 4.0) == 1.0


def test_fixed_cost_by_hand():
    # Fixed cost of 10 with elasticity ½: four times the revenue is twice the cost. A year of runway sheds half of 40 %.
    assert_allclose(cash.planned_fixed_cost(10.0, 0.5, 4.0), 20)
    assert_allclose(cash.planned_fixed_cost(10.0, 0.5, 0.25), 5)
    assert cash.planned_fixed_cost(10.0, 0.0, 7.0) == 10.0  # nothing follows
    assert_allclose(cash.planned_fixed_cost(10.0, 1.0, 7.0), 70.0)  # all follows
    assert_allclose(cash.kept_cost_frac(0.4, np.array([12.0, 0.0, 24.0])), [0.8, 0.6, 1.0])
    assert cash.kept_cost_frac(0.4, cash.runway_months(1e12, 1.0)) == 1.0  # for ever


def test_cash_next_by_hand():
    # A reserve of 10: a profit of 3 is kept on 4, half spent on 8½, spent on 12; a loss of 3 is paid from any of them.
    at = np.array([4.0, 8.5, 12.0])
    assert_array_equal(cash.cash_next_usd(at, np.full(3, 3.0), 10.0), [7, 10, 12])
    assert_array_equal(cash.cash_next_usd(at, np.full(3, -3.0), 10.0), at - 3)


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12), st.floats(0, 1e12), st.floats(0, 1e12))
def test_spending_takes_from_profit_only(cash_usd, flow, reserve, more):
    found = cash.cash_next_usd(cash_usd, flow, reserve)
    spent = cash_usd + flow - found
    assert spent >= 0
    if flow <= 0:
        assert spent == 0
    assert found >= min(cash_usd, cash_usd + flow)
    assert found <= max(cash_usd, reserve)
    # More cash is never less a month later, and a larger reserve keeps no less.
    assert cash.cash_next_usd(cash_usd + more, flow, reserve) >= found
    assert cash.cash_next_usd(cash_usd, flow, reserve + more) >= found


@given(FRACTION, st.floats(0, 1e12), st.floats(0, 1e3))
def test_a_longer_runway_never_cuts_fixed_cost(austerity, runway, more):
    found = cash.kept_cost_frac(austerity, runway)
    assert (1 - austerity) * (1 - 1e-12) - 1e-12 <= found <= 1
    assert cash.kept_cost_frac(austerity, runway + more) >= found


def test_runway_by_hand():
    found = cash.runway_months(np.array([6.0, 6.0, -1.0, 0.0, 6.0]), np.array([-2.0, 0.0, -2.0, -1.0, 3.0]))
    assert_allclose(found, [3.0, 6.0, 0.0, 0.0, 6.0], atol=1e-9)  # months; who burns nothing is counted a dollar


def test_who_burns_nothing_lasts_longer_than_any_horizon():
    found = cash.runway_months(np.array([1e5, 1e12, 1e5, 0.0], REAL), np.array([0.0, 1e9, -0.5, 1.0], REAL))
    assert np.isfinite(found).all()  # infinity times no austerity would be no number
    assert (found[:3] > 12 * 1000).all()
    assert found[3] == 0  # but nothing lasts for no time


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.floats(-1e10, 1e10))
def test_more_cash_never_shortens_a_runway(cash_usd, more, flow):
    assert cash.runway_months(cash_usd + more, flow) >= cash.runway_months(cash_usd, flow)


@given(st.integers(1, 200), st.integers(1, 50))
def test_runway_counts_the_months_until_cash_ends(cash_usd, burn):
    months, left = 0, cash_usd
    while left >= burn:
        left, months = left - burn, months + 1
    assert months <= cash.runway_months(float(cash_usd), -float(burn)) < months + 1


def test_funding_by_hand():
    found = cash.funding_prob_per_month(0.1, np.array([1.0, 0.1, 9.0, 1.0, 1.0]), np.array([12, 12, 12, 11.9, 12]))
    assert_allclose(found, [0.1, 0.05, 0.2, 0.2, 0.1])  # growth counts from half to double
    assert_allclose(cash.funding_prob_per_month(0.9, 2.0, 1.0), 3.6)  # above one is certain
    assert cash.funding_prob_per_month(0.0, 2.0, 1.0) == 0.0


@given(st.floats(1e-6, 1), st.floats(1e-3, 10), st.floats(0, 10), st.floats(0, 1e6))
def test_funding_is_proportional_to_the_rate_of_its_regime(rate, ratio, growth, runway):
    found = cash.funding_prob_per_month(rate * ratio, growth, runway)
    assert_allclose(found, ratio * cash.funding_prob_per_month(rate, growth, runway), rtol=1e-12)
    assert rate * ratio / 2 <= found <= 4 * rate * ratio * (1 + 1e-12)


def test_round_by_hand():
    assert cash.round_size_usd(-2.0, 24.0, 30.0, 0.5) == 48.0
    assert cash.round_size_usd(-0.5, 24.0, 30.0, 0.5) == 15.0
    assert cash.round_size_usd(5.0, 24.0, 30.0, 0.5) == 15.0  # nothing burns


def test_regimes_follow_their_chances():
    transition = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5]])
    uniform = (np.arange(1000) + 0.5) / 1000
    for start, row in enumerate(transition):
        after = cash.regime_next(np.full(1000, start, np.int8), transition, uniform)
        assert_array_equal(np.bincount(after, minlength=3), row * 1000)


def test_regimes_stay_within_the_states_where_rows_do_not_quite_sum_to_one():
    transition = np.array([[0.1, 0.2, 0.7 - 1e-9]] * 3)
    assert cash.regime_next(np.array([0], np.int8), transition, np.array([1 - 1e-16])).tolist() == [2]


def test_sustainability_by_hand():
    """Machines cost 12 a year: 2 under tokens, 6 under other business, 4 under nothing that is sold."""
    others = cash.machines_beside_tokens(8e9, 0.5, 2e9)
    assert others == 10e9
    assert cash.sustainability_ratio(24e9, 2e9, others) == 2.0
    grown = cash.machines_grown(others, 6e9, 2.0)
    assert grown == 16e9  # what is not sold grows no dearer
    assert cash.sustainability_ratio(66e9, 6e9, grown) == 3.0
    assert cash.machines_grown(others, 15e9, 2.0) == 20e9  # its business has other costs too
    assert cash.machines_beside_tokens(8e9, 0.5, 13e9) == 0  # less than its tokens take: these count
    assert cash.sustainability_ratio(0.0, 0.0, 0.0) == 0  # who has left and has nothing else


# --- exits and entry ------------------------------------------------------------------------------


@given(st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=8), st.floats(0.0, 0.1))
def test_reversion_moves_nothing_on_balance_at_the_start(amounts, reversion):
    share = np.array(amounts)[:, None] / np.sum(amounts)
    growth = shares.lasting_growth(0.0, np.log(share), reversion)
    typical = shares.lasting_growth(0.0, (share * np.log(share)).sum(), reversion)  # what the many small ones have
    assert_allclose((share * growth).sum(), typical, atol=1e-9)
    assert growth[share.argmax()] <= growth[share.argmin()]


@given(st.floats(0, 5))
def test_monthly_chances_make_the_yearly_one(rate):
    monthly = exits.monthly_prob(rate)
    assert 0 <= monthly < 1
    assert_allclose((1 - monthly) ** 12, np.exp(-rate), rtol=1e-9)


def test_no_hazard_no_exit():
    assert exits.monthly_prob(0.0) == 0


@given(LOG, LOG, st.floats(0.01, 1))
def test_a_buyer_gains_the_customers_that_follow(buyer, bought, retention):
    merged = exits.merged_log_weight(buyer, bought, retention)
    assert_allclose(np.exp(merged), np.exp(buyer) + retention * np.exp(bought), rtol=1e-9)


def test_a_buyer_gains_nothing_when_nobody_follows():
    assert_allclose(exits.merged_log_weight(0.3, 2.0, 0.0), 0.3, atol=1e-10)


def test_the_fringe_by_hand():
    # births ½·48/12 = 2, deaths ¼·48/12 = 1, variance 3
    count = exits.fringe_count_next(48.0, 0.5, 0.25, 1.0, np.array([0.0, 1.0, -100.0]))
    assert_allclose(count, [49.0, 49 + np.sqrt(3), 0.0])
    assert exits.fringe_count_next(48.0, 0.0, 0.0, 1.0, 2.0) == 48.0
    assert exits.fringe_count_next(0.0, 0.5, 0.25, 1.0, 2.0) == 0.0
    assert_allclose(exits.fringe_count_next(48.0, 0.5, 0.25, -3.0, 0.0), 47.0)  # no margin, no entry


EQUATIONS = [
    pytest.param(function, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in (cash, demand, exits, hardware, price, shares)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
]
NOT_ARRAYS = {"month": 3, "window_months": 12.0, "count": 5}
ACROSS_PATHS = (cash.regime_next, hardware.slip_when_awaited)  # of a state; of the distribution over paths


@pytest.mark.parametrize("equation", [each for each in EQUATIONS if each.values[0] not in ACROSS_PATHS])
def test_paths_do_not_see_each_other(equation):
    # Sums are over providers or offers: a path alone gives what it gives beside others.
    random = np.random.default_rng(1)
    arguments = {
        name: NOT_ARRAYS.get(name, random.uniform(0.2, 0.8, (3, 4))) for name in inspect.signature(equation).parameters
    }
    if equation is exits.fringe_count_next:
        arguments["count"] = random.uniform(20, 80, (3, 4))
    whole = equation(**arguments)
    for path in range(4):
        alone = {n: v[:, path : path + 1] if isinstance(v, np.ndarray) else v for n, v in arguments.items()}
        assert_allclose(equation(**alone)[..., 0], whole[..., path], rtol=1e-12)


def test_other_business_of_all_stays_within_what_can_be_spent():
    """Firms' own ratios a, of weights w in the start: all is Σ w·a·r, half the limit where b·ā·q = 1 and never beyond it."""
    weight, apart = np.array([0.25, 0.75]), np.array([3.0, 1.0])
    mean, part = weight @ apart, 0.2
    for unbound in (1.0, 2.0, 30.0, 3e4):
        ratio = demand.other_revenue_ratio(np.float64(unbound), mean, part)
        assert 0 < part / (1 + part) * (weight * apart * ratio).sum() < 1
    assert_allclose(part * mean * demand.other_revenue_ratio(np.float64(1e15), mean, part), 1 + part)
    assert_allclose(part * mean * demand.other_revenue_ratio(np.float64(1 / (part * mean)), mean, part), (1 + part) / 2)


@pytest.mark.parametrize("equation", EQUATIONS)
def test_equations_keep_single_precision(equation):
    # A loop that falls back to double precision is right, and half as fast.
    half = np.full((3, 4), 0.5, REAL)
    arguments = {name: NOT_ARRAYS.get(name, half) for name in inspect.signature(equation).parameters}
    if equation is exits.fringe_count_next:
        arguments["count"] = half
    if equation is cash.regime_next:
        arguments = {"regime": np.zeros(4, np.intp), "transition": half, "uniform": half[0]}
        assert equation(**arguments).dtype == np.intp  # an index
    else:
        assert equation(**arguments).dtype == REAL
