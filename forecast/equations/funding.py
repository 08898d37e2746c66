"""New money: the regime that all firms of a path share, the chance of a round in it, and its size."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array, Index

# After a round, over which the chance of the next comes back: the likeliest at four of five vintages (docs/evidence.md).
REST_MONTHS = 6.0


def funding_prob_per_month(
    regime_per_month: Array, growth_ratio: Array, runway: Array, months_since_round: Array
) -> Array:
    """Chance that a provider closes a round this month.

    h = h_regime·a·u·w, above one certain, with attraction a = clip(growth, ½, 2), urgency u = 2 under a year of runway, else 1,
    and w = min(1, t/6): whoever has just raised does not ask again

    Args:
        regime_per_month: h_regime, rate of the shared funding regime, 1/month, at least 0.
        growth_ratio: revenue over its moving average of twelve months (1 is standing still; 1.7 where it doubles in a year).
        runway: cash over net burn, months.
        months_since_round: t, months, at least 0.

    Returns:
        Probability; above 1 is certain. Source: round_intervals.csv (quartiles 8, 13, 24 months), own-hazards.

    >>> funding_prob_per_month(0.05, 1.0, 24.0, np.array([3.0, 30.0])).tolist()
    [0.025, 0.05]
    """
    at_ease = np.clip(growth_ratio, 0.5, 2.0)
    at_ease *= regime_per_month
    urgency = np.less(runway, 12.0).astype(at_ease.dtype)
    urgency += 1.0
    urgency *= at_ease
    urgency *= np.minimum(months_since_round / REST_MONTHS, 1.0)
    return np.asarray(urgency)


def rested_months(months_since_round: Array) -> Array:
    """Months since a round, each counted as much as the chance of the next had come back in it.

    E = ∫ min(1, t/6) dt = t²/12 up to half a year, t − 3 after it

    Args:
        months_since_round: t, months, at least 0.

    Returns:
        Months. Source: w of `funding_prob_per_month`.

    >>> rested_months(np.array([3.0, 6.0, 18.0])).tolist()
    [0.75, 3.0, 15.0]
    """
    within = np.minimum(months_since_round, REST_MONTHS)
    return np.asarray(within**2 / (2 * REST_MONTHS) + (months_since_round - within))


def steady_growth_ratio(growth_per_month: Array) -> Array:
    """Revenue over its moving average of twelve months, of a firm that has long grown at one rate.

    r = max(½, 12 − 11·e^(−g)), the fixed point of a' = a + (v − a)/12 under v' = v·e^g

    Args:
        growth_per_month: g, logarithmic, 1/month.

    Returns:
        Ratio; below ½ it would not count (`funding_prob_per_month`). Source: own-hazards.

    One that stands still, and one that doubles in a year.

    >>> steady_growth_ratio(np.array([0.0, np.log(2) / 12])).round(2).tolist()
    [1.0, 1.62]
    """
    return np.clip(12.0 - 11.0 * np.exp(-growth_per_month), 0.5, np.inf)


def own_growth_log(growth_per_month: Array, fade_months: Array, months: Array | float) -> Array:
    """Growth in logs over the months before today, where growth of one's own came as it will fade.

    G = g·τ·(1 − e^(−t/τ)), the integral of g·e^(−s/τ) over t months

    Args:
        growth_per_month: g, today's growth beyond the market's, logarithmic, 1/month, any sign.
        fade_months: τ, in which it fades by a factor e, positive.
        months: t, at least 0.

    Returns:
        Log of revenue today over that of then, the market's growth aside. Source: own-assumption; τ is own-fit-trends.

    >>> own_growth_log(np.array(0.1), np.array(6.0), 6.0).round(4).item()
    0.3793
    """
    return np.asarray(growth_per_month * fade_months * -np.expm1(-months / fade_months))


def burn_covered_usd(net_flow: Array, covers_months: Array) -> Array:
    """Burn that a round pays for.

    B = n·max(−F, 0)

    Args:
        net_flow: F, USD/month.
        covers_months: n, months of burn, positive.

    Returns:
        USD. Source: own-hazards.

    >>> burn_covered_usd(-2.0, 24.0).item()
    48.0
    """
    burn = np.clip(net_flow, -np.inf, 0.0)
    burn *= -covers_months
    return np.asarray(burn)


def round_size_usd(burn_usd: Array, last_ratio: Array, scale: Array, to_last_ratio: Array) -> Array:
    """Size of a round: the burn it is to pay for, and not much less than the last one, grown as rounds do with revenue.

    Q = max(B, r·ℓ·v), v = V^η, with ℓ = L/V_L^η of the last round L and the revenue V_L of its day

    Args:
        burn_usd: B, USD.
        last_ratio: ℓ, USD per (USD/month)^η.
        scale: v, revenue, USD/month, to the power η: relative growth of a round for relative growth of revenue, at least 0.
        to_last_ratio: r, least size over that, at least 0.

    Returns:
        USD. Source: own-rounds: η by 22 pairs of rounds.

    A last round of 20 at a revenue of 1, now 4, and η of a half.

    >>> round_size_usd(30.0, 20.0, 4.0**0.5, 1.0).item()
    40.0
    """
    return np.maximum(burn_usd, to_last_ratio * last_ratio * scale)


def regime_next(regime: Index, transition: Array, uniform: Array) -> Index:
    """State of the funding market, a month later: one Markov chain shared by all providers of a path.

    Args:
        regime: index of the state, [path].
        transition: chance of each next state by state, [state, state], rows summing to 1.
        uniform: u in (0, 1), [path].

    Returns:
        Index of the state. Source: own-hazards.

    >>> regime_next(np.array([0]), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.95])).tolist()
    [1]
    """
    edges = np.cumsum(transition, axis=1)[:, :-1].T
    return sum((uniform > edge.take(regime) for edge in edges), np.zeros(regime.shape, np.intp))
