"""`forecast trend`: one line in the table of all, or a page of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import click
import numpy as np

from forecast.cli.options import Picture, as_of_option, json_option, quiet_option
from forecast.cli.shown import answer, line_columns, steps
from forecast.delivery.plots import save_figure
from forecast.delivery.words import number
from forecast.distributions import Distribution
from forecast.errors import InputError
from forecast.inputs.fitted import awaited_fits
from forecast.scenario_files import scenario_chain, settings_of
from forecast.tables import load_tables
from forecast.trends.known import TooFew
from forecast.trends.picture import trend_picture
from forecast.trends.registry import TRENDS, trends_of
from forecast.trends.trend import Band, Trend

COLUMNS = ("name", "a year on", "half-life", "skill", "unit", "form")


@click.command("trend")
@click.argument("series", required=False)
@as_of_option("Vintage: fit what was known then.  [default: that of base]")
@click.option("--picture", type=Picture(), help="Draw SERIES into a PNG or SVG file.")
@json_option
@quiet_option()
def command(series: str | None, as_of: date | None, picture: str | None, as_json: bool) -> None:
    """Fit the trends and print them: one line each, or the page of SERIES."""
    tables = load_tables().vintage(as_of or settings_of(scenario_chain("base"))["as_of"])
    if series is None:
        if picture:
            raise InputError(f"--picture {picture}: a picture shows one SERIES. Name it: {', '.join(TRENDS)}.")
        found: dict[str, Trend | str] = {}
        for name in steps(TRENDS, "trends"):
            try:
                found |= {trend.name: trend for trend in trends_of(name, tables)}
            except TooFew as error:  # the vintage has none
                found[name] = str(error)
        return answer(as_json, {"trends": plain(found)}, table(found, line_columns()))
    trends = trends_of(series, tables)
    if picture:
        if len(trends) > 1:
            named = ", ".join(trend.name for trend in trends)
            raise InputError(f"--picture {picture}: a picture shows one trend. Name one: {named}.")
        save_figure(trend_picture(trends[0]), picture)
    whole = plain(trends[0]) if len(trends) == 1 else {"trends": {trend.name: plain(trend) for trend in trends}}
    awaited = set() if as_json else awaited_fits(tables)
    answer(as_json, whole, *([] if as_json else ["\n\n".join(page(trend, awaited) for trend in trends)]))


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
    skill = [score.skill for score in trend.scores() if score.form == trend.form]
    return (name, _band(trend.annual_change, "×"), _band(trend.half_life_months, "", " months"),
            f"{100 * skill[-1]:+z.0f} %" if skill else "-", trend.unit, trend.form)  # fmt: skip


def page(trend: Trend, awaited: Collection[str]) -> str:
    """Return all that a reader needs to believe a trend, or not to; `awaited` are the inputs that read a fit."""
    sections: dict[str, Iterable[str]] = {
        "GIVEN TO THE MODEL  (median, 80 % interval)": _estimates(trend, awaited),
        "DIAGNOSTICS": [f"{found.name} = {found.value:.3g}: {found.meaning}" for found in trend.diagnostics],
        "BACKTEST  (CRPS in logs, lower is better; skill against a driftless walk)": _scores(trend),
        "NOTES": [f"{name}: {text}" for name, text in (trend.more or {}).items()],
    }
    said = [f"{trend.name}: {trend.title}, {trend.unit}", f"  form: {trend.form}", f"  why: {trend.why}"]
    bands = {
        "a year on, over today": _band(trend.annual_change, "×"),
        "half-life": _band(trend.half_life_months, "", " months"),
        "today over its floor": _band(trend.floor_ratio, "×"),
    }
    said += [f"  {name}: {text}" for name, text in bands.items() if text != "-"]
    for title, lines in sections.items():
        if found := list(lines):
            said += ["", title, *(f"  {line}" for line in found)]
    return "\n".join(said)


def _estimates(trend: Trend, awaited: Collection[str]) -> Iterator[str]:
    for found in trend.estimates:
        low, middle, high = found.value.quantile(np.array([0.1, 0.5, 0.9]))
        yield f"{found.key} = {number(middle)} ({number(low)} to {number(high)}) {found.unit}"
        yield f"    {found.observations_count} observations · {found.confidence} confidence · {found.note}"
        if found.key not in awaited:
            yield f"    not read: the model keeps its table's own, see `forecast show --match {found.key}`"


def _scores(trend: Trend) -> Iterator[str]:
    scores = trend.scores()
    if scores:
        yield f"{'form':<33}{'months':>7}{'cases':>7}{'CRPS':>8}{'skill':>8}{'80 % band holds':>17}"
    for score in scores:
        yield (
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
    if callable(value):
        return plain(value())
    return [plain(item) for item in value] if isinstance(value, tuple) else value
