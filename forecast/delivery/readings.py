"""What delivery reads of a forecast again and again: its segments, the months that are shown, and three quantiles."""

from __future__ import annotations

from typing import TypeVar

from forecast.outcomes.dates import MONTHS_IN_A_ROW
from forecast.tidy_table import Forecast

T = TypeVar("T")
LEAST_PATHS = 30  # fewer do not tell their own spread
CONCENTRATIONS = (  # what may be concentrated; that five hold most of it for some months; the share of the five
    ("tokens", "consolidation_month", "top5_tokens_frac"),
    ("spend", "consolidation_spend_month", "top5_spend_frac"),
)


def six_in_a_row_fit(months: int) -> bool:
    """Return whether a row of six months, the first of them today's, ends within so many months.

    >>> six_in_a_row_fit(4), six_in_a_row_fit(5)
    (False, True)
    """
    return months >= MONTHS_IN_A_ROW - 1


def seen_whole(by_month: list[T]) -> list[T]:
    """Return of values by month, from today to the horizon, those of months whose row of six ends within it.

    >>> seen_whole([0.0, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2])
    [0.0, 0.1]
    """
    return by_month[: max(0, len(by_month) - MONTHS_IN_A_ROW + 1)]


def segments(forecast: Forecast) -> list[str]:
    """Return the segments of a forecast in their order."""
    return list(dict.fromkeys(f.segment for f in forecast.find("market_price") if f.segment))


def marked_months(forecast: Forecast, most: int = 4) -> list[int]:
    """Return the months that small tables show: today, one and three years on, the horizon; of those between as many as `most` allows."""
    horizon: int = forecast.manifest["months"]
    between = [m for m in (12, 36) if m < horizon]
    return [0, *between[: max(most - 2, 0)], horizon]


def three(forecast: Forecast, outcome: str, entity: str | None, month: int | None) -> list[float | None]:
    """Return the 10, 50 and 90 % quantiles of an outcome."""
    return [forecast.value(outcome, entity, month, quantile) for quantile in (0.1, 0.5, 0.9)]
