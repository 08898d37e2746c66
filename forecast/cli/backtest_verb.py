"""`forecast backtest`: the scores as text and as JSON, the forecasts as CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from forecast.cli.options import json_option, out_option, quiet_option
from forecast.cli.shown import answer, line_columns, note, put, steps
from forecast.delivery.cell_text import csv_text
from forecast.delivery.printed import printed_table
from forecast.errors import InputError
from forecast.tables import load_tables
from forecast.trends.registry import SERIES, TITLES
from forecast.trends.rolling import HORIZONS_MONTHS, LEVELS, Cases, Scores, scores

MAIN = "list-price"
CASE_COLUMNS = (
    "provider,model,origin,horizon_months,last_usd_per_mtok,prob_change,q05,q10,q25,q50,q75,q90,q95,value".split(",")
)
HEADER = ("forecasts", "CRPS", "walk", "skill", "vs halving", "no change", "moves", "PIT", "80 % holds")
WIDTHS = (11, 8, 8, 7, 12, 11, 7, 7, 12)
LEGEND = (
    "CRPS: error of a whole distribution, in logs (0.1 is a price about 10 % off), averaged over quantiles; walk: that of a "
    "driftless random walk; skill: share of the walk's CRPS saved; vs halving: the same against prices that halve every year; no "
    "change: the same against the last price; moves: share of the Brier score saved in saying whether a price moves, against the "
    "base rate; PIT: distance from uniform, 0 is right; 80 % holds: share of values inside the 80 % band."
)


@click.command("backtest")
@click.option("--series", type=click.Choice(list(SERIES)), help="Score one kind of series only.  [default: all]")
@click.option(
    "--prices",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Score the list prices of this CSV, fitted without them; - is stdin.",
)
@out_option("Write one row a forecast to this CSV; - is stdout, without the scores.")
@json_option
@quiet_option("No progress, and no notes about rows that were left out.")
def command(series: str | None, prices: str | None, out: str | None, as_json: bool) -> None:
    """Score past forecasts of 3, 6 and 12 months ahead; each saw only what was known on its date.

    Skill compares the error (CRPS of log prices) with that of two rivals: a random walk with no drift whose steps are
    those seen in all series, and the same walk around prices that halve every year. The --prices file has one row a change
    with date, provider, provider_kind, model, input_usd_per_mtok, output_usd_per_mtok, and may have last_seen.
    """
    if prices and series not in (None, MAIN):
        raise InputError(f"backtest --prices: a file holds list prices; --series {series} is another. Leave one out.")
    notes: tuple[str, ...] = ()
    tables = load_tables()
    if prices:
        from forecast.trends.list_price.backtest import outside_cases

        cases, notes = outside_cases(tables, Path(prices))
        found = {MAIN: cases}
    else:
        found = {name: SERIES[name](tables) for name in steps([series] if series else SERIES, "series")}
    for left_out in notes:
        note(f"forecast: {left_out}")
    if out:
        put(out, cases_csv(found))
    if out != "-":
        text = scores_text(found, line_columns())
        answer(as_json, document(found, notes), f"{text}\n", LEGEND, indent=2)


def document(found: Mapping[str, Cases], notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON document: the first series' horizons on top, the others' under `series`."""
    first, *others = found
    kinds = {kind: _horizons(found[first], at) for kind, at in _by_kind(found[first]).items()}
    made: dict[str, Any] = {"horizons": _horizons(found[first]), "kinds": kinds}
    if others:
        made["series"] = {name: {"horizons": _horizons(found[name])} for name in others}
    if notes:
        made["left_out"] = list(notes)
    return made


def _by_kind(cases: Cases) -> dict[str, Any]:
    """Return which cases are of each kind."""
    return {kind: np.array([k == kind for k in cases.kind]) for kind in sorted(set(cases.kind))}


def _horizons(cases: Cases, chosen: Any = True) -> dict[str, dict[str, float | int | None]]:
    """Return the scores of each horizon, those without a case as a count of 0."""
    found, none = {}, dict.fromkeys(Scores.__annotations__) | {"n": 0}
    for months in HORIZONS_MONTHS:
        at = (cases.horizon_months == months) & chosen
        found[str(months)] = asdict(_scores(cases, at)) if at.any() else none
    return found


def _scores(cases: Cases, chosen: Any) -> Scores:
    with np.errstate(divide="ignore", invalid="ignore"):  # a rival without any error: the skill is not a number
        return scores(cases, chosen)


def scores_text(found: Mapping[str, Cases], columns: int = 1000) -> str:
    """Return the tables that a person reads, laid out for so many columns."""
    return "\n\n".join(_table(name, cases, columns) for name, cases in found.items())


def _table(name: str, cases: Cases, columns: int) -> str:
    origins = f"monthly origins {min(cases.origin):%Y-%m} to {max(cases.origin):%Y-%m}"
    series = len(set(zip(cases.provider or cases.kind, cases.series, strict=True)))
    rows = [["", *HEADER]]
    kinds = _by_kind(cases)
    for group, chosen in {"all": np.ones(len(cases), bool), **(kinds if len(kinds) > 1 else {})}.items():
        for months in HORIZONS_MONTHS:
            at = chosen & (cases.horizon_months == months)
            if at.any():
                rows.append([f"{group}, {months} months", *_cells(_scores(cases, at))])
    title = f"{TITLES[name].upper()}: {series} series, {origins}"
    return "\n".join([title, *printed_table(rows, WIDTHS, columns)])


def _cells(s: Scores) -> tuple[str, ...]:
    saved = [_percent(x) for x in (s.skill, s.skill_drift, s.skill_no_change, s.brier_skill_change)]
    return f"{s.n:,}", f"{s.crps:.4f}", f"{s.crps_naive:.4f}", *saved, f"{s.pit_ks:.3f}", f"{100 * s.coverage_80:.0f} %"


def _percent(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{100 * value:+z.0f} %"


def cases_csv(found: Mapping[str, Cases]) -> str:
    """Return one row a forecast, prices in the unit of the series, in order of series, origin and horizon."""
    return csv_text(CASE_COLUMNS, [row for cases in found.values() for row in _case_rows(cases)])


def _case_rows(cases: Cases) -> list[tuple[Any, ...]]:
    providers = cases.provider or ("",) * len(cases)
    order = sorted(
        range(len(cases)), key=lambda i: (providers[i], cases.series[i], cases.origin[i], cases.horizon_months[i])
    )
    last, value, quantiles = np.exp(cases.last_log), np.exp(cases.value_log), np.exp(cases.quantiles_log)
    assert len(LEVELS) == len(quantiles)
    return [
        (
            providers[i], cases.series[i], cases.origin[i].isoformat(), int(cases.horizon_months[i]), float(last[i]),
            None if cases.change_prob is None else float(cases.change_prob[i]), *map(float, quantiles[:, i]), float(value[i]),
        )
        for i in order
    ]  # fmt: skip
