"""A trend as text: one line in the table of all, and a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np

from forecast.delivery.words import number
from forecast.distributions import Distribution
from forecast.trends.trend import Band, FormScore, Trend

COLUMNS = ("name", "a year on", "half-life", "skill", "unit", "form")


def table(trends: Mapping[str, Trend | str], columns: int = 1000) -> str:
    """Return the table of all trends, without the last ones of its columns where a line has no room for them.

    A text in place of a trend says why there is none.
    """
    rows = [COLUMNS, *(_row(name, trend) for name, trend in trends.items())]
    whole = [row for row in rows if len(row) == len(COLUMNS)]
    widths = [max(len(name) for name, *_ in rows), *(max(len(row[i]) for row in whole) for i in range(1, len(COLUMNS)))]
    fit = [i for i in range(len(widths)) if sum(widths[: i + 1]) + 2 * i <= columns]
    lines = [
        "  ".join(row[i].ljust(widths[i]) for i in fit[: len(row)]).rstrip() if len(row) > 2 else "  ".join(row)
        for row in rows
    ]
    missing = COLUMNS[len(fit) :]
    return "\n".join([*lines, *([f"`forecast trend NAME` has {' and '.join(missing)}"] if missing else [])])


def _row(name: str, trend: Trend | str) -> tuple[str, ...]:
    if isinstance(trend, str):
        return name, trend
    skill = [score.skill for score in trend.scores if score.form == trend.form]
    return (name, _band(trend.annual_change, "×"), _band(trend.half_life_months, "", " months"),
            f"{100 * skill[-1]:+z.0f} %" if skill else "-", trend.unit, trend.form)  # fmt: skip


def page(trend: Trend, awaited: Collection[str]) -> str:
    """Return all that a reader needs to believe a trend, or not to; `awaited` are the inputs that read a fit."""
    sections: dict[str, Callable[[Trend], Iterable[str]]] = {
        "GIVEN TO THE MODEL  (median, 80 % interval)": lambda trend: _estimates(trend, awaited),
        "DIAGNOSTICS": _diagnostics,
        "BACKTEST  (CRPS in logs, lower is better; skill against a driftless walk)": _scores,
        "NOTES": lambda trend: (f"{name}: {text}" for name, text in (trend.more or {}).items()),
    }
    said = [f"{trend.name}: {trend.title}, {trend.unit}", f"  form: {trend.form}", f"  why: {trend.why}"]
    bands = {
        "a year on, over today": _band(trend.annual_change, "×"),
        "half-life": _band(trend.half_life_months, "", " months"),
        "today over its floor": _band(trend.floor_ratio, "×"),
    }
    said += [f"  {name}: {text}" for name, text in bands.items() if text != "-"]
    for title, lines in sections.items():
        if found := list(lines(trend)):
            said += ["", title, *(f"  {line}" for line in found)]
    return "\n".join(said)


def _estimates(trend: Trend, awaited: Collection[str]) -> Iterator[str]:
    for found in trend.estimates:
        low, middle, high = found.value.quantile(np.array([0.1, 0.5, 0.9]))
        yield f"{found.key} = {number(middle)} ({number(low)} to {number(high)}) {found.unit}"
        yield f"    {found.observations_count} observations · {found.confidence} confidence · {found.note}"
        if found.key not in awaited:
            yield f"    not read: the model keeps its table's own, see `forecast show --match {found.key}`"


def _diagnostics(trend: Trend) -> Iterator[str]:
    for found in trend.diagnostics:
        yield f"{found.name} = {found.value:.3g}: {found.meaning}"


def _scores(trend: Trend) -> Iterator[str]:
    if trend.scores:
        yield f"{'form':<33}{'months':>7}{'cases':>7}{'CRPS':>8}{'skill':>8}{'80 % band holds':>17}"
    for score in trend.scores:
        yield _score(score)


def _score(score: FormScore) -> str:
    return (
        f"{score.form:<33}{score.horizon_months:>7}{score.cases:>7}{score.crps:>8.3f}"
        f"{100 * score.skill:>+6.0f} %{100 * score.coverage_80:>15.0f} %"
    )


def _band(band: Band | None, before: str, after: str = "") -> str:
    return f"{before}{band}{after}" if band else "-"


def plain(value: Any) -> Any:
    """Return a trend, or anything in it, as what JSON can write."""
    if isinstance(value, Band):
        return value._asdict()
    if isinstance(value, Distribution | date):
        return str(value)
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [plain(item) for item in value] if isinstance(value, tuple) else value
