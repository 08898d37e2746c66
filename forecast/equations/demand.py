"""Tokens wanted, capacity, and the scarcity that moves rents."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array


def fading_rate(start_per_year: Array | float, long_per_year: Array, fade_months: Array, month: float) -> Array:
    """Growth rate that fades from its start to its long-run value.

    g(t) = g∞ + (g₀ − g∞)·e^(−t/τ)

    Args:
        start_per_year: g₀, logarithmic rate in the as_of month, 1/year; 1 where rates over that of today are asked for.
        long_per_year: g∞, rate in the long run, 1/year.
        fade_months: τ, months, positive.
        month: t, months after as_of, at least 0.

    Returns:
        Rate, 1/year. Source: own-demand, own-supply.

    >>> fading_rate(np.array([1.5]), np.array([0.5]), np.array([12.0]), 0.0).tolist()
    [1.5]
    >>> fading_rate(1.0, np.array([0.0, 0.5, 1.0]), np.array([20.0]), 20.0).round(3).tolist()
    [0.368, 0.684, 1.0]
    """
    return long_per_year + (start_per_year - long_per_year) * np.exp(-month / fade_months)


def braked_growth(growth_per_year: Array, spend_usd_per_year: Array, limit_usd_per_year: Array) -> Array:
    """Growth of demand that stops where all budgets are spent.

    g' = g·max(0, 1 − S/S∞)

    Args:
        growth_per_year: g, growth at constant price, logarithmic, 1/year.
        spend_usd_per_year: S, what the market is paid in a year, USD/year, at least 0.
        limit_usd_per_year: S∞, what the world can spend on tokens, USD/year, positive.

    Returns:
        Rate, 1/year. Source: Verhulst (1838), own-assumption.

    >>> braked_growth(np.array([1.2]), np.array([5e11, 2e12, 4e12]), np.array([2e12])).round(9).tolist()
    [0.9, 0.0, 0.0]
    """
    return growth_per_year * np.clip(1.0 - spend_usd_per_year / limit_usd_per_year, 0.0, 1.0)


def demand_next(
    demand_mtok_per_month: Array,
    growth_per_year: Array,
    price_elasticity: Array,
    log_price_change: Array,
    shock: Array,
) -> Array:
    """Tokens wanted in a segment, a month later.

    D(t+1) = D·exp(g/12 + η·Δlog p + ε)

    Args:
        demand_mtok_per_month: D, Mtok/month, positive.
        growth_per_year: g, growth at constant price, 1/year.
        price_elasticity: η, relative change of volume for relative change of price, usually negative.
        log_price_change: Δlog p, last month's change of the segment's market price.
        shock: ε, this month's shock, log.

    Returns:
        Mtok/month. Source: MODEL §6 step 2.

    >>> demand_next(np.array([100.0]), np.array([0.0]), np.array([-1.0]), np.log([0.5]), np.array([0.0])).round(9).tolist()
    [200.0]
    """
    return demand_mtok_per_month * np.exp(growth_per_year / 12 + price_elasticity * log_price_change + shock)


def average_next(average: Array, value: Array | float, window_months: Array | float) -> Array:
    """Exponential moving average, a month later.

    a(t+1) = a + (v − a)/T

    Args:
        average: a, in the unit of value.
        value: v, this month's value.
        window_months: T, mean age of what is averaged, at least 1.

    Returns:
        a a month later: the contracts in force, the orders under way, the trend of revenue. Source: Holt (1957).

    >>> average_next(2.0, 4.0, 4.0)
    2.5
    """
    moved = value - average
    moved /= window_months
    moved += average
    return moved


def other_revenue_ratio(unbound_ratio: Array, apart_ratio: Array, part_of_limit: Array) -> Array:
    """Revenue outside token sales over its level today, of a firm that grows with the market, within a limit.

    r = q·(1 + b)/(1 + b·ā·q)

    Args:
        unbound_ratio: q, what the market's growth would have made of it without a limit, positive.
        apart_ratio: ā, what growth apart from the market has made of all other revenue, positive: the mean of firms' own ratios a.
        part_of_limit: b, other revenue of all today over what the world can spend on it, at least 0.

    Returns:
        Ratio; that of a firm is a·r, and that of all, ā·r, stays below (1 + b)/b. Source: Verhulst (1838), own-assumption.

    >>> [float(other_revenue_ratio(np.float64(2), ratio, part)) for ratio, part in ((1.0, 0.0), (1.0, 0.5), (2.0, 0.5))]
    [2.0, 1.5, 1.0]
    """
    ratio: Array = unbound_ratio * (1 + part_of_limit) / (1 + part_of_limit * apart_ratio * unbound_ratio)
    return ratio


def contracted_ratio(signed_ratio: Array, default_per_year: Array, month: float, ends_month: Array) -> Array:
    """Least other revenue over its level today that signed contracts leave: they keep what is earned, not what is hoped.

    k = min(1, (S/O₀)·e^(−λ·t/12)) while t ≤ T, then 0

    Args:
        signed_ratio: S/O₀, revenue under contract over other revenue of the as_of month, at least 0.
        default_per_year: λ, rate at which customers fail or change their contracts, 1/year.
        month: t, months since the as_of month.
        ends_month: T, month to which contracts bind.

    Returns:
        Ratio, 0 to 1. Source: contracts.csv; that growth is not promised is own-assumption.

    >>> contracted_ratio(np.array([1.165, 1.165, 1.165, 0.5]), 0.06, np.array([24, 48, 58, 0]), 57.0).round(3).tolist()
    [1.0, 0.916, 0.0, 0.5]
    """
    return np.clip(signed_ratio * np.exp(default_per_year * (-month / 12)), 0.0, 1.0) * (month <= ends_month)
