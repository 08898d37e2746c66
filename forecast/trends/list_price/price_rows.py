"""Rows of a user's file of prices, each checked by itself: what cannot be read is named and left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from forecast.cells import Column, convert
from forecast.csv_files import csv_records
from forecast.errors import InputError, suggestion
from forecast.trends.list_price.series import KINDS

FIRST_DAY = date(2020, 1, 1)  # no token was sold by the million before
OUT = "Row left out."


def _column(name: str, kind: str, maximum: float | None = None, required: bool = True) -> Column:
    number = kind == "number"
    unit, minimum = ("USD/Mtok", 0.0005) if number else ("", None)
    return Column("prices", name, kind, unit, minimum, maximum, required, False, KINDS if kind == "choice" else (), "")


COLUMNS = (
    _column("date", "date"),
    _column("provider", "text"),
    _column("provider_kind", "choice"),
    _column("model", "text"),
    _column("input_usd_per_mtok", "number", 500.0),
    _column("output_usd_per_mtok", "number", 1500.0),
    _column("last_seen", "date", required=False),
)
REQUIRED = tuple(column.name for column in COLUMNS if column.required)


@dataclass(frozen=True)
class PriceRow:
    """One row that could be read."""

    number: int  # in the file, as a spreadsheet shows it
    changed_on: date
    provider: str
    kind: str
    model: str
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    last_seen_on: date | None

    @property
    def key(self) -> tuple[str, str]:
        return self.provider, self.model


def read_rows(path: Path, newest: date) -> tuple[list[PriceRow], list[str]]:
    """Return the rows of a file that can be read, and one sentence for each that cannot.

    Args:
        path: CSV with the columns of `REQUIRED`, and `last_seen` if there is one; further columns are ignored; `-` is stdin.
        newest: no date of the file may lie after it.

    Raises:
        InputError: as `csv_records`, or a column is missing.
    """
    header, *records = csv_records(path)
    header = [name.strip() for name in header]
    if missing := [name for name in REQUIRED if name not in header]:
        near = "".join(suggestion(name, missing) for name in header if name not in REQUIRED)
        raise InputError(
            f"{path} row 1: no column {', '.join(missing)};{near} it must have {','.join(REQUIRED)}. Correct the header."
        )
    rows, notes = [], []
    for number, cells in enumerate(records, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        found = _read(number, header, cells, newest)
        if isinstance(found, PriceRow):
            rows.append(found)
        else:
            notes.append(f"{path} row {number}{found} {OUT}")
    return rows, notes


def _read(number: int, header: list[str], cells: list[str], newest: date) -> PriceRow | str:
    """Return the row, or what is wrong with it."""
    if len(cells) != len(header):
        return f": {len(cells)} cells where the header has {len(header)}."
    cell = dict(zip(header, cells, strict=True))
    values: list[Any] = []
    for column in COLUMNS:
        try:
            values.append(convert(column, cell.get(column.name, "")))
        except ValueError as error:
            said = f"{error}{_hint(column, cell[column.name])}"
            return f", {column.name} = {cell[column.name] or 'empty'}: {said}{'' if said.endswith('?') else '.'}"
        if column.kind == "date" and values[-1] and not FIRST_DAY <= values[-1] <= newest:
            return f", {column.name} = {values[-1]}: a day from {FIRST_DAY} to {newest} is required."
    return PriceRow(number, *values)


def _hint(column: Column, cell: str) -> str:
    """Return a guess at the unit of a price that is too small."""
    try:
        small = column.kind == "number" and 0.0 < float(cell) < (column.minimum or 0.0)
    except ValueError:
        return ""
    return " (is it a price of one token, or of a thousand?)" if small else ""
