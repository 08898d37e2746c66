"""Money: profit, fixed cost, what is kept, and the runway."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array


def net_flow_usd_per_month(gross_profit: Array, other_profit: Array, fixed_cost: Array, debt_service: Array) -> Array:
    """Cash earned in a month before new money.

    F = G + O − X − S

    Args:
        gross_profit: G, revenue of tokens less their serving cost, USD/month.
        other_profit: O, margin on other revenue, USD/month.
        fixed_cost: X, people, research, sales and unfunded building, USD/month.
        debt_service: S, interest and repayment, USD/month, at least 0.

    Returns:
        USD/month; negative is burn. Source: MODEL §6 step 7.

    >>> net_flow_usd_per_month(5.0, 1.0, 8.0, 1.0)
    -3.0
    """
    flow = gross_profit + other_profit
    flow -= fixed_cost
    flow -= debt_service
    return flow


def planned_fixed_cost(cost_start: Array, elasticity: Array, revenue_ratio: Array) -> Array:
    """Fixed cost that goes with revenue, for a provider with cash enough: it grows with revenue, but less.

    X = X₀·v^ε

    Args:
        cost_start: X₀, fixed cost of the as_of month, USD/month.
        elasticity: ε, relative growth of fixed cost for relative growth of revenue, at least 0.
        revenue_ratio: v, revenue of tokens and all else over that of the as_of month, positive.

    Returns:
        USD/month. Source: own-assumption; the form by six firms of provider_history.csv and hyperscaler_finance.csv.

    >>> planned_fixed_cost(10.0, 0.5, 4.0).item()
    20.0
    """
    grown = np.asarray(elasticity * np.log(revenue_ratio))
    return np.asarray(cost_start * np.exp(grown, out=grown))  # twice as fast as a power


def kept_cost_frac(austerity_frac: Array, runway_months: Array) -> Array:
    """Part of planned fixed cost that a provider keeps as its cash runs short.

    1 − A·max(0, 1 − R/24)

    Args:
        austerity_frac: A, part shed as the runway falls from two years to zero, 0–1.
        runway_months: R, cash over net burn, months, at least 0.

    Returns:
        Fraction, 1 − A to 1. Source: own-assumption.

    >>> kept_cost_frac(0.5, 12.0).item()
    0.75
    """
    kept = np.asarray(austerity_frac / 24.0 * runway_months)
    kept += 1.0 - austerity_frac
    return np.clip(kept, -np.inf, 1.0, out=kept)  # twice as fast as np.minimum with a number


def affordable_frac(fixed_cost: Array, net_flow: Array) -> Array:
    """Part of its fixed cost that a provider can pay from what it earns.

    min(1, max(0, 1 + F/X))

    Args:
        fixed_cost: X, USD/month, at least 0; who has none keeps it.
        net_flow: F, USD/month; negative is burn.

    Returns:
        Fraction. Source: own-assumption; whoever is carried on by new holders is to live on what it earns.

    >>> affordable_frac(np.array([10.0, 10.0, 10.0, 0.0]), np.array([-4.0, 2.0, -15.0, -1.0])).tolist()
    [0.6, 1.0, 0.0, 1.0]
    """
    part = net_flow / np.where(fixed_cost > 0, fixed_cost, np.inf)
    return np.asarray(np.clip(1.0 + part, 0.0, 1.0))


def fixed_cost_start_cut(cost_start: Array, planned: Array, affordable: Array) -> Array:
    """Fixed cost of the as_of month from which `planned_fixed_cost` finds, at today's revenue, what a provider can pay.

    X₀' = X₀·K/max(X, K, 1)

    Short of cash it spent less than planned: a plan cut in proportion to that would burn again as soon as there is money.

    Args:
        cost_start: X₀, fixed cost of the as_of month, USD/month.
        planned: X, fixed cost as planned for the month, USD/month, at least 0.
        affordable: K, what it can pay from what it earns, USD/month, at least 0. A plan below that stays as it is.

    Returns:
        USD/month. Source: own-assumption; whoever is carried on by new holders is to live on what it earns.

    >>> fixed_cost_start_cut(np.array([20.0, 20.0, 20.0]), np.array([15.0, 5.0, 0.0]), np.array([6.0, 6.0, 0.0])).tolist()
    [8.0, 20.0, 0.0]
    """
    return np.asarray(cost_start * affordable / np.clip(np.maximum(planned, affordable), 1.0, np.inf))


def cash_next_usd(cash_usd: Array, flow: Array, reserve_usd: Array) -> Array:
    """Cash a month later: a loss is paid from it, a profit is kept up to a reserve and spent above it.

    C' = min(C + F, max(C, B)): what is spent, C + F − C', is 0 where F ≤ 0 and at most F, so nobody ends for it.

    Args:
        cash_usd: C, USD.
        flow: F, earned in the month before new money, or what a round brings beyond the burn it pays for, USD; negative is burn.
        reserve_usd: B, what a firm of this size holds, USD, at least 0. More than that, once raised, is not given back.

    Returns:
        USD. Source: own-assumption; the spending has its return in growth, which is that of firms who spend.

    >>> cash_next_usd(np.array([4.0, 9.0, 12.0, 12.0]), np.array([3.0, 3.0, 3.0, -3.0]), 10.0).tolist()
    [7.0, 10.0, 12.0, 9.0]
    """
    left_usd, most_usd = np.asarray(cash_usd + flow), np.maximum(cash_usd, reserve_usd)
    return np.minimum(left_usd, most_usd, out=left_usd)  # fewer new arrays: three times faster


def runway_months(cash_usd: Array, net_flow: Array) -> Array:
    """Months that cash lasts at this month's burn; a dollar a month when nothing burns, which is for ever.

    R = max(C, 0)/max(−F, 1)

    Args:
        cash_usd: C, USD; at or below zero there is no runway.
        net_flow: F, USD/month.

    Returns:
        Months, at least 0. Source: MODEL §7.

    >>> runway_months(np.array([6e6, 6e6]), np.array([-2e6, 1.0])).tolist()
    [3.0, 6000000.0]
    """
    # Clipping at both ends is three times faster than np.maximum with a number.
    left_usd, burn = np.clip(cash_usd, 0.0, np.inf), np.asarray(-net_flow)
    left_usd /= np.clip(burn, 1.0, np.inf, out=burn)
    return np.asarray(left_usd)
