"""Cash: flows, reserves, runways, rounds and the funding regime, by hand and by property."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.equations import cash

FRACTION = st.floats(0.0, 1.0)


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
