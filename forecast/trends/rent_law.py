"""How rents move: log(rent/owned cost) returns slowly to a level, and an index of rate cards shows it with noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from forecast.arrays import Array
from forecast.distributions import standard_normal_quantile
from forecast.trends.cloud import OTHERS_WEIGHT, POINTS, Prior, cloud, resampled, weights
from forecast.trends.monthly import MonthlySeries
from forecast.trends.rolling import LEVELS
from forecast.trends.trend import Diagnostic

PRIORS = (
    Prior("reversion_per_month", 0.06, 0.6, True),  # half of a deviation goes in six months to two years
    Prior("level_log", 0.85, 0.4, False),  # on demand costs 1.6 to 3.5 times owning
    Prior("shock_log", 0.04, 0.4, True),
    Prior("noise_log", 0.03, 0.7, True),  # the mix of sellers behind a median changes
)
START_SD = 0.5  # of the first month's rent around its level
SEED = 20240930


class Filtered(NamedTuple):
    """What a Kalman filter says of the rent behind the index after the last month, each `[point]`."""

    log_likelihood: Array
    mean_log: Array
    variance: Array


def filtered(series: MonthlySeries, points: Array) -> Filtered:
    """Return the state of log(rent/owned) after the last month and the likelihood of all months, under each point.

    x(t+1) = x + κ·(x̄ − x) + σ·ε,  y = x + ν·η,  ε and η standard normal

    Args:
        series: y, log of the index over owned cost; missing months only widen the state.
        points: (κ, x̄, σ, ν), `[parameter, point]`.

    Source: Durbin & Koopman (2012), the filter of a scalar state; pinned to statsmodels in a test.
    """
    updates = list(_updates(series, points))
    log_density = [-0.5 * (np.log(2.0 * np.pi * total) + error**2 / total) for error, total, *_ in updates]
    *_, mean, variance = updates[-1]
    return Filtered(np.sum(log_density, axis=0), mean, variance)


def innovations(series: MonthlySeries, point: Array) -> tuple[Array, Array]:
    """Return (expected log, standardised surprise) of every value under one point, both `[value]`."""
    steps = [(float(error[0]), float(total[0])) for error, total, *_ in _updates(series, point[:, None])]
    error, total = np.array(steps).T
    return series.logs - error, error / np.sqrt(total)


def _updates(series: MonthlySeries, points: Array) -> Iterator[tuple[Array, Array, Array, Array]]:
    """Yield at each value its error, the error's variance, and the mean and variance of the state that knows it."""
    reversion, level, shock, noise = points
    mean, variance = level, np.full_like(level, START_SD**2)
    month = int(series.months[0])
    for at, value in zip(series.months.tolist(), series.logs.tolist(), strict=True):
        for _ in range(at - month):
            mean = mean + reversion * (level - mean)
            variance = (1.0 - reversion) ** 2 * variance + shock**2
        month = at
        error, total = value - mean, variance + noise**2
        mean, variance = mean + variance / total * error, variance * noise**2 / total
        yield error, total, mean, variance


def ahead(state: Filtered, points: Array, months: int) -> tuple[Array, Array]:
    """Return (mean, standard deviation) of the index some months later under each point, both `[point]`.

    x̄ + φʰ·(x − x̄),  √(φ²ʰ·P + σ²·(1 − φ²ʰ)/(1 − φ²) + ν²),  φ = 1 − κ
    """
    reversion, level, shock, noise = points
    kept = (1.0 - reversion) ** months
    new = shock**2 * (1.0 - kept**2) / (1.0 - (1.0 - reversion) ** 2)
    return level + kept * (state.mean_log - level), np.sqrt(kept**2 * state.variance + new + noise**2)


class RentFit(NamedTuple):
    """The law of every index at one vintage, in logs of rent over owned cost."""

    ratios: tuple[MonthlySeries, ...]
    points: Array  # [parameter, point]
    weight: Array  # [series, point]
    states: tuple[Filtered, ...]


def fit_rents(ratios: Sequence[MonthlySeries]) -> RentFit:
    """Return the law of every index, its own months at full weight, the others' at a tenth."""
    points = cloud(PRIORS)
    states = tuple(filtered(one, points) for one in ratios)
    weight = weights(np.array([state.log_likelihood for state in states]), OTHERS_WEIGHT)
    return RentFit(tuple(ratios), points, weight, states)


def rent_quantiles(pool: Sequence[MonthlySeries], horizons: Sequence[int]) -> Array:
    """Return quantiles of each index's log over owned cost after its last month, `[level, horizon, series]`."""
    _, points, weight, states = fit_rents(pool)
    even = standard_normal_quantile((np.arange(POINTS) + 0.5) / POINTS)
    normal = np.random.default_rng(SEED).permutation(even)
    found = np.empty((len(LEVELS), len(horizons), len(pool)))
    for at, (state, row) in enumerate(zip(states, weight, strict=True)):
        chosen = resampled(row, POINTS)
        for place, months in enumerate(horizons):
            mean, sd = ahead(state, points, months)
            found[:, place, at] = np.quantile(mean[chosen] + sd[chosen] * normal, LEVELS)
    return found


def maximum_likelihood(ratio: MonthlySeries) -> tuple[Diagnostic, ...]:
    """Return what maximum likelihood alone makes of the same law (statsmodels), and whether its optimiser converged."""
    if len(ratio) < 3 * len(PRIORS):
        return ()
    import warnings

    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    every_month = np.full(int(ratio.months[-1] - ratio.months[0]) + 1, np.nan)
    every_month[ratio.months - ratio.months[0]] = ratio.logs
    model = SARIMAX(every_month, order=(1, 0, 0), trend="c", measurement_error=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # reported below as a number
        warnings.simplefilter("ignore", UserWarning)
        found = model.fit(disp=False, maxiter=200)
    reversion = 1.0 - float(found.params[model.param_names.index("ar.L1")])
    return (
        Diagnostic("ml_reversion", reversion, "monthly reversion by maximum likelihood, without a prior"),
        Diagnostic("ml_converged", float(found.mle_retvals["converged"]), "whether its optimiser converged, 1 or 0"),
    )
