"""Step 1, hardware: which accelerators exist, what they cost to own, how software and fleets follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL, Array, Flags, Index
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import hardware
from forecast.families import CLOUD, FAMILIES, FLEETS, MAKER
from forecast.market.checks import REFERENCE
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.serving.token_cost import SegmentSpeed, owned_parts

OTHERS = [row for row, name in enumerate(FLEETS) if not FAMILIES[name].claims_only]
OPEN = [row for row in OTHERS if FAMILIES[FLEETS[row]].served_by != CLOUD]
CROSSING = np.array([FAMILIES[name].served_by != MAKER for name in FLEETS])  # who makes a chip to serve on it stays


@dataclass
class Accelerators:
    """Accelerators that were on the market in the as_of month, or those announced by then; sorted by family.

    Of the first, month and maturity are the same on all paths, `[accelerator, 1]`; of the others `[accelerator, path]`.
    """

    rows: Index  # of each in `Names.accelerators`
    of_family: list[slice]
    custom_sold: Flags  # [accelerator] of a custom family, and not made by a provider that serves on it alone
    hours_per_mtok: Array  # [accelerator, segment, path] at launch software and best-practice use
    gain_frac: Array  # [accelerator, segment, 1] software gain after launch when complete
    maturity_months: Array  # [accelerator, 1]
    available_month: Array
    maturity: Array
    capital_usd_per_hour: Array  # [accelerator, path]
    power_usd_per_hour: Array
    rest_usd_per_hour: Array

    def step(self, month: int, capital_factor: Array, power_factor: Array) -> None:
        """Move one month: software matures and prices decline once an accelerator is on the market."""
        available = self.available(month)
        self.maturity = hardware.maturity_next(self.maturity, available, self.maturity_months)
        self.capital_usd_per_hour *= capital_factor if available.all() else 1.0 + available * (capital_factor - 1.0)
        self.power_usd_per_hour *= power_factor

    def available(self, month: int) -> Array:
        """Return 1 for accelerators on the market, else 0, shaped as `available_month`."""
        return (self.available_month <= month).astype(REAL)

    def owned_usd_per_hour(self, which: int | slice) -> Array:
        """Return the owned cost of an hour of one accelerator, `[path]`, or of many, `[accelerator, path]`."""
        return self.capital_usd_per_hour[which] + self.power_usd_per_hour[which] + self.rest_usd_per_hour[which]

    def lower(self, best: Array, custom_sold: Array, month: int, serving_gain: Array) -> None:
        """Lower `best`, `[family, segment, path]`, and that of custom silicon for sale to the cost on these where it is less."""
        owned, available = self.owned_usd_per_hour(slice(None)), self.available(month)
        with np.errstate(divide="ignore"):  # not on the market: infinitely dear
            owned /= serving_gain if available.all() else available * serving_gain
        for family, rows in zip(best, self.of_family, strict=True):
            cost = hardware.hours_after_software(
                self.hours_per_mtok[rows], self.maturity[rows, None], self.gain_frac[rows]
            )
            cost *= owned[rows, None]
            for each, sold in zip(cost, self.custom_sold[rows], strict=True):
                np.minimum(family, each, out=family)
                if sold:
                    np.minimum(custom_sold, each, out=custom_sold)


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
            group.lower(best, sold, month, self.serving_gain)
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


def start_machines(scenario: Scenario, names: Names, draws: Draws) -> Machines:
    """Return the accelerators and fleets of the as_of month."""
    speed, accelerators = names.speed, names.accelerators
    achieved = np.exp(_step_error_log(speed, draws)) * draws.parameter("floor_utilisation_frac")
    wide = np.where(speed.moe[:, None], draws.parameter("wide_parallel_gain_ratio"), 1.0)
    made_by = [scenario.rows["accelerators"][name] for name in accelerators]
    custom = np.array([FAMILIES[row["family"]].claims_only for row in made_by])
    custom_sold = custom & ~np.isin([row["vendor"] for row in made_by], names.providers)
    claimed = np.where(custom[:, None, None], draws.parameter("custom_silicon_gain_ratio"), 1.0)
    hours = speed.hours_per_mtok[:, :, None].astype(REAL) / (achieved * wide * claimed.astype(REAL))
    maturity = 1 - np.exp(-speed.age_months / speed.maturity_months)
    slip = draws.entity_parameter("launch_slip_months", accelerators)
    late = [draws.stream(f"accelerator:{a}", "awaited").random(BLOCK_PATHS, REAL) for a in accelerators]
    slip = np.stack([hardware.slip_when_awaited(*each) for each in zip(slip, speed.promised_month, late, strict=True)])
    cancel = np.stack([draws.stream(f"accelerator:{a}", "cancelled").random(BLOCK_PATHS) for a in accelerators])
    arrives = hardware.available_month(
        speed.promised_month[:, None], slip, cancel, draws.parameter("launch_cancel_prob")
    )
    capital, power, rest = owned_parts(scenario, draws, accelerators)
    month = np.where(speed.available[:, None], -np.inf, arrives).astype(REAL)
    grown = (maturity[:, None] * np.ones(BLOCK_PATHS)).astype(REAL)

    def group(chosen: NDArray[np.bool_], paths: slice) -> Accelerators:
        """Return the chosen accelerators; `paths` are those on which what is the same on all is kept."""
        rows = np.flatnonzero(chosen)
        return Accelerators(
            rows=rows,
            of_family=[slice(*np.searchsorted(rows, [of.start, of.stop])) for of in names.accelerators_of_family],
            custom_sold=custom_sold[rows],
            hours_per_mtok=hours[rows],
            gain_frac=speed.gain_frac[rows, :, None].astype(REAL),
            maturity_months=speed.maturity_months[rows, None].astype(REAL),
            available_month=month[rows, paths],
            maturity=grown[rows, paths],
            capital_usd_per_hour=capital[rows],
            power_usd_per_hour=power[rows],
            rest_usd_per_hour=rest[rows],
        )

    groups = [group(speed.available, slice(1)), group(~speed.available, slice(None))]
    row = accelerators.index(REFERENCE)
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
        best_usd_per_mtok=np.empty(0, REAL),
        custom_sold_usd_per_mtok=np.empty(0, REAL),
        floor_usd_per_mtok=np.empty(0, REAL),
        fleet_usd_per_mtok=np.empty(0, REAL),
    )
    made.choose(0)
    made.fleet_usd_per_mtok = made.best_usd_per_mtok * draws.parameter("fleet_lag_ratio")
    return made


def _step_error_log(speed: SegmentSpeed, draws: Draws) -> Array:
    """Return the error of the roofline, `[accelerator, segment, path]`: one draw a family, and one a design that was never measured."""

    def scores(entities: list[str]) -> Array:
        names = sorted(set(entities))
        return draws.entity_parameter("throughput_error_log", names)[[names.index(name) for name in entities]]

    new = np.flatnonzero(speed.design_log_sd)
    design = np.zeros((len(speed.designs), BLOCK_PATHS), REAL)
    if new.size:
        design[new] = scores([speed.designs[row] for row in new])
    return hardware.step_error_log(
        scores(speed.families)[:, None],
        design,
        speed.log_sd[:, :, None].astype(REAL),
        speed.design_log_sd[:, None].astype(REAL),
    )
