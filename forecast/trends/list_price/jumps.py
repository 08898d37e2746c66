"""The model of a list price: whether it moves, which way and how far, given what is known at the origin.

P(move) and P(up | move) are logistic regressions that shrink; the size of a move up (or down) is log-normal but for
its residuals, which are those seen. The forecast is a mixture: an atom at the last price, moves down, moves up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.trends.list_price.features import FEATURES, OF_SIZE
from forecast.trends.list_price.panel import Windows

SHRINK_MOVE, SHRINK_WAY, SHRINK_SIZE = 50.0, 100.0, 10.0  # in windows; halving or doubling them moves no skill by 0.02
FEWEST_MOVES = 15  # with fewer, those of all sellers are taken
SIZE_COLUMNS = (*(FEATURES.index(name) for name in OF_SIZE), -1)  # the last one is the log of the span
STEPS, SMALL = 50, 1e-6  # of Newton's method
FARTHEST_SD = 4.0  # a feature counts no more than this many standard deviations from its mean


class Scale(NamedTuple):
    """Centres and spreads of features; what does not vary, as the constant, is left as it is."""

    centre: Array
    spread: Array

    def design(self, features: Array, span_months: NDArray[np.int64]) -> Array:
        """Return what the regressions take: scaled features, and the log of the span."""
        scaled = np.clip((features - self.centre) / self.spread, -FARTHEST_SD, FARTHEST_SD)
        return np.column_stack([scaled, np.log(span_months)])


class Sizes(NamedTuple):
    """Log of the size of moves one way: x·b + residual."""

    coefficients: Array
    residual: Array  # ascending
    residual_prob: Array  # cumulative, at each residual

    def quantile(self, x: Array, prob: Array) -> Array:
        """Return the size that a share `prob` of moves stays below, `[level, case]`."""
        log_size = x[:, SIZE_COLUMNS] @ self.coefficients
        return np.asarray(np.exp(log_size + np.interp(prob, self.residual_prob, self.residual)))


class Jumps(NamedTuple):
    """A fit for one group of sellers."""

    scale: Scale
    move: Array
    up: Array
    falls: Sizes
    rises: Sizes

    def forecast(self, features: Array, horizon_months: int, levels: Array) -> tuple[Array, Array]:
        """Return the chance of a move `[case]` and quantiles of the change of log price `[level, case]`.

        Quantiles of the mixture: falls below level P(down), rises above 1 − P(up), between them the atom.
        """
        from scipy.special import expit

        x = self.scale.design(features, np.full(len(features), horizon_months))
        move, up_if_moved = expit(x @ self.move), expit(x @ self.up)
        level, down, up = levels[:, None], move * (1.0 - up_if_moved), move * up_if_moved
        fall = -self.falls.quantile(x, np.clip(1.0 - level / down, 0.0, 1.0))
        rise = self.rises.quantile(x, np.clip((level - (1.0 - up)) / up, 0.0, 1.0))
        return move, np.where(level < down, fall, np.where(level > 1.0 - up, rise, 0.0))


def enough_moves(windows: Windows) -> bool:
    """Whether moves each way suffice for a fit."""
    return min((windows.change_log < 0).sum(), (windows.change_log > 0).sum()) >= FEWEST_MOVES


def fit_jumps(own: Windows, everyone: Windows) -> Jumps:
    """Return the fit for a group of sellers.

    How often they move and which way is taken from their own windows, be their moves all of one way; how far, from
    everyone's while few of theirs went that way. Routers move ten times as often as other sellers: fitted together
    for want of rises, hosts would be said to move three times too often a year ahead.

    The constant of P(up | move) shrinks too: where little is known, a price is as likely to rise as to fall. Waves of
    cuts and of rises come and go, and the share of the last one is a poor guide to the next.

    Args:
        own: windows of the group.
        everyone: windows of all sellers, of which enough have moved each way.
    """
    if (own.change_log != 0).sum() < FEWEST_MOVES:
        own = everyone
    spread = own.features.std(axis=0)
    varies = spread >= 1e-9
    scale = Scale(np.where(varies, own.features.mean(axis=0), 0.0), np.where(varies, spread, 1.0))
    x, moved = scale.design(own.features, own.span_months), own.change_log != 0
    rose = (own.change_log[moved] > 0).astype(float)
    return Jumps(
        scale,
        logistic_ridge(x, moved.astype(float), own.weight, SHRINK_MOVE),
        logistic_ridge(x[moved], rose, own.weight[moved], SHRINK_WAY, SHRINK_WAY),
        *(_fit_sizes(own, everyone, scale, sign) for sign in (-1.0, 1.0)),
    )


def _fit_sizes(own: Windows, everyone: Windows, scale: Scale, sign: float) -> Sizes:
    """Return the sizes of moves down (−1) or up (1)."""
    some, enough = (windows.where(sign * windows.change_log > 0) for windows in (own, everyone))
    if len(some.change_log) < FEWEST_MOVES:
        some = enough
    x = scale.design(some.features, some.span_months)[:, SIZE_COLUMNS]
    log_size = np.log(np.abs(some.change_log))
    coefficients = linear_ridge(x, log_size, some.weight, SHRINK_SIZE)
    residual = log_size - x @ coefficients
    order = np.argsort(residual, kind="stable")
    weight = some.weight[order]
    return Sizes(coefficients, residual[order], (np.cumsum(weight) - weight / 2.0) / weight.sum())


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
