"""Step 1, hardware: which accelerators exist, what they cost to own, how software and fleets follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import hardware
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.serving.token_cost import FAMILIES, owned_parts

REFERENCE = "h100"  # rents are quoted for this accelerator


@dataclass
class Machines:
    """Accelerators `[accelerator, path]` and fleets `[family, segment, path]`."""

    names: Names
    hours_per_mtok: Array  # [accelerator, segment, path] at launch software and best-practice use
    gain_frac: Array  # [accelerator, segment, 1] software gain after launch when complete
    maturity_months: Array  # [accelerator, 1]
    available_month: Array
    maturity: Array
    capital_usd_per_hour: Array
    power_usd_per_hour: Array
    rest_usd_per_hour: Array
    capital_factor: Array  # [path] monthly factors
    power_factor: Array
    serving_factor: Array
    turnover_per_month: Array
    serving_gain: Array  # [path]
    floor_usd_per_mtok: Array  # [segment, path] on the best accelerator available
    fleet_usd_per_mtok: Array  # on each family's fleet in use

    def step(self, month: int) -> None:
        """Move one month: software matures, prices decline, newcomers arrive, fleets follow the best."""
        available = self.available(month)
        self.maturity = hardware.maturity_next(self.maturity, available, self.maturity_months)
        self.capital_usd_per_hour *= 1.0 + available * (self.capital_factor - 1.0)
        self.power_usd_per_hour *= self.power_factor
        self.serving_gain = self.serving_gain * self.serving_factor
        best = self.best(month)
        self.floor_usd_per_mtok = best.min(axis=0)
        self.fleet_usd_per_mtok = hardware.fleet_cost_next(self.fleet_usd_per_mtok, best, self.turnover_per_month)

    def available(self, month: int) -> Array:
        """Return 1 for accelerators on the market, else 0, `[accelerator, path]`."""
        return (self.available_month <= month).astype(REAL)

    def best(self, month: int) -> Array:
        """Return the cost on each family's best accelerator, `[family, segment, path]`; inf where it has none."""
        owned = self.capital_usd_per_hour + self.power_usd_per_hour + self.rest_usd_per_hour
        with np.errstate(divide="ignore"):  # not on the market: infinitely dear
            owned /= self.available(month) * self.serving_gain
        best = np.empty((len(FAMILIES), *self.hours_per_mtok.shape[1:]), REAL)
        for family, rows in enumerate(self.names.accelerators_of_family):
            cost = hardware.hours_after_software(
                self.hours_per_mtok[rows], self.maturity[rows, None], self.gain_frac[rows]
            )
            cost *= owned[rows, None]
            cost.min(axis=0, out=best[family], initial=np.inf)
        return best

    def reference_owned_usd_per_hour(self) -> Array:
        """Return the owned cost of an hour of the accelerator for which rents are quoted, `[path]`."""
        row = self.names.accelerators.index(REFERENCE)
        return self.capital_usd_per_hour[row] + self.power_usd_per_hour[row] + self.rest_usd_per_hour[row]


def start_machines(scenario: Scenario, names: Names, draws: Draws) -> Machines:
    """Return the accelerators and fleets of the as_of month."""
    speed, accelerators = names.speed, names.accelerators
    # Errors of the roofline are shared by all accelerators of an efficiency family.
    families = sorted(set(speed.families))
    error = draws.entity_parameter("throughput_error_log", families)[[families.index(f) for f in speed.families]]
    achieved = np.exp(error[:, None, :] * speed.log_sd[:, :, None].astype(REAL)) * draws.parameter(
        "floor_utilisation_frac"
    )
    wide = np.where(speed.moe[:, None], draws.parameter("wide_parallel_gain_ratio"), 1.0)
    hours = speed.hours_per_mtok[:, :, None].astype(REAL) / (achieved * wide)
    maturity = 1 - np.exp(-speed.age_months / speed.maturity_months)
    slip = draws.entity_parameter("launch_slip_months", accelerators)
    cancel = np.stack([draws.stream(f"accelerator:{a}", "cancelled").random(BLOCK_PATHS) for a in accelerators])
    arrives = hardware.available_month(
        speed.promised_month[:, None], slip, cancel, draws.parameter("launch_cancel_prob")
    )
    capital, power, rest = owned_parts(scenario, draws, accelerators)
    made = Machines(
        names=names,
        hours_per_mtok=hours,
        gain_frac=speed.gain_frac[:, :, None].astype(REAL),
        maturity_months=speed.maturity_months[:, None].astype(REAL),
        available_month=np.where(speed.available[:, None], -np.inf, arrives).astype(REAL),
        maturity=np.repeat(maturity[:, None], BLOCK_PATHS, axis=1).astype(REAL),
        capital_usd_per_hour=capital.copy(),
        power_usd_per_hour=power.copy(),
        rest_usd_per_hour=rest,
        capital_factor=hardware.decline_factor(draws.parameter("hardware_price_decline_per_year")),
        power_factor=hardware.decline_factor(-draws.parameter("electricity_growth_per_year")),
        serving_factor=hardware.decline_factor(-draws.parameter("serving_efficiency_per_year")),
        turnover_per_month=draws.parameter("fleet_turnover_per_month"),
        serving_gain=np.ones(BLOCK_PATHS, REAL),
        floor_usd_per_mtok=np.empty(0, REAL),
        fleet_usd_per_mtok=np.empty(0, REAL),
    )
    best = made.best(0)
    made.floor_usd_per_mtok = best.min(axis=0)
    made.fleet_usd_per_mtok = best * draws.parameter("fleet_lag_ratio")
    return made
