"""Step 8, hyperscalers: whether their machines pay, and which of them leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import REAL, Array, Flags, Index, Spots, spots, spots_at
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import cash, exits
from forecast.market.names import Names
from forecast.units import MONTHS_PER_YEAR


@dataclass
class Clouds:
    """Hyperscalers, `[cloud, path]`: they do not run out of cash, but leave where AI does not pay for its machines."""

    theta: Parameters
    provider: Index  # row of each among providers
    depreciation_start_usd_per_year: Array
    other_start_usd_per_month: Array
    leave_prob: Array  # [path] in a month in which machines do not pay
    sustainability: Array  # AI revenue over the cost of the machines

    def weigh(self, revenue: Array, other_ratio: Array, capacity_ratio: Array) -> None:
        """Compare a month's AI revenue with the cost of the machines.

        Args:
            revenue: of tokens, `[provider, path]`, USD/month.
            other_ratio, capacity_ratio: other business and machines over those of the as_of month, `[path]`.
        """
        yearly = MONTHS_PER_YEAR * (revenue[self.provider] + self.other_start_usd_per_month * other_ratio)
        self.sustainability = cash.sustainability_ratio(
            yearly, self.depreciation_start_usd_per_year * capacity_ratio, self.theta["cloud_running_ratio"]
        )

    def leaving(self, alive: Flags, uniform: Array) -> Spots:
        """Return those whose machines do not pay and that leave, `[provider, path]`; the last stays, with the others' customers."""
        losing = self.sustainability < self.theta["cloud_leave_below_ratio"]
        tired = uniform[self.provider] < self.leave_prob
        leaving = alive[self.provider] & losing & tired
        leaving &= (alive[self.provider] & ~leaving).any(axis=0)
        found = spots(leaving)
        return spots_at(self.provider[found.row], found.path, BLOCK_PATHS)


def start_clouds(draws: Draws, names: Names, revenue: Array, other_usd_per_month: Array) -> Clouds:
    """Return the hyperscalers of the as_of month; revenue of tokens and of all else is `[provider, path]`, USD/month."""
    clouds = Clouds(
        theta=Parameters(draws),
        provider=names.cloud_provider,
        depreciation_start_usd_per_year=draws.column("cloud_finances", "ai_depreciation_usd_per_year", names.clouds),
        other_start_usd_per_month=other_usd_per_month[names.cloud_provider],
        leave_prob=exits.monthly_prob(draws.parameter("cloud_leave_per_year")),
        sustainability=np.empty(0, REAL),
    )
    today = np.ones(BLOCK_PATHS, REAL)
    clouds.weigh(revenue, today, today)
    return clouds
