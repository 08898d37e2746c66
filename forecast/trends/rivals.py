"""Every month of the past as an origin: what a form would have said then, and the rivals that it must beat.

Rivals are a driftless walk, and the same around a price that halves every year.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np

from forecast.arrays import Array
from forecast.trends.monthly import MonthlySeries, month_end
from forecast.trends.rolling import DRIFT, HALVING_LOG_PER_MONTH, HORIZONS_MONTHS, LEVELS, WALK, Cases

RIVALS = (WALK, DRIFT)
FEWEST_INCREMENTS = 10  # an empirical law of fewer says nothing at its tails
SUMS = 1000
SEED = 20240930

# (series known, horizons, origin) → quantiles [level, horizon, series]
Form = Callable[[Sequence[MonthlySeries], Sequence[int], date], Array]


def pooled_increments(pool: Sequence[MonthlySeries]) -> Array:
    """Return the changes in logs from one month to the next that all series have shown, `[change]`."""
    return np.concatenate([np.empty(0), *(np.subtract(*reversed(series.steps())) for series in pool)])


def walk_quantiles(increments: Array, horizons: Sequence[int]) -> Array:
    """Return quantiles of the change over each horizon of a driftless walk with these increments, `[level, horizon]`.

    Δ(h) = Σ over h of (δ − mean δ), of 1,000 sums of increments drawn with replacement: always the same draws.

    Args:
        increments: δ, monthly changes in logs, `[increment]`, at least one.
        horizons: h, months, at least 1.

    >>> walk_quantiles(np.array([-0.5, -0.5]), [3])[:, 0].tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    drawn = np.random.default_rng(SEED).choice(increments - increments.mean(), (SUMS, max(horizons)))
    return np.asarray(np.quantile(np.cumsum(drawn, axis=1)[:, np.asarray(horizons) - 1], LEVELS, axis=0))


def rival_quantiles(series: MonthlySeries, pool: Sequence[MonthlySeries], horizons: Sequence[int]) -> dict[str, Array]:
    """Return each rival's quantiles for one series, in logs of its unit, name → `[level, horizon]`.

    Args:
        series: what was known at the origin.
        pool: all series known at the origin, this one among them; together at least one increment.
        horizons: months, at least 1.
    """
    walk = float(series.logs[-1]) + walk_quantiles(pooled_increments(pool), horizons)
    return {WALK: walk, DRIFT: walk + HALVING_LOG_PER_MONTH * np.asarray(horizons)}


def rolled(series: Sequence[MonthlySeries], known_at: Callable[[date], Sequence[MonthlySeries]], form: Form) -> Cases:
    """Return the forecasts of a form and of the rivals at every month-end, horizons 3, 6 and 12 months.

    Args:
        series: what came true.
        known_at: the series as they were known at the end of a day: the form and the rivals see nothing else.
        form: the forecaster.

    A series is forecast at the months it has a value for, once all series together show ten increments.
    """
    cases: list[tuple[Any, ...]] = []
    truth = {one.name: dict(zip(one.months.tolist(), one.logs.tolist(), strict=True)) for one in series}
    for origin in sorted({month for values in truth.values() for month in values}):
        pool = [cut for one in known_at(month_end(origin)) if len(cut := one.until(origin))]
        if len(pooled_increments(pool)) < FEWEST_INCREMENTS:
            continue
        said = form(pool, HORIZONS_MONTHS, month_end(origin))
        for at, one in enumerate(pool):
            if one.months[-1] != origin:
                continue
            rival = rival_quantiles(one, pool, HORIZONS_MONTHS)
            for place, months in enumerate(HORIZONS_MONTHS):
                if (value := truth.get(one.name, {}).get(origin + months)) is not None:
                    cases.append((one.name, one.kind, month_end(origin), months, one.logs[-1], value, said[:, place, at],
                                  {name: quantiles[:, place] for name, quantiles in rival.items()}))  # fmt: skip
    names, kinds, origins, horizons, last, came, own, rivals = zip(*cases, strict=True) if cases else ((),) * 8
    return Cases(
        series=names,
        kind=kinds,
        origin=origins,
        horizon_months=np.array(horizons, np.int64),
        last_log=np.array(last),
        value_log=np.array(came),
        quantiles_log=np.array(own).T,
        rivals_log={name: np.array([rival[name] for rival in rivals]).T for name in (rivals[0] if rivals else ())},
    )
