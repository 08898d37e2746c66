"""The tables of `data/`: found in their folders, read when first asked for, and cut to a vintage."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from types import NoneType

from forecast.cells import Column
from forecast.errors import InputError, check_kind, suggestion
from forecast.shipped import shipped_directory
from forecast.table_files import Table, file_digest, read_schema, read_table

DISTANT = date(9999, 12, 31)
ONLY_NAMES = ("schema", "sources", "aliases")  # what other tables are checked against and printed with
PAGE_NOT_KEPT = " [site only: its page was not kept, the figure not checked again]"


@dataclass(frozen=True)
class Tables:
    """All tables of a data directory, each read when first asked for, cut to `as_of`."""

    directories: tuple[Path, ...]
    as_of: date = DISTANT
    _read: dict[str, Table] = field(default_factory=dict, repr=False)
    _used: set[str] = field(default_factory=set, repr=False)

    @cached_property
    def schema(self) -> dict[str, tuple[Column, ...]]:
        """The columns of every table, by table name."""
        return read_schema(*_find(self.directories, "schema"))

    def __getitem__(self, name: str) -> Table:
        if name not in self.schema:
            raise InputError(f'no table "{name}" in the schema.{suggestion(name, self.schema)}')
        if name not in self._read:
            table, problems = read_table(*_find(self.directories, name), name, self.schema[name])
            if problems:
                raise InputError(problems)
            self._read[name] = table
        self._used.add(name)
        return self._read[name].until(self.as_of)

    def problems(self, names: Iterable[str]) -> list[str]:
        """Return every mistake in the files of these tables, one sentence each."""
        found: list[str] = []
        for name in names:
            try:
                self[name]
            except InputError as error:
                found += error.problems
        return found

    def with_table(self, table: Table) -> Tables:
        """Return the same tables with one of them replaced."""
        return Tables(self.directories, self.as_of, {**self._read, table.name: table}, self._used)

    def file(self, name: str) -> Path:
        """Return the file that holds a table."""
        return _find(self.directories, name)[0]

    def own(self) -> set[str]:
        """Return the names of the tables that stand in a folder of one's own."""
        return {path.stem for folder in self.directories[:-1] for path in folder.glob("*.csv")}

    def shipped(self) -> Tables:
        """Return the shipped tables alone, at the same vintage."""
        return Tables(self.directories[-1:], self.as_of)

    def apart(self) -> Tables:
        """Return the same tables, whatever their dates; what is done with them does not count as use."""
        return Tables(self.directories, DISTANT, self._read)

    def meaning(self, key: str) -> str:
        """Return what a number is, by its address, table.entity.column: in the words of its parameter's row, or of its column's."""
        table, _, name = key.partition(".")
        column = name.rpartition(".")[2]
        if table == "parameters":
            return str(self["parameters"].latest("parameter")[column]["meaning"])
        return next(one.meaning for one in self.schema[table] if one.name == column)

    def citations(self) -> dict[str, str]:
        """Return what each source is, by key, whatever its date; of a site whose page was not kept it says so."""
        rows = self.apart()["sources"]
        return {row["key"]: row["citation"] + (PAGE_NOT_KEPT if row["kind"] == "site" else "") for row in rows}

    def unread(self) -> list[Path]:
        """Return the files of a folder of one's own that nothing has used so far, without those that only name things."""
        return [self.file(name) for name in sorted(self.own() - self._used - set(ONLY_NAMES))]

    def digests(self) -> dict[str, str]:
        """Return a fingerprint of the file of each table that has been used, by label."""
        found = (_find(self.directories, name) for name in sorted(self._used))
        return {label: file_digest(path) for path, label in found}

    def first_known(self, name: str) -> date:
        """Return the day on which the first row of a table was known, whatever the vintage."""
        return min(row["as_of"] for row in self.vintage(DISTANT)[name])

    def vintage(self, as_of: date) -> Tables:
        """Return the same tables as they were known on `as_of` (files already read are shared)."""
        return Tables(self.directories, as_of, self._read, self._used)


def load_tables(directory: str | Path | None = None) -> Tables:
    """Return the tables: shipped ones, overlaid table by table by `directory` or by $FORECAST_DATA.

    Args:
        directory: a folder with CSV files that replace the shipped table of the same name.

    Raises:
        InputError: the folder does not exist, holds a CSV file that is no table, or a table with a mistake: one that a verb
            never reads must not pass for one that it has believed. Shipped files are read and checked when first used.
    """
    check_kind("directory", directory, (str, Path, NoneType), "a folder")
    overlay = directory or os.environ.get("FORECAST_DATA")
    if not overlay:
        return Tables((shipped_directory("data"),))
    if not Path(overlay).is_dir():
        raise InputError(f"{overlay}: no such folder; the data folder holds CSV tables. Correct the path.")
    return _checked(Tables((Path(overlay), shipped_directory("data"))))


def _checked(tables: Tables) -> Tables:
    """Return the tables, those of the overlaying folder read; raise an InputError with every mistake in its files."""
    problems: list[str] = []
    reading = tables.apart()  # to be checked is not to be used
    for path in sorted(tables.directories[0].glob("*.csv")):
        if not path.is_file():
            problems.append(f"{path}: no file; a table is a CSV file. Replace it.")
            continue
        if path.stem not in reading.schema:
            hint = suggestion(path.stem, reading.schema)
            problems.append(f"{path}: no table has this name.{hint} Rename the file, or keep it elsewhere.")
            continue
        problems += reading.problems([path.stem])
    if problems:
        raise InputError(problems)
    return tables


def _find(directories: tuple[Path, ...], name: str) -> tuple[Path, str]:
    for directory in directories:
        path = directory / f"{name}.csv"
        if path.is_file():
            return path, f"{directory.name.lstrip('_') or directory}/{name}.csv"
    where = ", ".join(str(directory) for directory in directories)
    raise InputError(f"data/{name}.csv: the table is missing from {where}. Restore the file.")
