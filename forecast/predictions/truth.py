"""Whether a query holds on each path of a simulation: joint events are asked path by path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError, suggestion
from forecast.outcomes.by_path import entities
from forecast.path_values import axis_of, on_paths
from forecast.paths import Paths
from forecast.predictions.query import Condition, Query

Flags = NDArray[np.bool_]


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
