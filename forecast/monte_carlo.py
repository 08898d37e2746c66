"""How far an estimate from n independent paths, or from a few groups, lies from what endless ones would give."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array

HALF_WIDTH_PROB = 0.05  # the density at a median is taken over the tenth of the paths around it


def probability_error(prob: float, n: int) -> float:
    """Return the standard error of a probability estimated from n paths: √(p(1 − p)/n).

    >>> probability_error(0.5, 100)
    0.05
    """
    return float(np.sqrt(prob * (1 - prob) / n))


def mean_error(influence: Array) -> float:
    """Return the standard error of a mean, or of any statistic from each path's influence on it: sd/√n.

    >>> mean_error(np.array([0.0, 2.0, 0.0, 2.0]))
    0.5
    """
    return float(influence.std() / np.sqrt(len(influence)))


def jackknife_error(left: Array) -> Array:
    """Return the standard error from estimates each of which leaves one of G groups out: √((G − 1)/G·Σ(θ₋g − θ̄)²)."""
    groups = len(left)
    return np.asarray(np.sqrt((groups - 1) / groups * ((left - left.mean(axis=0)) ** 2).sum(axis=0)))


def median_influence(values: Array) -> tuple[float, Array]:
    """Return the median m of one value a path and each path's influence on it: ψ = (½ − 1[x ≤ m])/f(m), `[path]`.

    The density f is taken over the tenth of the paths around m. Infinite values lie beyond the horizon: where the
    median or that tenth reaches there, ψ is infinite. Source: Hampel (1974).

    >>> median, influence = median_influence(np.arange(1000.0))
    >>> median, round(mean_error(influence), 1)
    (499.0, 15.8)
    """
    probs = [0.5 - HALF_WIDTH_PROB, 0.5, 0.5 + HALF_WIDTH_PROB]
    low, median, high = np.quantile(values, probs, method="inverted_cdf")
    if not np.isfinite(high):
        return float(median), np.full(len(values), np.inf)
    slope = (high - low) / (2 * HALF_WIDTH_PROB)  # 1/f(m)
    return float(median), (0.5 - (values <= median)) * slope


def geometric_mean_influence(values: Array) -> tuple[float, Array]:
    """Return the geometric mean g of one positive value a path and each path's influence on it: ψ = g·ln(x/g), `[path]`.

    >>> mean, influence = geometric_mean_influence(np.array([1.0, 4.0]))
    >>> round(mean, 9), influence.round(3).tolist()
    (2.0, [-1.386, 1.386])
    """
    logs = np.log(values)
    mean = float(np.exp(logs.mean()))
    return mean, mean * (logs - logs.mean())
