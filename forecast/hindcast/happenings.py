"""Quantities counted in the table of events: rounds, departures and listings, of one firm or of many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.hindcast.quantity import Asked, Happened, Observed, OnPath, Quantity, Values
from forecast.hindcast.series import SOLID
from forecast.history import History
from forecast.market.doors import happened_by
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.tables import Tables

EVENT_KINDS = {
    "rounds": ("funding-round",),
    "departures": ("acquisition", "licence-and-hire", "shutdown", "shutdown-and-hire"),
    "listings": ("ipo",),
}


def firms_of(scenario: Scenario, names: Names, entity: str) -> frozenset[str]:
    """Return the providers that an entity stands for.

    `all` are those on their own cash; `followed` those of them whose rounds the events were known to record at the
    as_of day: the table does not know the rounds of every firm, and a round it misses is not one that failed.
    """
    own_cash = frozenset(names.providers[names.own_cash])
    rounds = {row["actors"] for row in scenario.tables["events"] if row["kind"] in EVENT_KINDS["rounds"]}
    return {"all": own_cash, "followed": own_cash & rounds}.get(entity, own_cash & {entity})


def _members(names: Names, asked: Asked) -> list[int]:
    return [names.providers.index(firm) for firm in sorted(asked.firms)]


def rounds(history: History, names: Names, asked: Asked) -> Values:
    """Return the rounds closed by then, on each path."""
    closed = history.series["rounds"][_members(names, asked), 1 : asked.months + 1]
    return np.asarray(closed.sum(axis=(0, 1)), float)


def departures(history: History, names: Names, asked: Asked) -> Values:
    """Return how many were bought, hired away or shut by then, on each path."""
    return _count_by(history.exit_month[_members(names, asked)], asked.months)


def listings(history: History, names: Names, asked: Asked) -> Values:
    """Return how many were listed by then, on each path."""
    return _count_by(history.listed_month[_members(names, asked)], asked.months)


def _count_by(when: NDArray[np.int16], month: int) -> Values:
    return np.asarray(happened_by(when, month).sum(axis=0), float)


def counted(what: str, meaning: str, forecast: OnPath, most: bool) -> Quantity:
    """Return a quantity counted in the table of events; with `most` at least one is asked for, not how many.

    Of the actors of a deal the last is the one to whom it happens ("buyer; bought"), of a listing the first, with
    those that belong to it after it.
    """

    def happened(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
        if what == "rounds" and not asked.firms <= firms_of(scenario, names, "followed"):
            return f"events.csv recorded no round by {asked.as_of}"
        last = max(row["date_on"] for row in tables["events"])
        if asked.on > last:
            return f"events.csv ends on {last}"
        found = [
            row
            for row in tables["events"]
            if row["kind"] in EVENT_KINDS[what]
            and row["status"] in SOLID
            and asked.as_of < row["date_on"] <= asked.on
            and row["actors"].split("; ")[0 if what == "listings" else -1] in asked.firms
        ]
        value = float(bool(found)) if most else float(len(found))
        source = (
            found[-1]["source"] if most and found else f"events.csv, {len(found)} row{'' if len(found) == 1 else 's'}"
        )
        return Observed(value, source)

    def on_path(history: History, names: Names, asked: Asked) -> Values:
        count = forecast(history, names, asked)
        return np.minimum(count, 1.0) if most else count

    return Quantity("event" if most else "count", meaning, on_path, happened)
