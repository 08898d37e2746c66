"""Counts of what came to the market's own firms in the months after a vintage: one draw, to lie within what paths expect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from forecast.calibration.market.band import Values
from forecast.calibration.market.world import Statistic, World
from forecast.hindcast.happenings import asked_of
from forecast.hindcast.quantities import QUANTITIES
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.tables import Tables
from forecast.trends.trend import Band

# The rounds of every firm are not recorded, exits and listings are.
FIRMS = {"rounds_count": "followed", "departures_count": "all", "listings_count": "all"}


def happened(quantity: str, at: date, months: int) -> Callable[[Tables], Band]:
    """Return a reader of a count of a hindcast, in so many months after a vintage, of the firms the market then named."""

    def read(tables: Tables) -> Band:
        scenario = load_scenario("base", tables, as_of=at)
        names = market_names(scenario)
        found = QUANTITIES[quantity].happened(
            tables, scenario, names, asked_of(FIRMS[quantity], months, scenario, names)
        )
        if isinstance(found, str):
            raise ValueError(found)
        return Band(found.value, found.value, found.value)

    return read


def expected(quantity: str, months: int) -> Statistic:
    """Return a reader of the same count on each path."""

    def read(world: World) -> Values:
        asked = asked_of(FIRMS[quantity], months, world.scenario, world.names)
        return QUANTITIES[quantity].forecast(world.history, world.names, asked)

    return read
