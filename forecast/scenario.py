"""A scenario: TOML differences on tables and parameters, resolved into one frozen set of inputs.

Every number the engine uses is an *input* with an address, `parameters.electricity_usd_per_kwh` or
`provider_finances.together.cash_usd`, a value or a distribution, and an origin (file, line or row, source,
date). A scenario file changes inputs; it never copies a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from types import NoneType

from forecast.errors import InputError, check_kind
from forecast.inputs.changed import changed_inputs
from forecast.inputs.correlated import Pair, start_pairs
from forecast.inputs.inputs import GROWTH_CORRELATION, Input
from forecast.scenario_files import LONGEST_MONTHS, scenario_chain, settings_of
from forecast.table_files import Row
from forecast.table_rules import overlay_problems
from forecast.tables import Tables, load_tables


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
    rows, inputs, pairs = changed_inputs(chain, settings, known)
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
