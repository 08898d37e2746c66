"""Step 7, cash: profit, fixed cost, and rounds under a funding regime that all providers share."""

from __future__ import annotations

import numpy as np

from forecast.arrays import REAL, Array, Spots, spots
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import cash, demand, funding
from forecast.market.names import Names
from forecast.market.other_business import OtherBusiness
from forecast.market.regimes import REGIMES, in_regime, transition
from forecast.scenario import Scenario
from forecast.units import HALF_A_MONTH, MONTHS_PER_YEAR, months_between

NEXT_TO_NOTHING = 1e-6  # part of today's revenue: who has left earns nothing, which has no logarithm


class Treasury:
    """Money of each provider that lives on its own cash, `[own_cash, path]`, and the funding regime, `[path]`."""

    def __init__(
        self,
        scenario: Scenario,
        draws: Draws,
        names: Names,
        revenue: Array,
        gross_profit: Array,
        all_other: Array,
        apart: Array,
    ) -> None:
        """Start with today's money. Known burn fixes fixed cost: what profit does not cover is burnt.

        Revenue and gross profit of tokens are `[own_cash, path]`, other revenue `[provider, path]`, USD/month. `apart` is growth
        of tokens beyond the market's today, in logs a month, `[own_cash, path]`. With the market's growth it says what revenue was
        before, so whoever doubles in a year draws money from the first month on.
        """
        theta, providers = Parameters(draws), names.providers[names.own_cash]
        self.names, self.theta, shape = names, theta, (len(providers), BLOCK_PATHS)
        days = [scenario.rows["provider_finances"][provider]["last_round_on"] for provider in providers]
        # [own_cash, 1] since the last round; a year where the day is not known, or longer ago: rounds grew no further after it
        months = [min(months_between(day, scenario.as_of), 12.0) if day else 12.0 for day in days]
        since = np.array(months, REAL)[:, None]

        def finance(column: str) -> Array:
            """A row for each provider; one number in it where nothing is uncertain, for there is little room near the processor."""
            return draws.column("provider_finances", column, providers)

        def by_path(values: Array) -> Array:
            return np.broadcast_to(values, shape).copy()

        def before(flow: Array, what: str, apart_ratio: Array | float) -> Array:
            """Return the mean of a flow over the past year, and over that before the last round: own growth came as it will fade."""
            market = theta[f"{what}_growth_start_per_year"] / MONTHS_PER_YEAR

            def grown(months: Array | float) -> Array:
                own = funding.own_growth_log(apart_ratio * apart, theta["growth_apart_fade_months"], months)
                return market * months + own

            year = funding.steady_growth_ratio(grown(12.0) / 12.0)
            return np.stack([np.ones(shape), np.exp(-grown(since))]) * flow / year

        hot = draws.stream("market", "first regime").random(BLOCK_PATHS) < theta["regime_hot_start_prob"]
        self.regime = np.where(hot, REGIMES.index("hot"), REGIMES.index("normal"))
        self.transition = transition(scenario)
        self.funding_per_month = draws.column("regimes", "funding_per_month", list(REGIMES))  # [regime, path]
        self.other = OtherBusiness(scenario, draws, names, all_other)
        other = self.other.start_usd_per_month[names.own_cash]
        self.turnover_start = revenue + other  # of tokens and all else
        mean = before(revenue, "demand", 1.0) + before(other, "other", theta["growth_apart_money_ratio"])
        self.turnover_average, at_round = np.clip(mean, 1.0, np.inf).astype(REAL)  # of a year
        burn, self.debt_service = finance("burn_usd_per_year") / 12, finance("debt_service_usd_per_year") / 12
        profit = gross_profit + other - self.other.cost_usd_per_month(names.own_cash)
        self.fixed_cost: Array = np.clip(profit + burn - self.debt_service, 0.0, np.inf)
        self.planned_fixed_cost = self.fixed_cost
        self.fixed_cost_start = self.fixed_cost.copy()
        # A relative change of revenue brings so many times that change of fixed cost.
        kinds = names.kinds[names.own_cash]
        self.fixed_cost_elasticity = draws.column("provider_kinds", "fixed_cost_elasticity", kinds)
        self.net_flow, self.cash_usd = by_path(-burn), by_path(finance("cash_usd"))
        # The same if no new money came: the provider then cuts as its own cash runs short.
        self.fixed_cost_without_rounds, self.net_flow_without_rounds = self.fixed_cost, self.net_flow.copy()
        self.cash_without_rounds_usd = self.cash_usd.copy()
        self.last_round_ratio = finance("last_round_usd") / at_round ** theta["round_elasticity"]
        self.months_since_round = by_path(since - HALF_A_MONTH)  # a step adds a month: the middle of its own
        # [provider, path] months that cash lasts at the last burn; infinite where a parent pays
        self.runway_months = np.full((len(names.providers), BLOCK_PATHS), np.inf, REAL)
        self.runway_months[names.own_cash] = cash.runway_months(self.cash_usd, self.net_flow)
        self.closes = spots(np.zeros(shape, np.bool_))  # of those whose round closed in the last month

    def turn_regime(self, month: int, uniform: Array) -> None:
        """Move the funding market one month; a drought holds it cold."""
        drawn = funding.regime_next(self.regime, self.transition, uniform)
        drought = month <= self.theta["funding_drought_months"]
        self.regime = np.where(drought, REGIMES.index("cold"), drawn) if drought.any() else drawn

    def step(
        self,
        month: int,
        revenue: Array,
        serving_cost: Array,
        apart: Array,
        contract_fall_log: Array,
        present: Array,
        uniform: Array,
    ) -> None:
        """Earn and spend a month's money, and raise more where a round closes; `present` is 1 for the living, else 0.

        Arrays are `[own_cash, path]`, but `apart`, `[provider, path]`: growth in logs beyond the market's, luck included; and
        `contract_fall_log`, `[path]`: fall of contract rents over owned cost since the as_of month.
        """
        theta, own_cash = self.theta, self.names.own_cash
        self.other.step(month, apart, contract_fall_log)
        other = self.other.usd_per_month(own_cash)
        turnover = revenue + other
        turnover_ratio = turnover / self.turnover_start
        runway = self.runway_months[own_cash]
        alone = cash.runway_months(self.cash_without_rounds_usd, self.net_flow_without_rounds)
        planned = self.planned_fixed_cost = cash.planned_fixed_cost(
            self.fixed_cost_start,
            self.fixed_cost_elasticity,
            np.clip(turnover_ratio, NEXT_TO_NOTHING, np.inf, out=turnover_ratio),
        )
        self.fixed_cost, self.fixed_cost_without_rounds = (
            demand.average_next(
                before, planned * cash.kept_cost_frac(theta["austerity_frac"], left), theta["fixed_cost_lag_months"]
            )
            for before, left in ((self.fixed_cost, runway), (self.fixed_cost_without_rounds, alone))
        )
        self.net_flow = cash.net_flow_usd_per_month(
            revenue - serving_cost, other - self.other.cost_usd_per_month(own_cash), self.fixed_cost, self.debt_service
        )
        self.net_flow_without_rounds = self.fixed_cost - self.fixed_cost_without_rounds
        self.net_flow_without_rounds += self.net_flow
        reserve = theta["reserve_months"] * turnover
        self.cash_usd = cash.cash_next_usd(self.cash_usd, self.net_flow * present, reserve)
        self.cash_without_rounds_usd = cash.cash_next_usd(
            self.cash_without_rounds_usd, self.net_flow_without_rounds * present, reserve
        )
        self.months_since_round += 1
        prob = funding.funding_prob_per_month(
            in_regime(self.funding_per_month, self.regime) * theta["funding_ratio"],
            turnover / self.turnover_average,
            runway,
            self.months_since_round,
        )
        drawn = spots(uniform < prob)
        self.closes = drawn.among(drawn.of(present) > 0)
        self.closes.put(self.last_round_ratio, self.raise_rounds(self.closes))
        self.closes.put(self.months_since_round, 0)
        self.runway_months[own_cash] = cash.runway_months(self.cash_usd, self.net_flow)
        self.turnover_average = demand.average_next(self.turnover_average, turnover, 12.0)

    def raise_rounds(self, providers: Spots) -> Array:
        """Add a round to the cash of some providers, and return its size over revenue^η; what neither burn nor reserve needs is spent."""
        inputs = ("round_covers_months", "round_to_last_ratio", "round_elasticity", "reserve_months")
        covers, to_last, elasticity, reserve = (providers.of(self.theta[name]) for name in inputs)
        turnover, before = providers.of(self.turnover_average), providers.of(self.cash_usd)
        burn_usd = funding.burn_covered_usd(providers.of(self.net_flow), covers)
        scale = turnover**elasticity
        size = funding.round_size_usd(burn_usd, providers.of(self.last_round_ratio), scale, to_last)
        providers.put(self.cash_usd, cash.cash_next_usd(before + burn_usd, size - burn_usd, reserve * turnover))
        return np.asarray(size / scale)

    def give_money(self, providers: Spots) -> None:
        """Add a round after the month's runways are known: whoever is listed or carried on is not without cash in the next."""
        self.raise_rounds(providers)
        left = cash.runway_months(providers.of(self.cash_usd), providers.of(self.net_flow))
        providers.put(self.runway_months, left)  # own cash has the first rows of providers

    def carry_on(self, providers: Spots) -> None:
        """Let holders and lenders pay a round to some providers out of cash, and cut fixed cost to what they earn."""
        self.give_money(providers)
        fixed, start, planned = (
            providers.of(cost) for cost in (self.fixed_cost, self.fixed_cost_start, self.planned_fixed_cost)
        )
        affordable = fixed * cash.affordable_frac(fixed, providers.of(self.net_flow))
        providers.put(self.fixed_cost, affordable)
        providers.put(self.fixed_cost_start, cash.fixed_cost_start_cut(start, planned, affordable))
