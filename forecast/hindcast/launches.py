"""Quantities of the hardware roadmap: when an awaited accelerator comes, and how many do."""

from __future__ import annotations

from datetime import date

import numpy as np

from forecast.hindcast.quantity import Asked, Happened, Observed, Quantity, Values
from forecast.history import History
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.tables import Tables
from forecast.units import months_between


def _last_day(tables: Tables) -> date:
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
    if row["available_on"] is None or row["available_on"] > _last_day(tables):
        return "has not come yet"
    return Observed(months_between(asked.as_of, row["available_on"]), row["source"])


def _launches(history: History, names: Names, asked: Asked) -> Values:
    month = history.available_month
    return np.asarray(((month > 0) & (month <= asked.months)).sum(axis=0), float)


def _launched(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
    if asked.on > (last := _last_day(tables)):
        return f"launches are known to {last}"
    rows = tables["accelerators"].latest("name")
    days = [rows[name]["available_on"] for name in names.accelerators]
    count = sum(day is not None and asked.as_of < day <= asked.on for day in days)
    return Observed(float(count), "accelerators.csv")


LAUNCH = Quantity("months", "month in which an announced accelerator is broadly available", _arrival, _arrived)
LAUNCHES = Quantity("count", "announced accelerators that become broadly available", _launches, _launched)
