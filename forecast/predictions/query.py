"""A prediction as a query: conditions on outcomes, each with a month, joined by `and` or by `or`; and whether it holds on a path.

tier_price[commodity] at 2028-12 <= 0.05     a fan at the end of a month, compared with a number in its unit
not exit[groq] by 2026-12                    an event, until the end of that month
top5_tokens_frac at 2026-12 >= 0.8           an outcome of the whole market has no entity
price_rank[deepseek:open-frontier] at 2026-12 <= 1    of an offer, which is a provider in a segment
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import numpy as np

from forecast.arrays import Flags
from forecast.errors import InputError, suggestion
from forecast.outcomes.by_path import BY_PATH, entities
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.path_values import ARRIVAL, EVENTS, axis_of, on_paths
from forecast.paths import Paths

MONTHLY = (*FANS, *BY_PATH)  # compared with a number in one month
QUERIED = (*MONTHLY, *DATES, *EVENTS, ARRIVAL)
MIDDLE_DAY = 15  # until then the end of the month before is nearer
ATOM = re.compile(
    r"(?P<no>not )?(?P<outcome>\w+)(?:\[(?P<entity>[\w.:-]+)\])? (?P<when>at|by) (?P<year>\d{4})-(?P<month>\d\d)"
    r"(?: (?P<comparison><=|>=) (?P<threshold>\d+(?:\.\d+)?(?:e-?\d+)?))?"
)


@dataclass(frozen=True)
class Condition:
    """One condition: an event until a month, or a quantity in a month compared with a threshold."""

    outcome: str
    entity: str | None
    year: int
    month: int
    comparison: str | None
    threshold: float
    negated: bool

    @property
    def asked(self) -> str:
        """What is asked for, as the query writes it: outcome[entity]."""
        return f"{self.outcome}[{self.entity}]" if self.entity else self.outcome

    def months_after(self, as_of: date) -> int:
        """Return the months from as_of to the end of the condition's month; below 1 it lies in the past.

        The as_of day counts as the end of a month that is nearest to it: from 1 July to the end of December are six.
        """
        begun = as_of.day <= MIDDLE_DAY
        return 12 * (self.year - as_of.year) + self.month - as_of.month + begun


@dataclass(frozen=True)
class Query:
    """Conditions, all of which must hold, or any."""

    conditions: tuple[Condition, ...]
    every: bool


def parse_query(text: str) -> Query:
    """Return the query that a text stands for.

    >>> parse_query("not exit[groq] by 2026-12").conditions[0].negated
    True

    Raises:
        ValueError: what is wrong with the text, and what is allowed.
    """
    words = {word for word in (" and ", " or ") if word in text}
    if len(words) == 2:
        raise ValueError(f'"{text}" mixes and with or; one of them is allowed')
    joint = words.pop() if words else " and "
    return Query(tuple(_condition(part.strip()) for part in text.split(joint)), joint == " and ")


def _condition(text: str) -> Condition:
    found = ATOM.fullmatch(text)
    if not found:
        raise ValueError(
            f'"{text}" is no condition; write OUTCOME[ENTITY] at YYYY-MM <= NUMBER, or EVENT[ENTITY] by YYYY-MM'
        )
    outcome, entity, compared = found["outcome"], found["entity"], found["comparison"] is not None
    if outcome not in QUERIED:
        raise ValueError(f'no outcome "{outcome}" to ask for.{suggestion(outcome, QUERIED)}')
    if not 1 <= int(found["month"]) <= 12:
        raise ValueError(f"{found['year']}-{found['month']}: a month from 01 to 12 is required")
    monthly = outcome in MONTHLY
    if monthly != compared or monthly != (found["when"] == "at"):
        form = "at YYYY-MM with <= or >= and a number" if monthly else "by YYYY-MM without a number"
        raise ValueError(f'"{text}": {outcome} is asked for {form}')
    axis = axis_of(outcome)
    if (axis == "market") != (entity is None) or axis.count(":") != (entity or "").count(":"):
        raise ValueError(f'"{text}": {outcome} is given for each {axis}; name one in [] unless that is the market')
    threshold = float(found["threshold"]) if compared else 0.0
    return Condition(
        outcome, entity, int(found["year"]), int(found["month"]), found["comparison"], threshold, bool(found["no"])
    )


def holds(query: Query, paths: Paths) -> Flags:
    """Return on which paths a query holds, `[path]`.

    Args:
        query: conditions, none of them in the past of the paths' scenario.
        paths: a simulation that kept the months and outcomes of all monthly conditions, and is long enough.

    Raises:
        InputError: an entity is not in the market of the scenario.
    """
    found = np.stack([_condition_holds(condition, paths) for condition in query.conditions])
    return np.asarray(found.all(axis=0) if query.every else found.any(axis=0))


def _condition_holds(condition: Condition, paths: Paths) -> Flags:
    axis, entity, scenario = axis_of(condition.outcome), condition.entity or "", paths.scenario
    if entity not in (labels := entities(paths.names, axis)):
        own = [label for label in labels if label.split(":")[0] == entity.split(":")[0]]
        raise InputError(
            f'{condition.outcome}: no {axis} "{entity}" in the market of '
            f"{scenario.name} at {scenario.as_of}.{suggestion(entity, own or labels)}"
        )
    held = on_paths(paths, condition.outcome, condition.entity, condition.months_after(scenario.as_of))
    if condition.comparison:
        held = held <= condition.threshold if condition.comparison == "<=" else held >= condition.threshold
    return np.logical_xor(held, condition.negated)
