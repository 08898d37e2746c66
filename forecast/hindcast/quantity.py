"""A quantity of a hindcast: what the forecast says of it on every path, and what the tables say happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.history import History
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.tables import Tables

Values = NDArray[np.float64]  # [path]


class Observed(NamedTuple):
    """What happened: the value, where it comes from, and how far a naive walk would have gone by then, if it is a walk."""

    value: float
    source: str
    walk_log_sd: float | None = None


class Asked(NamedTuple):
    """A question to forecast and tables: of what, from which day, how many months later, which day that is."""

    entity: str
    as_of: date
    months: int
    on: date
    firms: frozenset[str]  # providers that the entity stands for


Happened = Observed | str  # a text says why the question has no answer


OnPath = Callable[[History, Names, Asked], Values]


@dataclass(frozen=True)
class Quantity:
    """A comparable quantity: its form (ratio, count, months or event), what it is, and its two readers."""

    form: str
    meaning: str
    forecast: OnPath
    happened: Callable[[Tables, Scenario, Names, Asked], Happened]
