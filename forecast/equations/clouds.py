"""Machines of hyperscalers: what they cost, and whether the business on them pays for it."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array


def machines_beside_tokens(depreciation_usd_per_year: Array, running_ratio: Array, serving_cost: Array) -> Array:
    """What a hyperscaler's AI machines cost beside those that serve its tokens.

    K = max(0, D·(1 + ρ) − S)

    Args:
        depreciation_usd_per_year: D, of all its AI capacity, USD/year, positive.
        running_ratio: ρ, running cost over depreciation, at least 0.
        serving_cost: S, what serving its tokens costs, USD/year, at least 0.

    Returns:
        USD/year. Source: MODEL §6 step 8.

    >>> float(machines_beside_tokens(4.0, 0.5, 1.0))
    5.0
    """
    return np.clip(depreciation_usd_per_year * (1.0 + running_ratio) - serving_cost, 0.0, np.inf)


def machines_grown(machines: Array, business_cost: Array, business_ratio: Array) -> Array:
    """What machines cost once the business on them has grown; those under nothing that is sold are there already.

    K' = min(K, B)·q + max(0, K − B)

    Args:
        machines: K, what they cost in the as_of month, USD/year, at least 0.
        business_cost: B, what the business on them cost then by its gross margin, USD/year, at least 0.
        business_ratio: q, the business over that of the as_of month, at least 0.

    Returns:
        USD/year. Source: MODEL §6 step 8; that what is not sold stays is an assumption (docs/evidence.md).

    >>> float(machines_grown(5.0, 3.0, 2.0)), float(machines_grown(5.0, 6.0, 2.0))
    (8.0, 10.0)
    """
    return np.minimum(machines, business_cost) * business_ratio + np.clip(machines - business_cost, 0.0, np.inf)


def sustainability_ratio(revenue_usd_per_year: Array, serving_cost: Array, other_machines: Array) -> Array:
    """AI revenue of a hyperscaler over the depreciation and running cost of its AI capacity.

    Q = R/(S + K)

    Args:
        revenue_usd_per_year: R, of tokens and of other AI business, USD/year.
        serving_cost: S, of its tokens, USD/year, at least 0.
        other_machines: K, what all other AI machines cost, USD/year, at least 0.

    Returns:
        Ratio; 1 pays for the machines. Machines that cost less than a dollar a year count as one. Source: MODEL §6 step 8.

    >>> float(sustainability_ratio(12.0, 2.0, 4.0))
    2.0
    """
    return revenue_usd_per_year / np.maximum(serving_cost + other_machines, 1.0)
