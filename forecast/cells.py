"""Cells: what a column of a table allows, and the value that a text or a number stands for in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from forecast.distributions import BOUNDED, SEE_FITS, Distribution, parse
from forecast.errors import CONTROL, suggestion


@dataclass(frozen=True)
class Column:
    """One row of the schema: what a column of a table holds and which values it allows."""

    table: str
    name: str
    kind: str
    unit: str
    minimum: float | None
    maximum: float | None
    required: bool
    uncertain: bool
    allowed: tuple[str, ...]
    meaning: str


def parameter_column(row: Any) -> Column:
    """Return what a row of `parameters` allows as its value: its own unit and limits."""
    name, unit, low, high, meaning = (row[n] for n in ("parameter", "unit", "minimum", "maximum", "meaning"))
    return Column("parameters", name, "number", unit, low, high, True, True, (), meaning)


def convert(column: Column, cell: str | float) -> Any:
    """Return the value of one cell by its schema column; raise ValueError with what is allowed."""
    if isinstance(cell, str):
        cell = cell.strip()
        if CONTROL.search(cell):
            raise ValueError("a control character is not allowed")
        if not cell:
            if column.required:
                raise ValueError("the column is required and may not be empty")
            return None
    value = KINDS[column.kind](column, cell)
    if value is SEE_FITS:
        return value  # its range is checked where the fit is looked up
    if column.kind == "number" and isinstance(value, Distribution):
        for end in _ends(value):
            _check_range(column, end)
    elif column.kind in ("number", "integer"):
        _check_range(column, value)
    return value


_TAILS = np.array([0.001, 0.999])


def _ends(value: Distribution) -> tuple[float, float]:
    """Return the ends of a distribution's range; of one without ends its 0.1 and 99.9 % points."""
    if value.name in BOUNDED:
        return min(value.arguments), max(value.arguments)
    with np.errstate(over="ignore"):
        low, high = value.quantile(_TAILS)
    return float(low), float(high)


def _check_range(column: Column, value: float) -> None:
    if column.minimum is not None and value < column.minimum:
        raise ValueError(f"{value:g} is below the minimum {column.minimum:g} {column.unit}".rstrip())
    if column.maximum is not None and value > column.maximum:
        raise ValueError(f"{value:g} is above the maximum {column.maximum:g} {column.unit}".rstrip())


def _number(column: Column, cell: Any) -> Any:
    made = SEE_FITS if cell == SEE_FITS.name else parse(cell)
    if made.name == "fixed":
        return made.arguments[0]
    if not column.uncertain:
        raise ValueError("a plain number is required here, not a distribution")
    return made


def _integer(column: Column, cell: Any) -> int:
    value = parse(cell)
    if value.name != "fixed" or value.arguments[0] != int(value.arguments[0]):
        raise ValueError("a whole number is required")
    return int(value.arguments[0])


def _flag(column: Column, cell: Any) -> bool:
    if str(cell) not in ("0", "1"):
        raise ValueError("0 or 1 is required")
    return str(cell) == "1"


def _date(column: Column, cell: Any) -> date:
    try:
        return date.fromisoformat(str(cell))
    except ValueError:
        raise ValueError("a date such as 2026-10-31 is required") from None


def _choice(column: Column, cell: Any) -> str:
    if cell not in column.allowed:
        hint = suggestion(str(cell), column.allowed).strip()
        raise ValueError(f"one of {', '.join(column.allowed)} is required{f' ({hint})' if hint else ''}")
    return str(cell)


KINDS: dict[str, Callable[[Column, Any], Any]] = {
    "text": lambda column, cell: str(cell),
    "key": lambda column, cell: str(cell),
    "date": _date,
    "number": _number,
    "integer": _integer,
    "flag": _flag,
    "choice": _choice,
}
