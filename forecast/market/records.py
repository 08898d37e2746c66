"""What of a month is written down: for the forecast, for those who watch, for queries of single offers, and each year's finances."""

from __future__ import annotations

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS
from forecast.equations import shares
from forecast.equations.cost import rented_usd_per_accelerator_hour
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


def noted(market: Market, firms: dict[str, Array]) -> dict[str, Array]:
    """Return what `outcomes.by_path` is found from: single offers (absent ones are NaN), families, buyers and firms (`of_the_living`).

    Whoever has left has no margin, and whose parent pays no cash: NaN.
    """
    gone = market.doors.absent.take(market.names.offer_provider, axis=0) > 0
    asked = market.names.segment_scaled(market.sellers.usd_per_mtok, market.mix.price_ratio)
    doors = market.doors
    cash = np.full_like(firms["firm_margin_frac"], np.nan)
    cash[market.names.own_cash] = firms["cash_with_rounds_usd"]
    return {
        "asked_price": np.where(gone, REAL(np.nan), asked),
        "serving_cost": np.where(gone, REAL(np.nan), market.sellers.unit_cost_usd_per_mtok),
        "market_price": market.trade.segment_spend / market.trade.segment_tokens,
        "family_cost": market.machines.best_usd_per_mtok.reshape(-1, BLOCK_PATHS),
        "purchases": doors.purchases,
        # Whoever leaves has still sold the month's tokens.
        "revenue": np.where(doors.present > 0, firms["revenue_usd_per_year"], MONTHS_PER_YEAR * market.trade.revenue),
        "margin": np.where(doors.absent > 0, REAL(np.nan), 1 - firms["firm_margin_frac"]),
        "cash": cash,
    }


def seen(market: Market, router: Router) -> dict[str, Array]:
    """Return what a forecast does not report and a hindcast or a buyer asks for, `[entity, path]`."""
    trade, other, repriced = market.trade, market.treasury.other.usd_per_month(), market.repriced
    tokens = market.names.provider_sum(trade.tokens)
    rounds, moved = np.zeros_like(market.treasury.cash_usd), np.zeros_like(market.sellers.log_price)
    market.treasury.closes.put(rounds, 1)
    if repriced is not None:
        repriced.offers.put(moved, repriced.model_change_log)
    return {
        "router_share": router.share(tokens),
        "provider_tokens": tokens,
        "provider_spend": trade.revenue,
        "provider_cost": trade.serving_cost,
        "provider_loss": subsidy_usd_per_month(market),
        "provider_margin": 1 - cost_frac(market, other),  # of all business
        "provider_revenue": trade.revenue + other,
        "rounds": rounds,
        "offer_price": market.sellers.usd_per_mtok,  # of today's mix
        "repriced_log": moved,  # list price of one model
        "regime": market.treasury.regime[None].astype(REAL),
    }


def subsidy_usd_per_month(market: Market) -> Array:
    """Return what selling below own cost costs each provider, `[provider, path]`."""
    loss = market.trade.cost - market.trade.spend
    return market.names.provider_sum(np.clip(loss, 0.0, np.inf, out=loss))


def cost_frac(market: Market, other: Array) -> Array:
    """Return one less the gross margin of all business, `[provider, path]`: never below zero, as a fan needs.

    c = (S + C)/max(T + O, 1), with revenue of tokens T, their serving cost S, other revenue O (`other`) and its cost C, USD/month.
    """
    earned = market.trade.revenue + other
    earned += market.doors.absent
    cost = market.treasury.other.cost_usd_per_month()
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
