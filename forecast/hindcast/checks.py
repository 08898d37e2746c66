"""What a hindcast consists of: quantities with two readers, checks with their intervals, events with their probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.history import History
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.table_files import Row
from forecast.tables import Tables

Values = NDArray[np.float64]  # [path]
ENDS = (0.1, 0.5, 0.9)


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
    """A comparable quantity: its form (ratio, count, months or event), what it is, what the forecast says of it and what happened."""

    form: str
    meaning: str
    forecast: OnPath
    happened: Callable[[Tables, Scenario, Names, Asked], Happened]


@dataclass(frozen=True)
class Check:
    """One thing that happened against its 80 % interval; an end beyond every horizon is infinite."""

    name: str
    form: str
    p10: float
    p50: float
    p90: float
    value: float
    source: str
    walk_log_sd: float | None

    @property
    def inside(self) -> bool:
        """Whether the value lies within the interval, its ends included up to the rounding of single precision."""
        slack = 1e-6 * abs(self.value)
        return self.p10 - slack <= self.value <= self.p90 + slack


@dataclass(frozen=True)
class Event:
    """One thing that did or did not happen, and the probability the forecast gave it."""

    name: str
    prob: float
    happened: bool
    source: str


@dataclass(frozen=True)
class Hindcast:
    """What a forecast of a past date said against what happened, the checks that had no answer, and what was set with hindsight."""

    scenario: str
    as_of: date
    n_paths: int
    seed: int
    checks: tuple[Check, ...]
    events: tuple[Event, ...]
    left_out: tuple[tuple[str, str], ...]  # name of a check, and the reason
    hindsight: tuple[str, ...]  # inputs of the vintage that were set with sight of later data


def check_name(row: Row) -> str:
    """Return the name of a check: quantity, entity, and the months ahead where the answer is not itself a month."""
    ahead = f", {row['months_ahead']} months" if row["months_ahead"] is not None else ""
    return f"{row['quantity']} {row['entity']}{ahead}"


def check_of(name: str, form: str, samples: Array, value: float, source: str, walk_log_sd: float | None) -> Check:
    """Return a check with the quantiles of its samples, `[path]`.

    >>> check_of("n", "count", np.array([1.0, 2.0, 2.0, np.inf]), 2.0, "a", None).p90
    inf
    """
    low, middle, high = np.quantile(samples, ENDS, method="inverted_cdf")  # a count stays a count, and ∞ itself
    return Check(name, form, float(low), float(middle), float(high), value, source, walk_log_sd)
