"""What owning an accelerator costs an hour, from the tables alone: the ground under every rent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from forecast.distributions import Distribution
from forecast.equations.cost import owned_cost
from forecast.inputs.fitted import settled
from forecast.table_files import Row
from forecast.tables import Tables

# Parameters that the equation reads under their own names.
OWNED = (
    "capital_rate_per_year", "accelerator_life_years", "power_load_frac", "pue_ratio", "electricity_usd_per_kwh",
    "facility_usd_per_kw_month", "network_frac", "operations_usd_per_accelerator_hour",
)  # fmt: skip
OTHERS = ("provisioned_power_ratio", "accelerator_price_position_frac")
FIRST_PARAMETERS = date(2025, 1, 1)  # no parameter was written down before; earlier origins take these as their prior


def owned_usd_per_accelerator_hour(tables: Tables) -> dict[str, float]:
    """Return the cost of an owned hour of each accelerator whose price and power are known, at the medians of all inputs.

    Before 2025 the prices are those of the vintage and the other parameters those of 2025-01-01.
    """
    known = tables if tables.as_of >= FIRST_PARAMETERS else tables.vintage(FIRST_PARAMETERS)
    rows = known["parameters"].latest("parameter")
    value = {name: settled(known, f"parameters.{name}", rows[name]["value"]).median() for name in (*OWNED, *OTHERS)}
    parameters = {name: value[name] for name in OWNED}
    machines = tables["accelerators"].latest("name")
    found = {}
    for name, price in tables["accelerator_prices"].latest("accelerator").items():
        ends = [_middle(price, f"price_{end}_usd") for end in ("low", "high")]
        machine = machines.get(name)
        power_kw = all_in_kw(machine, value["provisioned_power_ratio"], partial(_middle, machine)) if machine else None
        if None in ends or power_kw is None:
            continue
        capex_usd = ends[0] + value["accelerator_price_position_frac"] * (ends[1] - ends[0])
        cost = owned_cost(capex_usd=capex_usd, power_kw=power_kw, **parameters)
        found[name] = float(cost.total_usd_per_accelerator_hour)
    return found


def all_in_kw(machine: Row, provisioned_power_ratio: Any, read: Callable[[str], Any]) -> Any:
    """Return the power of an accelerator with its share of server and network: as published, or from its own; None if neither is known.

    `read` gives the value of a column of `accelerators`: one number, or one on each path.
    """
    if machine["power_kw"]:
        return read("power_kw")
    return read("tdp_watts") / 1000 * provisioned_power_ratio if machine["tdp_watts"] else None


def _middle(row: Row, column: str) -> Any:
    value = row[column]
    return value.median() if isinstance(value, Distribution) else value
