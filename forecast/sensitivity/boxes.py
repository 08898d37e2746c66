"""Scenario discovery: ranges of a few inputs within which an outcome is likely (patient rule induction)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import Array, Flags
from forecast.monte_carlo import probability_error

PEEL_FRAC = 0.05
LEAST_FRAC = 0.05  # of the paths: smaller boxes are chance
WORTH_KEEPING = 0.01  # a limit that adds less than this to the box's balance is dropped


@dataclass(frozen=True)
class Box:
    """Ranges of uniform scores, `{input: (low, high)}`, and how the box does on paths that did not make it."""

    ranges: dict[int, tuple[float, float]]
    density: float  # share of the paths inside on which it happens
    coverage: float  # share of the paths on which it happens that lie inside
    base: float  # share of all paths on which it happens


def find_box(scores: Array, happened: Flags) -> Box | None:
    """Return the box of best balance between density and coverage, or None where no limits help.

    Args:
        scores: uniform scores of a few inputs, `[input, path]`.
        happened: whether it happens, `[path]`; on some paths, not on all.

    Even paths make the box, odd ones judge it. A twentieth of the paths is peeled off again and again, from the side where
    that raises density most. Of all boxes on the way the one with the highest harmonic mean of density and coverage is
    kept, without the limits that hardly matter. A box in which it is not likelier on odd paths, by more than two standard
    errors, is none: it was found in the noise of the even ones.
    Source: Friedman & Fisher (1999); Bryant & Lempert (2010).
    """
    make, judge = np.arange(len(happened)) % 2 == 0, np.arange(len(happened)) % 2 == 1
    x, y = scores[:, make], happened[make]
    best = max(_peeled(x, y), key=lambda ranges: _balance(x, y, ranges))
    for i in sorted(best, key=lambda i: _balance(x, y, _without(best, i)), reverse=True):
        if _balance(x, y, _without(best, i)) > _balance(x, y, best) - WORTH_KEEPING:
            best = _without(best, i)
    if not best:
        return None
    inside, y = _inside(scores[:, judge], best), happened[judge]
    count, both, base = max(int(inside.sum()), 1), float((inside & y).sum()), float(y.mean())
    density = both / count
    if density - base <= 2 * probability_error(density, count):
        return None
    return Box(best, density, both / max(y.sum(), 1), base)


def _peeled(x: Array, y: Flags) -> list[dict[int, tuple[float, float]]]:
    """Return the boxes of the peeling, from all paths down to the smallest that is allowed."""
    ranges: dict[int, tuple[float, float]] = {}
    found = [ranges]
    inside = np.ones(len(y), bool)
    while inside.sum() * (1 - PEEL_FRAC) >= LEAST_FRAC * len(y):
        ranges = max(_smaller(x, inside, ranges), key=lambda one: float(y[_inside(x, one)].mean()))
        inside = _inside(x, ranges)
        found.append(ranges)
    return found


def _smaller(x: Array, inside: Flags, ranges: dict[int, tuple[float, float]]) -> list[dict[int, tuple[float, float]]]:
    lows, highs = np.quantile(x[:, inside], [PEEL_FRAC, 1 - PEEL_FRAC], axis=1)
    found = []
    for i in range(len(x)):
        low, high = ranges.get(i, (0.0, 1.0))
        found += [{**ranges, i: (float(lows[i]), high)}, {**ranges, i: (low, float(highs[i]))}]
    return found


def _inside(x: Array, ranges: dict[int, tuple[float, float]]) -> Flags:
    inside = np.ones(x.shape[1], bool)
    for i, (low, high) in ranges.items():
        inside &= (x[i] >= low) & (x[i] <= high)
    return inside


def _balance(x: Array, y: Flags, ranges: dict[int, tuple[float, float]]) -> float:
    inside = _inside(x, ranges)
    both = float((inside & y).sum())
    return 2 * both / float(inside.sum() + y.sum())


def _without(ranges: dict[int, tuple[float, float]], i: int) -> dict[int, tuple[float, float]]:
    return {other: limits for other, limits in ranges.items() if other != i}
