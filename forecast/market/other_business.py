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
    """Other revenue of each provider that lives on its own cash, `[own_cash, path]`, and of all. Ratios are over the as_of month's."""

    theta: Parameters
    contracts: Contracts
    start_usd_per_month: Array
    profit_start_usd_per_month: Array
    share_start: Array  # of the other revenue of all providers
    share_of_parents: Array  # [path] what is left of it
    part_of_limit: Array  # [path] other revenue of all providers in the as_of month over what can be spent on it
    unbound_ratio: Array  # [path] what the market's growth would have made of it without a limit
    market_ratio: Array  # [path] of a provider that grows with the market
    apart_ratio: Array  # of each provider over that
    ratio: Array  # of each provider

    def step(self, month: int, apart: Array) -> None:
        """Grow a month; `apart` is growth in logs beyond the market's, of tokens, `[own_cash, path]`."""
        theta = self.theta
        self.apart_ratio *= np.exp(theta["growth_apart_money_ratio"] * apart)
        all_apart = self.share_of_parents + np.einsum("op,op->p", self.share_start, self.apart_ratio)
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


def start_other_business(scenario: Scenario, draws: Draws, names: Names, all_usd_per_month: Array) -> OtherBusiness:
    """Return other business of the as_of month; `all_usd_per_month` is that of every provider, `[provider, path]`."""
    own = all_usd_per_month[names.own_cash]
    whole = all_usd_per_month.sum(axis=0)
    share = own / np.clip(whole, 1.0, np.inf)
    margin_frac = draws.column("provider_finances", "other_margin_frac", names.providers[names.own_cash])
    shape = (len(names.providers[names.own_cash]), BLOCK_PATHS)
    return OtherBusiness(
        theta=Parameters(draws),
        contracts=start_contracts(scenario, draws, names, own),
        start_usd_per_month=own,
        profit_start_usd_per_month=own * margin_frac,
        share_start=share,
        share_of_parents=1 - share.sum(axis=0),  # all of it where there is none
        part_of_limit=MONTHS_PER_YEAR * whole / draws.parameter("spend_limit_usd_per_year"),
        unbound_ratio=np.ones(BLOCK_PATHS, REAL),
        market_ratio=np.ones(BLOCK_PATHS, REAL),
        apart_ratio=np.ones(shape, REAL),
        ratio=np.ones(shape, REAL),
    )
