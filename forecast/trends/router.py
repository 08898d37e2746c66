"""How unsteady shares on the largest router are, by how they differ some weeks apart, and how much of a difference in size shows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np

from forecast.arrays import Array
from forecast.tables import Tables
from forecast.trends import evidence
from forecast.trends.known import enough
from forecast.trends.router_shares import AUTHORS, DRAWS, FEWEST_SELLERS, HOSTS, NOBODY, size_shown
from forecast.trends.trend import Band, Diagnostic, Estimate, Trend
from forecast.units import DAYS_PER_MONTH

SCOPES = (AUTHORS, HOSTS)
LEAST_SHARE = 0.005  # of all tokens: below it a few customers decide
LONGEST_WEEKS = 26
FADES_WEEKS: Array = np.geomspace(2, LONGEST_WEEKS, 60)  # a part that fades more slowly belongs to the market
SEED = 20250427
DAYS_PER_WEEK = 7
WEEKS_PER_MONTH = DAYS_PER_MONTH / DAYS_PER_WEEK


def router_trend(tables: Tables) -> Trend:
    """Return spread and fade of the passing part of log shares on the router, and the size shown there, at the tables' vintage.

    ½·E[(Δ log share over h weeks)²] = σ²·(1 − e^(−h/τ)), least squares over 1 to 26 weeks weighed by the number of pairs;
    80 % intervals by drawing whole sellers anew. Shares of half a per cent and more, of authors and of hosts. What the
    market itself moves adds to σ, by less than a fifth of its square. The size shown is a slope (`router_shares.py`).

    Raises:
        TooFew: fewer than five sellers were seen twice.
    """
    squares, pairs = differences(tables)
    enough(len(squares), FEWEST_SELLERS, "sellers seen twice on the router", tables["token_shares"], tables)
    middle = passing_part(squares.sum(axis=0), pairs.sum(axis=0))
    chosen = np.random.default_rng(SEED).integers(len(squares), size=(DRAWS, len(squares)))
    drawn = np.array([passing_part(squares[row].sum(axis=0), pairs[row].sum(axis=0)) for row in chosen])
    swing, fade = (
        Band(*ends)
        for ends in zip(*np.insert(np.percentile(drawn, [10, 90], axis=0), 1, middle, axis=0).tolist(), strict=True)
    )
    count = int(pairs.sum())
    note = f"{count} pairs of {len(squares)} sellers up to {LONGEST_WEEKS} weeks apart"
    size, pairs_known = size_shown(tables)
    known = f"{pairs_known} shares of sellers whose volumes the market's tables hold"
    laws = (
        ("router_swing_log", swing, "log", count, note),
        ("router_fade_months", fade, "months", count, note),
        ("router_size_ratio", size, "ratio", pairs_known, known),
    )
    return Trend(
        name="router",
        title="Shares on the largest router: size shown, and a part that passes",
        unit="log",
        form="a part that fades",
        why="what stays for half a year is the market's; published revenue moves far less (growth_apart)",
        diagnostics=tuple(
            Diagnostic(name, band.p50, f"{band.text()} {unit}") for name, band, unit, *_ in laws
        ),
        estimates=tuple(
            Estimate(f"parameters.{name}", evidence.distribution("lognormal", band.p10, band.p90), unit, of, "medium", said)
            for name, band, unit, of, said in laws
        ),
    )  # fmt: skip


def differences(tables: Tables) -> tuple[Array, Array]:
    """Return Σ ½·(Δ log share)² and the number of pairs of each seller by weeks apart, both `[seller, week]` from 1 on."""
    shares: dict[tuple[str, str], dict[date, float]] = defaultdict(dict)
    for row in tables["token_shares"]:
        if row["scope"] in SCOPES and row["entity"] not in NOBODY and row["share_frac"] >= LEAST_SHARE:
            shares[row["scope"], row["entity"]][row["date_on"]] = float(np.log(row["share_frac"]))
    found = []
    for by_day in shares.values():
        seen = np.zeros((2, LONGEST_WEEKS))
        days = sorted(by_day)
        for place, first in enumerate(days):
            for last in days[place + 1 :]:
                weeks = round((last - first).days / DAYS_PER_WEEK)
                if 1 <= weeks <= LONGEST_WEEKS:
                    seen[:, weeks - 1] += 0.5 * (by_day[last] - by_day[first]) ** 2, 1
        if seen[1].any():
            found.append(seen)
    both = np.array(found).reshape(-1, 2, LONGEST_WEEKS)
    return both[:, 0], both[:, 1]


def passing_part(squares: Array, pairs: Array) -> tuple[float, float]:
    """Return (σ√(2·(1 − e^(−m/τ))) with m a month, τ in months) from Σ ½Δ² and the pairs by weeks apart, both `[week]`.

    Weighted least squares of squares/pairs on 1 − e^(−h/τ), the slope σ² found for each τ of a grid. The swing of a month
    is well known where σ and τ alone are not: a larger part that fades more slowly looks alike for months.

    >>> week, tau = np.arange(1, 27), FADES_WEEKS[30]
    >>> swing, fade = passing_part(-0.5 * np.expm1(-week / tau), np.ones(26))
    >>> round(float(swing**2 + np.exp(-1 / fade)), 6), round(float(fade * WEEKS_PER_MONTH / tau), 6)
    (1.0, 1.0)
    """
    seen = pairs > 0
    value, weight = squares[seen] / pairs[seen], pairs[seen]
    week = np.arange(1, len(pairs) + 1)[seen]
    shape = -np.expm1(-week / FADES_WEEKS[:, None])
    slope = (shape * value * weight).sum(axis=1) / (shape**2 * weight).sum(axis=1)
    misfit = (weight * (value - slope[:, None] * shape) ** 2).sum(axis=1)
    best = int(misfit.argmin())
    fade_months = float(FADES_WEEKS[best]) / WEEKS_PER_MONTH
    return float(np.sqrt(-2 * slope[best] * np.expm1(-1 / fade_months))), fade_months
