"""What a vintage holds: its last day, what its figures mean, and the refusal to fit where it holds too little."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from forecast.errors import InputError
from forecast.table_files import Row, Table
from forecast.tables import DISTANT, Tables
from forecast.units import DAYS_PER_MONTH, MONTHS_PER_YEAR, months_between

Point = tuple[float, float]  # a time, and a value then
PART_OF_A_COUNT = ("external", "enterprise", "alone", "lower bound")
ANOTHER_KIND = "theoretical"  # all tokens at list prices: nobody paid that


class TooFew(InputError):
    """The vintage holds too few observations for a fit: the input keeps its assumption."""


def enough(found: int, least: int, what: str, table: Table, tables: Tables) -> None:
    """Raise TooFew where fewer than `least` observations of `what` were known."""
    if found < least:
        raise TooFew(
            f"{table.label}: {found} {what} known by {tables.as_of}; a fit needs {least}. Choose a later vintage."
        )


def last_day(table: Table, tables: Tables) -> date:
    """Return the day up to which a table speaks: its vintage, or its last row where that is earlier.

    Raises:
        TooFew: no row was known yet.
    """
    enough(len(table), 1, "rows", table, tables)
    return min(tables.as_of, max(row["as_of"] for row in table))


def vintage_day(table: Table, tables: Tables) -> date:
    """Return the day of the vintage; where tables are not cut to one, the last day of this table."""
    return last_day(table, tables) if tables.as_of == DISTANT else tables.as_of


def apart(points: Sequence[Point], least: float) -> list[tuple[Point, Point]]:
    """Return the first point with the next that is so far from it in time, that one with its next, and so on.

    >>> apart([(1.0, 5.0), (1.5, 6.0), (3.0, 7.0)], 1.0)
    [((1.0, 5.0), (3.0, 7.0))]
    """
    pairs, last = [], points[0]
    for point in points[1:]:
        if abs(point[0] - last[0]) >= least:
            pairs.append((last, point))
            last = point
    return pairs


def years_between(start: date, end: date) -> float:
    """Return the time from one day to another, in years of 365 days."""
    return months_between(start, end) / MONTHS_PER_YEAR


def rate_day(row: Row) -> date:
    """Return the day to which a figure of provider_history belongs: for an average of some months, their middle."""
    return row["date_on"] - timedelta(days=round((row["averaged_months"] or 0) * DAYS_PER_MONTH / 2))


def came_about(row: Row, today: date) -> bool:
    """Return whether a figure of provider_history says what had happened by a day; a projection never does."""
    return row["date_on"] <= today and row["status"] != "projection"


def counts_a_part(row: Row) -> bool:
    """Return whether a row's note says that it counts a part of what the other rows of its series count, or something else."""
    return any(word in (row["note"] or "").lower() for word in (*PART_OF_A_COUNT, ANOTHER_KIND))
