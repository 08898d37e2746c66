"""The price of a fixed capability in each segment: a series beside the market, that falls toward its own moving floor."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array, in_order
from forecast.draws import Draws, Parameters
from forecast.equations import tier
from forecast.market.names import Names


class Tiers:
    """Prices of a fixed capability, `[segment, path]`."""

    def __init__(self, draws: Draws, names: Names, floor_usd_per_mtok: Array) -> None:
        self.theta = Parameters(draws)
        asked = [draws.scenario.rows["segments"][segment]["gpqa_at_least"] for segment in names.segments]
        self.capable_last = np.argsort(asked, kind="stable")  # segments by the capability they ask for
        self.log_price = np.log(draws.column("segments", "tier_price_usd_per_mtok", names.segments))
        # Somebody serves the capability at it: what a price settles at is no more.
        self.log_price_start = self.log_price
        self.shrink_per_year = draws.column("segments", "capability_shrink_per_year", names.segments)
        # Floor of what reaches the capability with fewer parameters each year: no time to shrink yet.
        self.capability_floor_usd_per_mtok = floor_usd_per_mtok

    def step(self, month: int, floor_usd_per_mtok: Array, contract_scarcity: Array, normal: Array) -> None:
        """Move the prices a month: toward a multiple of the capability's floor at contract rents, by a shock that grows with the distance.

        Whoever does the harder thing does the easier one too, so no lower capability is dearer than a higher one: prices
        that cross change places, which keeps their mean.
        """
        theta = self.theta
        self.capability_floor_usd_per_mtok = tier.capability_floor(
            floor_usd_per_mtok, self.shrink_per_year, theta["capability_fade_months"], month
        )
        settles = np.log(self.capability_floor_usd_per_mtok * theta["tier_floor_ratio"]) + contract_scarcity
        settles = np.minimum(settles, self.log_price_start)
        far = self.log_price - settles
        shock = tier.tier_shock_scale(far, theta["tier_shock_sd"], theta["tier_shock_far_ratio"]) * normal
        alone = tier.tier_log_price_next(self.log_price, settles, theta["tier_reversion_per_month"], shock)
        self.log_price = np.empty_like(alone)
        self.log_price[self.capable_last] = in_order(alone)
