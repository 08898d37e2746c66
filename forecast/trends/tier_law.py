"""How the price of a fixed capability moves: fast toward a floor while far above it, quietly once there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from forecast.arrays import Array
from forecast.equations.tier import tier_shock_scale
from forecast.trends.cloud import OTHERS_WEIGHT, POINTS, Prior, cloud, resampled, weights
from forecast.trends.monthly import MonthlySeries
from forecast.trends.rolling import LEVELS
from forecast.trends.trend import Diagnostic

# What 2024 offered: an 8B model was listed at about 0.05 USD/Mtok, the lowest a useful capability could fall to; prices
# of a capability fell some tenfold a year from thirty times that. Wide: a factor 2 to 5 either way at one sd in ten.
PRIORS = (
    Prior("reversion_per_month", 0.12, 0.5, True),
    Prior("floor_log", float(np.log(0.05)), 0.7, False),
    Prior("shock_log", 0.2, 0.5, True),
    Prior("shock_far_ratio", 0.15, 0.7, True),
)
# One seller's list moves the cheapest price at once, the third-cheapest only by a rank: half as much near the floor.
RANK_SHOCK_RATIO = {"cheapest": 1.0, "third-cheapest": 0.5}
TAIL_DEGREES = 4.0  # Student's: most months nothing happens, some bring a new model
NORMAL_RATIO = 1.36  # standard deviation of that shock over its scale, cut at LARGEST_SHOCK
LARGEST_SHOCK = 6.0  # in standard shocks; the tail beyond would only be noise of the simulation
SEED = 20240930


def of_rank(points: Array, kind: str) -> Array:
    """Return the points for tiers of a rank, `[parameter, point]`: the shock at the floor depends on the rank."""
    ratio = RANK_SHOCK_RATIO.get(kind, 1.0)
    return np.array(
        [row * ratio if prior.name == "shock_log" else row for prior, row in zip(PRIORS, points, strict=True)]
    )


def step_log_density(before: Array, after: Array, points: Array) -> Array:
    """Return the log density of each month's step under each point, `[point, step]`, up to a constant.

    q(t+1) = q − κ·d + s(d)·ε, d = q − f, ε Student's t with 4 degrees of freedom

    Args:
        before, after: q and q(t+1), log USD/Mtok, `[step]`.
        points: (κ, f, σ, ω), `[parameter, point]`.
    """
    reversion, floor_log, shock_log, far_ratio = points[:, :, None]
    distance = before - floor_log
    scale = tier_shock_scale(distance, shock_log, far_ratio)
    z = (after - before + reversion * distance) / scale
    return np.asarray(-np.log(scale) - 0.5 * (TAIL_DEGREES + 1.0) * np.log1p(z * z / TAIL_DEGREES))


def tier_weights(pool: Sequence[MonthlySeries], points: Array, others_weight: float) -> tuple[Array, Array]:
    """Return the weight of each point for each series, `[series, point]`, and for a tier not seen yet, `[point]`.

    `points` are those of each series, `[series, parameter, point]`.
    """
    seen = np.array([step_log_density(*one.steps(), own).sum(axis=1) for one, own in zip(pool, points, strict=True)])
    unseen = np.concatenate([seen, np.zeros((1, seen.shape[1]))])
    weight = weights(unseen, others_weight)
    return weight[:-1], weight[-1]


def tier_paths(start_log: Array, points: Array, weight: Array, months: int) -> Array:
    """Return paths of the log price, `[month, series, path]`, the first a month after the start.

    Args:
        start_log: log USD/Mtok today, `[series]`.
        points: `[series, parameter, point]`; each path lives with one, so that what is not known stays in the fan.
        weight: `[series, point]`.
        months: how many.
    """
    chosen = np.array([resampled(row, POINTS) for row in weight])
    reversion, floor_log, shock_log, far_ratio = np.take_along_axis(points, chosen[:, None], 2).swapaxes(0, 1)
    normal = np.random.default_rng(SEED).standard_t(TAIL_DEGREES, (months, POINTS))
    shock = np.clip(normal, -LARGEST_SHOCK, LARGEST_SHOCK)
    log_price = np.repeat(start_log[:, None], POINTS, axis=1)
    paths = np.empty((months, *log_price.shape))
    for month in range(months):
        distance = log_price - floor_log
        scale = tier_shock_scale(distance, shock_log, far_ratio)
        log_price = log_price - reversion * distance + scale * shock[month]
        paths[month] = log_price
    return paths


class TierFit(NamedTuple):
    """The law of all tiers at one vintage: the points of the prior, and what each series makes of them."""

    series: tuple[MonthlySeries, ...]
    points: Array  # [series, parameter, point]
    weight: Array  # [series, point]
    pooled: Array  # [point]: of a tier of which nothing is known yet

    def paths(self, months: int) -> Array:
        """Return paths of each series' log price after its last month, `[month, series, path]`."""
        return tier_paths(np.array([one.logs[-1] for one in self.series]), self.points, self.weight, months)


def fit_tiers(series: Sequence[MonthlySeries]) -> TierFit:
    """Return the law of all tiers, each tier's own months at full weight, the others' at a tenth."""
    prior = cloud(PRIORS)
    points = np.array([of_rank(prior, one.kind) for one in series])
    weight, pooled = tier_weights(series, points, OTHERS_WEIGHT)
    return TierFit(tuple(series), points, weight, pooled)


def tier_quantiles(pool: Sequence[MonthlySeries], horizons: Sequence[int]) -> Array:
    """Return quantiles of each series' log price at each horizon after its last month, `[level, horizon, series]`."""
    paths = fit_tiers(pool).paths(max(horizons))
    return np.asarray(np.quantile(paths[np.asarray(horizons) - 1], LEVELS, axis=2))


def one_month_ahead(series: MonthlySeries, points: Array, weight: Array) -> tuple[Array, Array]:
    """Return (expected log price, standardised surprise) of each month that follows another, both `[step]`."""
    before, after = series.steps()
    reversion, floor_log, shock_log, far_ratio = points @ weight
    distance = before - floor_log
    expected = before - reversion * distance
    scale = NORMAL_RATIO * tier_shock_scale(distance, shock_log, far_ratio)
    return expected, (after - expected) / scale


def pooled_regression(series: Sequence[MonthlySeries]) -> tuple[Diagnostic, ...]:
    """Return the monthly reversion that a robust regression of all changes on all prices finds, and its convergence.

    δ = a − κ·q by Huber's M-estimator (statsmodels RLM): a second opinion that knows neither prior nor floor.
    """
    import warnings

    from statsmodels.api import RLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    before, after = (np.concatenate(side) for side in zip(*(one.steps() for one in series), strict=True))
    if len(before) < 2 * len(PRIORS):
        return ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told below as a number
        fit = RLM(after - before, np.column_stack([np.ones_like(before), before])).fit(maxiter=100)
    # Where most months lie on one line, most often without a move, no scale is left to weigh the others by.
    converged = float(fit.fit_history["iteration"] < 100 and fit.scale > 0)
    reversion = -float(fit.params[1])
    return (
        Diagnostic("regression_reversion", reversion, "monthly reversion by robust regression of changes on prices"),
        Diagnostic("regression_converged", converged, "whether the robust regression converged, 1 or 0"),
    )
