"""Whether a query holds on each path of a simulation: joint events are asked path by path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Draws, blocks_of
from forecast.errors import InputError, suggestion
from forecast.market.doors import ALIVE, BOUGHT, EXIT_KINDS, LICENSED, SOLD_IN_DISTRESS, WITHOUT_BUYER, happened_by
from forecast.market.machines import Machines
from forecast.outcomes.by_path import entities
from forecast.outcomes.fans import FANS
from forecast.paths import Paths
from forecast.predictions.query import ARRIVAL, MONTHLY, Condition, Query, axis_of

Flags = NDArray[np.bool_]
EXITS = {  # kinds of exit that an event counts
    "exit": tuple(range(ALIVE + 1, len(EXIT_KINDS))),
    "bought": (SOLD_IN_DISTRESS, BOUGHT, LICENSED),
    "shut": WITHOUT_BUYER,
}


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
    row, month = _row(condition, paths), condition.months_after(paths.scenario.as_of)
    if condition.outcome in MONTHLY:
        kept = paths.kept[condition.outcome][row] if condition.outcome in FANS else paths.kept[condition.asked][0]
        values = kept[paths.kept_months.index(month)]
        at_most = condition.comparison == "<="
        held: Flags = values <= condition.threshold if at_most else values >= condition.threshold
    else:
        held = _event_by(condition.outcome, row, month, paths)
    return np.logical_xor(held, condition.negated)


def _event_by(event: str, row: int, month: int, paths: Paths) -> Flags:
    """Return on which paths an event has happened by the end of a month, `[path]`."""
    if event == ARRIVAL:
        return np.asarray(_available_month(row, paths) <= month)
    if event == "out_of_cash":
        return np.asarray(paths.runway_months[row] <= month)
    when = {**paths.dates, "listed": paths.listed_month}.get(event, paths.exit_month)[row]
    counted = np.isin(paths.exit_kind[row], EXITS[event]) if event in EXITS else True
    return np.asarray(happened_by(when, month) & counted)


def _available_month(row: int, paths: Paths) -> NDArray[np.float32]:
    """Return the month in which an accelerator comes to the market, `[path]`: drawn again as the simulation drew it."""
    draws = (Draws(paths.scenario, paths.seed, block) for block in blocks_of(paths.n_paths))
    months = [Machines(paths.scenario, paths.names, each).available_month()[row] for each in draws]
    return np.concatenate(months)[: paths.n_paths]


def _row(condition: Condition, paths: Paths) -> int:
    """Return the row of the condition's entity on its axis."""
    axis = axis_of(condition.outcome)
    labels, entity = entities(paths.names, axis), condition.entity or ""
    if entity not in labels:
        own = [label for label in labels if label.split(":")[0] == entity.split(":")[0]]
        raise InputError(
            f'{condition.outcome}: no {axis} "{entity}" in the market of '
            f"{paths.scenario.name} at {paths.scenario.as_of}.{suggestion(entity, own or labels)}"
        )
    return labels.index(entity)
