"""Scores of forecasts against what came true: pure functions of arrays, the case axis last.

All are losses (lower is better) but the coverage and the skill. A quantile forecast is `[level, case]`; prices
are scored as logarithms, so that an error of ten per cent weighs the same anywhere.
"""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array


def pinball_loss(quantiles: Array, levels: Array, value: Array) -> Array:
    """Return the loss of each quantile: ρ_p(y − q) = (y − q)·(p − 1[y < q]).

    Args:
        quantiles: forecast q, `[level, case]`, in the unit of `value`.
        levels: probabilities p of the quantiles, `[level]`, 0 to 1.
        value: what came true y, `[case]`.

    Source: Koenker & Bassett (1978).

    >>> float(pinball_loss(np.array([[2.0]]), np.array([0.9]), np.array([3.0]))[0, 0])
    0.9
    """
    error = value - quantiles
    return error * (levels[:, None] - (error < 0))


def crps_of_quantiles(quantiles: Array, levels: Array, value: Array) -> Array:
    """Return the continuous ranked probability score averaged over quantiles: 2·mean over p of ρ_p(y − q_p), `[case]`.

    The integral over all levels is the CRPS; a mean over few levels is its usual stand-in for quantile forecasts.
    Arguments as for `pinball_loss`. Source: Gneiting & Ranjan (2011).

    >>> float(crps_of_quantiles(np.array([[0.0]]), np.array([0.5]), np.array([3.0]))[0])
    3.0
    """
    return np.asarray(2.0 * pinball_loss(quantiles, levels, value).mean(axis=0))


def interval_score(low: Array, high: Array, value: Array, inside_prob: float) -> Array:
    """Return the score of a central interval: (h − l) + 2/α·(l − y)₊ + 2/α·(y − h)₊ with α = 1 − `inside_prob`.

    Args:
        low, high: ends of the interval, `[case]`.
        value: what came true, `[case]`.
        inside_prob: probability the interval promises, inside (0, 1).

    Source: Gneiting & Raftery (2007), equation 43.

    >>> float(interval_score(np.array([1.0]), np.array([2.0]), np.array([2.5]), 0.5)[0])
    3.0
    """
    outside = np.maximum(low - value, 0.0) + np.maximum(value - high, 0.0)
    return np.asarray(high - low + 2.0 / (1.0 - inside_prob) * outside)


def brier_score(prob: Array, happened: Array) -> Array:
    """Return (p − o)² of the probability of an event, `[case]`; `happened` is 0 or 1. Source: Brier (1950).

    >>> float(brier_score(np.array([0.75]), np.array([1.0]))[0])
    0.0625
    """
    return np.asarray((prob - happened) ** 2)


def log_score(prob: Array, happened: Array) -> Array:
    """Return −log of the probability given to what happened, `[case]`, in nats; ∞ where that was 0.

    Source: Good (1952).

    >>> round(float(log_score(np.array([0.25]), np.array([0.0]))[0]), 4)
    0.2877
    """
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(np.where(happened > 0.5, prob, 1.0 - prob)))


def coverage(low: Array, high: Array, value: Array) -> float:
    """Return the share of cases whose value lies inside the interval, its ends included.

    >>> coverage(np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.array([2.0, 3.0]))
    0.5
    """
    return float(np.mean((low <= value) & (value <= high)))


def skill(loss: Array, rival_loss: Array) -> float:
    """Return 1 − mean loss over the rival's mean loss: 0 is no better, 1 perfect, below 0 worse.

    >>> skill(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    0.5
    """
    return float(1.0 - np.mean(loss) / np.mean(rival_loss))


def pit_bounds(quantiles: Array, levels: Array, value: Array) -> tuple[Array, Array]:
    """Return between which levels the value fell: (largest level with q < y, else 0; smallest with q > y, else 1).

    A value that many quantiles share (a price that did not move) fell anywhere between the levels around them.
    Arguments as for `pinball_loss`; the quantiles ascend with their level.

    >>> low, high = pit_bounds(np.array([[1.0], [1.0], [2.0]]), np.array([0.1, 0.5, 0.9]), np.array([1.0]))
    >>> float(low[0]), float(high[0])
    (0.0, 0.9)
    """
    edges = np.concatenate([[0.0], levels, [1.0]])
    below = (quantiles < value).sum(axis=0)
    not_above = (quantiles <= value).sum(axis=0)
    return edges[below], edges[not_above + 1]


def pit_distance(low: Array, high: Array) -> float:
    """Return the Kolmogorov distance of the randomised probability integral transform from the uniform law.

    Each case spreads its mass evenly over [low, high] (`pit_bounds`): the mean over all randomisations, so that no
    draw is needed. sup over u of |mean of clip((u − low)/(high − low), 0, 1) − u|, taken at every bound, where the
    piecewise linear difference turns. Source: Czado, Gneiting & Held (2009).

    >>> pit_distance(np.array([0.0]), np.array([1.0]))
    0.0
    >>> pit_distance(np.array([0.0]), np.array([0.5]))
    0.5
    """
    turns = np.unique(np.concatenate([low, high]))
    share = np.clip((turns[:, None] - low) / (high - low), 0.0, 1.0).mean(axis=1)
    return float(np.abs(share - turns).max())
