"""A polynomial stand-in for the engine in its most important inputs, from which interactions are read.

Orthonormal Legendre polynomials of the inputs' uniform scores (polynomial chaos): the squares of the coefficients are
the parts of the variance. The degree is the one that predicts paths left out best.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array

Index = NDArray[np.int64]
GROUPS = 10
PATHS_PER_TERM = 10
HIGHEST_DEGREE = 10


def legendre(scores: Array, degree: int) -> Array:
    """Return the orthonormal Legendre polynomials of uniform scores up to a degree, `[degree + 1, …]`.

    >>> legendre(np.array([1.0]), 2)[:, 0].round(3).tolist()
    [1.0, 1.732, 2.236]
    """
    x = 2.0 * scores - 1.0
    found = [np.ones_like(x), x]
    for n in range(1, degree):
        found.append(((2 * n + 1) * x * found[n] - n * found[n - 1]) / (n + 1))
    return np.stack([np.sqrt(2 * n + 1) * p for n, p in enumerate(found[: degree + 1])])


def terms(inputs: int, degree: int) -> Index:
    """Return the degree of each input in every term of total degree up to `degree`, `[term, input]`.

    >>> terms(2, 2).tolist()
    [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]
    """
    found = [
        [chosen.count(i) for i in range(inputs)]
        for total in range(degree + 1)
        for chosen in combinations_with_replacement(range(inputs), total)
    ]
    return np.array(found, dtype=np.int64).reshape(len(found), inputs)


def design(scores: Array, powers: Index) -> Array:
    """Return every term at uniform scores `[input, path]`, `[term, path]`."""
    polynomials = legendre(scores, int(powers.max(initial=0)))
    found = np.ones((len(powers), scores.shape[1]))
    for i in range(powers.shape[1]):
        used = powers[:, i] > 0
        found[used] *= polynomials[powers[used, i], i]
    return found


class Surrogate:
    """A fitted polynomial: its terms (the degree of each input in each), coefficients, and what it explains."""

    def __init__(self, scores: Array, outcome: Array, powers: Index) -> None:
        x, n = design(scores, powers), len(outcome)
        groups = [np.arange(n) % GROUPS == g for g in range(GROUPS)]
        gram = np.stack([x[:, g] @ x[:, g].T for g in groups])
        product = np.stack([x[:, g] @ outcome[g] for g in groups])
        whole_gram, whole_product = gram.sum(axis=0), product.sum(axis=0)
        self.powers = powers  # [term, input]
        self.coefficients = np.linalg.solve(whole_gram, whole_product)  # [term], in the outcome's unit
        # [group, term] coefficients with a group of paths left out
        self.left_out = np.stack(
            [np.linalg.solve(whole_gram - gram[g], whole_product - product[g]) for g in range(GROUPS)]
        )
        missed = sum(float(((outcome[g] - c @ x[:, g]) ** 2).sum()) for g, c in zip(groups, self.left_out, strict=True))
        residual = float(((outcome - self.coefficients @ x) ** 2).sum()) / max(n - len(powers), 1)
        self.noise = residual * np.diag(np.linalg.inv(whole_gram))  # [term] variance of each coefficient
        self.variance = float(outcome.var())
        self.explained = 1.0 - missed / n / self.variance  # share of the variance of paths left out


def fit_surrogate(scores: Array, outcome: Array) -> Surrogate:
    """Return the polynomial of the degree that explains most of the paths left out, ten paths a term at least.

    Args:
        scores: uniform scores of a few inputs, `[input, path]`.
        outcome: `[path]`, not constant.

    Source: Sudret (2008).
    """
    best = Surrogate(scores, outcome, terms(len(scores), 1))
    for degree in range(2, HIGHEST_DEGREE + 1):
        powers = terms(len(scores), degree)
        if len(powers) * PATHS_PER_TERM > len(outcome):
            break
        made = Surrogate(scores, outcome, powers)
        best = max(best, made, key=lambda one: one.explained)
    return best
