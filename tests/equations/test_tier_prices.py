"""Prices of fixed capabilities: by hand, and limits known on paper."""

import numpy as np
from numpy.testing import assert_allclose

from forecast.equations import tier

LN2 = np.log(2.0)


def test_a_tier_at_its_floor_stays_there():
    assert tier.tier_log_price_next(-1.0, -1.0, 0.3, 0.0) == -1.0
    assert_allclose(tier.tier_log_price_next(1.0, -1.0, 0.25, 0.1), 0.6)
    assert tier.tier_log_price_next(np.array([1.0, 1.0]), 2.0, 0.0, np.array([90.0, -90.0])).tolist() == [9.0, -5.0]


def test_a_tier_whose_shocks_grow_fast_with_the_distance_keeps_to_its_prices():
    """At three times the distance a month's shocks would feed themselves until no number holds the price."""
    random, log = np.random.default_rng(3), np.zeros(1000)
    for _ in range(240):
        shock = tier.tier_shock_scale(log, 0.2, 3.0) * random.standard_t(4, 1000)
        log = tier.tier_log_price_next(log, 0.0, 0.1, shock)
        assert np.abs(log).max() <= tier.FARTHEST_LOG


def test_a_floor_for_a_capability_shrinks_and_stops():
    found = tier.capability_floor(8.0, LN2, 12.0, np.array([0.0, 12.0, 1e6]))
    assert_allclose(found, [8.0, 8 * np.exp(-LN2 * (1 - 1 / np.e)), 4.0])
    assert tier.capability_floor(8.0, 0.0, 12.0, 60.0) == 8.0
