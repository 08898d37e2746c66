"""Correlated inputs: pairs of `correlations.csv`, and those that a scenario adds or changes by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from forecast.errors import InputError, suggestion
from forecast.inputs.inputs import GROWTH, REVENUE, Input, Origin, address, origin_of
from forecast.scenario_files import ScenarioFile
from forecast.tables import Tables

KEYS = ("first", "second", "correlation")
Pairs = dict[frozenset[str], "Pair"]


class Pair(NamedTuple):
    """Two inputs by address, the correlation of their normal scores, and where it came from."""

    first: str
    second: str
    correlation: float
    origin: Origin


def table_pairs(tables: Tables, inputs: Mapping[str, Input]) -> Pairs:
    """Return the pairs that the tables hold at their vintage.

    Raises:
        InputError: a row names no input that can be correlated.
    """
    table, found = tables["correlations"], {}
    problems: list[str] = []
    for row in table:
        origin = origin_of(table, row)
        first, second = address(row["first"]), address(row["second"])
        problems += [
            f"{origin.place}: {why} Correct or delete it." for n in (first, second) if (why := _why_not(n, inputs))
        ]
        found[frozenset((first, second))] = Pair(first, second, row["correlation"], origin)
    if problems:
        raise InputError(problems)
    return found


def start_pairs(inputs: Mapping[str, Input]) -> Iterator[tuple[str, str]]:
    """Yield all revenue and own growth of each provider whose revenue is known: both are read from the same figures."""
    for key in inputs:
        table, _, rest = key.partition(".")
        provider, _, column = rest.rpartition(".")
        if table == "provider_finances" and column == REVENUE:
            yield key, f"providers.{provider}.{GROWTH}"


def add_pairs(pairs: Pairs, file: ScenarioFile, inputs: Mapping[str, Input], as_of: str, problems: list[str]) -> None:
    """Add the `[[correlations]]` of a scenario file to the pairs; a sentence to `problems` for each that is wrong."""
    entries, label = file.content.get("correlations", []), file.label
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.append(f"{label}: correlations = {entries!r}; a list of tables is required. Write [[correlations]].")
        return
    for entry, line in zip(entries, _lines(file.path), strict=False):
        place = f"{label} line {line}"
        if not set(KEYS) <= set(entry) <= {*KEYS, "why", "source"}:
            problems.append(
                f"{place}: a correlation holds {', '.join(entry) or 'nothing'}; first, second and correlation are required, why "
                "and source allowed. Correct it."
            )
            continue
        names = [address(str(entry[key])) for key in KEYS[:2]]
        wrong = [_why_not(name, inputs) for name in names]
        value = entry["correlation"]
        if isinstance(value, bool) or not isinstance(value, int | float) or not -1 < value < 1:
            wrong.append(f"correlation = {value!r}: a number between -1 and 1, neither of them, is required")
        if names[0] == names[1]:
            wrong.append(f"{names[0]} with itself: two inputs are required")
        if said := [reason for reason in wrong if reason]:
            problems += [f"{place}: {reason}{'' if reason[-1] in '?.' else '.'} Correct it." for reason in said]
            continue
        origin = Origin(place, str(entry.get("source", "scenario")), as_of, "assumption", str(entry.get("why", "")))
        pairs[frozenset(names)] = Pair(names[0], names[1], float(value), origin)


def _why_not(name: str, inputs: Mapping[str, Input]) -> str:
    """Return why an input cannot be correlated, or nothing."""
    if name not in inputs:
        return f'no input "{name}".{suggestion(name, inputs)}'
    if name.startswith("parameters.") and inputs[name].persistence == "entity":
        return f"{name} is drawn anew for each entity; only inputs drawn once a path can be correlated"
    return ""


def _lines(path: Path) -> list[int]:
    """Return the lines on which the entries begin; the TOML reader keeps none."""
    text = path.read_text("utf-8").splitlines()
    return [n for n, line in enumerate(text, start=1) if line.replace(" ", "").startswith("[[correlations]]")]
