"""First-order effects read off a given sample: how much of the variance each input explains alone.

Valid for correlated inputs too: what an input carries of its companions counts as its own. No model is assumed, and no
run is made for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.monte_carlo import jackknife_error

BINS = 20
GROUPS = 20  # of the jackknife
LEADING = 0.05  # share of the variance from which on others may seem to matter because they follow an input by chance


@dataclass(frozen=True)
class Effect:
    """An index of each input with its standard error, `[input]`."""

    index: Array
    error: Array


def first_order(scores: Array, outcome: Array) -> Effect:
    """Return the first-order index of each input: Sᵢ = Var(E[y | xᵢ])/Var(y), from means in bins of equal probability.

    Args:
        scores: uniform scores of the inputs, `[input, path]`, inside (0, 1); at least 20·20 paths.
        outcome: y, `[path]`, not constant.

    The variance between bins exceeds Var(E[y | x]) by the noise of the bins' means, (B − 1)/n times the variance
    within: it is taken off. The error is a jackknife's over twenty groups of paths.
    Source: Li & Mahadevan (2016); Plischke, Borgonovo & Smith (2013) for the correction.
    """
    bins = bins_of(scores)
    group = np.arange(len(outcome)) % GROUPS
    cell = (group * BINS)[None, :] + bins
    sums = np.stack([np.bincount(row, weight, GROUPS * BINS) for row in cell for weight in (None, outcome)])
    count, total = (sums[k::2].reshape(len(scores), GROUPS, BINS) for k in (0, 1))
    square = np.bincount(group, outcome**2, GROUPS)
    whole = _index(count.sum(axis=1), total.sum(axis=1), float(square.sum()))
    left = np.stack([
        _index(count.sum(axis=1) - count[:, g], total.sum(axis=1) - total[:, g], float(square.sum() - square[g]))
        for g in range(GROUPS)
    ])  # fmt: skip
    return Effect(whole, jackknife_error(left))


def importance(scores: Array, outcome: Array, first: Effect, correlation: Array) -> Array:
    """Return what inputs are ordered by: the first-order index, for lesser inputs with the leading ones taken off first.

    An input may follow a leading one in this sample by chance, or by the pattern of the Sobol points, and would then
    seem to matter. So what the leading inputs explain is taken off the outcome, and the others are read from the rest.
    An input leads if it explains a twentieth of the variance once those before it are taken off. Leading inputs, and
    those truly correlated with one, keep their index. Source: backfitting, Hastie & Tibshirani (1990).

    Args:
        scores, outcome: as for `first_order`.
        first: its result.
        correlation: of the inputs' normal scores, zero where none is meant, `[input, input]`.
    """
    leading, rest = np.zeros(len(scores), bool), outcome
    for i in np.argsort(-first.index, kind="stable")[: int((first.index >= LEADING).sum())]:
        own = rest.var() > 0 and first_order(scores[[i]], rest).index[0] * rest.var() / outcome.var() >= LEADING
        if own or correlation[i, leading].any():
            leading[i], rest = True, rest - _explained(scores[i], rest)
    if not leading.any():
        return first.index
    companion = (correlation[:, leading] != 0).any(axis=1)
    if rest.var() == 0:
        return np.where(leading | companion, first.index, 0.0)
    left = first_order(scores, rest).index * rest.var() / outcome.var()
    return np.where(leading | companion, first.index, left)


def bins_of(scores: Array) -> NDArray[np.int64]:
    """Return the number of the bin that each uniform score lies in, all of them equally likely."""
    return np.minimum((scores * BINS).astype(np.int64), BINS - 1)


def _explained(scores: Array, outcome: Array) -> Array:
    """Return the mean outcome of each path's bin of one input, over the mean of all."""
    bins = bins_of(scores)
    mean = np.bincount(bins, outcome, BINS) / np.maximum(np.bincount(bins, minlength=BINS), 1)
    return np.asarray(mean[bins] - outcome.mean())


def _index(count: Array, total: Array, square: float) -> Array:
    """Return the corrected index from each bin's count and sum, `[input, bin]`, and the sum of squares of all paths.

    An outcome that is the same on all of them is explained by nothing: 0.
    """
    n = count.sum(axis=1)
    mean = total.sum(axis=1) / n
    between = (total**2 / np.maximum(count, 1)).sum(axis=1) / n - mean**2
    variance = square / n - mean**2
    noise = (variance - between) / (n - BINS) * (BINS - 1)
    varies = variance > 0.0
    return np.asarray(np.where(varies, between - noise, 0.0) / np.where(varies, variance, 1.0))
