"""The rivals that every trend must beat: a driftless walk, the same by steps as long as the horizon, and halving every year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.distributions import Array
from forecast.trends.monthly import MonthlySeries
from forecast.trends.rolling import DRIFT, LEVELS, WALK

LONG_WALK = "walk of long steps"
RIVALS = (WALK, LONG_WALK, DRIFT)
FEWEST_INCREMENTS = 10  # an empirical law of fewer says nothing at its tails
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


def walk_quantiles(increments: Array, horizons: Sequence[int]) -> Array:
    """Return quantiles of the change over each horizon of a driftless walk with these increments, `[level, horizon]`.

    Δ(h) = Σ over h of (δ − mean δ)

    Args:
        increments: δ, monthly changes in logs, `[increment]`, at least one.
        horizons: h, months, at least 1.

    >>> walk_quantiles(np.array([-0.5, -0.5]), [3])[:, 0].tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    return np.asarray(np.quantile(summed_increments(increments - increments.mean(), horizons), LEVELS, axis=0))


def rival_quantiles(series: MonthlySeries, pool: Sequence[MonthlySeries], horizons: Sequence[int]) -> dict[str, Array]:
    """Return each rival's quantiles for one series, in logs of its unit, name → `[level, horizon]`.

    Args:
        series: what was known at the origin.
        pool: all series known at the origin, this one among them; together at least one increment.
        horizons: months, at least 1.
    """
    last, change = float(series.logs[-1]), walk_quantiles(pooled_changes(pool, 1), horizons)
    return {
        WALK: last + change,
        LONG_WALK: last + long_walk_quantiles(pool, change, horizons),
        DRIFT: last + change - np.log(2.0) / 12.0 * np.asarray(horizons),
    }
