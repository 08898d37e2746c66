"""Step 1, accelerators: when each comes to the market, what an hour of it costs, and the hours that a million tokens take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL, Array, Flags, Index
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import hardware, launches
from forecast.families import FAMILIES, FLEETS
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.serving.token_cost import SegmentSpeed, owned_parts


@dataclass
class Accelerators:
    """Accelerators that were on the market in the as_of month, or those announced by then; sorted by family.

    Of the first, month and maturity are the same on all paths, `[accelerator, 1]`; of the others `[accelerator, path]`.
    """

    rows: Index  # of each in `Names.accelerators`
    of_family: list[slice]
    available_month: Array
    maturity: Array
    custom_sold: Flags  # [accelerator] of a custom family, and not made by a provider that serves on it alone
    hours_per_mtok: Array  # [accelerator, segment, path] at launch software and best-practice use
    gain_frac: Array  # [accelerator, segment, 1] software gain after launch when complete
    maturity_months: Array  # [accelerator, 1]
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

    def lower(self, best: Array, custom_sold: Array, month: int, gain: Array) -> None:
        """Lower `best`, `[family, segment, path]`, and that of custom silicon for sale to the cost on these where it is less.

        `gain`, `[family, path]`, is what later generations give to tokens for a dollar.
        """
        owned, available = self.owned_usd_per_hour(slice(None)), self.available(month)
        if not available.all():
            with np.errstate(divide="ignore"):  # not on the market: infinitely dear
                owned /= available
        for family, rows, by in zip(best, self.of_family, gain, strict=True):
            for row in range(rows.start, rows.stop):  # one at a time stays near the processor
                cost = hardware.hours_after_software(self.hours_per_mtok[row], self.maturity[row], self.gain_frac[row])
                cost *= owned[row] / by
                np.minimum(family, cost, out=family)
                if self.custom_sold[row]:
                    np.minimum(custom_sold, cost, out=custom_sold)


def start_accelerators(scenario: Scenario, names: Names, draws: Draws) -> list[Accelerators]:
    """Return those on the market in the as_of month, and those announced by then."""
    speed, accelerators = names.speed, names.accelerators
    rows_of = [scenario.rows["accelerators"][name] for name in accelerators]
    custom = np.array([FAMILIES[row["family"]].claims_only for row in rows_of])
    # Not np.isin, which loads masked arrays: 0.035 s in every process.
    custom_sold = custom & np.array([row["vendor"] not in names.providers for row in rows_of])
    month, maturity = _available_month(speed, draws), 1 - np.exp(-speed.age_months / speed.maturity_months)
    grown = (maturity[:, None] * np.ones(BLOCK_PATHS)).astype(REAL)
    capital, power, rest = owned_parts(scenario, draws, accelerators)
    of_each: dict[str, Any] = {
        "custom_sold": custom_sold,
        "hours_per_mtok": _hours_per_mtok(speed, custom, draws),
        "gain_frac": speed.gain_frac[:, :, None].astype(REAL),
        "maturity_months": speed.maturity_months[:, None].astype(REAL),
        "capital_usd_per_hour": capital,
        "power_usd_per_hour": power,
        "rest_usd_per_hour": rest,
    }
    family = [FLEETS.index(row["family"]) for row in rows_of]

    def group(chosen: NDArray[np.bool_], paths: slice) -> Accelerators:
        """Return the chosen accelerators; `paths` are those on which what is the same on all is kept."""
        rows = np.flatnonzero(chosen)
        own = [family[row] for row in rows]
        of_family = [slice(*np.searchsorted(own, [f, f + 1])) for f in range(len(FLEETS))]
        own_rows = {name: each[rows] for name, each in of_each.items()}
        return Accelerators(rows, of_family, month[rows, paths], grown[rows, paths], **own_rows)

    return [group(speed.available, slice(1)), group(~speed.available, slice(None))]


def _hours_per_mtok(speed: SegmentSpeed, custom: Flags, draws: Draws) -> Array:
    """Return hours at launch software and best-practice use, `[accelerator, segment, path]`; `custom` silicon may be as good as claimed."""
    achieved = np.exp(_step_error_log(speed, draws)) * draws.parameter("floor_utilisation_frac")
    wide = np.where(speed.moe[:, None], draws.parameter("wide_parallel_gain_ratio"), 1.0)
    claimed = np.where(custom[:, None, None], draws.parameter("custom_silicon_gain_ratio"), 1.0)
    return np.asarray(speed.hours_per_mtok[:, :, None].astype(REAL) / (achieved * wide * claimed.astype(REAL)))


def _available_month(speed: SegmentSpeed, draws: Draws) -> Array:
    """Return the month in which each accelerator comes to the market, `[accelerator, path]`; −∞ if it was there."""
    streams = [f"accelerator:{name}" for name in speed.accelerators]
    late = [draws.stream(each, "awaited").random(BLOCK_PATHS, REAL) for each in streams]
    cancelled = np.stack([draws.stream(each, "cancelled").random(BLOCK_PATHS) for each in streams])
    slips = draws.entity_parameter("launch_slip_months", speed.accelerators)
    slips = np.stack(
        [launches.slip_when_awaited(*each) for each in zip(slips, speed.promised_month, late, strict=True)]
    )
    arrives = launches.available_month(
        speed.promised_month[:, None], slips, cancelled, draws.parameter("launch_cancel_prob")
    )
    return np.where(speed.available[:, None], -np.inf, arrives).astype(REAL)


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
