"""Quantities of what happens: rounds, departures and listings of one firm or of many, and launches of accelerators."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.delivery import words
from forecast.hindcast.checks import Asked, Happened, Observed, OnPath, Quantity, Values
from forecast.hindcast.series import SOLID
from forecast.history import History
from forecast.market.doors import happened_by
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.tables import Tables
from forecast.trends.monthly import month_later
from forecast.units import months_between

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


def asked_of(entity: str, months: int, scenario: Scenario, names: Names) -> Asked:
    """Return the question of an entity so many months after a scenario's as_of day."""
    on = month_later(scenario.as_of, months)
    return Asked(entity, scenario.as_of, months, on, firms_of(scenario, names, entity))


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


ON_PATH: dict[str, OnPath] = {"rounds": rounds, "departures": departures, "listings": listings}


def counted(what: str, meaning: str, most: bool = False) -> Quantity:
    """Return a quantity counted in the table of events; with `most` at least one is asked for, not how many.

    Of the actors of a deal the last is the one to whom it happens ("buyer; bought"), of a listing the first, with
    those that belong to it after it.
    """

    def happened(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
        if what == "rounds" and not asked.firms <= firms_of(scenario, names, "followed"):
            return f"events.csv recorded no round by {asked.as_of}"
        if asked.on > (last := max(row["date_on"] for row in tables["events"])):
            return f"events.csv ends on {last}"
        found = [
            row
            for row in tables["events"]
            if row["kind"] in EVENT_KINDS[what]
            and row["status"] in SOLID
            and asked.as_of < row["date_on"] <= asked.on
            and row["actors"].split("; ")[0 if what == "listings" else -1] in asked.firms
        ]
        source = found[-1]["source"] if most and found else f"events.csv, {words.counted(len(found), 'row')}"
        return Observed(float(bool(found)) if most else float(len(found)), source)

    def on_path(history: History, names: Names, asked: Asked) -> Values:
        count = ON_PATH[what](history, names, asked)
        return np.minimum(count, 1.0) if most else count

    return Quantity("event" if most else "count", meaning, on_path, happened)


def _last_rent(tables: Tables) -> date:
    """Return the day up to which launches are known: that of the last rent; a later one in the tables is a plan."""
    return max(row["date_on"] for row in tables["rents"])


def _arrival(history: History, names: Names, asked: Asked) -> Values:
    return np.asarray(history.available_month[names.accelerators.index(asked.entity)], float)


def _arrived(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
    row = tables["accelerators"].latest("name")[asked.entity]
    if asked.entity not in names.accelerators:
        return "was not announced, or not with what the market needs"
    if names.speed.available[names.accelerators.index(asked.entity)]:
        return "was on the market already"
    if row["available_on"] is None or row["available_on"] > _last_rent(tables):
        return "has not come yet"
    return Observed(months_between(asked.as_of, row["available_on"]), row["source"])


def _launches(history: History, names: Names, asked: Asked) -> Values:
    month = history.available_month
    return np.asarray(((month > 0) & (month <= asked.months)).sum(axis=0), float)


def _launched(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
    if asked.on > (last := _last_rent(tables)):
        return f"launches are known to {last}"
    rows = tables["accelerators"].latest("name")
    days = [rows[name]["available_on"] for name in names.accelerators]
    count = sum(day is not None and asked.as_of < day <= asked.on for day in days)
    return Observed(float(count), "accelerators.csv")


LAUNCH = Quantity("months", "month in which an announced accelerator is broadly available", _arrival, _arrived)
LAUNCHES = Quantity("count", "announced accelerators that become broadly available", _launches, _launched)
