"""Rents of the month loop, capacity that is built, and prices of a fixed capability, which follow contract rents."""

from datetime import date
from unittest.mock import patch

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations.tier import FARTHEST_LOG
from forecast.market.rents import Rents
from forecast.market.tiers import Tiers
from forecast.renting import RENT_INDEX, rents_until
from forecast.scenario import load_scenario


def test_rents_today_say_how_full_the_machines_are(block):
    """τ = (x₀ − x̄)/β; today's load is 1, and machines that are driven hard already can be driven as far again."""
    draws = block[2]
    rents, start, stretch = (
        Rents(draws),
        *(draws.parameter(f"{n}") for n in ("rent_to_owned_log_start", "capacity_stretch_log")),
    )
    tight = (start - rents.theta["rent_to_owned_log_level"]) / rents.theta["rent_tightness_push"]
    assert 0.05 < (tight > 0).mean() < 1  # both sorts, or less is tested
    assert_allclose(rents.tightness, tight, rtol=1e-5)
    assert_allclose(rents.capacity_ratio, np.exp(-tight), rtol=1e-5)
    most = np.where(tight > 0, np.exp(stretch), np.exp(stretch - tight))
    assert_allclose(rents.served_frac(2 * most), 0.5, rtol=1e-5)
    assert_allclose(rents.served_frac(0.9 * most), 1.0)
    owner, tenant = rents.idle_ratio(np.array([[1.0], [0.0]], REAL))
    assert_allclose(1 + owner, np.clip(np.exp(-tight), 1, rents.theta["idle_hours_ratio"]), rtol=1e-5)
    assert_array_equal(tenant, 0)


def test_contracts_in_force_and_orders_under_way_are_of_the_rents_of_their_months(base, tables):
    """By hand, a quarter anew each month, in powers of two: rents of 1, 2, 2 and 3 make 1, 1.25, 1.4375 and 1.828125.

    Another seller, another accelerator and an earlier day of a month do not count.
    """

    def row(year, month, day, rent, provider=RENT_INDEX, accelerator="h100"):
        cells = {"date_on": date(year, month, day), "provider": provider, "accelerator": accelerator}
        return cells | {"usd_per_accelerator_hour": rent}

    told = [row(2026, 10, 31, 8.0), row(2026, 8, 31, 4.0), row(2026, 8, 1, 9.0), row(2026, 7, 31, 2.0)]
    told += [row(2026, 9, 30, 5.0, "lambda"), row(2026, 9, 30, 5.0, accelerator="h200")]
    past = rents_until(base.as_of, {"rents": told})
    assert_allclose(past, np.log([2, 4, 4, 8]))
    assert rents_until(base.as_of, {"rents": told[4:]}) == [0]  # none known: all were signed at today's rent
    assert rents_until(base.as_of, {"rents": [row(2026, 11, 30, 8.0)]}) == [0]  # nor is one of a month to come
    assert rents_until(base.as_of, tables)[0] == np.log(3.3775)  # of September 2023
    then = rents_until(date(2025, 1, 1), tables.vintage(date(2025, 1, 1)))  # September 2023 to January 2025
    assert_allclose(then[-2:], np.log(3.0282))  # December's, the last one known; January's was told on its last day
    assert len(then) == 17
    draws = Draws(load_scenario("base", tables, ["contract_lag_months=4", "supply_lag_months=4"], months=2), 7, 0)
    with patch("forecast.market.rents.rents_until", return_value=past):
        rents = Rents(draws)
    ratio = draws.parameter("contract_rent_ratio")
    assert_allclose(rents.lagged_scarcity, rents.scarcity + np.log(2) * (1.828125 - 3), atol=1e-6)
    assert_allclose(rents.contract_scarcity, ratio * rents.lagged_scarcity, rtol=1e-6)
    assert_array_equal(rents.contract_fall_log(), 0)  # today's margins are those of the contracts in force


def test_contracts_and_orders_are_those_of_the_month_where_they_lag_by_one(tables):
    lags = [f"{name}=1" for name in ("contract_lag_months", "supply_lag_months")]
    rents = Rents(Draws(load_scenario("base", tables, lags, months=2), 7, 0))
    assert_allclose(rents.contract_scarcity, rents.theta["contract_rent_ratio"] * rents.scarcity, rtol=1e-6)
    rents.build(1)
    rents.step(np.full(BLOCK_PATHS, 1.3, REAL), np.random.default_rng(1).normal(size=BLOCK_PATHS).astype(REAL))
    assert_allclose(rents.contract_scarcity, rents.theta["contract_rent_ratio"] * rents.scarcity, atol=1e-6)
    assert_allclose(rents.lagged_scarcity, rents.scarcity, atol=1e-6)
    owner, tenant = rents.hire_ratio(np.array([[1.0], [0.0]], REAL))
    assert_allclose(owner, 1.0, rtol=1e-6)
    assert_allclose(tenant, np.exp(rents.contract_scarcity), rtol=1e-5)


def test_a_tier_settles_at_a_multiple_of_the_floor_of_what_reaches_it(block):
    """Reverting wholly within a month and without a shock: floor, shrunk for a year, at contract rents, times the ratio.

    The segments ask for ever more, and prices keep that order.
    """

    def in_order(prices):
        return np.sort(prices, axis=0)

    _, names, draws = block
    shape = (len(names.segments), BLOCK_PATHS)
    floor = np.random.default_rng(4).uniform(0.05, 0.1, shape).astype(REAL)
    tiers = Tiers(draws, names, floor)
    assert_array_equal(tiers.capability_floor_usd_per_mtok, floor)
    known = draws.column("segments", "tier_price_usd_per_mtok", names.segments)
    assert_allclose(np.exp(tiers.log_price), known, rtol=1e-5)
    tiers.theta["tier_reversion_per_month"] = np.ones(1, REAL)
    tiers.step(12, floor, np.full(BLOCK_PATHS, 0.2, REAL), np.zeros(shape, REAL))
    shrink, fade = tiers.shrink_per_year, draws.parameter("capability_fade_months")
    shrunk = floor * np.exp(-shrink * fade / 12 * (1 - np.exp(-12 / fade)))
    assert_allclose(tiers.capability_floor_usd_per_mtok, shrunk, rtol=1e-5)
    settles = draws.parameter("tier_floor_ratio") * shrunk * np.exp(0.2)
    assert 0.1 < (settles > known).mean() < 0.9  # there somebody serves for less already
    alone = np.minimum(settles, known)
    assert 0.01 < (in_order(alone) != alone).mean() < 0.5
    assert_allclose(np.exp(tiers.log_price), in_order(alone), rtol=1e-4)
    # The shock of a month grows with the distance from there, and moves the price by so much where nothing reverts.
    tiers.theta["tier_reversion_per_month"], tiers.log_price_start = np.zeros(1, REAL), np.full(shape, 9, REAL)
    for distance in (-1.0, 3.0):
        tiers.log_price = settled = np.log(draws.parameter("tier_floor_ratio") * shrunk).astype(REAL) + REAL(distance)
        tiers.step(12, floor, np.zeros(BLOCK_PATHS, REAL), np.full(shape, 2, REAL))
        far = draws.parameter("tier_shock_far_ratio") * max(distance, 0)
        shock = np.minimum(2 * np.hypot(draws.parameter("tier_shock_sd"), far), FARTHEST_LOG - distance)
        assert_allclose(tiers.log_price, in_order(settled + shock), rtol=1e-4, atol=1e-5)


def test_a_shift_of_capacity_is_built_within_a_year(block):
    """Twice as much from month 3 on: the last of it in month 14."""
    rents = Rents(block[2])
    none = np.zeros(BLOCK_PATHS, REAL)
    rents.theta |= dict.fromkeys(
        ("supply_growth_start_per_year", "supply_growth_long_per_year", "supply_response"), none
    )
    rents.tightness = none  # all machines are busy
    rents.theta |= {"supply_level_ratio": none + 2, "supply_shift_month": none + 3}
    grown = [np.log2(rents.build(month)).mean() for month in range(1, 17)]
    assert_allclose(grown, [0, 0] + [1 / 12] * 12 + [0, 0], atol=1e-5)
