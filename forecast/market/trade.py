"""What is sold in a month: tokens, what is paid for them and what they cost, by offer, segment and provider."""

from __future__ import annotations

from forecast.arrays import Array, Index
from forecast.market.names import Names


class Trade:
    """The flows of a month, in millions of tokens and USD: `[offer, path]`, `[segment, path]` and `[provider, path]`."""

    def __init__(
        self,
        names: Names,
        share: Array,
        segment_tokens: Array,
        usd_per_mtok: Array,
        unit_cost_usd_per_mtok: Array,
        price_ratio: Array,
    ) -> None:
        """Take shares, prices and unit costs, each `[offer, path]`, and tokens of each `[segment, path]`.

        Prices are of today's mix of tokens; `price_ratio`, `[segment, path]`, is what the month's mix is worth over it.
        """
        self.tokens = names.segment_scaled(share, segment_tokens)
        self.spend = self.tokens * usd_per_mtok
        names.segment_scaled(self.spend, price_ratio, out=self.spend)
        self.cost = self.tokens * unit_cost_usd_per_mtok
        self.segment_tokens = segment_tokens
        self.segment_spend, self.segment_cost = names.segment_sum(self.spend), names.segment_sum(self.cost)
        self.revenue, self.serving_cost = names.provider_sum(self.spend), names.provider_sum(self.cost)

    def margin_frac(self, offers: Index) -> Array:
        """Return the gross margin of some offers together, of all if none is named, `[path]`."""
        these = offers if len(offers) else slice(None)
        margin: Array = 1 - self.cost[these].sum(axis=0) / self.spend[these].sum(axis=0)
        return margin
