"""Launches of accelerators: when what is announced comes, how far promises slip, and how many generations follow."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array


def available_month(promised_month: Array, slip_months: Array, cancelled_draw: Array, cancel_prob: Array) -> Array:
    """Month in which an announced accelerator becomes broadly available; infinite when it never does.

    m = max(1, promised + slip), or ∞ with the probability of cancellation

    Args:
        promised_month: promised date in months after as_of, any sign, broadcastable to [path].
        slip_months: broad availability less promise, months, any sign.
        cancelled_draw: uniform number in (0, 1); the programme is cancelled where it lies below cancel_prob.
        cancel_prob: chance that an announced accelerator never comes, 0–1.

    Returns:
        Month, at least 1: what is not available at as_of comes next month at the earliest.

    Source: launch_slips.csv (own-slips).

    >>> available_month(np.array([2.0]), np.array([4.0]), np.array([0.5]), np.array([0.06])).tolist()
    [6.0]
    """
    return np.where(cancelled_draw < cancel_prob, np.inf, np.maximum(1.0, promised_month + slip_months))


def slip_when_awaited(slip_months: Array, promised_month: Array, uniform: Array) -> Array:
    """Slip of an accelerator that has not come yet: those that would have brought it by now are out of the question.

    σ given m + σ > 0: a slip that is too short is replaced by one of the others, each as likely as before

    Args:
        slip_months: σ, draws of broad availability less promise, months, `[path]`.
        promised_month: m, promised date in months after as_of, any sign, one number.
        uniform: numbers in (0, 1) that choose the replacements, `[path]`.

    Returns:
        Slips, `[path]`; where every draw is too short 1 − m: it comes next month.

    Source: conditioning on what is known at as_of; launch_slips.csv (own-slips).

    >>> slip_when_awaited(np.array([0.0, 2.0, 3.5, 8.0]), np.array(-3.0), np.array([0.9, 0.1, 0.5, 0.5])).tolist()
    [8.0, 3.5, 3.5, 8.0]
    """
    short = promised_month + slip_months <= 0.0
    possible = np.sort(slip_months[~short])
    if not possible.size:
        return np.full_like(slip_months, 1.0 - promised_month)
    return np.where(short, possible[(uniform * possible.size).astype(int)], slip_months)


def generations_since(months: Array, gap_months: Array, most: Array) -> Array:
    """Generations of a family that have come since its last announced part, one after every gap until the family ends.

    n = min(N, ⌊max(0, t)/c⌋)

    Args:
        months: t, months since that part came, negative before.
        gap_months: c, from one generation to the next, positive.
        most: N, generations until the family ends, at least 0.

    Returns:
        Count, at least 0. Source: accelerators.csv (own-generations).

    >>> generations_since(np.array([-3.0, 17.0, 40.0]), np.array([16.0, 16.0, 16.0]), np.array([9.0, 9.0, 1.0])).tolist()
    [0.0, 1.0, 1.0]
    """
    return np.minimum(most, np.floor(np.maximum(0.0, months) / gap_months))


def generations_until_the_end(uniform: Array, cancel_prob: Array) -> Array:
    """Generations that still come of a family, if each fails to come with the same probability and is then the end.

    N = ⌊ln u/ln(1 − p)⌋, so that at least n come with probability (1 − p)ⁿ

    Args:
        uniform: u, numbers in (0, 1), one for each family and path.
        cancel_prob: p, chance that a generation never comes, 0–1.

    Returns:
        Count, at least 0; infinite where none fails. Source: launch_slips.csv (own-slips).

    >>> generations_until_the_end(np.array([0.6, 0.2]), np.array([0.5, 0.5])).tolist()
    [0.0, 2.0]
    """
    with np.errstate(divide="ignore"):
        return np.floor(np.log(uniform) / np.log1p(-cancel_prob))
