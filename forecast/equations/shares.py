"""Who serves the tokens: a logit over the living with inertia and heavy-tailed shocks, and concentration."""

from __future__ import annotations

import math

import numpy as np

from forecast.arrays import Array


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
    shock = tail * normal  # one array for every step: this is a large part of the loop
    shock *= normal
    shock += 1.0 - 3.0 * tail
    shock *= normal
    return shock


def log_pending_change(log_price_change: Array, sensitivity: Array) -> Array:
    """How far a new price will move the log weight of an offer, once all customers have chosen anew.

    Δd = −α·Δq

    Args:
        log_price_change: Δq, change of the offer's log price.
        sensitivity: α, log-odds lost for a unit of log price, at least 0.

    Returns:
        Log weight. A change of all prices alike cancels in the shares. Source: MODEL §6 step 6.

    >>> log_pending_change(0.5, 2.0)
    -1.0
    """
    return -sensitivity * log_price_change


def apart_of_size(firm_size_log: Array, power: Array) -> Array:
    """How far a firm's growth leaves that of the market, over how far a typical one's does: the larger, the less; the small as the typical.

    a = max(1, q)^(−β)

    Args:
        firm_size_log: ln q, q all revenue over that of the typical firm.
        power: β, from 0 (all sizes grow apart alike) to 1.

    Returns:
        Ratio, at most 1. Source: Amaral et al. (1997), the spread of growth falls with the power 0.20 ± 0.03 of sales;
        Riccaboni et al. (2008), less so among the small.

    >>> apart_of_size(np.log([0.5, 4.0]), np.array([0.5, 0.5])).tolist()
    [1.0, 0.5]
    """
    left = np.clip(firm_size_log, 0.0, np.inf)
    left *= -power
    return np.asarray(np.exp(left, out=left))


def size_of_seller(token_size_log: Array, firm_size_log: Array) -> Array:
    """Size by which a seller of tokens falls back or catches up: that of its tokens, but no smaller than its firm is.

    s = max(w − w̄, min(0, ln q))

    Whoever sells few tokens beside another business is no small firm, and has no cause to outgrow the market.

    Args:
        token_size_log: w − w̄, log weight of an offer over that of the seller of the segment's typical token.
        firm_size_log: ln q, q all revenue of the seller over that of the typical firm.

    Returns:
        Log; 0 is typical. Source: the law is fitted to the revenue of whole firms (own-fit-trends).

    >>> size_of_seller(np.array([-4.0, -4.0, 1.0]), np.array([2.0, -1.0, -1.0])).tolist()
    [0.0, -1.0, 1.0]
    """
    least = np.clip(firm_size_log, -np.inf, 0.0)
    return np.maximum(token_size_log, least, out=least)


def lasting_growth(apart_per_month: Array, size_log: Array, reversion_per_month: Array) -> Array:
    """Growth of an offer's log weight in a month that stays: the firm's own, less what the large lose to the small.

    Δ = g − κ·s

    Args:
        apart_per_month: g, the seller's growth beyond the market's, in logs.
        size_log: s, log of size; what all offers of a segment lose alike cancels in the shares.
        reversion_per_month: κ, part of a difference in size that closes in a month, 0–0.5.

    Returns:
        Log weight. Source: provider_history.csv (growth of revenue and volumes by size).

    >>> lasting_growth(np.array([0.02]), np.array([1.0]), np.array([0.01])).tolist()
    [0.01]
    """
    growth = -reversion_per_month * size_log
    growth += apart_per_month
    return growth


def herfindahl(amount: Array, total: Array) -> Array:
    """Herfindahl index of the shares x/X of a market.

    H = Σ x²/X²; the effective number of providers is 1/H

    Args:
        amount: x, tokens or dollars of each provider that counts, [provider, path].
        total: X, of the whole market, the many small ones that are no single provider included, [path].

    Returns:
        Index in (0, 1], [path]. Source: Hirschman (1964).

    >>> herfindahl(np.array([[2.0], [2.0]]), np.array([4.0])).tolist()
    [0.5]
    """
    share = amount / total
    return np.asarray(np.einsum("op,op->p", share, share))


# Comparisons that put eight numbers in falling order (Batcher's network), and eight that first fall and then rise.
ORDER_8 = ((0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (1, 2), (5, 6), (0, 4), (3, 7), (1, 5),
           (2, 6), (1, 4), (3, 6), (2, 4), (3, 5), (3, 4))  # fmt: skip
ORDER_BITONIC_8 = ((0, 4), (1, 5), (2, 6), (3, 7), (0, 2), (1, 3), (4, 6), (5, 7), (0, 1), (2, 3), (4, 5), (6, 7))


def top_sum(amount: Array, count: int) -> Array:
    """Sum of the largest amounts along the first axis.

    Lists of eight rows are ordered all at once and merged, the n largest of two lists being max(aᵢ, bₙ₋₁₋ᵢ): whole
    rows are compared, which takes half the time of sorting path by path.

    Args:
        amount: of each provider, at least 0, [provider, path].
        count: how many of the largest, 1 to 8; more than there are is all.

    Returns:
        In the unit of amount, [path]. Source: Batcher (1968).

    >>> top_sum(np.array([[0.5], [0.3], [0.2]]), 2).tolist()
    [0.8]
    """
    lists = 2 ** max(1, math.ceil(math.log2(max(1.0, len(amount) / 8))))
    padded = np.zeros((8, lists, amount.shape[1]), amount.dtype)
    padded.reshape(8 * lists, -1)[: len(amount)] = amount
    rows = list(padded)
    _put_in_order(rows, ORDER_8)
    while lists > 2:
        lists //= 2
        rows = [np.maximum(rows[place][:lists], rows[7 - place][lists:]) for place in range(8)]
        _put_in_order(rows, ORDER_BITONIC_8)
    return np.asarray(sum(np.maximum(rows[place][0], rows[count - 1 - place][1]) for place in range(count)))


def _put_in_order(rows: list[Array], comparisons: tuple[tuple[int, int], ...]) -> None:
    spare = np.empty_like(rows[0])  # memory that is at hand
    for first, second in comparisons:
        np.minimum(rows[first], rows[second], out=spare)
        np.maximum(rows[first], rows[second], out=rows[first])
        rows[second], spare = spare, rows[second]
