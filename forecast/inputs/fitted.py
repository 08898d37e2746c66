"""Inputs that a fit gives: a cell that says the bare word `fitted` points at `fits.csv`.

The latest fit known at the vintage stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from forecast.cells import Column, convert
from forecast.distributions import SEE_FITS, Distribution, as_distribution
from forecast.errors import InputError, suggestion
from forecast.inputs.inputs import Input, Rows, origin_of, written_inputs
from forecast.table_files import Row, Table
from forecast.tables import Tables


def table_inputs(tables: Tables) -> tuple[Rows, dict[str, Input], dict[str, Column]]:
    """Return what `written_inputs` does, the latest known fit in the place of each input that points at one.

    Raises:
        InputError: a cell says `fitted` and no fit was known, or the fit lies outside the limits of the cell.
    """
    rows, inputs, columns = written_inputs(tables)
    fits, problems = tables["fits"], []
    known = fits.latest("key")
    for key, item in inputs.items():
        if item.value != SEE_FITS:
            continue
        if (row := known.get(key)) is None:
            problems.append(f"{item.origin.place}: {_no_fit(key, fits, tables)}")
        elif said := _outside(columns[key], row):
            problems.append(_misfit(fits, row, said))
        else:
            inputs[key] = replace(item, value=as_distribution(row["value"]), origin=origin_of(fits, row))
    if problems:
        raise InputError(problems)
    return rows, inputs, columns


def settled(tables: Tables, key: str, value: float | Distribution) -> Distribution:
    """Return the value of one cell, or the latest known fit where it says `fitted`, whatever else is known or not.

    Raises:
        InputError: no fit of it was known.
    """
    if value != SEE_FITS:
        return as_distribution(value)
    fits = tables["fits"]
    if (row := fits.latest("key").get(key)) is None:
        raise InputError(_no_fit(key, fits, tables))
    return as_distribution(row["value"])


def awaited_fits(tables: Tables) -> set[str]:
    """Return the keys of all inputs whose cells say `fitted` at the tables' vintage."""
    return {key for key, item in written_inputs(tables)[1].items() if item.value == SEE_FITS}


def fit_problems(tables: Tables) -> list[str]:
    """Return what is wrong with the fits, whatever the vintage: an unknown key, a value outside its cell's limits."""
    _, _, columns = written_inputs(tables)
    fits, problems = tables["fits"], []
    for row in fits:
        if row["key"] not in columns:
            said = f'no input "{row["key"]}".{suggestion(row["key"], columns)}'
            problems.append(f"{fits.label} row {row.number}: {said} Correct the key.")
        elif said := _outside(columns[row["key"]], row):
            problems.append(_misfit(fits, row, said))
    return problems


def misfits(tables: Tables, rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return by key why rows that are about to become fits cannot stand in their cells; nothing where all can."""
    _, _, columns = written_inputs(tables)
    found = {row["key"]: _outside(columns[row["key"]], row) for row in rows}
    return {key: said for key, said in found.items() if said}


def _misfit(fits: Table, row: Row, said: str) -> str:
    return f"{fits.label} row {row.number}, {row['key']} = {row['value']}: {said}. Correct the row."


def _no_fit(key: str, fits: Table, tables: Tables) -> str:
    return (
        f"{key} says fitted, but {fits.label} holds no fit of it known by {tables.as_of}. Fit it with "
        "`forecast calibrate trends --write`, choose a later vintage, or write the distribution into the cell."
    )


def _outside(column: Column, row: Row | Mapping[str, str]) -> str:
    """Return what keeps a fit from standing in a column, or nothing."""
    if row["unit"] != column.unit:
        return f"its unit is {row['unit']}, the input's {column.unit}"
    if row["value"] == SEE_FITS:
        return "a distribution is required here, not the word that points at it"
    try:
        convert(column, str(row["value"]))
    except ValueError as error:
        return str(error)
    return ""
