"""Prices: sticky list prices that sometimes are reset, subsidy, and the price of a fixed capability."""

from __future__ import annotations

import math

import numpy as np

from forecast.arrays import Array

# Mean |ε| of a logistic shock over its standard deviation.
MEAN_SIZE_RATIO = math.sqrt(3.0) / math.pi * 2.0 * math.log(2.0)
CASH_MONTHS = 12.0  # runway below which a provider looks for money, and sells nothing below cost


def allowed_subsidy_frac(depth_frac: Array, runway_months: Array) -> Array:
    """Deepest discount under own cost that a seller's cash allows.

    d = D where R ≥ 12, else 0

    Args:
        depth_frac: D, deepest discount of a provider with a year of cash, 0–1; 0 in a cold funding market.
        runway_months: R, cash over net burn, months (infinite when nothing burns).

    Returns:
        Fraction, 0 or D. Source: MODEL §6 step 5 (a subsidy needs cash and a warm market), own-assumption.

    >>> allowed_subsidy_frac(np.array(0.4), np.array([12.0, 11.0])).tolist()
    [0.4, 0.0]
    """
    return depth_frac * (runway_months >= CASH_MONTHS)


def slack_ratio(tightness: Array) -> Array:
    """Markup a seller can hope for over that of a balanced market: an idle hour is better sold cheaply.

    e^min(0, τ)

    Args:
        tightness: τ, log(load/capacity); negative in a glut.

    Returns:
        Ratio, 0–1. Source: own-assumption (capacity competition).

    >>> slack_ratio(np.array([1.0, -np.log(2)])).round(9).tolist()
    [1.0, 0.5]
    """
    return np.exp(np.minimum(0.0, tightness))


def target_log_price(
    log_market: Array,
    log_cost: Array,
    log_price: Array,
    markup_frac: Array,
    market_weight_frac: Array,
    premium_kept_frac: Array,
    subsidy_frac: Array,
) -> Array:
    """Price a provider would set today: between the market's and cost plus markup, not below subsidised cost.

    q* = max( w·(m + ρ·(q − m)) + (1 − w)·(c + log(1 + μ)),  c + log(1 − d) )

    Args:
        log_market: m, log of the segment's volume-weighted price, USD/Mtok.
        log_cost: c, log of own unit cost, USD/Mtok.
        log_price: q, log of own price today, USD/Mtok.
        markup_frac: μ, markup over cost aimed at, above −1.
        market_weight_frac: w, 0–1.
        premium_kept_frac: ρ, part of the present distance to the market kept (service level, speed, quality), 0–1.
        subsidy_frac: d, deepest allowed discount under cost, 0 to below 1.

    Returns:
        log USD/Mtok. Source: FACTS (hosts far below others move up); MODEL §6 step 5.

    >>> target_log_price(0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 0.0).item()
    0.0
    """
    wanted = market_weight_frac * (log_market + premium_kept_frac * (log_price - log_market)) + (
        1.0 - market_weight_frac
    ) * (log_cost + np.log(1.0 + markup_frac))
    return np.maximum(wanted, log_cost + np.log(1.0 - subsidy_frac))


def uniform_again(uniform: Array, above: Array | float, prob: Array) -> Array:
    """Uniform number that is left of one that has brought an event: where in the event's interval it lies.

    (u − a)/p

    Args:
        uniform: u in [a, a + p).
        above: a, where the interval begins, 0–1.
        prob: p, chance of the event, positive.

    Returns:
        Uniform in [0, 1). Source: the conditional law of a uniform number.

    >>> uniform_again(np.array([0.2, 0.35]), 0.2, np.array([0.3, 0.3])).round(9).tolist()
    [0.0, 0.5]
    """
    left = uniform - above
    left /= prob
    return left


def logistic_shock(uniform: Array, scale: Array) -> Array:
    """Logistic shock with a given standard deviation, from a uniform number.

    ε = σ·(√3/π)·log(u/(1 − u))

    Args:
        uniform: u in (0, 1).
        scale: σ, standard deviation, at least 0.

    Returns:
        Shock in the unit of σ; heavier tails than the normal, as price changes have. Source: price_changes.csv (own-fit-trends).

    >>> logistic_shock(np.array([0.5]), np.array([0.2])).tolist()
    [0.0]
    """
    return scale * (math.sqrt(3.0) / math.pi) * np.log(uniform / (1.0 - uniform))


def uniform_of_sign(uniform: Array, rise_prob: Array) -> Array:
    """Uniform number bent so that a symmetric shock drawn with it is positive as often as asked; sizes stay as they are.

    u' = min(½, u/(2·(1 − π))) + max(0, u − 1 + π)/(2π)

    Args:
        uniform: u in [0, 1].
        rise_prob: π, chance of a positive shock, above 0 and below 1; ½ leaves u as it is.

    Returns:
        Number in [0, 1], above ½ with probability π. Source: price_changes.csv (own-fit-trends).

    >>> uniform_of_sign(np.array([0.2, 0.4, 0.9]), np.array([0.2, 0.2, 0.2])).round(9).tolist()
    [0.125, 0.25, 0.75]
    """
    falls_prob = 1.0 - rise_prob
    bent = np.clip(uniform / (2.0 * falls_prob), 0.0, 0.5)  # clipping is much faster than a choice
    bent += np.clip(uniform - falls_prob, 0.0, 1.0) / (2.0 * rise_prob)
    return bent


def mean_shock(rise_prob: Array, scale: Array) -> Array:
    """Mean of a logistic shock that is positive with a given probability.

    (2π − 1)·E|ε|, E|ε| = σ·(√3/π)·2·log 2

    Args:
        rise_prob: chance of a positive shock, 0–1.
        scale: σ, standard deviation of the symmetric shock, at least 0.

    Returns:
        Mean, in the unit of σ. Source: the mean of |ε| of a logistic law.

    >>> mean_shock(np.array([0.5, 1.0]), np.array([1.0])).round(4).tolist()
    [0.0, 0.7643]
    """
    return (2.0 * rise_prob - 1.0) * scale * MEAN_SIZE_RATIO


def felt_frac(repriced_frac: Array) -> Array:
    """Part of the shock to a repriced model that a seller's mean price feels: models repriced apart average out.

    √f: a share f of the models moves by ε, 1/f times as often as each of them, so that a year's variance of the mean is
    (λ/f)·(f·σ)² = λ·(√f·σ)²

    Args:
        repriced_frac: f, part of the models that are repriced together, 0–1.

    Returns:
        Fraction, 0–1. Source: own-fit-trends (price lists).

    >>> felt_frac(np.array([0.25])).tolist()
    [0.5]
    """
    return np.sqrt(repriced_frac)
