"""What `forecast backtest` writes: the scores as text and as JSON, the forecasts as CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from forecast.delivery.cell_text import csv_text
from forecast.delivery.printed import printed_table
from forecast.trends.rolling import HORIZONS_MONTHS, LEVELS, Cases, Scores, scores

CASE_COLUMNS = (
    "provider,model,origin,horizon_months,last_usd_per_mtok,prob_change,q05,q10,q25,q50,q75,q90,q95,value".split(",")
)
TITLES = {
    "list-price": "LIST PRICES OF FIXED MODELS",
    "tier": "PRICE OF A FIXED CAPABILITY",
    "rent": "RENT OF ACCELERATORS",
}
HEADER = ("forecasts", "CRPS", "walk", "skill", "vs halving", "no change", "moves", "PIT", "80 % holds")
WIDTHS = (11, 8, 8, 7, 12, 11, 7, 7, 12)
LEGEND = (
    "CRPS: error of a whole distribution, in logs (0.1 is a price about 10 % off), averaged over quantiles; walk: that of a "
    "driftless random walk; skill: share of the walk's CRPS saved; vs halving: the same against prices that halve every year; no "
    "change: the same against the last price; moves: share of the Brier score saved in saying whether a price moves, against the "
    "base rate; PIT: distance from uniform, 0 is right; 80 % holds: share of values inside the 80 % band."
)


def document(found: Mapping[str, Cases], notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON document: the first series' horizons on top, the others' under `series`."""
    first, *others = found
    made: dict[str, Any] = {"horizons": _horizons(found[first]), "kinds": _kinds(found[first])}
    if others:
        made["series"] = {name: {"horizons": _horizons(found[name])} for name in others}
    if notes:
        made["left_out"] = list(notes)
    return made


def _kinds(cases: Cases) -> dict[str, Any]:
    return {kind: _horizons(cases, np.array([k == kind for k in cases.kind])) for kind in sorted(set(cases.kind))}


def _horizons(cases: Cases, chosen: Any = True) -> dict[str, dict[str, float | int | None]]:
    """Return the scores of each horizon, those without a case as a count of 0."""
    found = {}
    for months in HORIZONS_MONTHS:
        at = (cases.horizon_months == months) & chosen
        values = (
            asdict(_scores(cases, at)) if at.any() else {"n": 0} | {n: None for n in Scores.__annotations__ if n != "n"}
        )
        found[str(months)] = {name: _finite(value) for name, value in values.items()}
    return found


def _scores(cases: Cases, chosen: Any) -> Scores:
    with np.errstate(divide="ignore", invalid="ignore"):  # a rival without any error: the skill is not a number
        return scores(cases, chosen)


def _finite(value: float | int | None) -> float | int | None:
    return None if value is None or not math.isfinite(value) else value


def scores_text(found: Mapping[str, Cases], columns: int = 1000) -> str:
    """Return the tables that a person reads, laid out for so many columns."""
    return "\n\n".join(_table(name, cases, columns) for name, cases in found.items())


def _table(name: str, cases: Cases, columns: int) -> str:
    origins = f"monthly origins {min(cases.origin):%Y-%m} to {max(cases.origin):%Y-%m}"
    series = len(set(zip(cases.provider or cases.kind, cases.series, strict=True)))
    rows = [["", *HEADER]]
    groups = {"all": np.ones(len(cases), bool)}
    kinds = sorted(set(cases.kind))
    if len(kinds) > 1:
        groups |= {kind: np.array([k == kind for k in cases.kind]) for kind in kinds}
    for group, chosen in groups.items():
        for months in HORIZONS_MONTHS:
            at = chosen & (cases.horizon_months == months)
            if at.any():
                rows.append([f"{group}, {months} months", *_cells(_scores(cases, at))])
    title = f"{TITLES.get(name, name)}: {series} series, {origins}"
    return "\n".join([title, *printed_table(rows, WIDTHS, columns)])


def _cells(s: Scores) -> tuple[str, ...]:
    percent = [_percent(x) for x in (s.skill, s.skill_drift, s.skill_no_change, s.brier_skill_change)]
    return (
        f"{s.n:,}",
        f"{s.crps:.4f}",
        f"{s.crps_naive:.4f}",
        *percent,
        f"{s.pit_ks:.3f}",
        f"{100 * s.coverage_80:.0f} %",
    )


def _percent(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{100 * value:+z.0f} %"


def cases_csv(found: Mapping[str, Cases]) -> str:
    """Return one row a forecast, prices in the unit of the series, in order of series, origin and horizon."""
    rows = [row for cases in found.values() for row in _case_rows(cases)]
    return csv_text(CASE_COLUMNS, rows)


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
