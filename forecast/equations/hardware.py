"""Accelerators over time: what they cost, how software catches up, how fleets follow."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from forecast.arrays import Array

Num = TypeVar("Num", float, Array)


def decline_factor(decline_per_year: Num) -> Num:
    """Monthly factor of a price that declines by a share each year.

    f = (1 − d)^(1/12)

    Args:
        decline_per_year: d, share lost in a year, below 1; negative where prices rise.

    Returns:
        Factor for one month. Source: own-hardware.

    >>> round(decline_factor(0.19), 4)
    0.9826
    """
    return (1.0 - decline_per_year) ** (1 / 12)


def maturity_next(maturity: Array, available: Array, maturity_months: Array) -> Array:
    """Part of the software gain after launch that has been reached, a month later.

    s(t+1) = s + a·(1 − s)/τ

    Args:
        maturity: s, 0 at launch, tends to 1.
        available: a, 1 once the accelerator is on the market, else 0.
        maturity_months: τ, months in which the gap shrinks by a factor e, at least 1.

    Returns:
        s a month later, in [0, 1]. Source: own-software (gains of +54–71 % in seven months, then +5–8 %).

    >>> maturity_next(np.array([0.5]), np.array([1.0]), np.array([5.0])).tolist()
    [0.6]
    """
    return maturity + available * (1.0 - maturity) / maturity_months


def hours_after_software(hours_per_mtok: Array, maturity: Array, gain_frac: Array) -> Array:
    """Accelerator-hours for a million tokens once software has gained.

    h = h₀ / (1 + g·s)

    Args:
        hours_per_mtok: h₀ at launch software, hours/Mtok, positive.
        maturity: s, part of the gain after launch that is reached, 0–1.
        gain_frac: g, gain after launch when complete, at least 0.

    Returns:
        Hours per Mtok. Source: MODEL §3 (serving stacks), own-software.

    >>> hours_after_software(np.array([0.02]), np.array([1.0]), np.array([0.6])).round(9).tolist()
    [0.0125]
    """
    return hours_per_mtok / (1.0 + gain_frac * maturity)


def serving_gain_log(age_years: Num, later_age_years: Num, rate_per_year: Num, fade_years: Num) -> Num:
    """Tokens for an accelerator-hour that serving software gains on a model, in logs, while its design grows older.

    ln G = r·τ·(e^((1 − a)/τ) − e^((1 − b)/τ)): the pace fades by e in τ years, and is r at an age of one year

    Args:
        age_years: a, years since the first model of the design was released, at least 0.
        later_age_years: b, the same at the end, at least a.
        rate_per_year: r, gain a year in logs at an age of one year.
        fade_years: τ, positive.

    Returns:
        Log of tokens at the later age over those at the first. Source: own-software (throughput.csv).

    >>> round(float(serving_gain_log(1.0, 2.0, 0.1, 2.0)), 4)
    0.0787
    """
    return (
        rate_per_year
        * fade_years
        * (np.exp((1.0 - age_years) / fade_years) - np.exp((1.0 - later_age_years) / fade_years))
    )


def step_error_log(family_score: Array, design_score: Array, log_sd: Array, design_log_sd: Array) -> Array:
    """By how much an accelerator is truly faster than the roofline says, in logs: its family's part and the model design's.

    e = δ·z_d + √(σ² − δ²)·z_f, δ at most σ

    Args:
        family_score: z_f, standard score of the accelerator's family.
        design_score: z_d, standard score of the design of the model, the same for all accelerators.
        log_sd: σ, standard deviation of the whole error, at least 0.
        design_log_sd: δ, standard deviation of what the design brings on every accelerator, at least 0; 0 of a measured one.

    Returns:
        Log of true over predicted throughput, of standard deviation σ. Source: own-fit-throughput (designs left out of the fit).

    >>> step_error_log(np.array([1.0]), np.array([-1.0]), np.array([0.5]), np.array([0.3])).round(9).tolist()
    [0.1]
    """
    common = np.minimum(design_log_sd, log_sd)
    found: Array = common * design_score + np.sqrt(log_sd**2 - common**2) * family_score
    return found


def newest_frac(capacity_growth_ratio: Array, retired_per_month: Array, best_frac: Array) -> Array:
    """Part of a fleet, valued at owned cost, that a month's purchases make of the best kind: for growth, and for what is retired.

    n = β·max(0, 1 − (1 − θ)·K(t)/K(t+1))

    Args:
        capacity_growth_ratio: K(t+1)/K(t), capacity over that of a month ago, positive.
        retired_per_month: θ, part of the machines retired or given to other work in a month, 0–1.
        best_frac: β, part of what is bought that is of the best kind, 0–1: a new generation takes a year to ramp.

    Returns:
        Fraction, at least 0: nobody buys where capacity falls by all that is retired. Source: shipments.csv (own-fleets).

    >>> newest_frac(np.array([1.25, 0.9]), np.array([0.1, 0.1]), np.array([0.5, 0.5])).round(9).tolist()
    [0.14, 0.0]
    """
    return best_frac * np.maximum(0.0, 1.0 - (1.0 - retired_per_month) / capacity_growth_ratio)


def fleet_cost_next(
    fleet_usd_per_mtok: Array,
    frontier_usd_per_mtok: Array,
    newest_frac: Array,
    open_usd_per_mtok: Array,
    crossing_frac: Array,
) -> Array:
    """Cost on the fleet in use, a month later: it follows the best accelerators of its family, and some of other families.

    1/c(t+1) = (1 − n)/c + n·((1 − χ)/c* + χ/min(c*, c°)): a dollar's worth of machines serves 1/c tokens

    Args:
        fleet_usd_per_mtok: c, cost on the fleet in use, USD/Mtok.
        frontier_usd_per_mtok: c*, cost on the family's best accelerator this month, USD/Mtok.
        newest_frac: n, part of the fleet that is newly of the best kind, valued at owned cost, 0–1.
        open_usd_per_mtok: c°, cost on the best accelerator that anybody can buy, USD/Mtok.
        crossing_frac: χ, part of those purchases that goes to another family where it is cheaper, 0–1.

    Returns:
        USD per Mtok, between the least and the greatest of c, c* and c°. Source: MODEL §4 (a fleet is a mix inside a family;
        crossing is possible but slow).

    >>> fleet_cost_next(*(np.array([x]) for x in (0.06, 0.04, 0.2, 0.02, 0.0))).round(6).tolist()
    [0.054545]
    >>> fleet_cost_next(*(np.array([x]) for x in (0.06, 0.04, 0.2, 0.02, 0.5))).round(6).tolist()
    [0.048]
    """
    served = newest_frac * crossing_frac / np.minimum(frontier_usd_per_mtok, open_usd_per_mtok)
    served += newest_frac * (1.0 - crossing_frac) / frontier_usd_per_mtok
    served += (1.0 - newest_frac) / fleet_usd_per_mtok
    return 1.0 / served
