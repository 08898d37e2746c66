"""What renting an accelerator costs today: rates asked on demand, as last known of each seller or index."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import Any

from forecast.scenario import Scenario
from forecast.table_files import Row

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
