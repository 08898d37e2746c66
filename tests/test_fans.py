"""Fans: a histogram counts every value once, and its quantiles lie in the bin of the sorted value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast import tidy_table
from forecast.outcomes.fans import FANS, count, quantiles
from forecast.outcomes.finances import FINANCES
from forecast.scenario import load_scenario
from forecast.simulation import simulate

SEEDS = st.integers(0, 2**32 - 1)
PROBS = np.array(tidy_table.PROBS)
LOW = FINANCES["subsidy_usd_per_month"]
BIN = 2.0**-6  # width of a bin over its lower edge, at most
SIXTEENTHS = np.arange(1, 16) / 16  # exact ranks


def values_of(fan, shape, seed, low_frac):
    """Values over and beyond a fan's range, so many of them zero."""
    random = np.random.default_rng(seed)
    spread = np.exp(random.uniform(np.log(fan.low) - 2, np.log(fan.high) + 1, shape))
    return np.where(random.random(shape) < low_frac, 0.0, spread).astype(np.float32)


@pytest.mark.parametrize("outcome", FANS)
def test_what_is_counted_in_the_loop_is_counted_in_any_way(block, outcome):
    fan, history = FANS[outcome], block[0]
    series = history.series[outcome]
    found = count(fan, series)
    edges = fan.edges()
    edges[[0, -1]] = -np.inf, np.inf  # what lies beyond is counted at the ends
    for entity, month in ((0, 0), (-1, -1)):
        assert_array_equal(found[entity, month], np.histogram(series[entity, month], edges)[0])


@given(SEEDS, st.integers(1, 300), st.sampled_from(["market_price", "volume", "rent"]))
def test_a_quantile_lies_in_the_bin_of_the_sorted_value(seed, paths, outcome):
    fan = FANS[outcome]
    values = np.clip(values_of(fan, (2, 3, paths), seed, 0.0), fan.low * (1 + BIN), fan.high)
    found = quantiles(fan, count(fan, values), SIXTEENTHS)
    exact = np.moveaxis(np.quantile(values.astype(float), SIXTEENTHS, axis=2, method="inverted_cdf"), 0, 2)
    assert_allclose(found, exact, rtol=BIN)


@given(SEEDS)
def test_quantiles_with_zeros(seed):
    values = values_of(LOW, (2, 3, 160), seed, 0.6)
    values = np.where(values < LOW.low * (1 + BIN), 0, np.minimum(values, LOW.high)).astype(np.float32)
    found = quantiles(LOW, count(LOW, values), SIXTEENTHS)
    exact = np.moveaxis(np.quantile(values.astype(float), SIXTEENTHS, axis=2, method="inverted_cdf"), 0, 2)
    assert_array_equal(found == 0, exact == 0)
    assert_allclose(found, exact, rtol=BIN)


def test_the_extreme_quantiles_are_the_outermost_bins():
    fan = FANS["market_price"]
    values = np.array([[[0.5, 1.0, 3.0]]], np.float32)
    low, high = quantiles(fan, count(fan, values), np.array([0.0, 1.0]))[0, 0]
    assert low == 0.5  # a power of two is the lower edge of its bin
    assert 3.0 <= high <= 3.0 * (1 + BIN)
    assert_allclose(quantiles(fan, count(fan, values), np.array([-0.1, 1.1]))[0, 0], [low, high])
    # Four in one bin, from 1 to 1 1/64, are spread over it evenly.
    same = quantiles(fan, count(fan, np.ones((1, 1, 4), np.float32)), np.array([0.0, 0.25, 0.5, 1.0]))
    assert_allclose(same[0, 0], 1 + np.array([0.0, 0.25, 0.5, 1.0]) / 64, rtol=1e-9)
    # Of each entity and month its own: the rows are searched in one long sum.
    rows = np.array([[[0.5, 1.0], [2.0, 4.0]], [[8.0, 16.0], [0.25, 0.5]]], np.float32)
    assert_array_equal(quantiles(fan, count(fan, rows), np.array([0.0]))[..., 0], [[0.5, 2.0], [8.0, 0.25]])


@pytest.mark.parametrize("outcome", FANS)
def test_what_lies_beyond_the_range_stands_at_its_ends(outcome):
    fan = FANS[outcome]
    values = np.array([[[0.0], [fan.low / 2], [fan.high], [2 * fan.high]]], np.float32)
    assert_array_equal(
        quantiles(fan, count(fan, values), np.array([0.1, 0.5, 0.9]))[0], [[0.0] * 3] * 2 + [[fan.high] * 3] * 2
    )
    lowest = np.array([[[fan.low * 1.02]]], np.float32)  # the second bin: the lowest that has a width
    assert_allclose(quantiles(fan, count(fan, lowest), np.array([0.5])), fan.low * 1.02, rtol=BIN)


NEVER_NOTHING = [name for name, fan in FANS.items() if fan.unit == "USD/Mtok"]


@pytest.mark.parametrize(("name", "months"), [("lpu-floor", 60), ("base", 240)])
def test_no_price_of_a_shipped_scenario_or_a_long_horizon_is_called_nothing(name, months):
    paths = simulate(load_scenario(name, months=months), n_paths=200, seed=7, threads=1)
    for outcome in NEVER_NOTHING:
        found = quantiles(FANS[outcome], paths.counts[outcome], PROBS)
        assert (found > 0).all(), outcome
        assert (found[..., PROBS == 0.9] < FANS[outcome].high).all(), outcome  # nor cut off above
