"""What the price of an accelerator loses over time, first against last."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np

from forecast.arrays import Array
from forecast.distributions import Z_90
from forecast.monte_carlo import jackknife_error
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.known import enough, last_day, years_between
from forecast.trends.trend import Band, Diagnostic, Trend

FEWEST_PARTS = 4
LEAST_YEARS = 0.5
PRICE_NOT_HANDED = (
    "a handful of parts, one of them priced as a chip first and as a share of a rack later: "
    "hardware_price_decline_per_year keeps its assumption"
)


def pooled_rate(years: Array, change_log: Array) -> tuple[float, float]:
    """Return the pooled change in logs a year, Σc/Σt, and its standard error by leaving each case out (jackknife).

    >>> pooled_rate(np.array([1.0, 1.0]), np.array([0.1, 0.3]))
    (0.2, 0.1)
    """
    left = (change_log.sum() - change_log) / (years.sum() - years)
    return float(change_log.sum() / years.sum()), float(jackknife_error(left))


def hardware_price_trend(tables: Tables) -> Trend:
    """Return the yearly decline of an accelerator's price known at the tables' vintage.

    First against last published price of each part: rate = −Σ log(p₂/p₁) ÷ Σ Δt, so that a part weighs as the time it
    was watched; its error by leaving each part out in turn (jackknife), since the parts are few and differ.

    Raises:
        TooFew: fewer than four parts have two prices half a year apart.
    """
    table = tables["accelerator_prices"]
    parts = _watched(tables)
    enough(len(parts), FEWEST_PARTS, "parts with two prices", table, tables)
    years, fall_log = (np.array(column) for column in zip(*parts.values(), strict=True))
    rate, error = pooled_rate(years, fall_log)
    ends = rate + error * Z_90 * np.array([1.0, 0.0, -1.0])
    return Trend(
        name="hardware_price",
        title="Price of an accelerator after it becomes available",
        unit="USD",
        form="a steady decline",
        why="two or three prices a part: no form can be scored out of sample; the rival is a price that stays",
        annual_change=Band(*(1 - ends).tolist()),
        diagnostics=(
            Diagnostic("decline_per_year", rate, f"standard error {error:.3f}"),
            Diagnostic("parts_count", len(parts), f"{', '.join(sorted(parts))}: {years.sum():.1f} years together"),
            Diagnostic("steepest_per_year", float((fall_log / years).max()), "of one part"),
            Diagnostic("flattest_per_year", float((fall_log / years).min()), "of one part; below 0 it rose"),
        ),
        observed=tuple((row["as_of"], _middle_usd(row)) for row in _priced(tables) if row["accelerator"] in parts),
        more={"not handed to the model": PRICE_NOT_HANDED},
    )


def _watched(tables: Tables) -> dict[str, tuple[float, float]]:
    """Return years watched and the log of first over last price for each part watched long enough."""
    found: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for row in _priced(tables):
        found[row["accelerator"]].append((row["as_of"], float(np.log(_middle_usd(row)))))
    spans = {n: (years_between(min(p)[0], max(p)[0]), min(p)[1] - max(p)[1]) for n, p in found.items()}
    return {name: span for name, span in spans.items() if span[0] >= LEAST_YEARS}


def _priced(tables: Tables) -> list[Row]:
    """Return the rows that publish a price: no analogy of ours, and none that only carries an earlier price on."""
    table = tables["accelerator_prices"]
    today = last_day(table, tables)
    return [
        row
        for row in table
        if row["price_low_usd"]
        and row["status"] != "assumption"
        and row["source"] != "own-assumption"
        and not row["published_owned_usd_per_accelerator_hour"]
        and row["as_of"] <= today
    ]


def _middle_usd(row: Row) -> float:
    return float((row["price_low_usd"] * row["price_high_usd"]) ** 0.5)
