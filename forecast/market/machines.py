"""Step 1, fleets: the best accelerators of each family in a month, and how what is bought of them moves the fleets in use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import hardware
from forecast.families import CLOUD, FAMILIES, FLEETS, MAKER
from forecast.market.accelerators import Accelerators, start_accelerators
from forecast.market.checks import REFERENCE
from forecast.market.names import Names
from forecast.scenario import Scenario

# Rows of families: those of which every accelerator may set the floor, and of these what anybody can buy.
OTHERS = [row for row, name in enumerate(FLEETS) if not FAMILIES[name].claims_only]
OPEN = [row for row in OTHERS if FAMILIES[FLEETS[row]].served_by != CLOUD]
CROSSING = np.array([FAMILIES[name].served_by != MAKER for name in FLEETS])  # who makes a chip to serve on it stays


@dataclass(frozen=True)
class Generations:
    """What comes of each family after its last announced part, which nobody has named yet; `[family, path]`, or `[path]`."""

    after_month: Array  # in which the last part came that is announced
    gap_months: Array
    most: Array  # generations until the family ends
    gain_log: Array  # [path] of each

    def gain(self, month: int) -> Array:
        """Return tokens for a dollar on a family's best part over those on the last one announced, of like software and age."""
        count = hardware.generations_since(month - self.after_month, self.gap_months, self.most)
        return np.exp(count * self.gain_log)


def available_month(names: Names, groups: list[Accelerators]) -> Array:
    """Return the month in which each accelerator comes to the market, `[accelerator, path]`; −∞ if it was there."""
    month = np.empty((len(names.accelerators), BLOCK_PATHS), REAL)
    for group in groups:
        month[group.rows] = group.available_month
    return month


def start_generations(names: Names, draws: Draws, groups: list[Accelerators]) -> Generations:
    """Return the generations to come. Of a family whose last part is on the market none is announced: the next is a gap away."""
    arrives = available_month(names, groups)
    arrives[arrives == np.inf] = -np.inf  # never comes: the one before is the last
    last = [arrives[rows].max(axis=0, initial=0.0) for rows in names.accelerators_of_family]
    ends = np.stack([draws.stream(f"family:{name}", "generations").random(BLOCK_PATHS, REAL) for name in FLEETS])
    return Generations(
        after_month=np.stack(last),
        gap_months=draws.entity_parameter("generation_gap_months", list(FLEETS)),
        most=hardware.generations_until_the_end(ends, draws.parameter("launch_cancel_prob")),
        gain_log=draws.parameter("generation_gain_log"),
    )


@dataclass
class Machines:
    """Accelerators, and fleets `[family, segment, path]`."""

    names: Names
    groups: list[Accelerators]  # on the market in the as_of month, and announced
    reference: tuple[Accelerators, int]  # group and row of the accelerator for which rents are quoted
    capital_factor: Array  # [path] monthly factors
    power_factor: Array
    serving_factor: Array
    retired_per_month: Array  # [path]
    newest_frac: Array  # [path] of what is bought, that is of the best kind
    crossing_frac: Array  # [family, 1, path] of that, that is of another family where a token costs less on it
    serving_gain: Array  # [path]
    generations: Generations
    best_usd_per_mtok: Array  # on each family's best accelerator available; inf where it has none
    custom_sold_usd_per_mtok: Array  # [segment, path] on the best of custom silicon that anybody may buy
    floor_usd_per_mtok: Array  # [segment, path] on the best of these and of the other families
    fleet_usd_per_mtok: Array  # on each family's fleet in use

    def step(self, month: int, capacity_growth_ratio: Array) -> None:
        """Move one month: software matures, prices decline, newcomers arrive, and what is bought is of the best."""
        for group in self.groups:
            group.step(month, self.capital_factor, self.power_factor)
        self.serving_gain = self.serving_gain * self.serving_factor
        self.choose(month)
        best = self.best_usd_per_mtok
        sold = np.minimum(best[OPEN].min(axis=0), self.custom_sold_usd_per_mtok)
        new = hardware.newest_frac(capacity_growth_ratio, self.retired_per_month, self.newest_frac)
        self.fleet_usd_per_mtok = hardware.fleet_cost_next(self.fleet_usd_per_mtok, best, new, sold, self.crossing_frac)

    def choose(self, month: int) -> None:
        """Find the best accelerators of a month."""
        shape = len(self.names.segments), BLOCK_PATHS
        best, sold = np.full((len(FLEETS), *shape), np.inf, REAL), np.full(shape, np.inf, REAL)
        for group in self.groups:
            group.lower(best, sold, month, self.serving_gain * self.generations.gain(month))
        self.best_usd_per_mtok, self.custom_sold_usd_per_mtok = best, sold
        self.floor_usd_per_mtok = np.minimum(best[OTHERS].min(axis=0), sold)

    def available_month(self) -> Array:
        """Return the month in which each accelerator comes to the market, `[accelerator, path]`; −∞ if it was there."""
        return available_month(self.names, self.groups)

    def reference_owned_usd_per_hour(self) -> Array:
        """Return the owned cost of an hour of the accelerator for which rents are quoted, `[path]`."""
        group, row = self.reference
        return group.owned_usd_per_hour(row)


def start_machines(scenario: Scenario, names: Names, draws: Draws) -> Machines:
    """Return the accelerators and fleets of the as_of month."""
    groups, row = start_accelerators(scenario, names, draws), names.accelerators.index(REFERENCE)
    made = Machines(
        names=names,
        groups=groups,
        reference=next((g, g.rows.tolist().index(row)) for g in groups if row in g.rows),
        capital_factor=hardware.decline_factor(draws.parameter("hardware_price_decline_per_year")),
        power_factor=hardware.decline_factor(-draws.parameter("electricity_growth_per_year")),
        serving_factor=hardware.decline_factor(-draws.parameter("serving_efficiency_per_year")),
        retired_per_month=draws.parameter("fleet_turnover_per_month"),
        newest_frac=draws.parameter("fleet_newest_frac"),
        crossing_frac=draws.parameter("fleet_crossing_frac") * CROSSING[:, None, None].astype(REAL),
        serving_gain=np.ones(BLOCK_PATHS, REAL),
        generations=start_generations(names, draws, groups),
        best_usd_per_mtok=np.empty(0, REAL),
        custom_sold_usd_per_mtok=np.empty(0, REAL),
        floor_usd_per_mtok=np.empty(0, REAL),
        fleet_usd_per_mtok=np.empty(0, REAL),
    )
    made.choose(0)
    made.fleet_usd_per_mtok = made.best_usd_per_mtok * draws.parameter("fleet_lag_ratio")
    return made
