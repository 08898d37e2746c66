"""Customers: prices move what they tend to, shocks pass, and those of a seller that is bought follow, as worked by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL, spots, spots_at
from forecast.draws import BLOCK_PATHS
from forecast.equations import shares
from forecast.market.customers import Customers


@pytest.fixture
def customers(block):
    """Equal customers of all offers."""
    _, names, draws = block
    wanted = np.ones((len(names.segments), BLOCK_PATHS), REAL)
    small = np.ones((len(names.providers), BLOCK_PATHS), REAL)  # a dollar a year
    return Customers(draws, names, wanted, np.ones((len(names.offers), BLOCK_PATHS), REAL), small)


def test_a_new_price_is_pending_for_its_offer_alone(customers):
    names = customers.names
    customers.pending_log += REAL(0.25)  # of an earlier price, which stays
    before = customers.pending_log.copy()
    cells = spots(np.random.default_rng(2).random(before.shape) < 0.1)
    segments = spots_at(names.offer_segment[cells.row], cells.path, BLOCK_PATHS)
    customers.notice(cells, segments, np.full(len(cells.flat), 0.5, REAL))
    moved = np.zeros_like(before)
    moved[cells.row, cells.path] = 0.5
    sensitivity = np.broadcast_to(customers.sensitivity, (len(names.segments), BLOCK_PATHS))[names.offer_segment]
    assert_allclose(customers.pending_log - before, -sensitivity * moved, atol=1e-5)
    assert_array_equal(customers.log_weight, 0)  # equal customers of all


def test_what_is_pending_moves_weights_once(customers):
    """A fifth a month of 0.5: 0.1, then 0.08, and 0.32 is left."""
    for name, value in {"share_inertia_per_month": 0.2, "share_reversion_per_month": 0.0}.items():
        customers.theta[name] = np.full(BLOCK_PATHS, value, REAL)
    customers.apart_if_typical_per_month[:] = 0
    customers.pending_log[0] = 0.5
    for _ in range(2):
        customers.reconsider(1, np.zeros_like(customers.attraction), np.ones_like(customers.log_weight))
    assert_allclose(customers.log_weight[0], 0.18, rtol=1e-5)
    assert_allclose(customers.pending_log[0], 0.32, rtol=1e-5)
    assert_array_equal(customers.log_weight[1:], 0)


def test_shocks_pass_and_are_as_large_as_the_kind_of_seller_says(customers, block):
    names = customers.names
    normal = np.random.default_rng(2).standard_normal((len(names.providers), BLOCK_PATHS)).astype(REAL)
    sd = block[2].column("provider_kinds", "share_shock_sd", names.kinds)
    for times in (0.0, 1.0):
        customers.reconsider(1, normal, np.ones_like(customers.log_weight))
        kept = 1 + times * customers.theta["share_shock_persistence"]
        shock = sd * shares.heavy_tailed(normal, customers.theta["share_shock_tail"])
        assert_allclose(customers.attraction, kept * shock, rtol=1e-4, atol=1e-5)


def test_customers_follow_to_a_buyer_that_sells_the_same(customers):
    """Two sellers go to one buyer on one path: it has all three in their common segments, and nothing moves elsewhere."""
    names = customers.names
    sells = names.offer_at >= 0
    buyer = int(np.argmax(sells.sum(axis=1)))
    others = [p for p in range(len(names.providers)) if p != buyer and (sells[p] & sells[buyer]).any()]
    first, second = others[0], next(p for p in others[1:] if (sells[p] != sells[others[0]]).any())
    before = customers.log_weight.copy()
    place = np.array([3, 3], np.intp)
    customers.follow(np.array([first, second]), np.array([buyer, buyer]), place, np.array([0.5, 0.25], REAL))
    weight = np.exp(before.astype(float))
    grown = weight[:, 3].copy()
    for s in range(len(names.segments)):
        if sells[buyer, s]:
            own = names.offer_at[buyer, s]
            for p, kept in ((first, 0.5), (second, 0.25)):
                if sells[p, s]:
                    grown[own] *= 1 + kept * weight[names.offer_at[p, s], 3] / weight[own, 3]
    assert (grown != weight[:, 3]).any()
    weight[:, 3] = grown
    assert_allclose(customers.log_weight, np.log(weight), atol=1e-5)
