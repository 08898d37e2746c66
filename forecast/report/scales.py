"""From numbers to places on a drawing, and where the marks of an axis stand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, log10
from typing import NamedTuple

MOST_TICKS = 6


class Scale(NamedTuple):
    """A straight or logarithmic map from [low, high] to [start, end]; what lies outside is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value.

        >>> Scale(0, 10, 100, 0).at(2.5), Scale(1, 100, 0, 50, log=True).at(10)
        (75.0, 25.0)
        """
        inside = min(max(value, self.low), self.high)
        if self.log:
            part = log10(inside / self.low) / log10(self.high / self.low)
        else:
            part = (inside - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


def straight_ticks(high: float) -> list[float]:
    """Return marks from 0 to the first round number at or above `high`.

    >>> straight_ticks(4.2)
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """
    if high <= 0:
        return [0.0, 1.0]
    size = 10.0 ** floor(log10(high / (MOST_TICKS - 1)))
    step = next(size * m for m in (1, 2, 5, 10) if ceil(high / (size * m)) < MOST_TICKS)
    return [step * i for i in range(ceil(high / step) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return marks at 1, 2 and 5 of each power of ten around [low, high], or at the powers alone where those are many.

    >>> log_ticks(0.03, 0.12)
    [0.02, 0.05, 0.1, 0.2]
    """
    high = max(high, 1.01 * low)  # a line that never moves still needs two marks
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    for parts in ((1, 2, 5), (1,)):
        marks = [float(f"{part}e{power}") for power in powers for part in parts]
        first = max((i for i, mark in enumerate(marks) if mark <= low), default=0)
        last = min((i for i, mark in enumerate(marks) if mark >= high), default=len(marks) - 1)
        marks = marks[first : last + 1]
        if len(marks) <= MOST_TICKS:
            break
    return marks


def month_ticks(horizon: int, most: int = MOST_TICKS) -> list[int]:
    """Return the months that an axis of time names, `most` of them at most.

    >>> month_ticks(60), month_ticks(7)
    ([0, 12, 24, 36, 48, 60], [0, 3, 6])
    """
    step = next(s for s in (1, 3, 6, 12, 24, 48, 120, 240) if horizon // s < most)
    return list(range(0, horizon + 1, step))


def spread(places: Sequence[float], gap: float, least: float, most: float) -> list[float]:
    """Return places moved apart to at least `gap`, in their order, as near to where they were as easily done.

    >>> spread([10.0, 12.0], 8.0, 0.0, 100.0)
    [10.0, 18.0]
    >>> spread([99.0, 98.0], 8.0, 0.0, 100.0)
    [100.0, 92.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + gap)
    for i, limit in zip(reversed(order), (most - gap * k for k in range(len(order))), strict=True):
        moved[i] = max(min(moved[i], limit), least)
    return moved
