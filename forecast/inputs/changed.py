"""Inputs as a scenario has them: those of the tables, changed by a chain of files and by `--set`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from forecast.cells import Column, convert
from forecast.distributions import SEE_FITS, as_distribution
from forecast.errors import InputError, shortened, suggestion, suggestion_of_parts
from forecast.inputs.correlated import Pairs, add_pairs, table_pairs
from forecast.inputs.fitted import table_inputs
from forecast.inputs.inputs import EVIDENCE, Input, Origin, Rows, address, all_revenue_of
from forecast.scenario_files import MOST_PROBLEMS, ScenarioFile, file_inputs, not_all, unknown_keys
from forecast.shipped import VINTAGE_KEYS
from forecast.tables import Tables

OPTIONS = {"as_of": "--as-of", "months": "--months"}  # settings of a file that the command line says otherwise


def changed_inputs(
    chain: list[ScenarioFile], settings: Iterable[str], known: Tables
) -> tuple[Rows, dict[str, Input], Pairs]:
    """Return the rows of the tables, and inputs and correlations once files and settings have changed them.

    Args:
        chain: a scenario's file and all it extends, the most basic first.
        settings: `KEY=VALUE` texts, which come last.
        known: the tables at the scenario's vintage.

    Raises:
        InputError: keys or values are wrong; all of them are listed, or the first fifty of the files.
    """
    rows, inputs, columns = table_inputs(known)
    pairs = table_pairs(known, inputs)
    problems, of_tables, as_of = unknown_keys(chain), dict(inputs), str(known.as_of)

    def change(key: str, raw: Any, place: str) -> None:
        try:
            inputs[key] = _changed(key, raw, place, known, inputs, columns)
        except InputError as error:
            problems.extend(error.problems)

    for file in chain:
        for key, raw in file_inputs(file):
            if len(problems) >= MOST_PROBLEMS:
                raise InputError([*problems, not_all(file)])
            change(key, raw, file.place(key))
    for file in chain:
        add_pairs(pairs, file, inputs, as_of, problems)
    for text in settings:
        key, equals, raw = (part.strip() for part in text.partition("="))
        place = f"--set {shortened(text)}"
        if not equals:
            problems.append(f"{place}: no '='; write --set KEY=VALUE.")
        elif key in OPTIONS:
            problems.append(f"{place}: no input but an option. Write {OPTIONS[key]} {shortened(raw)}.")
        else:
            change(address(key), raw, place)
    problems += _beside_all_revenue([item for key, item in inputs.items() if item is not of_tables.get(key)], inputs)
    if problems:
        raise InputError(problems)
    return rows, inputs, pairs


def _changed(
    key: str, raw: Any, place: str, known: Tables, inputs: Mapping[str, Input], columns: Mapping[str, Column]
) -> Input:
    """Return the input that stands for `key` once a file or an option sets it; raise InputError where key or value is wrong."""
    if key not in columns:
        first = _known_from(key, known.apart())
        if first and first > known.as_of:
            raise InputError(
                f"{place}: {key} is not known at {known.as_of}. Its first row is of {first}. Choose that --as-of or a later one."
            )
        table, _, rest = key.partition(".")
        if table == "parameters":
            names = [k.partition(".")[2] for k in columns if k.startswith("parameters.")]
            near = suggestion(rest, names) or suggestion_of_parts(rest, columns)
            raise InputError(f'{place}: no parameter "{shortened(rest)}".{near} Correct the key.')
        raise InputError(f'{place}: no input "{shortened(key)}".{suggestion(key, columns)} Correct the key.')
    why, source, column = "", "scenario", columns[key]
    if column.name in EVIDENCE:
        raise InputError(
            f"{place}: no equation reads {key}, which others published and the model is fitted to or checked with. Set another "
            f"input: forecast show --match {key.rpartition('.')[0]}"
        )
    if isinstance(raw, dict):
        if set(raw) - {"value", "why", "source"} or "value" not in raw:
            held = ", ".join(raw) or "nothing"
            raise InputError(f"{place}: {key} holds {held}; value is required, why and source are allowed. Correct it.")
        why, source, raw = str(raw.get("why", "")), str(raw.get("source", "scenario")), raw["value"]
    try:
        value = convert(replace(column, uncertain=True), raw)
    except (ValueError, TypeError) as error:
        raise InputError(f"{place}: {key} = {shortened(raw)}: {error}. Correct the value.") from None
    if value is None:
        raise InputError(f"{place}: {key} is empty; a number or a distribution is required. Correct the value.")
    if value == SEE_FITS:
        raise InputError(f"{place}: {key} = {raw}: only a table may point at fits.csv. Write the distribution.")
    persistence = inputs[key].persistence if key in inputs else "entity"
    origin = Origin(place, source, str(known.as_of), "assumption", why)
    return Input(key, as_distribution(value), column.unit, persistence, origin)


def _known_from(key: str, tables: Tables) -> date | None:
    """Return the day of the first row of what an address names, None where the tables have none."""
    table, _, rest = key.partition(".")
    entity, column = (rest, "value") if table == "parameters" else rest.rpartition(".")[::2]
    if all(one.name != column for one in tables.schema[table]):
        return None
    rows = (row for row in tables[table] if ":".join(str(row[name]) for name in VINTAGE_KEYS[table]) == entity)
    return min((row["as_of"] for row in rows), default=None)


def _beside_all_revenue(changed: Iterable[Input], inputs: Mapping[str, Input]) -> list[str]:
    """Return a sentence for each other revenue that is set where all revenue is known: the loop reads what token sales leave of that."""
    return [
        f"{item.origin.place}: no equation reads {item.key} where {whole} is known; it is what token sales leave of that. "
        "Set that one, and this one not."
        for item in changed
        if (whole := all_revenue_of(item.key)) in inputs
    ]
