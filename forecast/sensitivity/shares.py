"""Shares of an outcome's variance among inputs that act together: total indices, and Shapley effects."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from forecast.arrays import Array
from forecast.monte_carlo import jackknife_error
from forecast.sensitivity.first_order import Effect
from forecast.sensitivity.surrogate import Surrogate, design

SHAPLEY_PATHS = 8192


def total_indices(made: Surrogate) -> Effect:
    """Return the total index of each input of the surrogate: Tᵢ = Σ c² of all terms with i, over Var(y).

    For independent inputs: the variance that would be left if all others were known. The square of an estimated
    coefficient exceeds that of the true one by its variance, which is taken off. Source: Sudret (2008).
    """
    has = (made.powers > 0).T.astype(float)
    return _effect(made, has)


def independent_shapley(made: Surrogate) -> Effect:
    """Return the Shapley effect of each input when inputs are independent: Σ c²/|inputs of the term|, over Var(y).

    Source: Owen (2014).
    """
    has = (made.powers > 0).T.astype(float)
    return _effect(made, has / np.maximum(has.sum(axis=0), 1.0))


def shapley(made: Surrogate, correlation: Array, seed: int) -> Effect:
    """Return the Shapley effect of each input of the surrogate, correlated by a Gaussian copula.

    Args:
        made: the surrogate, of at most a dozen inputs.
        correlation: of the inputs' normal scores, `[input, input]`.
        seed: of the sample on which conditional variances are taken.

    φᵢ = Σ over sets u without i of (V(u ∪ i) − V(u))/(d·C(d−1, |u|)), V(u) = Var(E[y | x_u]) the covariance of two
    outcomes that share x_u, the others drawn anew given x_u. Source: Owen & Prieur (2017).
    """
    if np.allclose(correlation, np.eye(len(correlation))):
        return independent_shapley(made)
    d, rng = len(correlation), np.random.default_rng(seed)
    first, fresh = (np.linalg.cholesky(correlation) @ rng.standard_normal((d, SHAPLEY_PATHS)) for _ in range(2))
    value: dict[tuple[int, ...], Array] = {(): np.zeros(1 + len(made.left_out))}
    every = np.vstack([made.coefficients[None], made.left_out])
    base = every @ _at(made, first)
    base -= base.mean(axis=1, keepdims=True)
    for size in range(1, d + 1):
        for u in combinations(range(d), size):
            again = every @ _at(made, _given(correlation, first, fresh, u))
            value[u] = ((again - again.mean(axis=1, keepdims=True)) * base).mean(axis=1)
    effect = np.zeros((d, len(every)))
    for u, worth in value.items():
        for i in set(range(d)) - set(u):
            effect[i] += (value[tuple(sorted((*u, i)))] - worth) / (d * comb(d - 1, len(u)))
    effect /= made.variance
    return Effect(effect[:, 0], jackknife_error(effect[:, 1:].T))


def _effect(made: Surrogate, weights: Array) -> Effect:
    """Return the weighted sums of squared coefficients, `[input]`, with the jackknife's error."""
    whole = weights @ (made.coefficients**2 - made.noise) / made.variance
    left = np.stack([weights @ (c**2 - made.noise) / made.variance for c in made.left_out])
    return Effect(np.asarray(whole), jackknife_error(left))


def _at(made: Surrogate, normal: Array) -> Array:
    from scipy.special import ndtr

    return design(np.asarray(ndtr(normal)), made.powers)


def _given(correlation: Array, first: Array, fresh: Array, u: tuple[int, ...]) -> Array:
    """Return normal scores that share those of `u` with `first`, the others drawn from `fresh` given them.

    x_v | x_u = fresh_v + B·(first_u − fresh_u) with B = R_vu·R_uu⁻¹: a draw conditioned by kriging.
    """
    held, free = list(u), [i for i in range(len(correlation)) if i not in u]
    found = fresh.copy()
    found[held] = first[held]
    if free:
        slope = np.linalg.solve(correlation[np.ix_(held, held)], correlation[np.ix_(held, free)]).T
        found[free] += slope @ (first[held] - fresh[held])
    return found


def normal_correlation(scores: Array) -> Array:
    """Return the correlation of the normal scores of uniform scores, `[input, input]`, small ones (noise) set to zero."""
    from scipy.special import ndtri

    found = np.atleast_2d(np.corrcoef(ndtri(scores)))
    found[np.abs(found) < 5.0 / np.sqrt(scores.shape[1])] = 0.0
    return np.asarray(found)
