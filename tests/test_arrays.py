"""A few cells of an array, found once: the same as plain boolean indexing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from forecast.arrays import REAL, SMALLEST, places, spots, spots_at

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 40))
SEEDS = st.integers(0, 2**32 - 1)
CHANCES = st.sampled_from([0.0, 0.1, 0.5, 1.0])


def made_up(shape, seed, chance):
    random = np.random.default_rng(seed)
    return random, random.random(shape) < chance, random.standard_normal(shape).astype(REAL)


@given(SHAPES, SEEDS, CHANCES)
def test_cells_are_read_as_flags_read_them(shape, seed, chance):
    random, flags, values = made_up(shape, seed, chance)
    cells = spots(flags)
    assert_array_equal(cells.of(values), values[flags])
    for small in (random.random((shape[0], 1)), random.random(shape[1])):  # of each row, of each path
        assert_array_equal(cells.of(small), np.broadcast_to(small, shape)[flags])
    assert_array_equal([cells.row, cells.path], np.nonzero(flags))
    assert_array_equal(cells.flat, np.flatnonzero(flags))


@given(SHAPES, SEEDS, st.sampled_from([0.0, 0.01, 0.1, 0.5, 1.0]))
def test_true_flags_are_found_eight_at_a_time(shape, seed, chance):
    flags = np.random.default_rng(seed).random((shape[0], 8 * shape[1])) < chance
    for view in (flags, flags[:, : shape[1]], flags[::-1], np.asfortranarray(flags)):
        assert_array_equal(places(view), np.flatnonzero(view))


@given(SHAPES, SEEDS, CHANCES)
def test_cells_are_read_from_views_too(shape, seed, chance):
    _, flags, values = made_up(shape, seed, chance)
    for view in (values[::-1], values[:, ::-1], np.asfortranarray(values), np.repeat(values, 2, axis=1)[:, ::2]):
        assert_array_equal(spots(flags).of(view), view[flags])


@given(SHAPES, SEEDS, CHANCES)
def test_cells_are_written_as_flags_write_them(shape, seed, chance):
    random, flags, values = made_up(shape, seed, chance)
    for new in (7.0, random.random(int(flags.sum())).astype(REAL)):
        written, expected = values.copy(), values.copy()
        spots(flags).put(written, new)
        expected[flags] = new
        assert_array_equal(written, expected)


def test_nothing_is_written_into_a_copy():
    cells = spots(np.ones((2, 3), bool))
    for view in (np.zeros((2, 6))[:, ::2], np.zeros((3, 2)).T):
        with pytest.raises(AssertionError):
            cells.put(view, 1.0)


@given(SHAPES, SEEDS, CHANCES, CHANCES)
def test_a_choice_among_cells_is_a_choice_of_flags(shape, seed, chance, again):
    random, flags, values = made_up(shape, seed, chance)
    chosen = random.random(int(flags.sum())) < again
    cells = spots(flags).among(chosen)
    both = flags.copy()
    both[flags] = chosen
    assert_array_equal(cells.of(values), values[flags][chosen])
    assert_array_equal([cells.flat, cells.row, cells.path], [part for part in vars(spots(both)).values()])


@given(SHAPES, SEEDS, st.integers(0, 60))
def test_cells_at_rows_and_paths_are_those(shape, seed, many):
    random, _, values = made_up(shape, seed, 0.5)
    row, path = random.integers(0, shape[0], many), random.integers(0, shape[1], many)  # some twice, in no order
    cells = spots_at(row, path, shape[1])
    assert_array_equal(cells.of(values), values[row, path])
    assert_array_equal(cells.of(values[:, :1]), values[row, 0])
    assert_array_equal(cells.of(values[0]), values[0, path])
    written = np.zeros(shape)
    cells.put(written, 1.0)
    assert_array_equal(written, np.isin(np.arange(values.size), row * shape[1] + path).reshape(shape))


@given(SHAPES, SEEDS, CHANCES, st.integers(0, 4))
def test_cells_of_the_first_rows_are_the_same_in_an_array_with_more(shape, seed, chance, more):
    # Providers on their own cash come first: their cells serve arrays of all providers.
    random, flags, _ = made_up(shape, seed, chance)
    taller = random.random((shape[0] + more, shape[1]))
    assert_array_equal(spots(flags).of(taller), taller[: shape[0]][flags])


def test_the_smallest_number_keeps_a_uniform_within_zero_and_one():
    drawn = np.random.default_rng(1).random(100_000, REAL)
    assert_array_equal(drawn / REAL(SMALLEST) % 1, 0)  # neighbours are so far apart
    low, high = np.clip(np.array([0.0, 1.0], REAL), SMALLEST, 1 - SMALLEST)
    assert low.dtype == REAL
    assert 0 < low < high < 1
