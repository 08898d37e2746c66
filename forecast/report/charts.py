"""Charts: fans over months, curves of probability, bars; each with the table that says the same in numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from forecast.delivery.words import calendar, percent, short
from forecast.report.drawing import COLOURS, band, bar, frame, line, picture, points, words
from forecast.report.markup import LONGEST_LABEL, folded, table, text
from forecast.report.scales import Scale, log_ticks, month_ticks, spread, straight_ticks

WIDTH, HEIGHT = 400, 230
LEFT, TOP, BOTTOM = 46, 10, 26
PANEL_WIDTH, PANEL_HEIGHT = 170, 92
PANEL_ROOM = 46  # of ">99 %", the longest label beside a line
LINE, LETTER = 13, 6.4  # from one label to the next, and of one letter
CALENDAR_WIDTH = 46  # of a month under an axis
FAN_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


class Series(NamedTuple):
    """A named line over months 0…; a fan has one list of values for each of FAN_QUANTILES."""

    name: str
    values: list[Any]


class Chart(NamedTuple):
    """Strokes with a title, a line under it, what a screen reader says of them, and the table behind them."""

    key: str
    title: str
    note: str
    said: str
    size: tuple[int, int]
    strokes: Sequence[str]
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()

    @property
    def drawing(self) -> str:
        """The strokes as one drawing."""
        return picture(self.key, self.title, self.said, self.size, "".join(self.strokes))


def figure(chart: Chart) -> str:
    """Return a chart as it stands on the page: drawing, caption, and its numbers where it has a table of its own."""
    numbers = folded("The numbers", table(chart.title, chart.header, chart.rows), chart.title) if chart.rows else ""
    note = f"<small>{text(chart.note)}</small>" if chart.note else ""
    return f"<figure><figcaption>{text(chart.title)}{note}</figcaption>{chart.drawing}{numbers}</figure>"


def fan_chart(
    key: str,
    title: str,
    unit: str,
    fans: Sequence[Series],
    as_of: str,
    log: bool = False,
    shown: Callable[[float], str] = short,
) -> Chart:
    """Return medians with bands that hold 50 and 80 % of paths; `shown` writes a value."""
    months = range(len(fans[0].values[0]))
    every = [value for fan in fans for values in fan.values for value in values]
    least = min((v for v in every if v > 0), default=1.0)
    marks = log_ticks(least, max(every)) if log else straight_ticks(max(every))
    names = [f"{fan.name} {shown(fan.values[2][-1])}" for fan in fans]
    x = Scale(0, months[-1], LEFT, WIDTH - _room(names))
    y = Scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP, log)
    named = {mark: percent(mark) if shown is percent else f"{mark:g}" for mark in marks}
    strokes = [frame(x, y, _calendar_marks(as_of, x), named)]
    strokes += [_fan(fan, kind, x, y) for kind, fan in enumerate(fans)]
    strokes.append(_end_labels(x, y, [fan.values[2][-1] for fan in fans], names))
    ends = [(fan.name, shown(fan.values[2][0]), shown(fan.values[2][-1])) for fan in fans]
    said = "; ".join(f"{name}: median {first} at first, then {last}" for name, first, last in ends)
    header = ["month", *(f"{f.name} p{100 * q:.0f}" for f in fans for q in FAN_QUANTILES)]
    rows = [[calendar(as_of, m), *(shown(v[m]) for f in fans for v in f.values)] for m in months]
    note = f"{unit}; line: median, dark and light band: 50 and 80 % of paths{'; logarithmic' if log else ''}"
    return Chart(key, title, note, said, (WIDTH, HEIGHT), strokes, header, rows)


def _fan(fan: Series, kind: int, x: Scale, y: Scale) -> str:
    """Return two bands, the edges of the wider one, and the median."""
    low, lower, middle, upper, high = (points(range(len(values)), values, x, y) for values in fan.values)
    bands = band(low, high, kind, 0.16) + band(lower, upper, kind, 0.24)
    return bands + line(low, kind, 0.7) + line(high, kind, 0.7) + line(middle, kind)


def curve_chart(key: str, title: str, note: str, curves: Sequence[Series], as_of: str) -> Chart:
    """Return probabilities that something has happened by each month."""
    months = range(len(curves[0].values))
    ends = [curve.values[-1] for curve in curves]
    names = [f"{c.name} {percent(end)}" for c, end in zip(curves, ends, strict=True)]
    x, y = Scale(0, months[-1], LEFT, WIDTH - _room(names)), Scale(0, 1, HEIGHT - BOTTOM, TOP)
    marks = {mark: percent(mark) for mark in (0.0, 0.25, 0.5, 0.75, 1.0)}
    strokes = [frame(x, y, _calendar_marks(as_of, x), marks)]
    strokes += [line(points(months, curve.values, x, y), kind % 3) for kind, curve in enumerate(curves)]
    strokes.append(_end_labels(x, y, ends, names))
    said = f"by {calendar(as_of, months[-1])}: " + "; ".join(names)
    rows = [[calendar(as_of, m), *(f"{100 * c.values[m]:.1f} %" for c in curves)] for m in months]
    return Chart(key, title, note, said, (WIDTH, HEIGHT), strokes, ["month", *(c.name for c in curves)], rows)


def bar_chart(key: str, title: str, note: str, names: Sequence[str], bars: Sequence[Series]) -> Chart:
    """Return a row of bars for each name, the first series drawn thin and dark inside the last."""
    step, left = 20, 92
    height = step * len(names) + 2 * TOP
    x = Scale(0, 1, left, WIDTH - 44)
    strokes = []
    for row, name in enumerate(names):
        top = TOP + step * row
        outer, inner = bars[-1].values[row], bars[0].values[row]
        strokes += [words(left - 5, top + 13, name, "end"), bar(left, top + 2, x.at(outer) - left, 14, 0.3)]
        strokes += [bar(left, top + 6, x.at(inner) - left, 6, 1.0), words(x.at(outer) + 4, top + 13, percent(outer))]
    said = "; ".join(f"{name} {percent(bars[-1].values[row])}" for row, name in enumerate(names))
    rows = [[name, *(f"{100 * b.values[row]:.1f} %" for b in bars)] for row, name in enumerate(names)]
    return Chart(key, title, note, said, (WIDTH, height), strokes, ["provider", *(b.name for b in bars)], rows)


def panel(key: str, title: str, curves: Sequence[Series], as_of: str) -> Chart:
    """Return a small drawing of one or two falling probabilities, for a row of many; its numbers stand elsewhere."""
    months = range(len(curves[0].values))
    x, y = Scale(0, months[-1], 4, PANEL_WIDTH - PANEL_ROOM), Scale(0, 1, PANEL_HEIGHT - 16, 8)
    ends, last = [curve.values[-1] for curve in curves], calendar(as_of, months[-1])
    strokes = [
        frame(x, y, {}, {0.0: "", 0.5: "", 1.0: ""}),
        *(line(points(months, curve.values, x, y), kind) for kind, curve in enumerate(curves)),
        _end_labels(x, y, ends, [percent(end) for end in ends]),
        words(4, PANEL_HEIGHT - 3, calendar(as_of, 0), colour="quiet", size=10),
        words(PANEL_WIDTH - PANEL_ROOM, PANEL_HEIGHT - 3, last, "end", "quiet", 10),
    ]
    said = f"by {last}: " + "; ".join(f"{curve.name} {percent(end)}" for curve, end in zip(curves, ends, strict=True))
    return Chart(key, title, "", said, (PANEL_WIDTH, PANEL_HEIGHT), strokes)


def _room(names: Sequence[str]) -> float:
    """Return the width that the longest of some labels takes."""
    return 8 + LETTER * min(max(map(len, names)), LONGEST_LABEL)


def _calendar_marks(as_of: str, x: Scale) -> dict[float, str]:
    """Return as many named months as find room under an axis."""
    ticks = month_ticks(int(x.high), int((x.end - x.start) / CALENDAR_WIDTH) + 1)
    return {float(month): calendar(as_of, month) for month in ticks}


def _end_labels(x: Scale, y: Scale, ends: Sequence[float], names: Sequence[str]) -> str:
    """Return a label beside the end of each line, in its colour, none over another."""
    heights = spread([y.at(end) for end in ends], LINE, y.end, y.start)
    return "".join(
        words(x.end + 5, height + 4, name, colour=COLOURS[kind % 3])
        for kind, (height, name) in enumerate(zip(heights, names, strict=True))
    )
