"""What of a month is written down: for the forecast, for those who watch, and for queries of single offers."""

from __future__ import annotations

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS
from forecast.equations import shares
from forecast.equations.cost import rented_usd_per_accelerator_hour
from forecast.market.finances import (
    cost_frac,
    of_the_living,
    revenue_usd_per_month,
    subsidy_usd_per_month,
)
from forecast.market.market import Market
from forecast.market.router import Router
from forecast.units import MONTHS_PER_YEAR


def reported(market: Market) -> dict[str, Array]:
    """Return the series of a forecast in a month, `[entity, path]`."""
    names, trade, machines, mix = market.names, market.trade, market.machines, market.mix
    floor, price = machines.floor_usd_per_mtok * mix.cost_ratio, trade.segment_spend / trade.segment_tokens
    all_tokens, all_spend = trade.segment_tokens.sum(axis=0), trade.segment_spend.sum(axis=0)
    tokens, spend = names.provider_sum(trade.tokens)[names.single], trade.revenue[names.single]
    asked = market.doors.absent.take(names.offer_provider, axis=0)
    asked += market.sellers.usd_per_mtok
    rent = rented_usd_per_accelerator_hour(machines.reference_owned_usd_per_hour(), market.rents.scarcity)
    return {
        "market_price": price,
        "constant_mix_price": np.exp(market.log_price),
        "output_frac": mix.output_frac,
        "cached_frac": mix.cached_frac,
        "cheapest_price": names.segment_min(asked) * mix.price_ratio,
        "tier_price": np.exp(market.tiers.log_price),
        "floor": floor,
        "capability_floor": market.tiers.capability_floor_usd_per_mtok,
        "price_to_floor_ratio": price / floor,
        "unit_cost": trade.segment_cost / trade.segment_tokens,
        "volume": trade.segment_tokens,
        "rent": np.atleast_2d(rent),
        "hhi_tokens": shares.herfindahl(tokens, all_tokens)[None],
        "hhi_spend": shares.herfindahl(spend, all_spend)[None],
        "top5_tokens_frac": (shares.top_sum(tokens, 5) / all_tokens)[None],
        "top5_spend_frac": (shares.top_sum(spend, 5) / all_spend)[None],
        "independent_providers": (market.doors.present[names.own_cash].sum(axis=0) + market.fringe.count)[None],
        "sustainability_ratio": market.clouds.sustainability,
    }


def noted(market: Market) -> dict[str, Array]:
    """Return what `outcomes.by_path` is found from: single offers (absent ones are NaN), families, buyers and firms.

    Whoever has left has no margin, and whose parent pays no cash: NaN.
    """
    gone = market.doors.absent.take(market.names.offer_provider, axis=0) > 0
    asked = market.names.segment_scaled(market.sellers.usd_per_mtok, market.mix.price_ratio)
    firms = of_the_living(market)
    cash = np.full_like(firms["firm_margin_frac"], np.nan)
    cash[market.names.own_cash] = firms["cash_with_rounds_usd"]
    return {
        "asked_price": np.where(gone, REAL(np.nan), asked),
        "serving_cost": np.where(gone, REAL(np.nan), market.sellers.unit_cost_usd_per_mtok),
        "market_price": market.trade.segment_spend / market.trade.segment_tokens,
        "family_cost": market.machines.best_usd_per_mtok.reshape(-1, BLOCK_PATHS),
        "purchases": market.doors.purchases,
        "revenue": revenue_usd_per_month(market) * MONTHS_PER_YEAR,
        "margin": np.where(market.doors.absent > 0, REAL(np.nan), 1 - firms["firm_margin_frac"]),
        "cash": cash,
    }


def seen(market: Market, router: Router) -> dict[str, Array]:
    """Return what a forecast does not report and a hindcast or a buyer asks for, `[entity, path]`."""
    trade, other = market.trade, market.treasury.other.usd_per_month()
    tokens = market.names.provider_sum(trade.tokens)
    return {
        "router_share": router.share(tokens),
        "provider_tokens": tokens,
        "provider_spend": trade.revenue,
        "provider_cost": trade.serving_cost,
        "provider_loss": subsidy_usd_per_month(market),
        "provider_margin": 1 - cost_frac(market, other),  # of all business
        "provider_revenue": trade.revenue + other,
        "rounds": _rounds(market),
        "offer_price": market.sellers.usd_per_mtok,  # of today's mix
        "repriced_log": _repriced_log(market),
        "regime": market.treasury.regime[None].astype(REAL),
    }


def _rounds(market: Market) -> Array:
    """Return 1 for providers on their own cash whose round closed this month, else 0, `[own_cash, path]`."""
    closed = np.zeros_like(market.treasury.cash_usd)
    market.treasury.closes.put(closed, 1)
    return closed


def _repriced_log(market: Market) -> Array:
    """Return this month's change of the list price of one model at each offer, `[offer, path]`."""
    moved, new = np.zeros_like(market.sellers.log_price), market.new_prices
    if new is not None:
        new.offers.put(moved, np.where(new.same_model, new.model_change_log, 0))
    return moved
