"""Monthly series of prices: one value a month in logarithms, and what was wrong with the rest."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.units import month_of

UNIT_SLIP_RATIO = 100.0  # a value this far from the middle of those around it was written in another unit


class Reading(NamedTuple):
    """One price as a table has it: whose, of what kind, for which day, and where it stands."""

    series: str
    kind: str
    date_on: date
    value: float
    where: str  # "data/rents.csv row 12"


@dataclass(frozen=True)
class MonthlySeries:
    """A series: months counted from year 0, ascending, without repeats (gaps allowed), and logs of positive values."""

    name: str
    kind: str
    months: NDArray[np.int64]
    logs: Array

    def __len__(self) -> int:
        return len(self.logs)

    def until(self, month: int) -> MonthlySeries:
        """Return the months up to this one."""
        at = self.months <= month
        return MonthlySeries(self.name, self.kind, self.months[at], self.logs[at])

    def steps(self) -> tuple[Array, Array]:
        """Return (before, after) of each pair of values a month apart."""
        near = np.diff(self.months) == 1
        return self.logs[:-1][near], self.logs[1:][near]


def month_end(month: int) -> date:
    """Return the last day of a month.

    >>> month_end(month_of(date(2024, 2, 1)))
    datetime.date(2024, 2, 29)
    """
    year, index = divmod(month, 12)
    return date(year, index + 1, calendar.monthrange(year, index + 1)[1])


def month_later(day: date, months: int) -> date:
    """Return the same day so many months later, or the last of a shorter month.

    >>> month_later(date(2025, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    last = month_end(month_of(day) + months)
    return last.replace(day=min(day.day, last.day))


def dated(months: NDArray[np.int64], logs: Array) -> tuple[tuple[date, float], ...]:
    """Return (month-end, value) of each month's log."""
    return tuple((month_end(int(month)), float(np.exp(log))) for month, log in zip(months, logs, strict=True))


def monthly_series(readings: Iterable[Reading]) -> tuple[tuple[MonthlySeries, ...], tuple[str, ...]]:
    """Return the series that can be used, in order of name, and one sentence for each reading or series that cannot.

    Rows may come in any order and months may be missing. Set aside: values that are not positive, a second value for a
    day (both: which is right cannot be told), values a hundred times off the months around them, series of a single
    month. Of several days in a month the last counts.
    """
    by_name: dict[str, list[Reading]] = {}
    problems: list[str] = []
    for reading in readings:
        if reading.value > 0 and np.isfinite(reading.value):
            by_name.setdefault(reading.series, []).append(reading)
        else:
            problems.append(f"{reading.where}: price {reading.value:g}; prices are positive. Row left out.")
    found = []
    for name in sorted(by_name):
        kept = _of_one_unit(_one_a_month(by_name[name], problems), problems)
        if len(kept) < 2:
            problems.append(f"{name}: {len(kept)} usable month(s); a series needs two. Series left out.")
            continue
        months = np.array([month_of(reading.date_on) for reading in kept], np.int64)
        logs = np.log([reading.value for reading in kept])
        found.append(MonthlySeries(name, kept[0].kind, months, logs))
    return tuple(found), tuple(problems)


def _one_a_month(readings: list[Reading], problems: list[str]) -> list[Reading]:
    """Return the last reading of each month, in order; days that have two different values are left out."""
    by_day: dict[date, list[Reading]] = {}
    for reading in readings:
        by_day.setdefault(reading.date_on, []).append(reading)
    by_month: dict[int, Reading] = {}
    for day in sorted(by_day):
        if len({reading.value for reading in by_day[day]}) > 1:
            where = " and ".join(reading.where for reading in by_day[day])
            problems.append(f"{where}: two values for {by_day[day][0].series} on {day}. Rows left out.")
        else:
            by_month[month_of(day)] = by_day[day][0]
    return list(by_month.values())


def _of_one_unit(readings: list[Reading], problems: list[str]) -> list[Reading]:
    """Return the readings that are not a hundred times the middle of the values around them, or a hundredth of it."""
    kept = []
    logs = np.log([reading.value for reading in readings])
    for at, reading in enumerate(readings):
        around = logs[max(0, at - 2) : at + 3]
        if len(around) > 2 and abs(logs[at] - np.median(around)) > np.log(UNIT_SLIP_RATIO):
            problems.append(
                f"{reading.where}: {reading.value:g} is over {UNIT_SLIP_RATIO:g} times off the months around it. "
                "Check the unit; row left out."
            )
        else:
            kept.append(reading)
    return kept
