"""Demand and capacity grow as the fits integrate it, and demand within what the world can spend."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from rooms import equal_shares, still_customers

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS
from forecast.market.rents import Rents
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.tables import load_tables


def whole_growth_log(draws, what, months):
    """Return ∫g over the months as the fits integrate it: g∞·T + (g₀ − g∞)·τ·(1 − e^(−T/τ)), T and τ in years."""
    start, long, fade = (draws.parameter(f"{what}_{name}") for name in ("growth_start_per_year", "growth_long_per_year", "fade_months"))  # fmt: skip
    return long * months / 12 - (start - long) * fade / 12 * np.expm1(-months / fade)


def test_demand_stops_growing_where_budgets_are_spent(base, block):
    """Half of the growth where half of what can be spent is, none at the limit and beyond."""
    _, names, draws = block
    customers = still_customers(base, names, draws, equal_shares(names))
    limit, none = customers.theta["spend_limit_usd_per_year"], np.zeros((len(names.segments), BLOCK_PATHS), REAL)
    grown = []
    for part in (0.0, 0.5, 1.0, 2.0):
        customers.wanted_mtok_per_month = np.ones_like(none)
        customers.want(1, part * limit / 12, none, none)
        grown.append(np.log(customers.wanted_mtok_per_month))
    assert_allclose(grown[1], grown[0] / 2, rtol=1e-4, atol=1e-6)
    assert_allclose(grown[2:], 0, atol=1e-6)


def test_no_future_is_paid_more_than_the_world_can_spend(base):
    """Ten years on, too: without the limit one path in a hundred was paid over 20 trillion a year after five."""
    scenario = load_scenario("base", load_tables(), months=120)
    paths = simulate(scenario, 1000, threads=1, keep_months=(120,))
    spend = 12 * (paths.kept["market_price"] * paths.kept["volume"]).sum(axis=0)[0]
    assert np.quantile(spend, 0.99) < 1e13 < 1.2e14  # the world earns over 100 trillion


@pytest.mark.parametrize("months", [1, 12, 60])
def test_months_add_up_to_the_growth_that_the_fits_integrate(base, block, months):
    _, names, draws = block
    customers, rents = still_customers(base, names, draws, equal_shares(names)), Rents(draws)
    none = np.zeros((len(names.segments), BLOCK_PATHS), REAL)
    rents.theta["supply_response"] = np.zeros(BLOCK_PATHS, REAL)
    rents.theta["fleet_turnover_per_month"] = np.zeros(BLOCK_PATHS, REAL)  # nothing idle is left unreplaced
    start, grown = rents.capacity_ratio, np.ones(BLOCK_PATHS)
    for month in range(1, months + 1):
        customers.want(month, none.sum(axis=0), none, none)
        grown *= rents.build(month)
        rents.step(np.ones(BLOCK_PATHS, REAL), np.zeros(BLOCK_PATHS, REAL))
    wanted = np.log(customers.wanted_mtok_per_month)
    # The middle of a month stands for its mean within (g₀ − g∞)/(288·τ), 0.0015 where τ is shortest; its end is off by 0.05.
    assert_allclose(wanted, np.broadcast_to(whole_growth_log(draws, "demand", months), wanted.shape), atol=2e-3)
    assert_allclose(np.log(rents.capacity_ratio / start), whole_growth_log(draws, "supply", months), atol=2e-3)
    assert_allclose(grown, rents.capacity_ratio / start, rtol=1e-4)  # what is built is told month by month
