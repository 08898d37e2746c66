"""The series whose rolling forecasts are scored: the only list of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from forecast.tables import Tables
from forecast.trends.rolling import Cases

SERIES = {  # name → where its rolling forecasts come from: a function of the tables that returns Cases
    "list-price": "forecast.trends.list_price.backtest:list_price_cases",
    "tier": "forecast.trends.tiers:tier_cases",
    "rent": "forecast.trends.rents:rent_cases",
}


def series_cases(name: str, tables: Tables) -> Cases:
    """Return the rolling forecasts of a series of the list; its room is imported when it is asked for."""
    room, _, function = SERIES[name].partition(":")
    found: Callable[[Tables], Cases] = getattr(import_module(room), function)
    return found(tables)
