"""Step 7, other business: revenue beside tokens, which grows with the market's and apart from it, within what can be spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import demand
from forecast.market.contracts import Contracts, start_contracts
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.units import HALF_A_MONTH, MONTHS_PER_YEAR


@dataclass
class OtherBusiness:
    """Other revenue of each provider, `[provider, path]`. Ratios are over the as_of month's."""

    theta: Parameters
    contracts: Contracts
    start_usd_per_month: Array
    profit_start_usd_per_month: Array
    share_start: Array  # of the other revenue of all
    part_of_limit: Array  # [path] other revenue of all providers in the as_of month over what can be spent on it
    unbound_ratio: Array  # [path] what the market's growth would have made of it without a limit
    market_ratio: Array  # [path] of a provider that grows with the market
    apart_ratio: Array  # of each provider over that
    ratio: Array  # of each provider

    def step(self, month: int, apart: Array) -> None:
        """Grow a month; `apart` is growth in logs beyond the market's, of tokens, `[provider, path]`."""
        theta = self.theta
        self.apart_ratio *= np.exp(theta["growth_apart_money_ratio"] * apart)
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
        self.contracts.bind(self.ratio, month)

    def usd_per_month(self) -> Array:
        """Return what each provider earns on it, in a month."""
        return self.start_usd_per_month * self.ratio

    def profit_usd_per_month(self) -> Array:
        """Return what is left of that after its own cost."""
        return self.profit_start_usd_per_month * self.ratio


def start_other_business(scenario: Scenario, draws: Draws, names: Names, start_usd_per_month: Array) -> OtherBusiness:
    """Return other business of the as_of month, of which every provider earns so much, `[provider, path]`."""
    whole = start_usd_per_month.sum(axis=0)
    return OtherBusiness(
        theta=Parameters(draws),
        contracts=start_contracts(scenario, draws, names, start_usd_per_month),
        start_usd_per_month=start_usd_per_month,
        profit_start_usd_per_month=start_usd_per_month
        * draws.column("provider_finances", "other_margin_frac", names.providers),
        share_start=start_usd_per_month / np.clip(whole, 1.0, np.inf),
        part_of_limit=MONTHS_PER_YEAR * whole / draws.parameter("spend_limit_usd_per_year"),
        unbound_ratio=np.ones(BLOCK_PATHS, REAL),
        market_ratio=np.ones(BLOCK_PATHS, REAL),
        apart_ratio=np.ones_like(start_usd_per_month),
        ratio=np.ones_like(start_usd_per_month),
    )
