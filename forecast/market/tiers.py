"""The price of a fixed capability in each segment: a series beside the market, that falls toward its own moving floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import Array, Index, in_order
from forecast.draws import Draws
from forecast.equations import tier
from forecast.market.names import Names


@dataclass
class Tiers:
    """Prices of a fixed capability, `[segment, path]`."""

    log_price: Array
    log_price_start: Array  # somebody serves the capability at it: what a price settles at is no more
    capability_floor_usd_per_mtok: Array  # floor of what reaches the capability with fewer parameters each year
    floor_ratio: Array
    reversion_per_month: Array
    shock_sd: Array
    far_ratio: Array
    shrink_per_year: Array
    fade_months: Array
    capable_last: Index

    def step(self, month: int, floor_usd_per_mtok: Array, contract_scarcity: Array, normal: Array) -> None:
        """Move the prices a month: toward a multiple of the capability's floor at contract rents, by a shock that grows with the distance.

        Whoever does the harder thing does the easier one too, so no lower capability is dearer than a higher one: prices
        that cross change places, which keeps their mean.
        """
        self.capability_floor_usd_per_mtok = tier.capability_floor(
            floor_usd_per_mtok, self.shrink_per_year, self.fade_months, month
        )
        settles = np.log(self.capability_floor_usd_per_mtok * self.floor_ratio) + contract_scarcity
        settles = np.minimum(settles, self.log_price_start)
        scale = tier.tier_shock_scale(self.log_price - settles, self.shock_sd, self.far_ratio)
        alone = tier.tier_log_price_next(self.log_price, settles, self.reversion_per_month, scale * normal)
        self.log_price = np.empty_like(alone)
        self.log_price[self.capable_last] = in_order(alone)


def start_tiers(draws: Draws, names: Names, floor_usd_per_mtok: Array) -> Tiers:
    """Return the tiers of the as_of month."""
    log_price = np.log(draws.column("segments", "tier_price_usd_per_mtok", names.segments))
    return Tiers(
        log_price=log_price,
        log_price_start=log_price,
        capability_floor_usd_per_mtok=floor_usd_per_mtok,  # no time to shrink yet
        floor_ratio=draws.parameter("tier_floor_ratio"),
        reversion_per_month=draws.parameter("tier_reversion_per_month"),
        shock_sd=draws.parameter("tier_shock_sd"),
        far_ratio=draws.parameter("tier_shock_far_ratio"),
        shrink_per_year=draws.column("segments", "capability_shrink_per_year", names.segments),
        fade_months=draws.parameter("capability_fade_months"),
        capable_last=names.capable_last,
    )
