"""The numbers of the tables: inputs with their value in the base scenario, columns with their meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forecast.finding.code import Module, Place
from forecast.finding.readers import readers
from forecast.inputs import Input
from forecast.scenario import Scenario
from forecast.tables import Tables


def input_places(scenario: Scenario, asked: str, modules: Sequence[Module]) -> Iterator[Place]:
    """Yield the inputs of a scenario that a name means: a whole key, or a parameter without its table.

    Args:
        scenario: whose values are shown.
        asked: `parameters.pue_ratio`, `pue_ratio`, or `table.entity.column`.
        modules: files to look through for readers.
    """
    cited = scenario.tables.citations()
    meanings = scenario.tables["parameters"].latest("parameter")
    for key in (asked, f"parameters.{asked}"):
        if item := scenario.inputs.get(key):
            table, column = key.split(".")[0], key.rpartition(".")[2]
            columns = {one.name: one.meaning for one in scenario.tables.schema[table]}
            meaning = meanings[column]["meaning"] if table == "parameters" else columns[column]
            yield _of_input(item, meaning, cited, readers(column, modules))


def _of_input(item: Input, meaning: str, cited: dict[str, str], used_by: tuple[str, ...]) -> Place:
    file, _, line = item.origin.place.partition(" row ")
    known = f"{item.origin.status}, known {item.origin.as_of}"
    about = f"{item.origin.source} ({known}): {cited.get(item.origin.source, item.origin.why)}"
    number = int(line) if line.isdigit() else 1
    return Place("input", item.key, file, number, meaning, item.unit, str(item.value), source=about, used_by=used_by)


def column_places(tables: Tables, asked: str, modules: Sequence[Module]) -> Iterator[Place]:
    """Yield the tables and columns that a name means: `table`, `table.column` or `column`."""
    for table, columns in tables.schema.items():
        if asked == table:
            names = ", ".join(column.name for column in columns)
            used = readers(table, modules)
            yield Place(
                "table", table, tables[table].label, 1, f"columns {names}", value=_count(tables, table), used_by=used
            )
        for column in columns:
            if asked in (column.name, f"{table}.{column.name}"):
                name, label = f"{table}.{column.name}", tables[table].label
                yield Place(
                    "column", name, label, 1, column.meaning, column.unit, _count(tables, table),
                    used_by=readers(column.name, modules),
                )  # fmt: skip


def _count(tables: Tables, table: str) -> str:
    return f"{len(tables[table])} rows"


def data_names(scenario: Scenario) -> set[str]:
    """Return every name that an input, a column or a table answers to."""
    schema = scenario.tables.schema
    columns = {f"{table}.{column.name}" for table in schema for column in schema[table]}
    return {*scenario.inputs, *columns, *schema, *(name.rpartition(".")[2] for name in (*columns, *scenario.inputs))}
