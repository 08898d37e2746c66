"""The model of a list price: whether it moves, which way and how far, given what is known at the origin.

P(move) and P(up | move) are logistic regressions that shrink; the size of a move up (or down) is log-normal but for
its residuals, which are those seen. The forecast is a mixture: an atom at the last price, moves down, moves up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.distributions import Array
from forecast.trends.list_price.features import FEATURES, OF_SIZE
from forecast.trends.list_price.ridge import linear_ridge, logistic, logistic_ridge
from forecast.trends.list_price.windows import Windows

SHRINK_MOVE, SHRINK_WAY, SHRINK_SIZE = 50.0, 100.0, 10.0  # in windows; halving or doubling them moves no skill by 0.02
FEWEST_MOVES = 15  # with fewer, those of all sellers are taken
SIZE_COLUMNS = tuple(FEATURES.index(name) for name in OF_SIZE)
FARTHEST_SD = 4.0  # a feature counts no more than this many standard deviations from its mean


@dataclass(frozen=True)
class Scale:
    """Centres and spreads of features; the constant, column 0, is left as it is."""

    centre: Array
    spread: Array

    def of(self, features: Array) -> Array:
        return np.clip((features - self.centre) / self.spread, -FARTHEST_SD, FARTHEST_SD)


@dataclass(frozen=True)
class Sizes:
    """Log of the size of moves one way: a + features·b + c·log(span) + residual, kept within what was usual."""

    scale: Scale
    coefficients: Array  # the last one is for the log of the span
    usual: tuple[float, float]
    residual: Array  # ascending
    residual_prob: Array  # cumulative, at each residual

    def log_size(self, features: Array, log_span: Array) -> Array:
        mean = np.column_stack([self.scale.of(features), log_span]) @ self.coefficients
        return np.clip(mean, *self.usual)

    def quantile(self, mean: Array, prob: Array) -> Array:
        """Return the size that a share `prob` of moves stays below, `[level, case]`."""
        return np.asarray(np.exp(mean + np.interp(prob, self.residual_prob, self.residual)))


@dataclass(frozen=True)
class Jumps:
    """A fit for one group of sellers."""

    scale: Scale
    move: Array
    up: Array
    sizes: tuple[Sizes, Sizes]  # down, up

    def forecast(self, features: Array, horizon_months: int, levels: Array) -> tuple[Array, Array]:
        """Return the chance of a move `[case]` and quantiles of the change of log price `[level, case]`."""
        log_span = np.full(len(features), np.log(horizon_months))
        x = np.column_stack([self.scale.of(features), log_span])
        move, up = logistic(x @ self.move), logistic(x @ self.up)
        means = [sizes.log_size(features[:, SIZE_COLUMNS], log_span) for sizes in self.sizes]
        return move, self._quantiles(move * (1.0 - up), move * up, means, levels[:, None])

    def _quantiles(self, down: Array, up: Array, means: list[Array], level: Array) -> Array:
        """Return the quantiles of the mixture: falls below level P(down), rises above 1 − P(up), between them the atom."""
        fall = -self.sizes[0].quantile(means[0], np.clip(1.0 - level / down, 0.0, 1.0))
        rise = self.sizes[1].quantile(means[1], np.clip((level - (1.0 - up)) / up, 0.0, 1.0))
        return np.where(level < down, fall, np.where(level > 1.0 - up, rise, 0.0))


def enough_moves(windows: Windows) -> bool:
    """Whether moves each way suffice for a fit."""
    return min(len(_moved(windows, sign)) for sign in (-1.0, 1.0)) >= FEWEST_MOVES


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
    log_span = np.log(own.span_months)
    scale = _scale(own.features)
    x = np.column_stack([scale.of(own.features), log_span])
    moved = own.change_log != 0
    rose = (own.change_log[moved] > 0).astype(float)
    some = ((_moved(own, sign), _moved(everyone, sign)) for sign in (-1.0, 1.0))
    down, up = (_fit_sizes(few if len(few) >= FEWEST_MOVES else many) for few, many in some)
    return Jumps(
        scale=scale,
        move=logistic_ridge(x, moved.astype(float), own.weight, SHRINK_MOVE),
        up=logistic_ridge(x[moved], rose, own.weight[moved], SHRINK_WAY, SHRINK_WAY),
        sizes=(down, up),
    )


def _moved(windows: Windows, sign: float) -> Windows:
    """Return the windows that moved one way: up (1) or down (−1)."""
    return windows.where(sign * windows.change_log > 0)


def _fit_sizes(some: Windows) -> Sizes:
    features = some.features[:, SIZE_COLUMNS]
    log_size, log_span = np.log(np.abs(some.change_log)), np.log(some.span_months)
    scale = _scale(features)
    coefficients = linear_ridge(np.column_stack([scale.of(features), log_span]), log_size, some.weight, SHRINK_SIZE)
    usual = tuple(float(q) for q in np.quantile(log_size, (0.1, 0.9)))
    bare = Sizes(scale, coefficients, (usual[0], usual[1]), np.zeros(1), np.zeros(1))
    residual = log_size - bare.log_size(features, log_span)
    order = np.argsort(residual, kind="stable")
    weight = some.weight[order]
    prob = (np.cumsum(weight) - weight / 2.0) / weight.sum()
    return Sizes(scale, coefficients, bare.usual, residual[order], prob)


def _scale(features: Array) -> Scale:
    centre, spread = features.mean(axis=0), features.std(axis=0)
    flat = spread < 1e-9
    return Scale(np.where(flat, 0.0, centre), np.where(flat, 1.0, spread))
