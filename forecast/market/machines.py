"""Step 1, fleets: the best accelerators of each family in a month, and how what is bought of them moves the fleets in use."""

from __future__ import annotations

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import hardware, launches
from forecast.families import CLOUD, FAMILIES, FLEETS, MAKER
from forecast.market.accelerators import Accelerators, start_accelerators
from forecast.market.checks import REFERENCE
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.units import MONTHS_PER_YEAR

# Rows of families: those of which every accelerator may set the floor, and of these what anybody can buy.
OTHERS = [row for row, name in enumerate(FLEETS) if not FAMILIES[name].claims_only]
OPEN = [row for row in OTHERS if FAMILIES[FLEETS[row]].served_by != CLOUD]
CROSSING = np.array([FAMILIES[name].served_by != MAKER for name in FLEETS])  # who makes a chip to serve on it stays


class Generations:
    """What comes of each family after its last announced part, which nobody has named yet, `[family, path]`.

    Of a family whose last part is on the market none is announced: the next is a gap away.
    """

    def __init__(self, draws: Draws, groups: list[Accelerators]) -> None:
        self.after_month = np.zeros((len(FLEETS), BLOCK_PATHS), REAL)  # when the last part comes that is announced
        for group in groups:
            comes = np.where(group.available_month == np.inf, -np.inf, group.available_month)
            for after, rows in zip(self.after_month, group.of_family, strict=True):
                np.maximum(after, comes[rows].max(axis=0, initial=0.0), out=after)
        self.gap_months = draws.entity_parameter("generation_gap_months", list(FLEETS))
        ends = np.stack([draws.stream(f"family:{name}", "generations").random(BLOCK_PATHS, REAL) for name in FLEETS])
        # Generations until the family ends.
        self.most = launches.generations_until_the_end(ends, draws.parameter("launch_cancel_prob"))
        self.gain_log = draws.parameter("generation_gain_log")  # [path] of each

    def gain(self, month: int) -> Array:
        """Return tokens for a dollar on a family's best part over those on the last one announced, of like software and age."""
        count = launches.generations_since(month - self.after_month, self.gap_months, self.most)
        return np.exp(count * self.gain_log)


class Machines:
    """Accelerators, and fleets `[family, segment, path]`."""

    def __init__(self, scenario: Scenario, names: Names, draws: Draws) -> None:
        theta, row = Parameters(draws), names.accelerators.index(REFERENCE)
        self.names, self.theta = names, theta
        self.groups = start_accelerators(scenario, names, draws)  # on the market in the as_of month, and announced
        # Group and row of the accelerator for which rents are quoted.
        self.reference = next((g, g.rows.tolist().index(row)) for g in self.groups if row in g.rows)
        self.capital_factor = hardware.decline_factor(theta["hardware_price_decline_per_year"])  # monthly
        self.power_factor = hardware.decline_factor(-theta["electricity_growth_per_year"])
        # [family, 1, path] of what is bought of the best kind, what is of another family where a token costs less on it
        self.crossing_frac = theta["fleet_crossing_frac"] * CROSSING[:, None, None].astype(REAL)
        self.design_age_years = names.speed.design_age_years[:, None].astype(REAL)
        # [segment, path] what serving software gives to tokens for an accelerator-hour, over that of the as_of month.
        self.serving_gain: Array = np.ones((len(names.segments), BLOCK_PATHS), REAL)
        self.generations = Generations(draws, self.groups)
        self.choose(0)
        # On each family's fleet in use.
        self.fleet_usd_per_mtok: Array = self.best_usd_per_mtok * theta["fleet_lag_ratio"]

    def step(self, month: int, capacity_growth_ratio: Array) -> None:
        """Move one month: software matures, prices decline, newcomers arrive, and what is bought is of the best."""
        for group in self.groups:
            group.step(month, self.capital_factor, self.power_factor)
        age, theta = self.design_age_years, self.theta
        self.serving_gain = np.exp(
            hardware.serving_gain_log(
                age, age + month / MONTHS_PER_YEAR, theta["serving_efficiency_per_year"], theta["serving_fade_years"]
            )
        )
        self.choose(month)
        best = self.best_usd_per_mtok
        sold = np.minimum(best[OPEN].min(axis=0), self.custom_sold_usd_per_mtok)
        new = hardware.newest_frac(capacity_growth_ratio, theta["fleet_turnover_per_month"], theta["fleet_newest_frac"])
        self.fleet_usd_per_mtok = hardware.fleet_cost_next(self.fleet_usd_per_mtok, best, new, sold, self.crossing_frac)

    def choose(self, month: int) -> None:
        """Find the best of a month, USD/Mtok: on each family's best accelerator available, infinite where it has none, `[family, segment, path]`;
        on the best of custom silicon that anybody may buy, and on the best of all (the floor), `[segment, path]`.
        """
        shape = len(self.names.segments), BLOCK_PATHS
        best, sold = np.full((len(FLEETS), *shape), np.inf, REAL), np.full(shape, np.inf, REAL)
        gain = self.generations.gain(month)
        for group in self.groups:
            group.lower(best, sold, month, gain)
        best /= self.serving_gain
        sold /= self.serving_gain
        self.best_usd_per_mtok, self.custom_sold_usd_per_mtok = best, sold
        self.floor_usd_per_mtok = np.minimum(best[OTHERS].min(axis=0), sold)

    def available_month(self) -> Array:
        """Return the month in which each accelerator comes to the market, `[accelerator, path]`; −∞ if it was there."""
        month = np.empty((len(self.names.accelerators), BLOCK_PATHS), REAL)
        for group in self.groups:
            month[group.rows] = group.available_month
        return month

    def reference_owned_usd_per_hour(self) -> Array:
        """Return the owned cost of an hour of the accelerator for which rents are quoted, `[path]`."""
        group, row = self.reference
        return group.owned_usd_per_hour(row)
