"""Scarcity: capacity that is built, rents that load moves, and what owners and renters then pay for an hour."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array


def capacity_next(
    capacity: Array,
    growth_per_year: Array,
    response_per_year: Array,
    lagged_scarcity: Array,
    scarcity_level: Array,
    retired_per_month: Array,
    tightness: Array,
) -> Array:
    """Capacity, valued at owned cost, a month later: dear rents a year ago have brought more of it, and of what is retired nobody replaces what is idle.

    K(t+1) = K·exp((g + φ·(x̃ − x̄))/12 − θ·(1 − e^min(0, τ)))

    Args:
        capacity: K, owned accelerator-hours valued at cost, in any unit of load, positive.
        growth_per_year: g, trend growth, 1/year.
        response_per_year: φ, extra yearly growth for a unit of log scarcity, at least 0.
        lagged_scarcity: x̃, log rent over owned cost averaged over the time from order to capacity.
        scarcity_level: x̄, its balanced level.
        retired_per_month: θ, part of the machines retired or given to other work in a month, 0–1.
        tightness: τ, log(load/capacity) of last month; below 0 a part 1 − e^τ of the machines is idle.

    Returns:
        K in the same unit. The delay makes cycles: gluts follow shortages. Source: MODEL §6 steps 1 and 3.

    >>> capacity_next(np.array([12.0]), 0.0, 1.0, 0.9, 0.9, 0.02, np.array([0.3])).tolist()
    [12.0]
    >>> capacity_next(np.array([1.0]), 0.0, 1.0, 0.9, 0.9, 0.02, np.log([0.5])).round(4).tolist()
    [0.99]
    """
    orders = (growth_per_year + response_per_year * (lagged_scarcity - scarcity_level)) / 12
    return capacity * np.exp(orders + retired_per_month * np.expm1(np.minimum(0.0, tightness)))


def scarcity_next(
    scarcity: Array,
    level: Array,
    tightness: Array,
    push: Array,
    reversion_per_month: Array,
    shock: Array,
) -> Array:
    """Log of rent over owned cost, a month later: it reverts to a level that tightness pushes.

    x(t+1) = x + κ·(x̄ + β·τ − x) + ε

    Args:
        scarcity: x, log(rent/owned).
        level: x̄, its value when load equals comfortable capacity.
        tightness: τ, log(load/capacity).
        push: β, change of the target for a unit of tightness, at least 0.
        reversion_per_month: κ, 0–1.
        shock: ε, log.

    Returns:
        x a month later. Source: `forecast trend rent` fits the same law without tightness to the H100's index.

    >>> scarcity_next(1.0, 0.8, 0.25, 0.8, 0.1, 0.0)
    1.0
    """
    return scarcity + reversion_per_month * (level + push * tightness - scarcity) + shock


def served_frac(load: Array, capacity: Array, stretch_log: Array) -> Array:
    """Part of the tokens wanted that the machines can serve.

    f = min(1, K·e^σ / L)

    Args:
        load: L, owned cost of serving all tokens wanted, positive.
        capacity: K, comfortable capacity, in the unit of L.
        stretch_log: σ, how far above comfort the machines can be driven, log, at least 0.

    Returns:
        Fraction in (0, 1]. Source: MODEL §6 step 3 (rationing as seen in 2026-07).

    >>> served_frac(np.array([2.0]), np.array([1.0]), np.array([0.0])).tolist()
    [0.5]
    """
    return np.minimum(1.0, capacity * np.exp(stretch_log) / load)


def shift_rate(level_ratio: Array, from_month: Array, month: float) -> Array:
    """Extra growth with which capacity moves to another level within a year.

    s(t) = log(ℓ) for m ≤ t < m + 12, else 0

    Args:
        level_ratio: ℓ, capacity after the shift over capacity without it, positive.
        from_month: m, month in which the shift begins.
        month: t, months after as_of.

    Returns:
        Extra growth, 1/year. Source: scenarios (gluts and droughts of hardware).

    >>> shift_rate(np.array([1.0, 2.0]), np.array([6.0, 6.0]), 7).round(3).tolist()
    [0.0, 0.693]
    """
    return np.log(level_ratio) * ((month >= from_month) & (month < from_month + 12))


def hire_ratio(own_frac: Array, contract_scarcity: Array) -> Array:
    """What a provider pays for a busy accelerator-hour over the owned cost at full use.

    ρ = o + (1 − o)·e^x

    Args:
        own_frac: o, part of the fleet that is owned, 0–1.
        contract_scarcity: x, log of contract rent over owned cost.

    Returns:
        Ratio between 1 and e^x. Source: MODEL §3 (owned and rented), §6 step 4.

    >>> hire_ratio(1.0, 0.5).item(), hire_ratio(0.0, 0.0).item()
    (1.0, 1.0)
    """
    return own_frac + (1.0 - own_frac) * np.exp(contract_scarcity)


def letting_cost_added(cost: Array, contract_fall_log: Array) -> Array:
    """What rents that near the owned cost of an hour, or fall below it, add to the cost of a revenue from letting machines.

    Δ = C·(e^(x₀ − x) − 1): of a dollar of rent owning takes (1 − m)·e^(x₀ − x), so the margin is 1 − (1 − m)·e^(x₀ − x)

    Args:
        cost: C = (1 − m)·R, what a revenue R that no contract holds would cost at the margin m of the as_of month, USD/month.
        contract_fall_log: x₀ − x, fall of the log of contract rent over owned cost since the as_of month; negative if it rose.

    Returns:
        USD/month; negative where rents rose. The revenue itself grows as published dollars did, which hold the rents of their
        time: its hours are what rents make of it. Source: MODEL §6 step 7, own-assumption.

    >>> letting_cost_added(np.array([60.0, 60.0]), np.log([1.0, 1.25])).round(9).tolist()
    [0.0, 15.0]
    """
    return cost * np.expm1(contract_fall_log)


def idle_ratio(own_frac: Array, tightness: Array, most: Array) -> Array:
    """What idle hours add to what a busy hour costs, over its owned cost: idle machines are owned, renters hand theirs back.

    ι = o·(min(e^max(0, −τ), h*) − 1)

    Args:
        own_frac: o, part of the fleet that is owned, 0–1.
        tightness: τ, log(load/capacity); negative in a glut.
        most: h*, paid hours over busy hours beyond which owners switch machines off or sell them, at least 1.

    Returns:
        Ratio, at least 0; with `hire_ratio` all that is paid for a busy hour. Source: MODEL §6 step 4 (utilisation).

    >>> idle_ratio(1.0, 0.3, 2.0).item(), idle_ratio(0.5, -np.log(2), 3.0).round(9).item()
    (0.0, 0.5)
    """
    return own_frac * (np.minimum(np.exp(np.maximum(0.0, -np.asarray(tightness))), most) - 1.0)
