"""Shares: shocks, reversion and concentration, against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.distributions import standard_normal_quantile
from forecast.equations import shares

WEIGHTS = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=30).map(np.array)
MIDPOINTS = (np.arange(20_000) + 0.5) / 20_000


@given(st.floats(0.0, 0.2))
def test_heavy_tails_keep_mean_and_known_variance(tail):
    shock = shares.heavy_tailed(standard_normal_quantile(MIDPOINTS), tail)
    assert_allclose(shock.mean(), 0.0, atol=1e-9)
    assert_allclose(shock.var(), 1 + 6 * tail**2, rtol=0.01)  # midpoints cut the tails


@given(WEIGHTS, st.integers(1, 8), st.floats(1.0, 3.0))
def test_concentration_against_brute_force(weights, count, rest):
    amount, total = weights[:, None], np.array([rest * weights.sum()])
    assert_allclose(shares.top_sum(amount, count), [sum(sorted(weights)[-count:])], rtol=1e-9)
    found = shares.herfindahl(amount, total)
    assert_allclose(found, [sum((w / total[0]) ** 2 for w in weights)], rtol=1e-9)
    # The many small ones that are no single provider count in the total alone.
    assert 1 / len(weights) - 1e-9 <= found[0] * rest**2 <= 1 + 1e-9


@pytest.mark.parametrize("unit", [2.0**-70, 1.0, 2.0**70])
def test_concentration_knows_no_unit(unit):
    # Single precision ends at 2^128: squares of amounts leave it, squares of shares do not.
    amount, total = np.array([[1.0], [2.0], [5.0]], REAL), np.array([10.0], REAL)
    found = shares.herfindahl(amount * REAL(unit), total * REAL(unit))
    assert_allclose(found, [0.3], rtol=1e-6)  # seven digits


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_the_largest_are_found_among_any_number_of_rows(rows, count, seed):
    # Whole numbers, so that sums are exact in single precision and in any order; a few values, so that many tie.
    amount = np.random.default_rng(seed).integers(0, [3, 60, 2**20], (rows, 3)).astype(REAL)
    found = shares.top_sum(amount, count)
    assert found.dtype == REAL
    assert_array_equal(found, np.sort(amount, axis=0)[::-1][:count].sum(axis=0))


@pytest.mark.parametrize("rows", [8, 16])
def test_zeros_and_ones_prove_the_comparisons(rows):
    # A network that orders every list of zeros and ones orders every list (Knuth, zero-one principle).
    amount = (np.arange(2**rows) >> np.arange(rows)[:, None] & 1).astype(REAL)
    for count in range(1, 9):
        assert_array_equal(shares.top_sum(amount, count), np.minimum(amount.sum(axis=0), count))


def test_zeros_and_ones_prove_the_merging():
    # Lists of eight are in order before they are merged, so that only the number of ones in each of four lists matters.
    ones = np.indices((9, 9, 9, 9)).reshape(4, -1)
    amount = (np.arange(8)[:, None, None] < ones).reshape(32, -1).astype(REAL)  # a list is every fourth row
    for count in range(1, 9):
        assert_array_equal(shares.top_sum(amount, count), np.minimum(ones.sum(axis=0), count))


@pytest.mark.parametrize(
    ("network", "proof"),
    [
        ("ORDER_8", lambda: test_zeros_and_ones_prove_the_comparisons(16)),
        ("ORDER_BITONIC_8", test_zeros_and_ones_prove_the_merging),
    ],
)
def test_a_missing_comparison_is_noticed(monkeypatch, network, proof):
    monkeypatch.setattr(shares, network, getattr(shares, network)[:-1])
    with pytest.raises(AssertionError):
        proof()


@pytest.mark.parametrize("rows", [3, 8, 11])
def test_concentration_leaves_its_argument_alone(rows):
    amount = np.zeros((rows, 2))
    amount[:3] = [[0.2, 0.7], [0.5, 0.2], [0.3, 0.1]]
    before = amount.copy()
    assert_allclose(shares.top_sum(amount, 2), [0.8, 0.9])
    assert_allclose(shares.herfindahl(amount, np.ones(2)), [0.38, 0.54])
    assert_array_equal(amount, before)


@given(st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=8), st.floats(0.0, 0.1))
def test_reversion_moves_nothing_on_balance_at_the_start(amounts, reversion):
    share = np.array(amounts)[:, None] / np.sum(amounts)
    growth = shares.lasting_growth(0.0, np.log(share), reversion)
    typical = shares.lasting_growth(0.0, (share * np.log(share)).sum(), reversion)  # what the many small ones have
    assert_allclose((share * growth).sum(), typical, atol=1e-9)
    assert growth[share.argmax()] <= growth[share.argmin()]
