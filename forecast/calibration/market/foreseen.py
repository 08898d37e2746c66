"""Counts of what came to the market's own firms in the months after a vintage: one draw, to lie within what paths expect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from forecast.calibration.market.band import Band, Values
from forecast.calibration.market.world import Statistic, World
from forecast.hindcast.happenings import firms_of
from forecast.hindcast.quantities import QUANTITIES
from forecast.hindcast.quantity import Asked
from forecast.hindcast.run import month_later
from forecast.market.names import Names, market_names
from forecast.scenario import Scenario, load_scenario
from forecast.tables import Tables

# The rounds of every firm are not recorded, exits and listings are.
FIRMS = {"rounds_count": "followed", "departures_count": "all", "listings_count": "all"}


def happened(quantity: str, at: date, months: int) -> Callable[[Tables], Band]:
    """Return a reader of a count of a hindcast, in so many months after a vintage, of the firms the market then named."""

    def read(tables: Tables) -> Band:
        scenario = load_scenario("base", tables, as_of=at)
        names = market_names(scenario)
        found = QUANTITIES[quantity].happened(tables, scenario, names, _asked(quantity, scenario, names, months))
        if isinstance(found, str):
            raise ValueError(found)
        return Band(found.value, found.value, found.value)

    return read


def expected(quantity: str, months: int) -> Statistic:
    """Return a reader of the same count on each path."""

    def read(world: World) -> Values:
        asked = _asked(quantity, world.scenario, world.names, months)
        return QUANTITIES[quantity].forecast(world.history, world.names, asked)

    return read


def _asked(quantity: str, scenario: Scenario, names: Names, months: int) -> Asked:
    firms = firms_of(scenario, names, FIRMS[quantity])
    return Asked(FIRMS[quantity], scenario.as_of, months, month_later(scenario.as_of, months), firms)
