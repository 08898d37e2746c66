"""Names in queries: a name that stands in no table is an error, reported before anything is simulated.

A name that a table has, but not at a scenario's vintage, is no error: there the prediction has a reason and no probability.
"""

from __future__ import annotations

from collections.abc import Collection

from forecast.errors import InputError, suggestion
from forecast.families import FLEETS
from forecast.path_values import axis_of
from forecast.predictions.scored import Prediction, predictions
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
        f"{table.label} row {p.row.number}, {p.row['prediction']}: "
        f'{c.asked}: no {axis} "{name}".{suggestion(name, known)} Correct the query.'
        for p, c in named
        for axis, name in zip(axis_of(c.outcome).split(":"), str(c.entity).split(":"), strict=True)
        if name not in (known := _names(axis, tables))
    ]
    if problems:
        raise InputError(problems)
    return asked


def _names(axis: str, tables: Tables) -> Collection[str]:
    if axis == "family":
        return FLEETS
    table, column = TABLES[axis]
    return {row[column] for row in tables.vintage(DISTANT)[table]}
