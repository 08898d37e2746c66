"""Who serves the tokens: a logit over the living with inertia and heavy-tailed shocks, and concentration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def heavy_tailed(normal: Array, tail: Array) -> Array:
    """Normal shock with heavier tails and unchanged variance 1 + 6κ² ≈ 1.

    z + κ·(z³ − 3z)

    Args:
        normal: z, standard normal.
        tail: κ, weight of the third Hermite polynomial, 0–0.2.

    Returns:
        Shock; a 3-sigma month becomes one of 3 + 18κ. Source: token_shares.csv (free launches).

    >>> heavy_tailed(np.array([2.0]), 0.1).tolist()
    [2.2]
    """
    return normal * (1.0 - 3.0 * tail + tail * normal * normal)


def log_weight_next(
    log_weight: Array, log_base: Array, log_price_change: Array, sensitivity: Array, inertia_per_month: Array
) -> Array:
    """Log of an offer's lasting weight in its segment, a month later.

    w(t+1) = w + λ·(b − α·(q − q₀) − w)

    Args:
        log_weight: w, log weight (shares are weights over their sum).
        log_base: b, log weight at the prices of the as_of month.
        log_price_change: q − q₀, change of the offer's log price since as_of.
        sensitivity: α, log-odds lost for a unit of log price, at least 0.
        inertia_per_month: λ, share of customers who reconsider in a month, 0–1.

    Returns:
        Log weight. A change of all prices alike cancels in the shares. Source: MODEL §6 step 6.

    >>> log_weight_next(np.array([0.0]), np.array([0.0]), np.array([0.5]), np.array([2.0]), np.array([0.1])).tolist()
    [-0.1]
    """
    return log_weight + inertia_per_month * (log_base - sensitivity * log_price_change - log_weight)


def herfindahl(share: Array) -> Array:
    """Herfindahl index of shares along the first axis, the fringe excluded by the caller.

    H = Σ s²; the effective number of providers is 1/H

    Args:
        share: s, shares of the whole, [provider, path], each in [0, 1].

    Returns:
        Index in (0, 1], [path].

    >>> herfindahl(np.array([[0.5], [0.5]])).tolist()
    [0.5]
    """
    return np.asarray(np.einsum("kp,kp->p", share, share))


def top_share(share: Array, count: int) -> Array:
    """Sum of the largest shares along the first axis.

    Args:
        share: shares of the whole, [provider, path].
        count: how many of the largest, at least 1 and at most the number of providers.

    Returns:
        Fraction in (0, 1], [path].

    >>> top_share(np.array([[0.5], [0.3], [0.2]]), 2).tolist()
    [0.8]
    """
    rows = np.ascontiguousarray(share.T)
    rows.partition(share.shape[0] - count, axis=1)
    return rows[:, share.shape[0] - count :].sum(axis=1)
