"""From numbers to strokes in SVG: scales and their marks, lines, bands, axes and labels. Colours are names of the page's theme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil, floor, log10
from typing import NamedTuple

from forecast.report.markup import LONGEST_LABEL, text

FONT = 11
COLOURS = ("first", "second", "third")
DASHES = ("", "7 4", "2 3")  # so that lines differ where colours do not
Point = tuple[float, float]
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


def points(xs: Iterable[float], ys: Iterable[float], x: Scale, y: Scale) -> list[Point]:
    """Return the places of a series."""
    return [(x.at(a), y.at(b)) for a, b in zip(xs, ys, strict=True)]


def line(places: Sequence[Point], kind: int, width: float = 2.0) -> str:
    """Return a line in the colour and dashes of series number `kind`."""
    dash = f' stroke-dasharray="{DASHES[kind]}"' if DASHES[kind] else ""
    return f'<path d="{_path(places)}" fill="none" stroke="var(--{COLOURS[kind]})" stroke-width="{width:g}"{dash}/>'


def band(low: Sequence[Point], high: Sequence[Point], kind: int, opacity: float) -> str:
    """Return the area between two lines."""
    outline = _path([*low, *reversed(high)])
    return f'<path d="{outline}Z" fill="var(--{COLOURS[kind]})" fill-opacity="{opacity:g}"/>'


def bar(x: float, y: float, width: float, height: float, opacity: float) -> str:
    """Return a bar with an outline."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="var(--first)" '
        f'fill-opacity="{opacity:g}" stroke="var(--first)"/>'
    )


def words(
    x: float,
    y: float,
    said: str,
    anchor: str = "start",
    colour: str = "ink",
    size: float = FONT,
    longest: int = LONGEST_LABEL,
) -> str:
    """Return a short text, cut after `longest` letters, whose baseline begins, has its middle, or ends at (x, y)."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} fill="var(--{colour})" font-size="{size:g}">{text(said, longest)}</text>'


def frame(x: Scale, y: Scale, x_marks: dict[float, str], y_marks: dict[float, str]) -> str:
    """Return the axes with their marks, and a rule across for each mark of y."""
    rules = [
        f'<path d="M{x.start:.1f} {y.at(v):.1f}H{x.end:.1f}" stroke="var(--rule)"/>'
        + words(x.start - 5, y.at(v) + 4, said, "end", "quiet")
        for v, said in y_marks.items()
    ]
    ticks = [
        f'<path d="M{x.at(v):.1f} {y.start:.1f}v4" stroke="var(--frame)"/>'
        + words(x.at(v), y.start + 16, said, "middle", "quiet", FONT - 1)
        for v, said in x_marks.items()
    ]
    base = f'<path d="M{x.start:.1f} {y.start:.1f}H{x.end:.1f}" stroke="var(--frame)"/>'
    return "".join([*rules, base, *ticks])


def picture(key: str, title: str, description: str, size: tuple[int, int], content: str) -> str:
    """Return a whole drawing, with a title and a description that a screen reader says."""
    return (
        f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" aria-labelledby="{key}-title {key}-said">'
        f'<title id="{key}-title">{text(title)}</title><desc id="{key}-said">{text(description)}</desc>{content}</svg>'
    )


def _path(places: Sequence[Point]) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in places)


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
