"""Step 3, scarcity: load over capacity moves rents, and rents bring capacity a year later."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array
from forecast.draws import Draws, Parameters
from forecast.equations import demand, scarcity
from forecast.renting import rents_until
from forecast.units import HALF_A_MONTH


class Rents:
    """Capacity and scarcity, each `[path]`; scarcity is the log of rent over owned cost.

    Rents above their level today mean that load exceeds comfortable capacity: τ₀ = (x₀ − x̄)/β. The machines can
    be driven `capacity_stretch_log` above what serves today's load.
    """

    def __init__(self, draws: Draws) -> None:
        theta = self.theta = Parameters(draws)
        self.scarcity: Array = theta["rent_to_owned_log_start"]
        past = rents_until(draws.scenario.as_of, draws.scenario.tables)

        def average_of_past(months: Array) -> Array:
            """Return the mean of scarcity over the past months, of this mean age, as the index of rents has moved."""
            average = np.full_like(self.scarcity, past[0])
            for rent in past[1:]:
                average = demand.average_next(average, rent, months)
            return self.scarcity + (average - past[-1])

        # Orders under way were placed, and contracts in force were signed, over the past months, at the rents of those months.
        self.lagged_scarcity = average_of_past(theta["supply_lag_months"])
        self.contract_scarcity: Array = theta["contract_rent_ratio"] * average_of_past(theta["contract_lag_months"])
        self.contract_scarcity_start = self.contract_scarcity
        self.tightness = (self.scarcity - theta["rent_to_owned_log_level"]) / theta["rent_tightness_push"]
        self.capacity_ratio: Array = np.exp(-self.tightness)  # comfortable capacity over today's load
        self.stretch_log = np.maximum(self.tightness, 0.0) + theta["capacity_stretch_log"]

    def build(self, month: int) -> Array:
        """Add a month's capacity, as orders of a year ago want it, less what is idle and not replaced, and return it over that of the month before, `[path]`."""
        theta, before = self.theta, self.capacity_ratio
        growth = demand.fading_rate(
            theta["supply_growth_start_per_year"],
            theta["supply_growth_long_per_year"],
            theta["supply_fade_months"],
            month - HALF_A_MONTH,
        )
        growth = growth + scarcity.shift_rate(theta["supply_level_ratio"], theta["supply_shift_month"], month)
        self.capacity_ratio = scarcity.capacity_next(
            before,
            growth,
            theta["supply_response"],
            self.lagged_scarcity,
            theta["rent_to_owned_log_level"],
            theta["fleet_turnover_per_month"],
            self.tightness,
        )
        return np.asarray(self.capacity_ratio / before)

    def step(self, load_ratio: Array, normal: Array) -> None:
        """Move one month: tightness and a shock move rents, contracts and orders follow."""
        theta = self.theta
        self.tightness = np.log(load_ratio / self.capacity_ratio)
        self.scarcity = scarcity.scarcity_next(
            self.scarcity,
            theta["rent_to_owned_log_level"],
            self.tightness,
            theta["rent_tightness_push"],
            theta["rent_reversion_per_month"],
            theta["rent_shock_sd"] * normal,
        )
        self.lagged_scarcity = demand.average_next(self.lagged_scarcity, self.scarcity, theta["supply_lag_months"])
        self.contract_scarcity = demand.average_next(
            self.contract_scarcity, theta["contract_rent_ratio"] * self.scarcity, theta["contract_lag_months"]
        )

    def served_frac(self, load_ratio: Array) -> Array:
        """Return the part of the tokens wanted that the machines can serve, `[path]`."""
        return scarcity.served_frac(load_ratio, self.capacity_ratio, self.stretch_log)

    def contract_fall_log(self) -> Array:
        """Return by how much contract rents over owned cost have fallen since the as_of month, `[path]`."""
        return np.asarray(self.contract_scarcity_start - self.contract_scarcity)

    def hire_ratio(self, own_frac: Array) -> Array:
        """Return what a provider pays for a busy hour over owned cost, `[provider, path]`."""
        return scarcity.hire_ratio(own_frac, self.contract_scarcity)

    def idle_ratio(self, own_frac: Array) -> Array:
        """Return what idle hours add to `hire_ratio`, `[provider, path]`."""
        return scarcity.idle_ratio(own_frac, self.tightness, self.theta["idle_hours_ratio"])
