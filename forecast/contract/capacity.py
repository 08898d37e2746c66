"""Own or rent: what an accelerator costs whoever buys it, signs for it, or rents it for the hours in which it is busy.

All are priced on the same paths, in money of today at the cost of capital, for an hour of the clock. The owner and whoever
signs pay all hours. The rent asked on demand today moves as the engine's rent of an H100 does; a contract holds its price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecast.arrays import Array
from forecast.contract.pricing import MOST_PATHS
from forecast.draws import Draws, blocks_of, check_chance, paths_in
from forecast.equations.cost import capital_recovery_factor
from forecast.equations.hardware import decline_factor
from forecast.errors import InputError
from forecast.families import CLOUD, FAMILIES
from forecast.march import march
from forecast.market.names import market_names
from forecast.renting import asked_rents
from forecast.scenario import Scenario
from forecast.serving.token_cost import number_of, owned_parts
from forecast.serving.workloads import launch_dates
from forecast.table_files import Row
from forecast.units import HALF_A_MONTH, HOURS_PER_MONTH, HOURS_PER_YEAR, MONTHS_PER_YEAR

LEAST_YEARS = 1e-6  # of life that are left: worth nothing, and no division by it fails


@dataclass(frozen=True)
class Need:
    """What a planner needs: an accelerator for some months, busy a part of the hours."""

    accelerator: str
    months: int
    busy_frac: float
    rent_usd_per_hour: float  # asked on demand today
    resale_frac: float | None = None  # of what was paid; None: `resale_of`
    price_usd: float | None = None  # quoted for one; None: of the tables, path by path


@dataclass(frozen=True)
class Ways:
    """What each way costs on each path, `[path]`, USD for an hour of the clock, and where owning breaks even."""

    own: Array
    contract: Array
    on_demand: Array  # the busy hours alone
    even_busy_frac: Array  # from which on owning costs less than renting on demand; above 1 never
    paid_back_months: Array  # until rent spared has paid for the machine, unsold; infinite beyond the horizon
    resale_frac: Array


def need_of(
    scenario: Scenario,
    accelerator: str,
    months: int,
    busy_frac: float | None,
    rent_usd_per_hour: float | None,
    resale_frac: float | None,
    price_usd: float | None = None,
) -> Need:
    """Return what is needed, with the busy share of best practice and the median rent asked today where none is given.

    Raises:
        InputError: an accelerator that cannot be bought or has no rent, or a number out of its range; all are listed.
    """
    row, asked = scenario.rows["accelerators"][accelerator], asked_rents(scenario, accelerator)
    rent = rent_usd_per_hour if rent_usd_per_hour is not None else asked["median"] if asked else None
    busy = number_of(scenario, "floor_utilisation_frac") if busy_frac is None else busy_frac
    given = {
        "utilisation": (busy, 0.01, 1),
        "rent-usd-per-hour": (rent_usd_per_hour, 0.0001, 1e5),
        "resale-frac": (resale_frac, 0, 1),
        "price-usd": (price_usd, 100, 1e7),
    }
    problems = [
        f"--{option} {value:g}: outside {low:g} to {high:g}. Choose a number in that range."
        for option, (value, low, high) in given.items()
        if value is not None and not low <= value <= high
    ]
    if said := _why_not(scenario, row):
        problems.append(f"--accelerator {accelerator}: {said}. Choose another.")
    else:
        unknown = {
            "price is known. Give yours as --price-usd": price_usd is None and not _is_priced(scenario, accelerator),
            "rent asked on demand is known. Give yours as --rent-usd-per-hour": rent is None,
        }
        problems += [f"--accelerator {accelerator}: no {said}." for said, missing in unknown.items() if missing]
    if not 1 <= months <= scenario.months:
        problems.append(
            f"--months {months}: outside 1 to the horizon of {scenario.months}. Choose a number in that range."
        )
    if problems:
        raise InputError(problems)
    assert rent is not None
    return Need(accelerator, months, busy, rent, resale_frac, price_usd)


def _why_not(scenario: Scenario, row: Row) -> str:
    """Return why an accelerator cannot be bought at the vintage, or an empty string."""
    if FAMILIES[row["family"]].served_by == CLOUD:
        return "only its maker's cloud lets it; nobody sells it"
    if row["available_on"] is None or row["available_on"] > scenario.as_of:
        dates = launch_dates(row["announced_on"], row["promised_on"], row["available_on"])
        return "cancelled" if row["cancelled"] else f"not on the market at {scenario.as_of}; {dates}"
    return ""


def _is_priced(scenario: Scenario, accelerator: str) -> bool:
    return f"accelerator_prices.{accelerator}.price_low_usd" in scenario.inputs


def own_or_rent(
    scenario: Scenario, need: Need, n_paths: int, seed: int, progress: Callable[[int], None] = lambda paths: None
) -> Ways:
    """Return what owning, a contract for the whole time and renting on demand cost on the same paths.

    Args:
        scenario: as long as the need, at least.
        need: of `need_of`.
        n_paths, seed: as in `simulate`.
        progress: called with the number of paths of each block that is done.
    """
    check_chance(n_paths, seed, MOST_PATHS)
    names, parts = market_names(scenario), []
    for block in blocks_of(n_paths):
        draws = Draws(scenario, seed, block)
        rent = march(scenario, names, draws).series["rent"][0].astype(float)
        count = paths_in(block, n_paths)
        parts.append([each[:count] for each in _of_block(scenario, need, draws, rent)])
        progress(count)
    return Ways(*(np.concatenate(same) for same in zip(*parts, strict=True)))


def resale_of(
    rate_per_year: Array, life_years: Array, decline_per_year: Array, months: int, used_ratio: Array
) -> Array:
    """Part of its price for which a machine sells after some months: of a new one's price then, for the life that is left.

    ρ = u·f^m·φ(L)/φ(L − m/12);  0 from the end of its life on

    rate r ≥ 0, life L > 0 years, decline of a new one's price a year, months m ≥ 0, used machines over new ones u from 0
    to 1. Source: own-assumption (annuity), glri-2026-01-08 (u).

    >>> resale_of(np.array([0.0]), np.array([4.0]), np.array([0.19]), 12, np.array([0.8])).round(4).tolist()
    [0.486]
    """
    left = np.maximum(life_years - months / MONTHS_PER_YEAR, LEAST_YEARS)
    kept = capital_recovery_factor(rate_per_year, life_years) / capital_recovery_factor(rate_per_year, left)
    return np.asarray(used_ratio * decline_factor(decline_per_year) ** months * kept)


def _of_block(scenario: Scenario, need: Need, draws: Draws, h100_rent: Array) -> tuple[Array, ...]:
    """Return the fields of `Ways` for a block; `h100_rent` is `[month, path]` from the as_of month on."""
    rate, life, decline, growth, ratio, used = (
        draws.parameter(name).astype(float)
        for name in (
            "capital_rate_per_year", "accelerator_life_years", "hardware_price_decline_per_year",
            "electricity_growth_per_year", "contract_rent_ratio", "used_price_ratio",
        )
    )  # fmt: skip
    market_usd = None if _is_priced(scenario, need.accelerator) else need.price_usd
    parts = owned_parts(scenario, draws, [need.accelerator], market_usd)
    capital, power, rest = (part[0].astype(float) for part in parts)
    bought_usd = capital * HOURS_PER_YEAR / capital_recovery_factor(rate, life)  # with its share of the network
    if need.price_usd is not None:
        bought_usd = need.price_usd * (1 + draws.parameter("network_frac").astype(float))
    month = np.arange(1, scenario.months + 1)[:, None]
    hours = HOURS_PER_MONTH * (1 + rate) ** ((HALF_A_MONTH - month) / MONTHS_PER_YEAR)  # at their worth today
    running_usd = hours * (power * (1 + growth) ** (month / MONTHS_PER_YEAR) + rest)
    hired_usd = hours * need.rent_usd_per_hour * h100_rent[1:] / h100_rent[0]  # if it were busy throughout
    spared_usd = np.cumsum(need.busy_frac * hired_usd - running_usd, axis=0)
    paid = spared_usd >= bought_usd
    paid_back = np.where(paid.any(axis=0), paid.argmax(axis=0) + 1.0, np.inf)
    said = need.resale_frac
    resale = resale_of(rate, life, decline, need.months, used) if said is None else said + 0 * rate
    sold_usd = bought_usd * resale * (1 + rate) ** (-need.months / MONTHS_PER_YEAR)
    clock, running, hired = (each[: need.months].sum(axis=0) for each in (hours, running_usd, hired_usd))
    own, full = (bought_usd - sold_usd + running) / clock, hired / clock
    owned = capital + power + rest
    contract = owned * (need.rent_usd_per_hour / owned) ** ratio  # log over owned cost, relative to on demand
    return own, contract, need.busy_frac * full, own / full, paid_back, resale
