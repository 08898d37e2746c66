"""Exits and entry: who is bought, who closes, who joins."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array


def monthly_prob(rate_per_year: Array) -> Array:
    """Chance that an event with a yearly rate happens within a month.

    p = 1 − e^(−h/12)

    Args:
        rate_per_year: h, events for each year at risk, at least 0.

    Returns:
        Probability in [0, 1). Source: hazards.csv.

    >>> round(monthly_prob(1.2).item(), 4)
    0.0952
    """
    return 1.0 - np.exp(np.asarray(rate_per_year) / -12)


def small_part(usd_per_year: Array, small_usd_per_year: Array, power: Array | float) -> Array:
    """Part of a small firm's chance that a firm of some size has: to be bought, to end when its cash does, to stop selling.

    k = min(1, (S₀/S)^β)

    Args:
        usd_per_year: S, what it earns, USD/year, at least 0.
        small_usd_per_year: S₀, up to which a firm is small, USD/year, positive.
        power: β, at least 0.

    Returns:
        Fraction, above 0. Source: own-size.

    >>> small_part(np.array([1e7, 5e9]), np.array([5e7]), 0.5).round(9).tolist()
    [1.0, 0.1]
    """
    ratio = small_usd_per_year / np.maximum(usd_per_year, small_usd_per_year)
    return np.asarray(np.exp(power * np.log(ratio)))  # ten times as fast as a power


def large_part(
    usd_per_year: Array | float, cohort_usd_per_year: Array, most_usd_per_year: Array, power: Array
) -> Array:
    """How often a firm of some size is listed, over a firm that is listed as often as its cohort.

    k = (min(S, S₁)/S̄)^β

    Args:
        usd_per_year: S, what it earns, USD/year, at least 0.
        cohort_usd_per_year: S̄, of the firm that is listed at the rate of the cohort, USD/year, positive.
        most_usd_per_year: S₁, the largest for which it was counted, USD/year, positive.
        power: β, at least 0.

    Returns:
        Ratio, at least 0. Source: own-listing-size.

    >>> large_part(np.array([0.0, 1e8, 4e8, 9e9]), np.array([1e8]), np.array([1.6e9]), 0.5).tolist()
    [0.0, 1.0, 2.0, 4.0]
    """
    return np.asarray((np.minimum(usd_per_year, most_usd_per_year) / cohort_usd_per_year) ** power)


def merged_log_weight(log_weight: Array, log_weight_bought: Array, retention_frac: Array) -> Array:
    """Log weight of a buyer after a purchase: the customers who follow are added.

    w' = log(e^w + r·e^v)

    Args:
        log_weight: w, the buyer's log weight.
        log_weight_bought: v, log weight of the provider bought.
        retention_frac: r, customers that follow, 0–1; the others choose anew among all.

    Returns:
        Log weight. Source: MODEL §6 step 8.

    >>> merged_log_weight(np.log([2.0]), np.log([4.0]), np.array([0.5])).round(9).tolist() == np.log([4.0]).round(9).tolist()
    True
    """
    return np.asarray(np.logaddexp(log_weight, log_weight_bought + np.log(np.maximum(retention_frac, 1e-12))))


def fringe_count_next(
    count: Array, entry_per_year: Array, exit_per_year: Array, margin_ratio: Array, normal: Array
) -> Array:
    """Number of small providers, a month later: a birth-death process in its normal approximation.

    n' = max(0, n + (b·m − d)·n/12 + √((b·m + d)·n/12)·z)

    Args:
        count: n, providers, at least 0.
        entry_per_year: b, entries for each existing provider and year in this month, at the margins of the as_of month.
        exit_per_year: d, exits for each provider and year.
        margin_ratio: m, their margin over today's, clipped to 0–2: entry follows margins; nobody enters at a loss.
        normal: z, standard normal.

    Returns:
        Providers. Source: own-fringe, hazards.csv.

    >>> fringe_count_next(np.array([40.0]), 0.3, 0.3, np.array([1.0]), np.array([0.0])).tolist()
    [40.0]
    """
    births = entry_per_year * np.clip(margin_ratio, 0.0, 2.0) / 12
    deaths = exit_per_year / 12
    return np.maximum(0.0, count + (births - deaths) * count + np.sqrt((births + deaths) * count) * normal)
