"""Dated series of what happened: read from the tables, interpolated to a day, with the walk a naive rival sees in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from operator import itemgetter

import numpy as np

from forecast.renting import h100_rents
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.known import counts_a_part, rate_day
from forecast.trends.router_shares import HOSTS, shares_among_named
from forecast.units import months_between

LONGEST_GAP_MONTHS = 9.0  # between two observations that are interpolated
LONGEST_HOLD_MONTHS = 1.5  # that a first observation stands for what came before, a last one for what follows
MEASURES: dict[str, Callable[[Iterable[float]], float]] = {
    "hhi": lambda shares: sum(share**2 for share in shares),
    "top5": lambda shares: sum(sorted(shares)[-5:]),
}
SOLID = ("measured", "derived", "background")  # a claim or a projection is not what happened


@dataclass(frozen=True)
class Dated:
    """A value on a day, and the source of its row."""

    on: date
    value: float
    source: str


Series = tuple[Dated, ...]


def series_of(rows: Iterable[Row], value: str, day: Callable[[Row], date] = itemgetter("date_on")) -> Series:
    """Return the positive values of a column by day, claims and projections left out; of several on one day the geometric mean."""
    by_day: dict[date, list[Row]] = {}
    for row in rows:
        solid = row["status"] in SOLID and row["confidence"] != "low"
        if solid and not counts_a_part(row) and row[value] is not None and row[value] > 0:
            by_day.setdefault(day(row), []).append(row)
    return tuple(
        Dated(on, float(np.exp(np.mean([np.log(r[value]) for r in found]))), found[-1]["source"])
        for on, found in sorted(by_day.items())
    )


def tier_prices(tables: Tables) -> dict[str, Series]:
    """Return the third-cheapest list price by GPQA level, the level as text."""
    rows = list(tables["tier_prices"])
    levels = sorted({row["gpqa_at_least"] for row in rows})
    return {
        f"{level:g}": series_of((r for r in rows if r["gpqa_at_least"] == level), "third_cheapest_usd_per_mtok")
        for level in levels
    }


def rents(tables: Tables) -> dict[str, Series]:
    """Return the on-demand rent index of the accelerator for which rents are quoted."""
    return {"h100": series_of(h100_rents(tables), "usd_per_accelerator_hour")}


def history(metric: str) -> Callable[[Tables], dict[str, Series]]:
    """Return a reader of one metric of provider_history, by firm; the mean of some months is the rate of their middle."""

    def read(tables: Tables) -> dict[str, Series]:
        rows = [row for row in tables["provider_history"] if row["metric"] == metric]
        firms = dict.fromkeys(row["provider"] for row in rows)
        return {firm: series_of((row for row in rows if row["provider"] == firm), "value", rate_day) for firm in firms}

    return read


def router_concentration(measure: str) -> Callable[[Tables], dict[str, Series]]:
    """Return a reader of the router's concentration by serving host, `hhi` or `top5`, among the sellers that the market names."""

    def read(tables: Tables) -> dict[str, Series]:
        source = {row["date_on"]: row["source"] for row in tables["token_shares"] if row["scope"] == HOSTS}
        by_day = shares_among_named(tables, HOSTS).items()
        return {HOSTS: tuple(Dated(day, MEASURES[measure](of.values()), source[day]) for day, of in by_day)}

    return read


def log_value_on(series: Series, day: date) -> tuple[float, str] | None:
    """Return the logarithm of a series on a day, interpolated between the observations around it, and their sources.

    None where the observations around it lie more than LONGEST_GAP_MONTHS apart, or the only one on a side of it more
    than LONGEST_HOLD_MONTHS away.

    >>> two = (Dated(date(2025, 1, 1), 1.0, "a"), Dated(date(2025, 3, 2), 4.0, "b"))
    >>> round(float(np.exp(log_value_on(two, date(2025, 1, 31))[0])), 6), log_value_on(two, date(2025, 6, 1))
    (2.0, None)
    """
    before = [o for o in series if o.on <= day]
    after = [o for o in series if o.on > day]
    if not before or not after or before[-1].on == day:
        near = [o for o in before[-1:] or after[:1] if abs(months_between(o.on, day)) <= LONGEST_HOLD_MONTHS]
        return (float(np.log(near[0].value)), near[0].source) if near else None
    low, high = before[-1], after[0]
    if months_between(low.on, high.on) > LONGEST_GAP_MONTHS:
        return None
    weight = (day - low.on).days / (high.on - low.on).days
    middle = (1 - weight) * np.log(low.value) + weight * np.log(high.value)
    return float(middle), low.source if low.source == high.source else f"{low.source}; {high.source}"


def walk_sd_per_root_month(series: Mapping[str, Series], known_on: date) -> float | None:
    """Return the monthly spread of a driftless random walk through all series up to a day, or None without any step.

    σ = √(Σ(Δ ln x)² / Σ Δmonths), pooled over the series: what a naive rival takes from the past.

    >>> steps = {"x": (Dated(date(2025, 1, 1), 1.0, "a"), Dated(date(2025, 2, 1), float(np.e), "a"))}
    >>> round(walk_sd_per_root_month(steps, date(2025, 2, 1)), 2)
    0.99
    """
    squares, months = 0.0, 0.0
    for one in series.values():
        known = [o for o in one if o.on <= known_on]
        for first, second in pairwise(known):
            squares += float(np.log(second.value / first.value)) ** 2
            months += months_between(first.on, second.on)
    return (squares / months) ** 0.5 if months else None
