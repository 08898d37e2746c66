"""Exits and entry: chances, customers that follow, and the many small ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast.equations import exits

LOG = st.floats(-5.0, 5.0)


@given(st.floats(0, 5))
def test_monthly_chances_make_the_yearly_one(rate):
    monthly = exits.monthly_prob(rate)
    assert 0 <= monthly < 1
    assert_allclose((1 - monthly) ** 12, np.exp(-rate), rtol=1e-9)


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


def test_size_counts_for_the_large_alone():
    # Of 4, 16 and 64 times a small firm's size: a half, a quarter and an eighth of its chance by the root.
    small = 5e7
    assert_allclose(exits.small_part(small * np.array([4.0, 16.0, 64.0]), small, 0.5), [1 / 2, 1 / 4, 1 / 8])
    assert_array_equal(exits.small_part(np.array([0.0, 1.0, small]), small, 1.0), 1)
    assert_array_equal(exits.small_part(np.array([small, 1e12]), small, 0.0), 1)  # no power: size does not count
