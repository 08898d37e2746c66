"""The Sobol sequence: a public library's points, evenness that scrambling keeps, chance that it brings."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from forecast.sobol import BITS, owned, points, row_directions, scrambled

NONE = np.zeros(400, np.uint32)


@pytest.fixture(scope="module")
def numbers(tables):
    return np.stack([row_directions(row) for row in tables["sobol"]])


@pytest.fixture(scope="module")
def chance():
    return np.random.default_rng(1).integers(2**32, size=(400, BITS + 1), dtype=np.uint32)


def test_the_points_of_a_public_library(numbers):
    from scipy.stats.qmc import Sobol

    wanted = Sobol(len(numbers), scramble=False, bits=BITS).random(2048)
    np.testing.assert_allclose(points(numbers, NONE, 0, 2048).T / 2.0**BITS, wanted, atol=2.0**-BITS)


def test_points_continue_where_the_last_ended(numbers, chance):
    whole = points(numbers[:5], chance[:5, 0], 0, 15_000)
    parts = [points(numbers[:5], chance[:5, 0], first, 5_000) for first in (0, 5_000, 10_000)]
    assert_array_equal(whole, np.concatenate(parts, axis=1))


def test_scrambling_keeps_the_net_and_moves_the_points(numbers, chance):
    mixed = scrambled(numbers, chance[:, 1:])
    found = points(mixed, chance[:, 0], 0, 1024)
    strata = np.sort(found >> np.uint32(22), axis=1)
    assert_array_equal(strata, np.broadcast_to(np.arange(1024), strata.shape))
    # In two dimensions: 32 × 32 boxes, one point each, for the first pair.
    boxes = (found[0] >> np.uint32(27)) * 32 + (found[1] >> np.uint32(27))
    assert_array_equal(np.sort(boxes), np.arange(1024))
    assert (found != points(numbers, NONE, 0, 1024)).mean() > 0.99


def test_a_matrix_with_a_hole_is_noticed(numbers, chance):
    """Control: a direction number that is lost leaves strata empty."""
    broken = scrambled(numbers[:1], chance[:1, 1:])
    broken[0, 3] = 0
    found = points(broken, chance[:1, 0], 0, 1024)
    assert len(np.unique(found >> np.uint32(22))) < 1024


def test_dimensions_are_independent_of_each_other(numbers, chance):
    found = points(scrambled(numbers, chance[:, 1:]), chance[:, 0], 0, 5_000) / 2.0**BITS
    correlation = np.corrcoef(found) - np.eye(len(found))
    assert np.sqrt((correlation**2).mean()) < 0.5 / np.sqrt(5_000)  # of independent draws it is 1/√5000
    assert np.abs(correlation).max() < 0.2  # pairs of high dimensions are even only after more points


def test_each_point_alone_is_uniform(numbers):
    """Over many scramblings, point 0 (zero without a shift) is anywhere."""
    rng = np.random.default_rng(2)
    first = [
        int(points(scrambled(numbers[3:4], w[None, 1:]), w[:1], 0, 1)[0, 0])
        for w in rng.integers(2**32, size=(400, BITS + 1), dtype=np.uint32)
    ]
    share = np.bincount(np.array(first) >> 30, minlength=4) / 400
    np.testing.assert_allclose(share, 0.25, atol=0.09)  # four standard errors


def test_no_input_owns_two_dimensions(tables):
    addresses = [row["address"] for row in tables["sobol"] if row["address"]]
    assert len(addresses) == len(set(addresses)) == len(owned(tables["sobol"]))
    numbers = [row["dimension"] for row in tables["sobol"]]
    assert numbers == list(range(1, len(numbers) + 1))
