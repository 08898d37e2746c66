"""Two regressions that shrink: logistic and linear, with weights, the first column a constant."""

from __future__ import annotations

import numpy as np

from forecast.distributions import Array

STEPS = 50
SMALL = 1e-6


def logistic_ridge(
    x: Array, happened: Array, weight: Array, shrinkage: float, constant_shrinkage: float = 0.0
) -> Array:
    """Return the coefficients b that minimise Σ w·[log(1 + e^xb) − y·xb] + ½·Σ λ·b², by Newton's method.

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
    from scipy.special import expit

    penalty = np.where(np.arange(x.shape[1]) == 0, constant_shrinkage, shrinkage)
    b = np.zeros(x.shape[1])
    for _ in range(STEPS):
        prob = expit(x @ b)
        curve = (x * (weight * prob * (1.0 - prob))[:, None]).T @ x + np.diag(penalty + SMALL)
        step = np.linalg.solve(curve, x.T @ (weight * (happened - prob)) - penalty * b)
        b = b + step
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
    penalty = np.where(np.arange(x.shape[1]) == 0, SMALL**2, shrinkage)
    return np.asarray(np.linalg.solve(weighted.T @ x + np.diag(penalty), weighted.T @ y))
