"""Every trend that is fitted to the tables: the only list of them."""

from __future__ import annotations

from collections.abc import Callable

from forecast.errors import InputError, suggestion
from forecast.tables import Tables
from forecast.trends.demand import demand_trend
from forecast.trends.electricity import electricity_trend
from forecast.trends.exits import exits_trend
from forecast.trends.funding import funding_trend
from forecast.trends.hardware_price import hardware_price_trend
from forecast.trends.slips import launch_slips_trend
from forecast.trends.software import software_trend
from forecast.trends.trend import Trend

TRENDS: dict[str, Callable[[Tables], Trend]] = {
    "demand": demand_trend,
    "software": software_trend,
    "electricity": electricity_trend,
    "hardware_price": hardware_price_trend,
    "launch_slips": launch_slips_trend,
    "funding": funding_trend,
    "exits": exits_trend,
}


def trend_of(name: str, tables: Tables) -> Trend:
    """Return the trend called `name`, fitted to the tables as they were known at their vintage.

    Raises:
        InputError: no trend has this name, or the vintage holds too few rows for it.
    """
    if name not in TRENDS:
        raise InputError(f'no trend "{name}"; known: {", ".join(TRENDS)}.{suggestion(name, TRENDS)}')
    return TRENDS[name](tables)
