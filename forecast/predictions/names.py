"""Names in queries: what stands in no table is a slip, said before anything is simulated.

A name that a table has, but not at a scenario's vintage, is no slip: there the prediction has no probability, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection

from forecast.errors import InputError, suggestion
from forecast.predictions.query import Condition, axis_of
from forecast.predictions.scored import Prediction, predictions
from forecast.serving.token_cost import FAMILIES
from forecast.tables import DISTANT, Tables

TABLES = {  # axis → table and column of its names
    "provider": ("providers", "provider"),
    "cloud": ("cloud_finances", "provider"),
    "segment": ("segments", "segment"),
    "accelerator": ("accelerators", "name"),
}


def known_predictions(tables: Tables) -> list[Prediction]:
    """Return the predictions of the tables, every name in their queries known at some time.

    Raises:
        InputError: every bad query or, if there is none, every unknown name with the nearest known one.
    """
    table = tables["predictions"]
    asked = predictions(table)
    named = [(p, c) for p in asked if p.query for c in p.query.conditions if c.entity]
    problems = [
        f"{table.label} row {p.row.number}, {p.row['prediction']}: {problem} Correct the query."
        for p, c in named
        for problem in _unknown(c, tables)
    ]
    if problems:
        raise InputError(problems)
    return asked


def _unknown(condition: Condition, tables: Tables) -> list[str]:
    """Return what is wrong with each part of a condition's entity, like provider and segment."""
    parts = zip(axis_of(condition.outcome).split(":"), str(condition.entity).split(":"), strict=True)
    known = [(axis, name, _names(axis, tables)) for axis, name in parts]
    return [
        f'{condition.asked}: no {axis} "{name}".{suggestion(name, names)}'
        for axis, name, names in known
        if name not in names
    ]


def _names(axis: str, tables: Tables) -> Collection[str]:
    if axis == "family":
        return FAMILIES
    table, column = TABLES[axis]
    return {row[column] for row in tables.vintage(DISTANT)[table]}
