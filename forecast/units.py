"""Conversion constants. A name ends in its unit; each quantity has one unit; TB and GB are decimal."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

Num = float | NDArray[np.floating[Any]]

HOURS_PER_YEAR = 8760.0
HOURS_PER_DAY = 24.0
HOURS_PER_MONTH = HOURS_PER_YEAR / 12
SECONDS_PER_HOUR = 3600.0
DAYS_PER_MONTH = 365.0 / 12
MONTHS_PER_YEAR = 12.0
HALF_A_MONTH = 0.5  # growth of a month is that at its middle, so that the months add up to what the fits integrate
TOKENS_PER_MTOK = 1e6
GB_PER_TB = 1000.0
BYTES_PER_GB = 1e9
FLOP_PER_GFLOP = 1e9


def month_of(day: date) -> int:
    """Return the month that holds a day, counted from year 0.

    >>> month_of(date(2025, 1, 31)) - month_of(date(2024, 12, 1))
    1
    """
    return day.year * 12 + day.month - 1


def months_between(start: date, end: date) -> float:
    """Return the time from one day to another, in months of 30.4 days: twelve make 365 days.

    >>> months_between(date(2025, 1, 1), date(2026, 1, 1))
    12.0
    """
    return (end - start).days / DAYS_PER_MONTH


def as_given(value: Num) -> Num:
    """Return a plain float for a 0-d result, the array itself otherwise: equations give back what they were given."""
    return float(value) if np.ndim(value) == 0 else value
