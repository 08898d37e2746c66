"""What every table must satisfy together: keys that point at rows, one row a key and date, chances that add up to 1."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from forecast.cells import convert, parameter_column
from forecast.errors import InputError, shortened, suggestion
from forecast.shipped import NAMED_ONCE, VINTAGE_KEYS
from forecast.table_files import Row
from forecast.tables import Tables


def table_problems(tables: Tables) -> list[str]:
    """Return every mistake in every table, one sentence each; an empty list when all is well.

    What tables must satisfy together is only asked when each is well by itself.
    """
    try:
        names = list(tables.schema)
    except InputError as error:
        return list(error.problems)
    if found := tables.problems(names):
        return found
    return [
        *_missing_parameters(tables), *_broken_references(tables, tables, set(names)), *_broken_rules(tables, set(names)),
        *_left_out(tables, set(names)), *_bound_to_none(tables, set(names)),
    ]  # fmt: skip


def _missing_parameters(tables: Tables) -> list[str]:
    """Return the parameters of the shipped table that a table of one's own lacks: an equation would find nothing."""
    if "parameters" not in tables.own():
        return []
    shipped, own = ({row["parameter"] for row in each["parameters"]} for each in (tables.shipped(), tables))
    return [
        f"{tables['parameters'].label}: no row of {name}, which the shipped table has.{suggestion(name, own - shipped)} "
        "Restore the row."
        for name in sorted(shipped - own)
    ]


def overlay_problems(tables: Tables) -> list[str]:
    """Return what tables of one's own break together with the shipped ones; nothing where there are none.

    A provider that is deleted from one table while another still names it, or added to one alone, would be left out of the
    market without a word.
    Only rows that the vintage knows are asked; what they name may stand in later ones.
    """
    if not (own := tables.own()):
        return []
    every = tables.apart()
    known = every.vintage(tables.as_of)
    return [
        *_broken_references(known, every, own), *_broken_rules(known, own), *_left_out(every, own), *_bound_to_none(every, own),
    ]  # fmt: skip


def lives_on_own_cash(row: Row, clouds: Container[str]) -> bool:
    """Return whether a provider can run out of cash: it is one firm, not the fringe of many, and no parent pays for it."""
    return row["kind"] != "fringe" and not row["parent_backed"] and row["provider"] not in clouds


def _left_out(every: Tables, names: set[str]) -> list[str]:
    """Return the providers that no run would have: without finances and an offer they sell nothing.

    Nothing is asked unless `names` has one of these tables. All that a table of one's own lacks is one sentence.
    """
    needed = ("provider_finances", "offers")
    if not names & {"providers", *needed}:
        return []
    problems = []
    for table in needed:
        selling = {row["provider"] for row in every[table]}
        lacking = {row["provider"]: row.number for row in every["providers"] if row["provider"] not in selling}
        if table in every.own() and lacking:
            problems.append(
                f"{every[table].label}: no row of {', '.join(lacking)}, so no run has them. A table of yours replaces the whole shipped "
                "one: keep its rows and change those that differ."
            )
        elif "providers" in names:
            problems += [
                f"{every['providers'].label} row {number}, provider = {provider}: no row of {table}.csv, so no run has it. "
                "Add one there."
                for provider, number in lacking.items()
            ]
    return problems


def _bound_to_none(every: Tables, names: set[str]) -> list[str]:
    """Return the contracts of providers that never live on their own cash: no run reads those; asked if `names` has a table that says so."""
    if not names & {"contracts", "providers", "cloud_finances"}:
        return []
    clouds = {row["provider"] for row in every["cloud_finances"]}
    alone = {row["provider"] for row in every["providers"] if lives_on_own_cash(row, clouds)}
    if not alone:
        return []  # no row could be right, and a table has at least one
    return [
        f"{every['contracts'].label} row {row.number}, provider = {row['provider']}: contracts bind a provider on its own cash, and "
        "this one has a parent's or is many. Delete the row, or correct data/providers.csv."
        for row in every["contracts"]
        if row["provider"] not in alone
    ]


def _broken_references(tables: Tables, every: Tables, names: set[str]) -> list[str]:
    """Return the cells whose key (schema: kind `key`, allowed `table.column`) points at no row of `every`.

    Only keys that stand in one of the tables named, or that point at one, are asked.
    """
    problems = []
    for name, columns in tables.schema.items():
        for column in columns:
            if column.kind != "key" or not column.allowed:
                continue
            table, _, target = column.allowed[0].partition(".")
            if name not in names and table not in names:
                continue
            asked = tables[name]  # taken once: each look goes through all rows
            known = {row[target] for row in every[table]}
            near = {key: suggestion(key, known) for key in {row[column.name] for row in asked} - known - {None}}
            problems += [
                f"{asked.label} row {row.number}, {column.name} = {shortened(key)}: not in {table}.csv."
                f"{near[key]} Add it there or correct the row."
                for row in asked
                if (key := row[column.name]) in near
            ]
    return problems


def _broken_rules(tables: Tables, names: set[str]) -> list[str]:
    """Return what no single column can say: parameters in their own range, one row a key and date, chances of 1."""
    problems = []
    for name, keys in [*((name, (*keys, "as_of")) for name, keys in VINTAGE_KEYS.items()), *NAMED_ONCE.items()]:
        if name not in names:
            continue
        table = tables[name]
        seen: dict[tuple[Any, ...], int] = {}
        for row in table:
            key = tuple(row[k] for k in keys)
            if (twin := seen.setdefault(key, row.number)) != row.number:
                what = ", ".join(str(part) for part in key)
                problems.append(f"{table.label} row {row.number}: {what} stands in row {twin} already. Delete one.")
    table = tables["parameters"]
    for row in table:
        try:
            convert(parameter_column(row), str(row["value"]))
        except ValueError as error:
            problems.append(f"{table.label} row {row.number}, {row['parameter']}: {error}. Correct the row.")
    for row in tables["regimes"]:
        total = sum(row[f"next_{regime}_prob"] for regime in ("hot", "normal", "cold"))
        if abs(total - 1.0) > 0.01:
            problems.append(
                f"{tables['regimes'].label} row {row.number}: next_*_prob add up to {total:g}, not 1. Correct it."
            )
    return problems
