"""Step 7, other business: revenue beside tokens, which grows with the market's and apart from it, within what can be spent.

Contracts that customers have signed keep it from falling while they bind and are kept. What they do not hold of a neocloud's,
machines let, earns less as rents near what owning costs.
"""

from __future__ import annotations

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import demand, scarcity
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.units import HALF_A_MONTH, MONTHS_PER_YEAR, months_between

ALL = slice(None)


class OtherBusiness:
    """Other revenue of each provider, `[provider, path]`. Ratios are over the as_of month's."""

    def __init__(self, scenario: Scenario, draws: Draws, names: Names, start_usd_per_month: Array) -> None:
        """Take other revenue of every provider in the as_of month, `[provider, path]`."""
        self.theta, start = Parameters(draws), start_usd_per_month
        self.start_usd_per_month, whole = start, start.sum(axis=0)
        self.cost_start_usd_per_month = start * (
            1 - draws.column("provider_finances", "other_margin_frac", names.providers)
        )
        self.share_start = start / np.clip(whole, 1.0, np.inf)  # of the other revenue of all
        # [path] other revenue of all providers over what can be spent on it
        self.part_of_limit = MONTHS_PER_YEAR * whole / self.theta["spend_limit_usd_per_year"]
        # [path] what the market's growth would have made of it without a limit
        self.unbound_ratio = np.ones(BLOCK_PATHS, REAL)
        self.market_ratio = np.ones(BLOCK_PATHS, REAL)  # of a provider that grows with the market
        self.apart_ratio = np.ones_like(start)  # of each provider over that
        self.ratio = np.ones_like(start)  # of each provider
        # Of the few that published contracts: the row of each, revenue under contract over other revenue, `[contract, path or 1]`,
        # and the last month under contract, `[contract, 1]`.
        signed = [p for p in scenario.entities("contracts") if p in names.providers]
        self.signed_rows = [names.providers.index(p) for p in signed]
        monthly = draws.column("contracts", "contracted_usd_per_year", signed) / MONTHS_PER_YEAR
        self.signed_ratio = monthly / np.clip(start[self.signed_rows], 1.0, np.inf)  # any ratio of nothing is nothing
        ends = [round(months_between(scenario.as_of, scenario.rows["contracts"][p]["ends_on"])) for p in signed]
        self.ends_month = np.array(ends, REAL).reshape(-1, 1)
        # Of those on their own cash who let machines: their rows, and what falling rents add to cost, `[letting, path]`, USD/month.
        self.letting_rows = [row for row, kind in enumerate(names.kinds[names.own_cash]) if kind == "neocloud"]
        self.letting_cost_added: Array = np.zeros((len(self.letting_rows), BLOCK_PATHS), REAL)

    def step(self, month: int, apart: Array, contract_fall_log: Array) -> None:
        """Grow a month; `apart` is growth in logs beyond the market's, luck included, `[provider, path]`.

        `contract_fall_log` is the fall of contract rents over owned cost since the as_of month, `[path]`.
        """
        theta = self.theta
        grown = theta["growth_apart_money_ratio"] * apart
        self.apart_ratio *= np.exp(grown, out=grown)
        all_apart = np.einsum("op,op->p", self.share_start, self.apart_ratio)
        growth = demand.fading_rate(
            theta["other_growth_start_per_year"] * (1 + self.part_of_limit),  # seen within the limit
            theta["demand_growth_long_per_year"],
            theta["demand_fade_months"],
            month - HALF_A_MONTH,
        )
        self.unbound_ratio *= np.exp(growth / MONTHS_PER_YEAR)
        self.market_ratio = demand.other_revenue_ratio(self.unbound_ratio, all_apart, self.part_of_limit)
        self.ratio = self.market_ratio * self.apart_ratio
        held = self.bind(self.ratio, month)
        uncontracted = self.ratio[self.letting_rows]
        for row, kept in held.items():
            if row in self.letting_rows:
                uncontracted[self.letting_rows.index(row)] -= kept
        self.letting_cost_added = scarcity.letting_cost_added(
            self.cost_start_usd_per_month[self.letting_rows] * uncontracted, contract_fall_log
        )

    def bind(self, ratio: Array, month: int) -> dict[int, Array]:
        """Raise other revenue over that of the as_of month, `[provider, path]`, to what contracts leave of it; return that, by row."""
        default = self.theta["contract_default_per_year"]
        least = demand.contracted_ratio(self.signed_ratio, default, month, self.ends_month)
        held = dict(zip(self.signed_rows, least, strict=True))
        for row, kept in held.items():
            np.maximum(ratio[row], kept, out=ratio[row])
        return held

    def usd_per_month(self, providers: slice = ALL) -> Array:
        """Return what each of some providers earns on it, in a month."""
        return self.start_usd_per_month[providers] * self.ratio[providers]

    def cost_usd_per_month(self, providers: slice = ALL) -> Array:
        """Return what that costs, of providers from the first on; of machines let, with what falling rents add."""
        cost = self.cost_start_usd_per_month[providers] * self.ratio[providers]
        cost[self.letting_rows] += self.letting_cost_added
        return cost
