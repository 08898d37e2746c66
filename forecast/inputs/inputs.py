"""Inputs as the tables write them: every number with its address, its column and where it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from forecast.cells import Column, parameter_column
from forecast.distributions import Distribution, as_distribution
from forecast.shipped import INPUT_TABLES
from forecast.table_files import Row, Table
from forecast.tables import Tables

# Numbers of them that are shown, fitted to or checked against, and that no equation reads: to set one would move nothing.
EVIDENCE = ("known_revenue_usd_per_year", "published_owned_usd_per_accelerator_hour", "gpqa_at_least", "standard_error")
# Where all revenue of a provider is known, its other revenue is what token sales leave of that, and its own cell is not read.
REVENUE, OTHER_REVENUE = "revenue_usd_per_year", "other_revenue_usd_per_year"
SELLING = ("provider_finances", "offers")  # a provider sells where it has rows of both
CLOSURES = ("shutdown", "shutdown-and-hire")  # kinds of events after which it sells no more
# The correlation of all revenue with the provider's own growth: both are read from the same figures.
GROWTH, GROWTH_CORRELATION = "growth_apart_per_month", "growth_revenue_correlation"


@dataclass(frozen=True)
class Origin:
    """Where a value came from: a place in a file, the source it cites, the date it was known, and why."""

    place: str
    source: str
    as_of: str
    status: str
    why: str = ""


@dataclass(frozen=True)
class Input:
    """One number of the model: its address, its value (a distribution, perhaps fixed), and its origin."""

    key: str
    value: Distribution
    unit: str
    persistence: str
    origin: Origin


Rows = dict[str, dict[str, Row]]


def address(name: str) -> str:
    """Return the address of an input that a user names; one without a table is a parameter.

    >>> address("pue_ratio"), address("providers.groq.own_frac")
    ('parameters.pue_ratio', 'providers.groq.own_frac')
    """
    return name if name.partition(".")[0] in (*INPUT_TABLES, "parameters") else f"parameters.{name}"


def all_revenue_of(key: str) -> str:
    """Return where all revenue of a provider stands if `key` is its other revenue, else nothing: where it is known, `key` is not read.

    >>> all_revenue_of("provider_finances.groq.other_revenue_usd_per_year"), all_revenue_of("provider_finances.groq.cash_usd")
    ('provider_finances.groq.revenue_usd_per_year', '')
    """
    provider, _, column = key.rpartition(".")
    return f"{provider}.{REVENUE}" if column == OTHER_REVENUE else ""


def written_inputs(tables: Tables) -> tuple[Rows, dict[str, Input], dict[str, Column]]:
    """Return the latest row of each entity, an input for each number in it, and each input's schema column.

    Some inputs only point at their fits. Who had closed by the vintage has no finances and no offers there: providers
    without them are left out of the market.
    """
    rows: Rows = {}
    inputs: dict[str, Input] = {}
    columns: dict[str, Column] = {}
    parameters = tables["parameters"]
    for name, row in parameters.latest("parameter").items():
        key = f"parameters.{name}"
        columns[key] = parameter_column(row)
        inputs[key] = Input(
            key, as_distribution(row["value"]), row["unit"], row["persistence"], origin_of(parameters, row)
        )
    closed = {row["actors"].split("; ")[-1] for row in tables["events"] if row["kind"] in CLOSURES}
    for table_name, keys in INPUT_TABLES.items():
        table = tables[table_name]
        rows[table_name] = {
            ":".join(key) if isinstance(key, tuple) else key: row
            for key, row in table.latest(*keys).items()
            if table_name not in SELLING or row["provider"] not in closed
        }
        for entity, row in rows[table_name].items():
            for column in table.columns:
                if column.kind != "number":
                    continue
                key = f"{table_name}.{entity}.{column.name}"
                columns[key] = column
                if row[column.name] is not None:
                    origin = origin_of(table, row, column.name)
                    inputs[key] = Input(key, as_distribution(row[column.name]), column.unit, "entity", origin)
    return rows, inputs, columns


def origin_of(table: Table, row: Row, column: str = "") -> Origin:
    """Return where a row came from; of a column that its note calls an assumption the mark says so."""
    note = row["note"] or ""
    status = "assumption" if column in assumed_columns(note) else row["status"]
    return Origin(f"{table.label} row {row.number}", row["source"], str(row["as_of"]), status, note)


@cache
def assumed_columns(note: str) -> set[str]:
    """Return the words that a note calls assumptions: columns among them are marked so, whatever the mark of their row.

    >>> sorted(assumed_columns("available: 2024-04; power_kw is an assumption"))
    ['power_kw']
    >>> sorted(assumed_columns("own_frac and acquirable_ratio are assumptions; kind is public"))
    ['acquirable_ratio', 'and', 'own_frac']
    """
    clauses = re.findall(r"([\w, ]+) (?:is an assumption|are assumptions)\b", note)
    return set(re.findall(r"\w+", " ".join(clauses)))
