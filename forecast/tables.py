"""Read the CSV tables of `data/`, check every cell against `data/schema.csv`, and cut them to a vintage.

A table is a tuple of rows; a row is a mapping from column to value that remembers its place in the file. The
schema is itself a table: unit, range and meaning of a column are data, and one loader checks them all.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from forecast.cells import KINDS, Column, convert
from forecast.errors import InputError, suggestion

DISTANT = date(9999, 12, 31)
LARGEST_FILE_BYTES = 200_000_000


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


@dataclass(frozen=True)
class Tables:
    """All tables of a data directory, each read when first asked for, cut to `as_of`."""

    directories: tuple[Path, ...]
    as_of: date = DISTANT
    _read: dict[str, Table] = field(default_factory=dict, repr=False)

    @cached_property
    def schema(self) -> dict[str, tuple[Column, ...]]:
        """The columns of every table, by table name."""
        return _read_schema(*_find(self.directories, "schema"))

    def __getitem__(self, name: str) -> Table:
        if name not in self.schema:
            raise InputError(f'no table "{name}" in the schema.{suggestion(name, self.schema)}')
        if name not in self._read:
            table, problems = _read_table(self.directories, name, self.schema[name])
            if problems:
                raise InputError(problems)
            self._read[name] = table
        return self._read[name].until(self.as_of)

    def file(self, name: str) -> Path:
        """Return the file that holds a table."""
        return _find(self.directories, name)[0]

    def digests(self) -> dict[str, str]:
        """Return a fingerprint of the file of each table that has been read, by label."""
        found = (_find(self.directories, name) for name in sorted(self._read))
        return {label: file_digest(path) for path, label in found}

    def first_known(self, name: str) -> date:
        """Return the day on which the first row of a table was known, whatever the vintage."""
        return min(row["as_of"] for row in self.vintage(DISTANT)[name])

    def vintage(self, as_of: date) -> Tables:
        """Return the same tables as they were known on `as_of` (files already read are shared)."""
        return Tables(self.directories, as_of, self._read)

    def problems(self) -> list[str]:
        """Return every mistake in every table, one sentence each; an empty list when all is well."""
        try:
            schema = self.schema
        except InputError as error:
            return list(error.problems)
        found: list[str] = []
        for name, columns in schema.items():
            try:
                table, problems = _read_table(self.directories, name, columns)
            except InputError as error:
                problems = list(error.problems)
            else:
                if not problems:
                    self._read[name] = table
            found += problems
        return found or _broken_references(self) + _broken_rules(self)


def file_digest(path: Path) -> str:
    """Return a fingerprint of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def shipped_directory(name: str) -> Path:
    """Return where `data` or `scenarios` lies: beside the package in a checkout, inside it in a wheel."""
    inside = Path(__file__).parent / f"_{name}"
    return inside if inside.is_dir() else Path(__file__).parent.parent / name


def load_tables(directory: str | Path | None = None) -> Tables:
    """Return the tables: shipped ones, overlaid table by table by `directory` or by $FORECAST_DATA.

    Args:
        directory: a folder with CSV files that replace the shipped table of the same name.

    Raises:
        InputError: the folder does not exist. Files are read and checked when first used.
    """
    overlay = directory or os.environ.get("FORECAST_DATA")
    if not overlay:
        return Tables((shipped_directory("data"),))
    if not Path(overlay).is_dir():
        raise InputError(f"{overlay}: no such folder; the data folder holds CSV tables. Correct the path.")
    return Tables((Path(overlay), shipped_directory("data")))


def _find(directories: tuple[Path, ...], name: str) -> tuple[Path, str]:
    for directory in directories:
        path = directory / f"{name}.csv"
        if path.is_file():
            return path, f"{directory.name.lstrip('_')}/{name}.csv"
    where = ", ".join(str(directory) for directory in directories)
    raise InputError(f"data/{name}.csv: the table is missing from {where}. Restore the file.")


def csv_records(path: Path, label: str) -> list[list[str]]:
    """Return the cells of a CSV file; refuse what is no UTF-8 text, too large, or empty."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise InputError(f"{label}: larger than {LARGEST_FILE_BYTES // 10**6} MB. Split or shorten the file.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{label}: byte {error.start} is not UTF-8; tables are UTF-8 text. Save the file as UTF-8 CSV."
        ) from None
    if "\0" in text:
        raise InputError(f"{label}: holds a NUL byte; tables are UTF-8 text. Save the file as UTF-8 CSV.")
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InputError(f"{label}: {error}; tables are comma-separated CSV. Correct the quoting.") from None
    if not records:
        raise InputError(f"{label}: the file is empty; a header row is required. Restore the file.")
    return records


def _read_schema(path: Path, label: str) -> dict[str, tuple[Column, ...]]:
    header, *records = csv_records(path, label)
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
        found.setdefault(table, []).append(
            Column(
                table,
                name,
                kind,
                unit,
                minimum,
                maximum,
                required == "1",
                uncertain == "1",
                tuple(allowed.split("|")) if allowed else (),
                meaning,
            )
        )
    return {table: tuple(columns) for table, columns in found.items()}


def _read_table(directories: tuple[Path, ...], name: str, columns: tuple[Column, ...]) -> tuple[Table, list[str]]:
    path, label = _find(directories, name)
    header, *records = csv_records(path, label)
    names = [column.name for column in columns]
    if header != names:
        return Table(name, label, columns, ()), [f"{label} row 1: {_header_difference(header, names)}"]
    if not records:
        return Table(name, label, columns, ()), [f"{label}: has a header but no rows. Restore the rows."]
    rows: list[Row] = []
    problems: list[str] = []
    seen: dict[tuple[str, ...], int] = {}
    for number, cells in enumerate(records, start=2):
        if len(cells) != len(columns):
            problems.append(
                f"{label} row {number}: {len(cells)} cells where the header has {len(columns)}. Correct the row."
            )
            continue
        if (twin := seen.setdefault(tuple(cells), number)) != number:
            problems.append(f"{label} row {number}: the same as row {twin}. Delete one.")
        values: dict[str, Any] = {}
        for column, cell in zip(columns, cells, strict=True):
            try:
                values[column.name] = convert(column, cell)
            except ValueError as error:
                problems.append(f"{label} row {number}, {column.name} = {cell or 'empty'}: {error}. Correct the row.")
        rows.append(Row(values, number))
    return Table(name, label, columns, tuple(rows)), problems


def _header_difference(found: list[str], wanted: list[str]) -> str:
    missing, extra = [n for n in wanted if n not in found], [n for n in found if n not in wanted]
    if not missing and not extra:
        return f"the columns are in another order; it must be {','.join(wanted)}. Correct the header."
    said = [f"no column {', '.join(missing)}{'' if extra else '.'}"] if missing else []
    said += [f'unknown column "{name}".{suggestion(name, missing or wanted)}' for name in extra]
    return "; ".join(said) + " Correct the header."


# What names a row of a table that keeps several vintages of it: a date may hold only one of each.
VINTAGE_KEYS: dict[str, tuple[str, ...]] = {
    "parameters": ("parameter",),
    "correlations": ("first", "second"),
    "providers": ("provider",),
    "provider_finances": ("provider",),
    "cloud_finances": ("provider",),
    "provider_kinds": ("kind",),
    "offers": ("provider", "segment"),
    "segments": ("segment",),
    "regimes": ("regime",),
    "accelerators": ("name",),
    "accelerator_prices": ("accelerator",),
    "efficiency": ("family", "architecture"),
    "speculation": ("form",),
    "serving_stacks": ("stack",),
    "load_power": ("family",),
    "outside_prices": ("accelerator",),
    "throughput_effects": ("term", "feature", "level"),
    "fits": ("key",),
}


def _broken_rules(tables: Tables) -> list[str]:
    """Return what no single column can say: parameters in their own range, one row a key and date, chances of 1."""
    problems = []
    for name, keys in VINTAGE_KEYS.items():
        if name not in tables.schema:
            continue
        table = tables[name]
        seen: dict[tuple[Any, ...], int] = {}
        for row in table:
            key = (*(row[k] for k in keys), row["as_of"])
            if (twin := seen.setdefault(key, row.number)) != row.number:
                what = ", ".join(str(part) for part in key)
                problems.append(f"{table.label} row {row.number}: {what} stands in row {twin} already. Delete one.")
    table = tables["parameters"]
    for row in table:
        own = Column("parameters", "value", "number", row["unit"], row["minimum"], row["maximum"], True, True, (), "")
        try:
            convert(own, str(row["value"]))
        except ValueError as error:
            problems.append(f"{table.label} row {row.number}, {row['parameter']}: {error}. Correct the row.")
    for row in tables["regimes"]:
        total = sum(row[f"next_{regime}_prob"] for regime in ("hot", "normal", "cold"))
        if abs(total - 1.0) > 0.01:
            problems.append(
                f"{tables['regimes'].label} row {row.number}: next_*_prob add up to {total:g}, not 1. Correct it."
            )
    return problems


def _broken_references(tables: Tables) -> list[str]:
    """Return the cells whose key (schema kind `key`, allowed `table.column`) points at no row."""
    problems = []
    for name, columns in tables.schema.items():
        for column in columns:
            if column.kind != "key" or not column.allowed:
                continue
            table, _, target = column.allowed[0].partition(".")
            known = {row[target] for row in tables[table]}
            for row in tables[name]:
                key = row[column.name]
                if key is not None and key not in known:
                    problems.append(
                        f"{tables[name].label} row {row.number}, {column.name} = {key}: not in {table}.csv."
                        f"{suggestion(key, known)} Add it there or correct the row."
                    )
    return problems
