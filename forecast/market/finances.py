"""Finances as an investor reads them, tokens and other business together: what comes in, what is left, what is in the bank."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array
from forecast.market.market import Market
from forecast.units import MONTHS_PER_YEAR


def subsidy_usd_per_month(market: Market) -> Array:
    """Return what selling below own cost costs each provider, `[provider, path]`."""
    loss = market.trade.cost - market.trade.spend
    return market.names.provider_sum(np.clip(loss, 0.0, np.inf, out=loss))


def revenue_usd_per_month(market: Market) -> Array:
    """Return what each provider earns in a month, in that of its exit on tokens alone, later nothing."""
    revenue: Array = market.trade.revenue + market.treasury.other.usd_per_month() * market.doors.present
    return revenue


def cost_frac(market: Market, other: Array) -> Array:
    """Return one less the gross margin of all business, `[provider, path]`: never below zero, as a fan needs.

    c = (S + O·(1 − m))/max(T + O, 1), with revenue of tokens T, their serving cost S, other revenue O (`other`) and
    its margin m, USD/month.
    """
    earned = market.trade.revenue + other
    earned += market.doors.absent
    cost: Array = other * market.other_cost_frac
    cost += market.trade.serving_cost
    cost /= np.clip(earned, 1.0, np.inf, out=earned)
    return cost


def of_the_living(market: Market) -> dict[str, Array]:
    """Return what `outcomes.finances` counts, `[provider, path]`; 0 for whoever has left by the end of the month."""
    trade, doors = market.trade, market.doors
    other = market.treasury.other.usd_per_month()
    revenue = trade.revenue + other
    revenue *= doors.present
    revenue *= MONTHS_PER_YEAR
    tokens = market.names.provider_sum(trade.tokens)
    tokens /= trade.segment_tokens.sum(axis=0)
    tokens *= doors.present
    return {
        "revenue_usd_per_year": revenue,
        "firm_margin_frac": cost_frac(market, other),
        "cash_with_rounds_usd": market.treasury.cash_usd * doors.present[market.names.own_cash],
        "provider_tokens_frac": tokens,
        "subsidy_usd_per_month": subsidy_usd_per_month(market) * doors.present,
    }
