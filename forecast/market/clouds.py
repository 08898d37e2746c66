"""Step 8, hyperscalers: whether their machines pay, and which of them leave."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array, Flags, Spots, spots, spots_at
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import clouds, exits
from forecast.market.names import Names
from forecast.market.trade import Trade
from forecast.units import MONTHS_PER_YEAR


class Clouds:
    """Hyperscalers, `[cloud, path]`: they do not run out of cash, but leave where AI does not pay for its machines."""

    def __init__(
        self, draws: Draws, names: Names, trade: Trade, other_usd_per_month: Array, other_cost_usd_per_month: Array
    ) -> None:
        """Take revenue of the as_of month that is not of tokens, USD/month, and what it costs, each `[provider, path]`."""
        self.theta, self.provider = Parameters(draws), names.cloud_provider  # row of each among providers
        self.other_start_usd_per_month = other_usd_per_month[self.provider]
        self.other_cost_usd_per_year = MONTHS_PER_YEAR * other_cost_usd_per_month[self.provider]
        self.other_machines_usd_per_year = clouds.machines_beside_tokens(  # of the as_of month, as the cost
            draws.column("cloud_finances", "ai_depreciation_usd_per_year", names.clouds),
            self.theta["cloud_running_ratio"],
            MONTHS_PER_YEAR * trade.serving_cost[self.provider],
        )
        self.leave_prob = exits.monthly_prob(self.theta["cloud_leave_per_year"])  # where machines do not pay
        self.weigh(trade, np.ones_like(other_usd_per_month))

    def weigh(self, trade: Trade, other_ratio: Array) -> None:
        """Compare a month's AI revenue with the cost of the machines: `sustainability` is one over the other.

        `other_ratio` is other business over that of the start, `[provider, path]`.
        """
        other_ratio = other_ratio[self.provider]
        self.sustainability = clouds.sustainability_ratio(
            MONTHS_PER_YEAR * (trade.revenue[self.provider] + self.other_start_usd_per_month * other_ratio),
            MONTHS_PER_YEAR * trade.serving_cost[self.provider],
            clouds.machines_grown(self.other_machines_usd_per_year, self.other_cost_usd_per_year, other_ratio),
        )

    def leaving(self, alive: Flags, uniform: Array) -> Spots:
        """Return those whose machines do not pay and that leave, `[provider, path]`; the last stays, with the others' customers."""
        losing = self.sustainability < self.theta["cloud_leave_below_ratio"]
        tired = uniform[self.provider] < self.leave_prob
        leaving = alive[self.provider] & losing & tired
        leaving &= (alive[self.provider] & ~leaving).any(axis=0)
        found = spots(leaving)
        return spots_at(self.provider[found.row], found.path, BLOCK_PATHS)
