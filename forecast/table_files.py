"""One CSV file of `data/`: read, and every cell checked against its column of `data/schema.csv`.

A table is a tuple of rows; a row is a mapping from column to value that remembers its place in the file. The
schema is itself a table: unit, range and meaning of a column are data, and one loader checks them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from forecast.cells import KINDS, Column, convert
from forecast.csv_files import csv_cells, csv_content
from forecast.errors import InputError, shortened, suggestion

KEPT_FILES = 128  # files whose rows a process keeps: each vintage, fit and scenario asks for the same tables again


@dataclass(frozen=True)
class Row:
    """One row of a table: `row["column"]`, and `number`, the row a spreadsheet shows it in."""

    values: dict[str, Any]
    number: int

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def get(self, column: str) -> Any:
        return self.values.get(column)


@dataclass(frozen=True)
class Table:
    """A checked table: its rows and, for messages and provenance, the file it came from."""

    name: str
    label: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def until(self, as_of: date) -> Table:
        """Return the table as it was known on `as_of`: rows dated later do not exist."""
        if not any(column.name == "as_of" for column in self.columns):
            return self
        known = tuple(row for row in self.rows if row["as_of"] <= as_of)
        return Table(self.name, self.label, self.columns, known)

    def latest(self, *keys: str) -> dict[Any, Row]:
        """Return for each value of `keys` (a tuple when there are several) the row known last."""
        found: dict[Any, Row] = {}
        for row in self.rows:
            key = row[keys[0]] if len(keys) == 1 else tuple(row[k] for k in keys)
            if key not in found or row["as_of"] >= found[key]["as_of"]:
                found[key] = row
        return found


def file_digest(path: Path) -> str:
    """Return a fingerprint of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def read_schema(path: Path, label: str) -> dict[str, tuple[Column, ...]]:
    """Return the columns of every table by table name, from `schema.csv`; raise InputError at its first mistake."""
    return _schema(csv_content(path, label), label)


@lru_cache(maxsize=4)
def _schema(content: bytes, label: str) -> dict[str, tuple[Column, ...]]:
    header, *records = csv_cells(content, label)
    wanted = ["table", "column", "kind", "unit", "minimum", "maximum", "required", "uncertain", "allowed", "meaning"]
    if header != wanted:
        raise InputError(f"{label} row 1: the header is {','.join(header)}; it must be {','.join(wanted)}.")
    found: dict[str, list[Column]] = {}
    for number, cells in enumerate(records, start=2):
        if len(cells) != len(wanted) or cells[2] not in KINDS:
            raise InputError(f"{label} row {number}: needs {len(wanted)} cells and a kind of {', '.join(KINDS)}.")
        table, name, kind, unit, low, high, required, uncertain, allowed, meaning = cells
        try:
            minimum, maximum = (float(limit) if limit else None for limit in (low, high))
        except ValueError:
            raise InputError(f"{label} row {number}: minimum and maximum are numbers. Correct the row.") from None
        choices = tuple(allowed.split("|")) if allowed else ()
        column = Column(table, name, kind, unit, minimum, maximum, required == "1", uncertain == "1", choices, meaning)
        found.setdefault(table, []).append(column)
    return {table: tuple(columns) for table, columns in found.items()}


def read_table(path: Path, label: str, name: str, columns: tuple[Column, ...]) -> tuple[Table, tuple[str, ...]]:
    """Return the table in a CSV file, and every mistake in it, one sentence each; of the same content the same table.

    Args:
        path: the file.
        label: what messages call it, e.g. `data/rents.csv`.
        name: the table's name in the schema.
        columns: the table's columns in the order of the header.

    Raises:
        InputError: the file cannot be read as CSV at all.
    """
    return _table(csv_content(path, label), label, name, columns)


@lru_cache(maxsize=KEPT_FILES)
def _table(content: bytes, label: str, name: str, columns: tuple[Column, ...]) -> tuple[Table, tuple[str, ...]]:
    header, *records = csv_cells(content, label)
    names = [column.name for column in columns]
    if header != names:
        return Table(name, label, columns, ()), (f"{label} row 1: {_header_difference(header, names)}",)
    if not records:
        return Table(name, label, columns, ()), (f"{label}: has a header but no rows. Restore the rows.",)
    rows: list[Row] = []
    problems: list[str] = []
    seen: dict[tuple[str, ...], int] = {}
    known: list[dict[str, Any]] = [{} for _ in columns]  # what the cells of a column stand for: most are repeated
    for number, cells in enumerate(records, start=2):
        if len(cells) != len(columns):
            problems.append(
                f"{label} row {number}: {len(cells)} cells where the header has {len(columns)}. Correct the row."
            )
            continue
        if (twin := seen.setdefault(tuple(cells), number)) != number:
            problems.append(f"{label} row {number}: the same as row {twin}. Delete one.")
        values: dict[str, Any] = {}
        for column, cell, same in zip(columns, cells, known, strict=True):
            try:
                if cell not in same:
                    same[cell] = convert(column, cell)
                values[column.name] = same[cell]
            except ValueError as error:
                problems.append(
                    f"{label} row {number}, {column.name} = {shortened(cell) or 'empty'}: {error}. Correct the row."
                )
        rows.append(Row(values, number))
    return Table(name, label, columns, tuple(rows)), tuple(problems)


def _header_difference(found: list[str], wanted: list[str]) -> str:
    missing, extra = [n for n in wanted if n not in found], [n for n in found if n not in wanted]
    if not missing and not extra:
        return f"the columns are in another order; it must be {','.join(wanted)}. Correct the header."
    said = [f"no column {', '.join(missing)}{'' if extra else '.'}"] if missing else []
    said += [f'unknown column "{name}".{suggestion(name, missing or wanted)}' for name in extra]
    return "; ".join(said) + " Correct the header."
