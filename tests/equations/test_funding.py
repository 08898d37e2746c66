"""Rounds and the funding regime, by hand and by property."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast.equations import funding
from forecast.equations.demand import average_next


def test_funding_by_hand():
    growth, runway = np.array([1.0, 0.1, 9.0, 1.0, 1.0]), np.array([12, 12, 12, 11.9, 12])
    found = funding.funding_prob_per_month(0.1, growth, runway, 12.0)
    assert_allclose(found, [0.1, 0.05, 0.2, 0.2, 0.1])  # growth counts from half to double
    assert_allclose(funding.funding_prob_per_month(0.9, 2.0, 1.0, 60.0), 3.6)  # above one is certain
    assert funding.funding_prob_per_month(0.0, 2.0, 1.0, 60.0) == 0.0
    since = funding.funding_prob_per_month(0.1, 1.0, 12.0, np.array([0.0, 3.0, 5.0, 6.0, 50.0]))
    assert_allclose(since, [0.0, 0.05, 0.1 * 5 / 6, 0.1, 0.1])


@given(st.floats(1e-6, 1), st.floats(1e-3, 10), st.floats(0, 10), st.floats(0, 1e6), st.floats(0, 100))
def test_funding_is_proportional_to_the_rate_of_its_regime(rate, ratio, growth, runway, since):
    found = funding.funding_prob_per_month(rate * ratio, growth, runway, since)
    assert_allclose(found, ratio * funding.funding_prob_per_month(rate, growth, runway, since), rtol=1e-12)
    rested = rate * ratio * min(1, since / 6)
    assert rested / 2 * (1 - 1e-12) <= found <= 4 * rested * (1 + 1e-12)


def test_months_count_as_much_as_the_chance_has_come_back_in_them():
    """The integral, by small steps of the chance itself."""
    step = 0.001
    month = np.arange(step / 2, 30, step)
    chance = funding.funding_prob_per_month(1.0, 1.0, 99.0, month)
    for until in (0.5, 4.0, 6.0, 29.0):
        assert_allclose(chance[month < until].sum() * step, funding.rested_months(until), rtol=1e-6)


def test_round_by_hand():
    for flow, size in ((-2.0, 48.0), (-0.5, 15.0), (5.0, 15.0)):  # in the last nothing burns
        assert funding.round_size_usd(funding.burn_covered_usd(flow, 24.0), 30.0, 1.0, 0.5) == size


@given(st.floats(0.1, 10), st.floats(0, 1.5))
def test_a_round_grows_with_revenue_to_a_power_and_is_the_same_for_the_same_revenue(growth, elasticity):
    last, revenue = 30.0, 5.0
    grown = funding.round_size_usd(0.0, last / revenue**elasticity, (growth * revenue) ** elasticity, 1.0)
    assert_allclose(grown, last * growth**elasticity, rtol=1e-12)


@given(st.floats(-0.04, 0.2))
def test_a_firm_that_has_long_grown_alike_stands_so_far_above_its_average(growth):
    average = 1.0
    for month in range(1, 601):
        revenue = np.exp(growth * month)
        average = average_next(average, revenue, 12.0)
    assert_allclose(revenue / average, funding.steady_growth_ratio(growth), rtol=1e-6)


def test_a_firm_that_shrinks_faster_than_its_average_counts_as_one_at_half_of_it():
    assert funding.steady_growth_ratio(np.array([-0.06, -0.5])).tolist() == [0.5, 0.5]


def test_regimes_follow_their_chances():
    transition = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5]])
    uniform = (np.arange(1000) + 0.5) / 1000
    for start, row in enumerate(transition):
        after = funding.regime_next(np.full(1000, start, np.int8), transition, uniform)
        assert_array_equal(np.bincount(after, minlength=3), row * 1000)


def test_regimes_stay_within_the_states_where_rows_do_not_quite_sum_to_one():
    transition = np.array([[0.1, 0.2, 0.7 - 1e-9]] * 3)
    assert funding.regime_next(np.array([0], np.int8), transition, np.array([1 - 1e-16])).tolist() == [2]
