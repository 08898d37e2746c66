"""Demand, capacity and rents: values by hand, and what is served of what is wanted."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.equations import demand

LOG = st.floats(-5.0, 5.0)
LN2, LN3 = np.log(2.0), np.log(3.0)


def test_growth_fades_from_start_to_long():
    assert_allclose(demand.fading_rate(1.5, 0.5, 12.0, np.array([0.0, 12.0, 1e6])), [1.5, 0.5 + 1 / np.e, 0.5])


def test_tokens_wanted_by_hand():
    assert_allclose(demand.demand_next(100.0, 12 * LN2, 0.0, 0.0, 0.0), 200.0)
    assert_allclose(demand.demand_next(100.0, 0.0, -0.5, np.log(4.0), 0.0), 50.0)
    assert demand.demand_next(100.0, 0.0, -0.5, 0.0, 0.0) == 100.0


@given(LOG, LOG, st.floats(1.0, 60.0))
def test_an_average_lies_between(average, value, window):
    assert min(average, value) - 1e-9 <= demand.average_next(average, value, window) <= max(average, value) + 1e-9
    assert_allclose(demand.average_next(average, value, 1.0), value, atol=1e-12)


def test_other_business_of_all_stays_within_what_can_be_spent():
    """Firms' own ratios a, of weights w in the start: all is Σ w·a·r, half the limit where b·ā·q = 1 and never beyond it."""
    weight, apart = np.array([0.25, 0.75]), np.array([3.0, 1.0])
    mean, part = weight @ apart, 0.2
    for unbound in (1.0, 2.0, 30.0, 3e4):
        ratio = demand.other_revenue_ratio(np.float64(unbound), mean, part)
        assert 0 < part / (1 + part) * (weight * apart * ratio).sum() < 1
    assert_allclose(part * mean * demand.other_revenue_ratio(np.float64(1e15), mean, part), 1 + part)
    assert_allclose(part * mean * demand.other_revenue_ratio(np.float64(1 / (part * mean)), mean, part), (1 + part) / 2)
