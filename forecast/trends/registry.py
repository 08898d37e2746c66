"""Every trend that is fitted to the tables: the only list of them."""

from __future__ import annotations

from collections.abc import Callable

from forecast.errors import InputError, suggestion
from forecast.tables import Tables
from forecast.trends.slips import launch_slips_trend
from forecast.trends.trend import Trend

TRENDS: dict[str, Callable[[Tables], Trend]] = {
    "launch_slips": launch_slips_trend,
}


def trend_of(name: str, tables: Tables) -> Trend:
    """Return the trend called `name`, fitted to the tables as they were known at their vintage.

    Raises:
        InputError: no trend has this name, or the vintage holds too few rows for it.
    """
    if name not in TRENDS:
        raise InputError(f'no trend "{name}"; known: {", ".join(TRENDS)}.{suggestion(name, TRENDS)}')
    return TRENDS[name](tables)
