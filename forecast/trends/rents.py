"""Rents of accelerators over what owning one costs: indices of on-demand rate cards, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.owning import owned_usd_per_accelerator_hour
from forecast.tables import Tables
from forecast.trends.monthly import MonthlySeries, Reading, monthly_series
from forecast.trends.origins import rolled
from forecast.trends.rent_law import rent_quantiles
from forecast.trends.rolling import Cases

Array = NDArray[np.float64]

INDICES = {
    "index: normalised SXM median of rate cards": "normalised",
    "index: raw on-demand median of rate cards": "raw",
}


def rent_series(tables: Tables) -> tuple[tuple[MonthlySeries, ...], tuple[str, ...]]:
    """Return the indices as series of log USD/accelerator-hour, each accelerator by each index, and what was left out.

    Only accelerators that can be owned at a known price have a law to follow.
    """
    table = tables["rents"]
    owned = owned_usd_per_accelerator_hour(tables)
    return monthly_series(
        Reading(
            f"{row['accelerator']} {INDICES[row['provider']]}",
            INDICES[row["provider"]],
            row["date_on"],
            row["as_of"],
            row["usd_per_accelerator_hour"],
            f"{table.label} row {row.number}",
        )
        for row in table
        if row["provider"] in INDICES and row["accelerator"] in owned
    )


def over_owned(pool: Sequence[MonthlySeries], tables: Tables) -> tuple[list[MonthlySeries], Array]:
    """Return the series as log(rent/owned cost) at a vintage's cost of owning, and that cost's log, `[series]`."""
    owned = owned_usd_per_accelerator_hour(tables)
    owned_log = np.log([owned[one.name.split()[0]] for one in pool])
    return [replace(one, logs=one.logs - shift) for one, shift in zip(pool, owned_log, strict=True)], owned_log


def rent_cases(tables: Tables) -> Cases:
    """Return the rolling-origin forecasts of every index, with its rivals, in log USD/accelerator-hour."""

    def form(pool: Sequence[MonthlySeries], horizons: Sequence[int], origin: date) -> Array:
        ratios, owned_log = over_owned(pool, tables.vintage(origin))
        return rent_quantiles(ratios, horizons) + owned_log

    return rolled(rent_series(tables)[0], form)
