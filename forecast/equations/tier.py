"""The price of a fixed capability: it falls toward a multiple of its own floor, by shocks that grow with the distance."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array

# Without an end, a shock in proportion to the distance would feed itself. The farthest fall seen is that of GPQA 0.65, from 26
# dollars to 0.027, 6.9 in logs (tier_prices.csv).
FARTHEST_LOG = 7.0


def tier_log_price_next(log_price: Array, log_floor: Array, reversion_per_month: Array, shock: Array) -> Array:
    """Log price of a fixed capability, a month later: it falls fast toward a moving floor and stops there.

    q(t+1) = q + κ·(f − q) + ε, within f ± D, D = 7: no tier was seen to fall farther

    Args:
        log_price: q, log USD/Mtok.
        log_floor: f, log of the price at which it settles, USD/Mtok.
        reversion_per_month: κ, 0–1.
        shock: ε, log.

    Returns:
        log USD/Mtok. Source: tier_prices.csv (own-tiers).

    >>> tier_log_price_next(np.array([1.0]), np.array([0.0]), np.array([0.1]), np.array([0.0])).tolist()
    [0.9]
    """
    moved = log_price + reversion_per_month * (log_floor - log_price) + shock
    return np.clip(moved, log_floor - FARTHEST_LOG, log_floor + FARTHEST_LOG)


def tier_shock_scale(distance_log: Array, shock_sd: Array, far_ratio: Array) -> Array:
    """Scale of a month's shock to the price of a fixed capability: a young tier jumps, one at its floor hardly moves.

    s(d) = √(σ² + (ω·min(max(d, 0), D))²), D = 7

    Args:
        distance_log: d, log of the price over the price at which it settles.
        shock_sd: σ, scale at or below that price, log, at least 0.
        far_ratio: ω, scale for a unit of distance, at least 0.

    Returns:
        Scale, log, at least σ. Source: tier_prices.csv (own-tiers).

    >>> tier_shock_scale(np.array([-1.0, 4.0]), 0.3, 0.1).round(9).tolist()
    [0.3, 0.5]
    """
    far = far_ratio * np.clip(distance_log, 0.0, FARTHEST_LOG)
    return np.sqrt(shock_sd * shock_sd + far * far)


def capability_floor(floor_usd_per_mtok: Array, shrink_per_year: Array, fade_months: Array, month: float) -> Array:
    """Floor for a fixed capability: smaller models reach the same score, less and less so as a score ages.

    f_c(t) = f(t)·exp(−γ·(τ/12)·(1 − e^(−t/τ)))

    Args:
        floor_usd_per_mtok: f, floor for the fixed model, USD/Mtok.
        shrink_per_year: γ, today's yearly fall in logs of the computation needed for the score, 1/year.
        fade_months: τ, time in which that fall slows by a factor e, months, positive.
        month: t, months after as_of, at least 0.

    Returns:
        USD/Mtok. Source: own-tiers (a level falls fast in its first year, then sits on a floor).

    >>> capability_floor(np.array([0.2]), 0.7, 12.0, 0).tolist()
    [0.2]
    """
    return floor_usd_per_mtok * np.exp(shrink_per_year * (fade_months / 12 * (np.exp(-month / fade_months) - 1.0)))
