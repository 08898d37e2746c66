"""What renting an accelerator costs: rates asked on demand, as last known of each seller or index, and the H100's until today."""

from __future__ import annotations

import math
from datetime import date, timedelta
from statistics import median
from typing import Any

from forecast.scenario import Scenario
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.units import month_of

RENT_INDEX = "index: normalised SXM median of rate cards"  # that the model's rent is read off (rent_to_owned_log_start)
RECENT = timedelta(days=183)  # an older rent is no longer what an accelerator costs


def recent_rents(scenario: Scenario, accelerator: str) -> list[Row]:
    """Return the rows of rents asked on demand for an accelerator in the half year before the vintage."""
    since = scenario.as_of - RECENT
    return [
        row for row in scenario.tables["rents"]
        if row["accelerator"] == accelerator and row["channel"] == "on-demand" and row["date_on"] > since
    ]  # fmt: skip


def asked_rents(scenario: Scenario, accelerator: str) -> dict[str, Any] | None:
    """Return the on-demand rates of the half year before the vintage; None where none is known.

    Args:
        scenario: gives the table of rents, cut to its vintage.
        accelerator: its stable name.

    Each seller or index counts once, with its last rate, USD/accelerator-hour. Sellers ask two to four times what others
    do on one day, so the ends are returned beside the median.
    """
    last: dict[str, tuple[Any, float]] = {}
    for row in recent_rents(scenario, accelerator):
        quote = (row["date_on"], row["usd_per_accelerator_hour"])
        last[row["provider"]] = max(last.get(row["provider"], quote), quote)
    if not last:
        return None
    rates = [rate for _, rate in last.values()]
    return {
        "median": median(rates), "lowest": min(rates), "highest": max(rates), "quotes": len(rates),
        "newest_on": str(max(day for day, _ in last.values())),
    }  # fmt: skip


def h100_rents(tables: Tables) -> list[Row]:
    """Return the rows of the H100's on-demand index."""
    return [row for row in tables["rents"] if row["provider"] == RENT_INDEX and row["accelerator"] == "h100"]


def rents_until(day: date, tables: Tables) -> list[float]:
    """Return the log of that index in every month from its first to that of a day; a month without a value has the last one known.

    Where none is known yet there is that month alone, at a rent of one: whatever came before was as today.
    """
    rows = sorted(h100_rents(tables), key=lambda row: row["date_on"])
    known = {month_of(row["date_on"]): row["usd_per_accelerator_hour"] for row in rows}
    now, rent, found = month_of(day), 1.0, []
    for month in range(min([*known, now]), now + 1):
        rent = known.get(month, rent)
        found.append(math.log(rent))
    return found
