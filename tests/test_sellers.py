"""New prices and fleets of sellers: what follows cost, what follows the market, and what growth makes new."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, Draws
from forecast.families import FLEETS
from forecast.market.machines import OPEN, start_machines
from forecast.market.market import start_market
from forecast.market.names import market_names
from forecast.scenario import load_scenario

NO_SUBSIDY = "subsidy_depth_frac=0"


@pytest.fixture(scope="module")
def asked(tables):
    """Return a function: log prices asked once each seller has a new price, of the same or of newer models."""
    scenario = load_scenario("base", tables, [NO_SUBSIDY, "ladder_log=0"], months=3)
    names = market_names(scenario)

    def ask(newer, cost_ratio=1.0, ladder_log=0.0, hire_ratio=1.0):
        market = start_market(scenario, names, Draws(scenario, 7, 0))
        sellers, machines = market.sellers, market.machines
        sellers.use(machines.fleet_usd_per_mtok * REAL(cost_ratio))
        sellers.hire_ratio = sellers.hire_ratio * REAL(hire_ratio)
        sellers.ladder_log = np.full(BLOCK_PATHS, ladder_log, REAL)
        same, either = sellers.reprice_per_month, sellers.new_price_per_month
        uniform = (same + either) / 2 if newer else np.broadcast_to(same / 2, either.shape)
        state = market.rents.tightness, market.treasury.regime, market.treasury.runway_months
        sellers.reprice(market.log_price, np.zeros_like(market.log_price), *state, uniform)
        return market, sellers.log_price

    return ask


def test_a_repriced_model_follows_the_market_and_newer_ones_cost(asked):
    """At half the cost newer models are cheaper by (1 − w)·ln 2; the same model is not, nor sold below cost in either case."""
    (market, same), (_, same_cheap) = asked(False), asked(False, 0.5)
    (_, newer), (_, newer_cheap) = asked(True), asked(True, 0.5)
    names, sellers = market.names, market.sellers
    cost = np.log(sellers.machine_cost_usd_per_mtok * sellers.hire_ratio[sellers.owner[names.offer_provider]])
    clear = (same > cost + 1e-3) & (newer > cost + 1e-3)  # the floor of cost does not bind, at the dearer cost either
    assert clear.mean() > 0.5
    weight = np.broadcast_to(sellers.kind["market_weight_frac"], newer.shape)
    assert_allclose((same_cheap - same)[clear], 0, atol=1e-5)
    assert_allclose((newer_cheap - newer)[clear], -(1 - weight[clear]) * np.log(2), atol=1e-4)


def test_a_machine_that_is_hired_at_half_costs_half(asked):
    assert_array_equal(asked(True, hire_ratio=0.5)[1], asked(True, 0.5)[1])  # powers of two: exact


def test_a_step_of_the_ladder_is_that_of_newer_models_alone(asked):
    assert_allclose(asked(True, ladder_log=0.3)[1] - asked(True)[1], 0.3, atol=1e-5)
    assert_array_equal(asked(False, ladder_log=0.3)[1], asked(False)[1])


def test_a_fleet_that_grows_costs_less_than_one_that_only_replaces(base, block):
    _, names, draws = block
    grown, still = (start_machines(base, names, draws) for _ in range(2))
    for month in range(1, 13):
        grown.step(month, np.full(BLOCK_PATHS, 1.08, REAL))
        still.step(month, np.ones(BLOCK_PATHS, REAL))
    best = np.isfinite(still.best_usd_per_mtok)
    assert_array_equal(grown.best_usd_per_mtok, still.best_usd_per_mtok)
    ahead = still.fleet_usd_per_mtok[best] > still.best_usd_per_mtok[best]
    assert (grown.fleet_usd_per_mtok[best] < still.fleet_usd_per_mtok[best])[ahead].all()


def test_sellers_cross_to_what_is_sold_and_makers_of_chips_stay(tables):
    """Who could buy anything serves at no more than the best chip sold; a fleet of one's own chips never moves."""

    def fleets(crossing_frac):
        changes = [f"fleet_crossing_frac={crossing_frac}", "fleet_newest_frac=1"]
        scenario = load_scenario("base", tables, changes, months=1)
        machines = start_machines(scenario, market_names(scenario), Draws(scenario, 7, 0))
        machines.step(1, np.full(BLOCK_PATHS, 1e6, REAL))  # all but a millionth is bought this month
        return machines

    locked, free = fleets(0), fleets(1)
    sold = np.minimum(locked.best_usd_per_mtok[OPEN].min(axis=0), locked.custom_sold_usd_per_mtok)
    for family, name in enumerate(FLEETS):
        if name in ("nvidia", "amd", "tpu", "trainium"):
            least = np.minimum(locked.best_usd_per_mtok[family], sold)
            assert_allclose(free.fleet_usd_per_mtok[family], least, rtol=1e-4)
        else:
            assert_array_equal(free.fleet_usd_per_mtok[family], locked.fleet_usd_per_mtok[family])
    tpu = FLEETS.index("tpu")
    own = locked.best_usd_per_mtok[tpu] < sold  # Google's chips are the cheapest there, and nobody else can buy them
    assert own.any() and (free.fleet_usd_per_mtok[0] > free.fleet_usd_per_mtok[tpu])[own].all()
