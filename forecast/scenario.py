"""A scenario: TOML differences on tables and parameters, resolved into one frozen set of inputs.

Every number the engine uses is an *input* with an address, `parameters.electricity_usd_per_kwh` or
`provider_finances.together.cash_usd`, a value or a distribution, and an origin (file, line or row, source,
date). A scenario file changes inputs; it never copies a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import Any

from forecast.cells import Column, convert
from forecast.correlated import Pair, add_pairs, start_pairs, table_pairs
from forecast.distributions import SEE_FITS, as_distribution
from forecast.errors import InputError, check_kind, shortened, suggestion, suggestion_of_parts
from forecast.inputs import EVIDENCE, GROWTH_CORRELATION, Input, Origin, address, all_revenue_of, table_inputs
from forecast.scenario_files import (
    LONGEST_MONTHS,
    MOST_PROBLEMS,
    file_inputs,
    not_all,
    scenario_chain,
    settings_of,
    unknown_keys,
)
from forecast.table_files import Row
from forecast.table_rules import overlay_problems
from forecast.tables import Tables, load_tables

OPTIONS = {"as_of": "--as-of", "months": "--months"}  # settings of a file that the command line says otherwise


@dataclass(frozen=True)
class Scenario:
    """Everything a simulation needs, frozen: settings, the rows of each table, and every input."""

    name: str
    title: str
    story: str
    as_of: date
    months: int
    tables: Tables
    rows: Mapping[str, Mapping[str, Row]]
    inputs: Mapping[str, Input]
    pairs: tuple[Pair, ...]  # correlated inputs
    files: tuple[Path, ...]

    def entities(self, table: str) -> list[str]:
        """Return the names of the rows of an input table, in their file's order."""
        return list(self.rows[table])

    def input(self, key: str) -> Input:
        """Return an input by its address.

        Raises:
            InputError: the tables hold no value of it at the vintage.
        """
        if (item := self.inputs.get(key)) is None:
            raise InputError(f'the scenario needs a value for "{key}" at {self.as_of}. Add a row or set it.')
        return item

    @cached_property
    def correlations(self) -> tuple[tuple[str, str, float], ...]:
        """Pairs of inputs, by address, with the correlation of their normal scores."""
        named = tuple((pair.first, pair.second, pair.correlation) for pair in self.pairs)
        told = {frozenset(pair[:2]) for pair in named}
        same = [pair for pair in start_pairs(self.inputs) if frozenset(pair) not in told]
        if not same:
            return named
        correlation = self.input(f"parameters.{GROWTH_CORRELATION}").value.median()
        return named + tuple((*pair, correlation) for pair in same)

    @cached_property
    def digest(self) -> str:
        """A fingerprint of every input and setting: the same digest means the same forecast."""
        text = [self.name, str(self.as_of), str(self.months), repr(self.correlations)]
        text += [f"{key}={item.value}|{item.value.arguments!r}" for key, item in sorted(self.inputs.items())]
        text += [f"{t}.{k}={sorted(r.values.items())!r}" for t, rows in self.rows.items() for k, r in rows.items()]
        return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


def load_scenario(
    name: str | Path = "base",
    tables: Tables | None = None,
    settings: Iterable[str] = (),
    as_of: date | None = None,
    months: int | None = None,
) -> Scenario:
    """Return the scenario called `name` (shipped) or stored at a path, with every value resolved.

    Args:
        name: a shipped scenario's name or a path to a TOML file.
        tables: the data; the shipped tables by default.
        settings: `KEY=VALUE` texts that override inputs, as with `--set`.
        as_of: the vintage: no row known later exists. Overrides the file's.
        months: the horizon in months, 1 to 240. Overrides the file's.

    Raises:
        InputError: a file, a key or a value is wrong; all problems of the chain are listed.
    """
    check_kind("tables", tables, (Tables, NoneType), "what load_tables returned")
    check_kind("as_of", as_of, (date, NoneType), "a date such as date(2026, 10, 31)")
    check_kind("months", months, (int, NoneType), "a whole number")
    check_kind("settings", settings, (list, tuple), "a list of KEY=VALUE texts")
    chain = scenario_chain(str(name))
    merged = settings_of(chain)
    stem, label = chain[-1].path.stem, chain[-1].label
    vintage = as_of or merged.get("as_of")
    horizon = months if months is not None else merged["months"]
    if vintage is None:
        raise InputError(f"{label}: no as_of; a scenario needs the date of its vintage. Add as_of = 2026-10-31.")
    if not 1 <= horizon <= LONGEST_MONTHS:
        raise InputError(f"months = {horizon}: outside 1 to {LONGEST_MONTHS}. Choose a horizon in that range.")
    known = (tables or load_tables()).vintage(vintage)
    if broken := overlay_problems(known):
        raise InputError(broken)
    rows, inputs, columns = table_inputs(known)
    pairs = table_pairs(known, inputs)
    problems, of_tables = unknown_keys(chain), dict(inputs)

    def change(key: str, raw: Any, place: str) -> None:
        try:
            inputs[key] = _changed(key, raw, place, str(vintage), inputs, columns)
        except InputError as error:
            problems.extend(error.problems)

    for file in chain:
        for key, raw in file_inputs(file):
            if len(problems) >= MOST_PROBLEMS:
                raise InputError([*problems, not_all(file)])
            change(key, raw, file.place(key))
    for file in chain:
        add_pairs(pairs, file, inputs, str(vintage), problems)
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
    return Scenario(
        name=stem,
        title=merged["title"],
        story=merged["story"],
        as_of=vintage,
        months=int(horizon),
        tables=known,
        rows=rows,
        inputs=inputs,
        pairs=tuple(pairs.values()),
        files=tuple(file.path for file in chain),
    )


def _changed(
    key: str, raw: Any, place: str, as_of: str, inputs: Mapping[str, Input], columns: Mapping[str, Column]
) -> Input:
    """Return the input that stands for `key` once a file or an option sets it; raise InputError where key or value is wrong."""
    if key not in columns:
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
    return Input(key, as_distribution(value), column.unit, persistence, Origin(place, source, as_of, "assumption", why))


def _beside_all_revenue(changed: Iterable[Input], inputs: Mapping[str, Input]) -> list[str]:
    """Return a sentence for each other revenue that is set where all revenue is known: the loop reads what token sales leave of that."""
    return [
        f"{item.origin.place}: no equation reads {item.key} where {whole} is known; it is what token sales leave of that. "
        "Set that one, and this one not."
        for item in changed
        if (whole := all_revenue_of(item.key)) in inputs
    ]
