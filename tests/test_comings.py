"""Hyperscalers that leave and small sellers that come and go, as worked by hand."""

from types import SimpleNamespace

import numpy as np
from numpy.testing import assert_allclose

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS
from forecast.market.clouds import Clouds
from forecast.market.customers import Customers
from forecast.market.fringe import Fringe


def test_hyperscalers_whose_machines_do_not_pay_leave_by_chance_and_the_last_stays(block):
    """A chance of 0.2 a month: below it, where machines do not pay, all leave but where nobody else is in the market."""
    _, names, draws = block
    nothing, cloud = np.zeros((len(names.providers), BLOCK_PATHS), REAL), names.cloud_provider
    untraded = SimpleNamespace(revenue=nothing, serving_cost=nothing)
    clouds, alive = Clouds(draws, names, untraded, nothing, nothing), np.ones(nothing.shape, bool)
    clouds.theta["cloud_leave_below_ratio"], clouds.leave_prob = np.ones(1, REAL), np.full(1, 0.2, REAL)
    pays = np.full((len(cloud), BLOCK_PATHS), 0.9, REAL)
    uniform = np.full((len(names.providers), BLOCK_PATHS), 0.1, REAL)
    pays[0, 0], uniform[cloud[0], 1] = 1.1, 0.3  # all others leave; on the third path all would
    alive[cloud[1], 3] = False
    uniform[cloud[0], 3] = 0.3
    clouds.sustainability = pays
    found = clouds.leaving(alive, uniform)
    left = {path: sorted(found.row[found.path == path]) for path in range(4)}
    assert left == {0: sorted(cloud[1:]), 1: sorted(cloud[1:]), 2: [], 3: sorted(cloud[2:])}


def test_the_small_ones_are_counted_and_weigh_by_their_number(block):
    """Entry at 2.4 a year in the second month's middle and nobody leaves: a fifth more; fewer than one count as one."""
    _, names, draws = block
    small, calm = Fringe(draws, np.full(BLOCK_PATHS, 0.4, REAL)), np.zeros(BLOCK_PATHS, REAL)
    half_gone = {"demand_fade_months": 1.5 / np.log(2), "entry_per_year": 4.3, "entry_long_per_year": 0.5}
    small.theta |= {name: np.full(1, value, REAL) for name, value in (half_gone | {"fringe_exit_per_year": 0}).items()}
    small.count = np.where(np.arange(BLOCK_PATHS) % 2, 40, 0.5).astype(REAL)
    ratio = small.step(2, np.full(BLOCK_PATHS, 0.4, REAL), calm)
    many = np.arange(BLOCK_PATHS) % 2 == 1
    assert_allclose(ratio, np.where(many, 1.2, 1.0), rtol=1e-5)
    assert_allclose(small.count, np.where(many, 48, 0.6), rtol=1e-5)
    share = np.ones((len(names.offers), BLOCK_PATHS), REAL)
    wanted, revenue = (np.ones((len(of), BLOCK_PATHS), REAL) for of in (names.segments, names.providers))
    customers = Customers(draws, names, wanted, share, revenue)
    before = customers.log_weight.copy()
    customers.grow_fringe(ratio)
    grown = np.isin(np.arange(len(names.offers)), names.fringe_offers)[:, None] * np.log(ratio)
    assert_allclose(customers.log_weight - before, grown, atol=1e-6)
