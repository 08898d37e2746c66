"""The rivals that every trend must beat: a driftless walk, walks with a drift, a fitted line, and halving every year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.distributions import Array, standard_normal_quantile
from forecast.trends.monthly import MonthlySeries
from forecast.trends.rolling import DRIFT, LEVELS, WALK

OWN_WALK, LONG_WALK, DRIFTING_WALK, LINE = "own walk", "walk of long steps", "walk with drift", "fitted line"
RIVALS = (WALK, DRIFT, OWN_WALK, LONG_WALK, DRIFTING_WALK, LINE)
FEWEST_INCREMENTS = 10  # an empirical law of fewer says nothing at its tails
FEWEST_OWN_INCREMENTS = 6
SUMS = 1000
SEED = 20240930


def pooled_changes(pool: Sequence[MonthlySeries], months: int) -> Array:
    """Return the changes in logs over so many months that all series have shown, overlaps included, `[change]`."""
    found = [np.empty(0)]
    for series in pool:
        later = np.searchsorted(series.months, series.months + months)
        there = np.flatnonzero(later < len(series))
        there = there[series.months[later[there]] == series.months[there] + months]
        found.append(series.logs[later[there]] - series.logs[there])
    return np.concatenate(found)


def long_walk_quantiles(pool: Sequence[MonthlySeries], walk: Array, horizons: Sequence[int]) -> Array:
    """Return quantiles of the change over each horizon as seen in past changes over as many months, less their mean.

    Where fewer than ten such changes are known, those of `walk` stand in, `[level, horizon]`.
    """
    long = [pooled_changes(pool, months) for months in horizons]
    seen = [np.quantile(x - x.mean(), LEVELS) if len(x) >= FEWEST_INCREMENTS else None for x in long]
    return np.stack([walk[:, at] if own is None else own for at, own in enumerate(seen)], axis=1)


def summed_increments(increments: Array, horizons: Sequence[int]) -> Array:
    """Return sums of as many increments as the horizon has months, drawn with replacement, `[sum, horizon]`.

    Always the same draws, so that a backtest gives the same bits each time.
    """
    drawn = np.random.default_rng(SEED).choice(increments, (SUMS, max(horizons)))
    return np.cumsum(drawn, axis=1)[:, np.asarray(horizons) - 1]


def walk_quantiles(increments: Array, horizons: Sequence[int], drift_log_per_month: float) -> Array:
    """Return quantiles of the change over each horizon of a walk with these increments and this drift, `[level, horizon]`.

    Δ(h) = μ·h + Σ over h of (δ − mean δ)

    Args:
        increments: δ, monthly changes in logs, `[increment]`, at least one.
        horizons: h, months, at least 1.
        drift_log_per_month: μ; 0 is the driftless walk, the mean of the increments the walk with drift.

    >>> walk_quantiles(np.array([0.0, 0.0]), [3], -0.5)[:, 0].tolist()
    [-1.5, -1.5, -1.5, -1.5, -1.5, -1.5, -1.5]
    """
    sums = summed_increments(increments - increments.mean(), horizons)
    return np.asarray(np.quantile(sums, LEVELS, axis=0) + drift_log_per_month * np.asarray(horizons))


def line_quantiles(series: MonthlySeries, horizons: Sequence[int]) -> Array:
    """Return quantiles of a least-squares line through the logs, carried on, `[level, horizon]`; two values or more.

    a + b·(m + h) ± z·s·√(1 + 1/n + (m + h − m̄)²/Σ(m − m̄)²), s from the residuals (floor 0.01 while the line is exact).
    Source: Seber & Lee (2003), prediction of a new value, with a normal z.
    """
    month = series.months - series.months.mean()
    slope = float(month @ series.logs / (month @ month))
    residual = series.logs - series.logs.mean() - slope * month
    sd = max(0.01, float(np.sqrt(residual @ residual / max(1, len(series) - 2))))
    ahead = month[-1] + np.asarray(horizons)
    spread = sd * np.sqrt(1.0 + 1.0 / len(series) + ahead**2 / (month @ month))
    return np.asarray(series.logs.mean() + slope * ahead + standard_normal_quantile(LEVELS)[:, None] * spread)


def rival_quantiles(series: MonthlySeries, pool: Sequence[MonthlySeries], horizons: Sequence[int]) -> dict[str, Array]:
    """Return each rival's quantiles for one series, in logs of its unit, name → `[level, horizon]`.

    Args:
        series: what was known at the origin.
        pool: all series known at the origin, this one among them; together at least one increment.
        horizons: months, at least 1.

    The walk of a series' own increments stands in the pooled walk's place while it has fewer than six of them.
    """
    last, increments = float(series.logs[-1]), pooled_changes(pool, 1)
    before, after = series.steps()
    own = after - before if len(before) >= FEWEST_OWN_INCREMENTS else increments
    change = walk_quantiles(increments, horizons, 0.0)
    walk = last + change
    return {
        WALK: walk,
        LONG_WALK: last + long_walk_quantiles(pool, change, horizons),
        DRIFT: walk - np.log(2.0) / 12.0 * np.asarray(horizons),
        OWN_WALK: last + walk_quantiles(own, horizons, 0.0),
        DRIFTING_WALK: last + walk_quantiles(increments, horizons, float(increments.mean())),
        LINE: line_quantiles(series, horizons) if len(series) > 1 else walk,
    }
