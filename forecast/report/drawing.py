"""Strokes of a drawing in SVG: lines, bands, axes and labels. Colours are names of the page's theme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from forecast.report.markup import LONGEST_LABEL, text
from forecast.report.scales import Scale

FONT = 11
COLOURS = ("first", "second", "third")
DASHES = ("", "7 4", "2 3")  # so that lines differ where colours do not
Point = tuple[float, float]


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
