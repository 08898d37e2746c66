"""What is sold in a month: tokens, what is paid for them and what they cost, by offer, segment and provider."""

from __future__ import annotations

from typing import NamedTuple

from forecast.arrays import Array, Index
from forecast.market.names import Names


class Trade(NamedTuple):
    """The flows of a month, in millions of tokens and USD."""

    tokens: Array  # [offer, path]
    spend: Array
    cost: Array
    segment_tokens: Array  # [segment, path]
    segment_spend: Array
    segment_cost: Array
    revenue: Array  # [provider, path]
    serving_cost: Array

    def margin_frac(self, offers: Index) -> Array:
        """Return the gross margin of some offers together, of all if none is named, `[path]`."""
        these = offers if len(offers) else slice(None)
        margin: Array = 1 - self.cost[these].sum(axis=0) / self.spend[these].sum(axis=0)
        return margin


def trade_of(
    names: Names,
    share: Array,
    segment_tokens: Array,
    usd_per_mtok: Array,
    unit_cost_usd_per_mtok: Array,
    price_ratio: Array,
) -> Trade:
    """Return the trade of a month from shares, prices and unit costs, each `[offer, path]`, and tokens of each `[segment, path]`.

    Prices are of today's mix of tokens; `price_ratio`, `[segment, path]`, is what the month's mix is worth over it.
    """
    tokens = names.segment_scaled(share, segment_tokens)
    spend = tokens * usd_per_mtok
    names.segment_scaled(spend, price_ratio, out=spend)
    cost = tokens * unit_cost_usd_per_mtok
    return Trade(
        tokens=tokens,
        spend=spend,
        cost=cost,
        segment_tokens=segment_tokens,
        segment_spend=names.segment_sum(spend),
        segment_cost=names.segment_sum(cost),
        revenue=names.provider_sum(spend),
        serving_cost=names.provider_sum(cost),
    )
