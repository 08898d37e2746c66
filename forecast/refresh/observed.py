"""What came true of the outcomes that are observed, by the month's end at which a forecast of them is due."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from forecast.renting import h100_rents
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.monthly import month_end
from forecast.units import month_of

LAST_EARLY_DAY = 15  # until then the end of the month before is nearer than that of the month


class Truth(NamedTuple):
    """What came true of an outcome on a day: the value and the row it stands in."""

    on: str
    value: float
    evidence: str


Seen = list[Truth]  # what came true of one series, the oldest first


def due_on(as_of: date, months: int) -> str:
    """Return the end of a month nearest to the day some months after another: what is observed is observed at month ends.

    >>> due_on(date(2026, 11, 5), 3), due_on(date(2026, 11, 30), 3)
    ('2027-01-31', '2027-02-28')
    """
    return str(month_end(month_of(as_of) + months - (as_of.day <= LAST_EARLY_DAY)))


def truths(tables: Tables) -> dict[tuple[str, str], Seen]:
    """Return what the tables say of the outcomes that are observed, by outcome and series.

    rent is the H100 on-demand index, of one series without a name; tier_price the third-lowest price at a GPQA, whose
    level names the series.
    """
    tiers = tables["tier_prices"]
    said = [(("rent", ""), tables["rents"], row, row["usd_per_accelerator_hour"]) for row in h100_rents(tables)]
    said += [(("tier_price", level_of(row)), tiers, row, row["third_cheapest_usd_per_mtok"]) for row in tiers]
    found: dict[tuple[str, str], Seen] = {}
    for series, table, row, value in sorted(said, key=lambda one: one[2]["date_on"]):
        if value is not None:
            truth = Truth(str(row["date_on"]), value, f"{table.label} row {row.number}")
            found.setdefault(series, []).append(truth)
    return found


def levels_at(tables: Tables, as_of: date) -> dict[str, str]:
    """Return the level that each segment stood for at a vintage, as its tier price names it."""
    rows = tables.vintage(as_of)["segments"].latest("segment")
    return {segment: level_of(row) for segment, row in rows.items()}


def level_of(row: Row) -> str:
    """Return the GPQA of a tier price or a segment, as text."""
    return f"{row['gpqa_at_least']:g}"


def value_by(seen: Seen, day: str) -> float | None:
    """Return the last value seen by a day, None before the first."""
    return next((truth.value for truth in reversed(seen) if truth.on <= day), None)


def answer_to(seen: Seen, due_on: str, as_of: str) -> Truth | None:
    """Return what was last seen in the month that ends on a day, None if a forecast of `as_of` knew it, or nothing was."""
    found = next((truth for truth in reversed(seen) if truth.on <= due_on), None)
    return found if found and found.on[:7] == due_on[:7] and found.on > as_of else None
