"""New prices of sellers: what follows cost, what follows the market, and what is felt of it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import price
from forecast.market.machines import Machines
from forecast.market.market import Market
from forecast.market.names import market_names
from forecast.market.rents import Rents
from forecast.market.sellers import Sellers, start_books
from forecast.scenario import load_scenario

NO_SUBSIDY = "subsidy_depth_frac=0"


@pytest.fixture(scope="module")
def asked(tables):
    """Return a function: log prices asked once each seller has a new price, of the same or of newer models."""
    scenario = load_scenario("base", tables, [NO_SUBSIDY, "ladder_log=0"], months=3)
    names = market_names(scenario)

    def ask(newer, cost_ratio=1.0, ladder_log=0.0, hire_ratio=1.0, spread=0.5, size_ratio=1.0):
        market = Market(scenario, names, Draws(scenario, 7, 0))
        sellers, machines = market.sellers, market.machines
        sellers.use(machines.fleet_usd_per_mtok * REAL(cost_ratio))
        sellers.hire_ratio = sellers.hire_ratio * REAL(hire_ratio)
        sellers.kind["renew_size_sd"] = sellers.kind["renew_size_sd"] * REAL(size_ratio)
        sellers.theta["ladder_log"] = np.full(BLOCK_PATHS, ladder_log, REAL)
        same, either = sellers.reprice_per_month, sellers.new_price_per_month
        uniform = same + spread * (either - same) if newer else np.broadcast_to(same / 2, either.shape)
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


def test_newer_models_cost_more_as_often_as_less(asked):
    """Chances evenly spread over those that bring a newer model give shocks of median 0."""
    spread = ((np.arange(BLOCK_PATHS) + 0.5) / BLOCK_PATHS).astype(REAL)
    shock = asked(True, spread=spread)[1] - asked(True, size_ratio=0)[1]
    assert np.ptp(shock, axis=1).min() > 0.1
    assert_allclose((shock > 0).mean(axis=1), 0.5, atol=2 / BLOCK_PATHS)


def test_a_repriced_model_moves_what_is_paid_by_a_part_and_newer_ones_by_the_whole(base, block):
    """Without shocks of size both move to their target; what a shock adds is felt in part, its mean and newer ones wholly."""
    _, names, draws = block
    uniform = np.random.default_rng(3).random((len(names.providers), BLOCK_PATHS)).astype(REAL)

    def asked(scale):
        market = Market(base, names, draws)
        kind = market.sellers.kind
        felt = kind["felt_frac"]
        kind |= {size: REAL(scale) * kind[size] for size in ("reprice_size_sd", "renew_size_sd")}
        now = (market.log_price, np.log(market.mix.price_ratio), market.rents.tightness, market.treasury.regime)
        new = market.sellers.reprice(*now, market.treasury.runway_months, uniform)
        return new, felt, price.mean_shock(kind["reprice_rise_prob"], kind["reprice_size_sd"])

    ((same, newer), felt, mean), ((same_calm, newer_calm), _, _) = asked(1), asked(0)
    felt, mean = same.offers.of(felt), same.offers.of(mean)
    shock, paid = same.model_change_log - same_calm.change_log, same.change_log - same_calm.change_log
    assert felt.size > 100 and (felt < 0.9).any()
    assert_allclose(paid, mean + felt * (shock - mean), atol=2e-5)
    assert np.abs(shock).max() > 0.5
    assert newer.change_log.size > 100
    assert_array_equal(newer.change_log, newer.model_change_log)
    assert np.abs(newer.change_log - newer_calm.change_log).max() > 0.5


def test_a_small_host_is_a_small_part_of_the_load(base, block):
    _, names, draws = block
    books, rents = start_books(draws, names), Rents(draws)
    fleet = Machines(base, names, draws).fleet_usd_per_mtok
    hire = rents.hire_ratio(draws.column("providers", "own_frac", names.providers))
    sellers = Sellers(draws, names, books, fleet, hire, np.arange(len(names.providers)))
    tokens = books.tokens_mtok_per_month
    load = names.provider_sum(tokens * sellers.machine_cost_usd_per_mtok)
    load_share, token_share = (np.median(x / x.sum(axis=0), axis=1) for x in (load, names.provider_sum(tokens)))
    small = token_share < 0.01
    assert load_share[small].max() < 0.1
