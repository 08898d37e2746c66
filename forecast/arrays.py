"""The arrays of the month loop: single precision, the path axis last, and a few cells of them at a time.

Seven digits are far finer than the Monte Carlo error, and twice as many numbers fit a register. Events are rare, so
they are found once and read by `Spots`: boolean masks and `np.where` cost thirty times an addition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

REAL = np.float32
SMALLEST = 2.0**-24  # nearest to 0 or 1 that a uniform number may come: neighbours in single precision just below 1

Array = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Spots:
    """A few cells of `[row, path]` arrays: `row` and `path` of each, and `flat`, its place row by row."""

    flat: Index
    row: Index
    path: Index

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the cells of values shaped `[row, path]`, `[row, 1]` or `[path]`."""
        # All cells lie inside: "wrap" skips the check of that, which takes as long as the rest.
        if values.ndim == 1:
            return values.take(self.path, mode="wrap")
        if values.shape[1] == 1:
            return values[:, 0].take(self.row, mode="wrap")
        return values.reshape(-1).take(self.flat, mode="wrap")

    def put(self, values: NDArray[Any], new: Any) -> None:
        """Write `new` into the cells of a contiguous `[row, path]` array."""
        assert values.flags.c_contiguous  # or the flat array would be a copy
        values.reshape(-1)[self.flat] = new

    def add(self, values: NDArray[Any], more: Any) -> None:
        """Add `more` to the cells of a contiguous `[row, path]` array; a cell that is named twice is added to twice."""
        assert values.flags.c_contiguous
        np.add.at(values.reshape(-1), self.flat, np.asarray(more, values.dtype))

    def among(self, chosen: Flags) -> Spots:
        """Return those of the cells that are chosen."""
        which = np.flatnonzero(chosen)
        return Spots(self.flat.take(which), self.row.take(which), self.path.take(which))


def places(flags: Flags) -> Index:
    """Return where flags are true, row by row, as `np.flatnonzero` does, which a few scattered events slow down.

    Eight flags are one 64-bit word: words with an event are found first, then the flags within them, so that neither
    search jumps at every event where the processor expects none.

    >>> places(np.arange(16).reshape(2, 8) % 9 == 0).tolist()
    [0, 9]
    """
    flat = flags.reshape(-1)
    if len(flat) % 8 or np.count_nonzero(flat) > len(flat) // 10:  # so many events that they are no surprise
        return np.flatnonzero(flat)
    words = flat.view(np.uint64)
    some = np.flatnonzero(words != 0)
    inside = np.flatnonzero(words.take(some).view(np.bool_))
    return some.take(inside >> 3) * 8 + (inside & 7)


def spots(flags: Flags) -> Spots:
    """Return the true cells of `[row, path]` flags, in the order of rows and then of paths."""
    flat = places(flags)
    row = flat // flags.shape[1]
    return Spots(flat, row, flat - row * flags.shape[1])


def spots_at(row: Index, path: Index, paths: int) -> Spots:
    """Return the cells at so many rows and paths of arrays with so many paths."""
    return Spots(row * paths + path, row, path)


def in_order(values: Array) -> Array:
    """Return the values of each path in order, the least in the first row, `[few, path]`: sorting path by path takes 15 times as long.

    >>> in_order(np.array([[3.0, 1.0], [1.0, 2.0], [2.0, 3.0]])).tolist()
    [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    """
    rows = list(values)
    for last in range(len(rows) - 1, 0, -1):
        for row in range(last):
            rows[row : row + 2] = np.minimum(*rows[row : row + 2]), np.maximum(*rows[row : row + 2])
    return np.stack(rows)
