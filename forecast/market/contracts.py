"""Step 7, contracts that customers have signed: other revenue that does not fall while they bind and are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import REAL, Array, Index
from forecast.draws import Draws
from forecast.equations import demand
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.units import MONTHS_PER_YEAR, months_between


@dataclass(frozen=True)
class Contracts:
    """Contracts of the as_of month, of the few providers on their own cash that published any."""

    provider: Index  # row of each in `[own_cash, path]` arrays
    signed_ratio: Array  # [contract, path or 1] revenue under contract over other revenue of the as_of month
    default_per_year: Array  # [path]
    ends_month: Array  # [contract, 1] the last month under contract

    def bind(self, other_growth: Array, month: int) -> None:
        """Raise other revenue over that of the as_of month, `[own_cash, path]`, to what contracts leave of it."""
        least = demand.contracted_ratio(self.signed_ratio, self.default_per_year, month, self.ends_month)
        for provider, floor in zip(self.provider, least, strict=True):
            np.maximum(other_growth[provider], floor, out=other_growth[provider])


def start_contracts(scenario: Scenario, draws: Draws, names: Names, other_start: Array) -> Contracts:
    """Return today's contracts; `other_start` is other revenue of the as_of month, USD/month, `[own_cash, path or 1]`."""
    on_own_cash = names.providers[names.own_cash]
    signed = [p for p in scenario.entities("contracts") if p in on_own_cash]
    provider = np.array([on_own_cash.index(p) for p in signed], dtype=np.intp)
    ends = [round(months_between(scenario.as_of, scenario.rows["contracts"][p]["ends_on"])) for p in signed]
    monthly = draws.column("contracts", "contracted_usd_per_year", signed) / MONTHS_PER_YEAR
    return Contracts(
        provider=provider,
        signed_ratio=monthly / np.clip(other_start[provider], 1.0, np.inf),  # any ratio of nothing is nothing
        default_per_year=draws.parameter("contract_default_per_year"),
        ends_month=np.array(ends, REAL).reshape(-1, 1),
    )
