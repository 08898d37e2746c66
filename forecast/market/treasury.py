"""Step 7, cash: profit, fixed cost, and rounds under a funding regime that all providers share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import cash, demand
from forecast.market.names import REGIMES, Names, at, where
from forecast.scenario import Scenario
from forecast.speed import number

Array = NDArray[np.float64]


@dataclass
class Treasury:
    """Money of each provider, `[provider, path]`, and the funding regime, `[path]`."""

    names: Names
    theta: dict[str, Array]
    regime: NDArray[np.int8]
    transition: Array
    funding_per_month: Array  # [regime, path]
    fixed_cost_elasticity: Array
    other_margin_frac: Array
    other_start: Array
    debt_service: Array
    demand_start: Array  # [path]
    revenue_start: Array
    fixed_cost_start: Array
    other_revenue: Array
    revenue: Array
    revenue_average: Array
    fixed_cost: Array
    net_flow: Array
    cash_usd: Array
    cash_without_rounds_usd: Array
    last_round_usd: Array
    runway_months: Array  # that cash lasts at the last burn

    def turn_regime(self, month: int, stream: Generator) -> None:
        """Move the funding market one month; a drought holds it cold."""
        drawn = cash.regime_next(self.regime, self.transition, stream.random(BLOCK_PATHS))
        drought = month <= self.theta["funding_drought_months"]
        self.regime = np.where(drought, REGIMES.index("cold"), drawn).astype(np.int8)

    def step(
        self, revenue: Array, serving_cost: Array, wanted: Array, alive: NDArray[np.bool_], uniform: Array
    ) -> None:
        """Earn and spend a month's money, and raise more where a round closes."""
        theta = self.theta
        self.revenue = revenue
        self.other_revenue = self.other_start * demand.other_revenue_ratio(
            wanted.sum(axis=0) / self.demand_start, theta["other_growth_ratio"]
        )
        target = cash.fixed_cost_target(
            self.fixed_cost_start,
            (revenue + self.other_revenue) / (self.revenue_start + self.other_start),
            self.fixed_cost_elasticity,
            theta["austerity_frac"],
            self.runway_months,
        )
        self.fixed_cost = demand.average_next(self.fixed_cost, target, theta["fixed_cost_lag_months"])
        self.net_flow = cash.net_flow_usd_per_month(
            revenue - serving_cost, self.other_revenue * self.other_margin_frac, self.fixed_cost, self.debt_service
        )
        earned = self.net_flow * alive
        self.cash_usd = self.cash_usd + earned
        self.cash_without_rounds_usd = self.cash_without_rounds_usd + earned
        self.runway_months = cash.runway_months(self.cash_usd, self.net_flow)
        self._raise_rounds(alive, uniform)
        self.revenue_average = demand.average_next(self.revenue_average, revenue, 12.0)

    def _raise_rounds(self, alive: NDArray[np.bool_], uniform: Array) -> None:
        """Close the rounds of the month: the longer the need and the faster the growth, the likelier."""
        prob = cash.funding_prob_per_month(
            at(self.funding_per_month, self.regime, np.arange(BLOCK_PATHS)),
            self.revenue / np.maximum(self.revenue_average, 1.0),
            self.runway_months,
            self.theta["funding_ratio"],
        )
        provider, path = where((uniform < prob) & alive & ~self.names.backed)
        size = self.round_size(provider, path)
        self.last_round_usd[provider, path] = size
        self.cash_usd[provider, path] += size
        self.runway_months[provider, path] = cash.runway_months(
            self.cash_usd[provider, path], self.net_flow[provider, path]
        )

    def round_size(self, provider: NDArray[np.intp], path: NDArray[np.intp]) -> Array:
        """Return what a round of these providers on these paths would bring, USD."""
        return cash.round_size_usd(
            self.net_flow[provider, path],
            self.theta["round_covers_months"][path],
            self.last_round_usd[provider, path],
            self.theta["round_to_last_ratio"][path],
        )


def _transition(scenario: Scenario) -> Array:
    """Return the chances of the next regime by regime, rows scaled to sum to one."""
    chances = np.array([[number(scenario, "regimes", r, f"next_{n}_prob") for n in REGIMES] for r in REGIMES])
    return chances / chances.sum(axis=1, keepdims=True)


def start_treasury(
    scenario: Scenario, draws: Draws, names: Names, revenue: Array, gross_profit: Array, wanted: Array
) -> Treasury:
    """Return today's money. Known burn fixes fixed cost: what profit does not cover is burnt."""

    def finance(column: str) -> Array:
        return draws.column("provider_finances", column, names.providers)

    other = finance("other_revenue_usd_per_year") / 12
    burn, debt = finance("burn_usd_per_year") / 12, finance("debt_service_usd_per_year") / 12
    fixed = np.maximum(gross_profit + other * finance("other_margin_frac") + burn - debt, 0.0)
    hot = draws.stream("market", "first regime").random(BLOCK_PATHS) < draws.parameter("regime_hot_start_prob")
    parameters = (
        "funding_drought_months funding_ratio round_covers_months round_to_last_ratio fixed_cost_lag_months "
        "other_growth_ratio austerity_frac"
    ).split()
    return Treasury(
        names=names,
        theta={name: draws.parameter(name) for name in parameters},
        regime=np.where(hot, REGIMES.index("hot"), REGIMES.index("normal")).astype(np.int8),
        transition=_transition(scenario),
        funding_per_month=draws.column("regimes", "funding_per_month", list(REGIMES)),
        fixed_cost_elasticity=draws.column("provider_kinds", "fixed_cost_elasticity", names.kinds),
        other_margin_frac=finance("other_margin_frac"),
        other_start=other,
        debt_service=debt,
        demand_start=wanted.sum(axis=0),
        revenue_start=revenue,
        fixed_cost_start=fixed,
        other_revenue=other,
        revenue=revenue,
        revenue_average=revenue,
        fixed_cost=fixed,
        net_flow=-burn,
        cash_usd=finance("cash_usd").copy(),
        cash_without_rounds_usd=finance("cash_usd").copy(),
        last_round_usd=np.broadcast_to(finance("last_round_usd"), revenue.shape).copy(),
        runway_months=cash.runway_months(finance("cash_usd"), -burn),
    )
