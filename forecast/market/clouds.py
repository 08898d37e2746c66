"""Step 8, hyperscalers: whether their machines pay, and which of them leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import REAL, Array, Flags, Index, Spots, spots, spots_at
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import cash, exits
from forecast.market.names import Names
from forecast.market.trade import Trade
from forecast.units import MONTHS_PER_YEAR


@dataclass
class Clouds:
    """Hyperscalers, `[cloud, path]`: they do not run out of cash, but leave where AI does not pay for its machines."""

    theta: Parameters
    provider: Index  # row of each among providers
    other_start_usd_per_month: Array  # AI business beside tokens
    other_cost_usd_per_year: Array  # of that business, in the as_of month
    other_machines_usd_per_year: Array  # that serve no tokens, in the as_of month
    leave_prob: Array  # [path] in a month in which machines do not pay
    sustainability: Array  # AI revenue over the cost of the machines

    def weigh(self, trade: Trade, other_ratio: Array) -> None:
        """Compare a month's AI revenue with the cost of the machines; `other_ratio`, `[provider, path]`, is other business over that of the start."""
        other_ratio = other_ratio[self.provider]
        self.sustainability = cash.sustainability_ratio(
            MONTHS_PER_YEAR * (trade.revenue[self.provider] + self.other_start_usd_per_month * other_ratio),
            MONTHS_PER_YEAR * trade.serving_cost[self.provider],
            cash.machines_grown(self.other_machines_usd_per_year, self.other_cost_usd_per_year, other_ratio),
        )

    def leaving(self, alive: Flags, uniform: Array) -> Spots:
        """Return those whose machines do not pay and that leave, `[provider, path]`; the last stays, with the others' customers."""
        losing = self.sustainability < self.theta["cloud_leave_below_ratio"]
        tired = uniform[self.provider] < self.leave_prob
        leaving = alive[self.provider] & losing & tired
        leaving &= (alive[self.provider] & ~leaving).any(axis=0)
        found = spots(leaving)
        return spots_at(self.provider[found.row], found.path, BLOCK_PATHS)


def start_clouds(
    draws: Draws, names: Names, trade: Trade, other_usd_per_month: Array, other_cost_frac: Array
) -> Clouds:
    """Return the hyperscalers of the as_of month; revenue that is not of tokens, USD/month, and its cost are `[provider, path]`."""
    theta, other = Parameters(draws), other_usd_per_month[names.cloud_provider]
    clouds = Clouds(
        theta=theta,
        provider=names.cloud_provider,
        other_start_usd_per_month=other,
        other_cost_usd_per_year=MONTHS_PER_YEAR * other * other_cost_frac[names.cloud_provider],
        other_machines_usd_per_year=cash.machines_beside_tokens(
            draws.column("cloud_finances", "ai_depreciation_usd_per_year", names.clouds),
            theta["cloud_running_ratio"],
            MONTHS_PER_YEAR * trade.serving_cost[names.cloud_provider],
        ),
        leave_prob=exits.monthly_prob(draws.parameter("cloud_leave_per_year")),
        sustainability=np.empty(0, REAL),
    )
    clouds.weigh(trade, np.ones_like(other_usd_per_month))
    return clouds
