"""Two regressions that shrink: logistic and linear, with weights, the first column a constant."""

from __future__ import annotations

import numpy as np

from forecast.distributions import Array

STEPS = 50
SMALL = 1e-6


def logistic(score: Array) -> Array:
    """Return 1/(1 + e^−s), without overflow.

    >>> logistic(np.array([0.0, -1000.0])).tolist()
    [0.5, 0.0]
    """
    positive = np.exp(-np.abs(score))
    return np.asarray(np.where(score >= 0, 1.0, positive) / (1.0 + positive))


def logistic_ridge(
    x: Array, happened: Array, weight: Array, shrinkage: float, constant_shrinkage: float = 0.0
) -> Array:
    """Return the coefficients b that minimise Σ w·[log(1 + e^xb) − y·xb] + ½·Σ λ·b².

    Newton's method with halved steps; the loss is convex, and a step that gains no more ends the search.

    Args:
        x: regressors, `[row, column]`, column 0 the constant; the others of about unit spread.
        happened: y, 0 or 1, both present where the constant does not shrink, `[row]`.
        weight: w, at least 0, `[row]`.
        shrinkage: λ of all columns but the constant, in units of weighted rows, at least 0.
        constant_shrinkage: λ of the constant; 0 keeps the base rate, ∞ makes it a half.

    Raises:
        ArithmeticError: no convergence in 50 steps.

    Source: le Cessie & van Houwelingen (1992).
    """
    penalty = _penalty(x.shape[1], shrinkage, constant_shrinkage)
    b = np.zeros(x.shape[1])
    loss = _loss(b, x, happened, weight, penalty)
    for _ in range(STEPS):
        prob = logistic(x @ b)
        slope = x.T @ (weight * (happened - prob)) - penalty * b
        curve = (x * (weight * prob * (1.0 - prob))[:, None]).T @ x + np.diag(penalty + SMALL)
        step = np.linalg.solve(curve, slope)
        b, before = b + step, b
        while (now := _loss(b, x, happened, weight, penalty)) > loss + SMALL * SMALL and np.abs(step).max() > SMALL:
            step = step / 2.0
            b = before + step
        loss = min(now, loss)
        if np.abs(step).max() <= SMALL:
            return b
    raise ArithmeticError(f"logistic regression: no convergence in {STEPS} steps")


def linear_ridge(x: Array, y: Array, weight: Array, shrinkage: float) -> Array:
    """Return the coefficients b that minimise Σ w·(y − xb)² + λ·Σ b² (the constant's excepted).

    Arguments as for `logistic_ridge`; the constant is not shrunk. Source: Hoerl & Kennard (1970).

    >>> linear_ridge(np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([0.0, 2.0]), np.ones(2), 2.0).round(6).tolist()
    [1.0, 0.5]
    """
    weighted = x * weight[:, None]
    curve = weighted.T @ x + np.diag(_penalty(x.shape[1], shrinkage) + SMALL**2)
    return np.asarray(np.linalg.solve(curve, weighted.T @ y))


def _penalty(columns: int, shrinkage: float, constant_shrinkage: float = 0.0) -> Array:
    return np.where(np.arange(columns) == 0, constant_shrinkage, shrinkage)


def _loss(b: Array, x: Array, happened: Array, weight: Array, penalty: Array) -> float:
    score = x @ b
    return float((weight * (np.logaddexp(0.0, score) - happened * score)).sum() + 0.5 * (penalty * b * b).sum())
