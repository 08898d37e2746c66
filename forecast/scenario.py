"""A scenario: TOML differences on tables and parameters, resolved into one frozen set of inputs.

Every number the engine uses is an *input* with an address, `parameters.electricity_usd_per_kwh` or
`provider_finances.together.cash_usd`, a value or a distribution, and an origin (file, line or row, source,
date). A scenario file changes inputs; it never copies a table.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from forecast.cells import Column, convert
from forecast.correlated import Pair, add_pairs, table_pairs
from forecast.distributions import SEE_FITS, Distribution
from forecast.errors import InputError, suggestion
from forecast.inputs import INPUT_TABLES, Input, Origin, table_inputs
from forecast.table_files import Row
from forecast.tables import Tables, load_tables, shipped_directory

SETTINGS = ("extends", "title", "story", "as_of", "months")
LONGEST_MONTHS = 240


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

    @property
    def correlations(self) -> tuple[tuple[str, str, float], ...]:
        """Pairs of inputs, by address, with the correlation of their normal scores."""
        return tuple((pair.first, pair.second, pair.correlation) for pair in self.pairs)

    def digest(self) -> str:
        """Return a fingerprint of every input and setting: the same digest means the same forecast."""
        text = [self.name, str(self.as_of), str(self.months), repr(self.correlations)]
        text += [f"{key}={item.value}|{item.value.arguments!r}" for key, item in sorted(self.inputs.items())]
        text += [f"{t}.{k}={sorted(r.values.items())!r}" for t, rows in self.rows.items() for k, r in rows.items()]
        return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


def list_scenarios() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(path.stem for path in shipped_directory("scenarios").glob("*.toml"))


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
    tables = tables or load_tables()
    chain = _chain(_path(str(name)))
    merged: dict[str, Any] = {}
    for _, _, content in chain:
        merged |= {key: content[key] for key in SETTINGS if key in content and key != "extends"}
    problems = [p for path, label, content in chain for p in _setting_problems(label, path, content)]
    if problems:
        raise InputError(problems)
    vintage = as_of or merged.get("as_of")
    horizon = months if months is not None else merged.get("months", 60)
    if vintage is None:
        raise InputError(f"{chain[-1][1]}: no as_of; a scenario needs the date of its vintage. Add as_of = 2026-10-31.")
    if not 1 <= horizon <= LONGEST_MONTHS:
        raise InputError(f"months = {horizon}: outside 1 to {LONGEST_MONTHS}. Choose a horizon in that range.")
    known = tables.vintage(vintage)
    rows, inputs, columns = table_inputs(known)
    for path, label, content in chain:
        for key, raw in _flatten(content):
            place = f"{label} line {_line_of(path, key)}"
            _override(inputs, columns, rows, key, raw, place, str(vintage), problems)
    pairs = table_pairs(known)
    for path, label, content in chain:
        if "correlations" in content:
            add_pairs(pairs, label, path, content["correlations"], inputs, str(vintage), problems)
    for text in settings:
        key, equals, raw = text.partition("=")
        if not equals:
            problems.append(f"--set {text}: no '='; write --set KEY=VALUE.")
            continue
        key = key.strip()
        if key.partition(".")[0] not in (*INPUT_TABLES, "parameters"):
            key = f"parameters.{key}"
        _override(inputs, columns, rows, key, raw.strip(), f"--set {text}", str(vintage), problems)
    if problems:
        raise InputError(problems)
    return Scenario(
        name=chain[-1][0].stem,
        title=str(merged.get("title", chain[-1][0].stem)),
        story=" ".join(str(merged.get("story", "")).split()),
        as_of=vintage,
        months=int(horizon),
        tables=known,
        rows=rows,
        inputs=inputs,
        pairs=tuple(pairs.values()),
        files=tuple(path for path, _, _ in chain),
    )


def _path(name: str) -> Path:
    shipped = shipped_directory("scenarios") / f"{name}.toml"
    if shipped.is_file():
        return shipped
    if name.endswith(".toml") or "/" in name:
        if Path(name).is_file():
            return Path(name)
        raise InputError(f"{name}: no such scenario file. Correct the path.")
    raise InputError(
        f'no scenario "{name}"; shipped: {", ".join(list_scenarios())}, or a path to a TOML file.'
        f"{suggestion(name, list_scenarios())}"
    )


def _chain(path: Path) -> list[tuple[Path, str, dict[str, Any]]]:
    """Return (path, label, content) of the file and all it extends, the most basic first."""
    chain: list[tuple[Path, str, dict[str, Any]]] = []
    seen: list[Path] = []
    while True:
        label = f"scenarios/{path.name}" if path.parent == shipped_directory("scenarios") else str(path)
        if path.resolve() in seen:
            raise InputError(
                f"{label}: the scenario extends itself ({' → '.join(p.stem for p in seen)} → {path.stem}). "
            )
        seen.append(path.resolve())
        try:
            content = tomllib.loads(path.read_bytes().decode("utf-8"))
        except UnicodeDecodeError:
            raise InputError(f"{label}: not UTF-8 text; a scenario is UTF-8 TOML. Save it as UTF-8.") from None
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"{label}: not valid TOML: {error}. Correct the line.") from None
        if not content:
            raise InputError(f"{label}: the file is empty; a scenario needs at least a title. Fill it.")
        chain.insert(0, (path, label, content))
        parent = content.get("extends")
        if parent is None:
            return chain
        if not isinstance(parent, str):
            raise InputError(f"{label}: extends = {parent!r}; the name of a scenario is required. Correct it.")
        beside = path.parent / f"{parent}.toml"
        path = beside if beside.is_file() else _path(parent)


def _setting_problems(label: str, path: Path, content: dict[str, Any]) -> list[str]:
    problems = []
    allowed = (*SETTINGS, "parameters", "correlations", *INPUT_TABLES)
    kinds: dict[str, tuple[Any, str]] = {
        "title": (str, "a text"),
        "story": (str, "a text"),
        "as_of": (date, "a date such as 2026-10-31"),
        "months": (int, f"a whole number from 1 to {LONGEST_MONTHS}"),
    }
    for key, value in content.items():
        line = _line_of(path, key)
        if key not in allowed:
            problems.append(
                f'{label} line {line}: no setting or table "{key}".{suggestion(key, allowed)} Correct the key.'
            )
        elif key in ("parameters", *INPUT_TABLES):
            if not isinstance(value, dict):
                problems.append(f"{label} line {line}: {key} = {value!r}; a table is required. Write [{key}].")
        elif key in kinds and (not isinstance(value, kinds[key][0]) or isinstance(value, bool | datetime)):
            problems.append(f"{label} line {line}: {key} = {value!r}; {kinds[key][1]} is required. Correct the value.")
    return problems


def _flatten(content: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return (address, raw value) for every input that a scenario file sets."""
    found: list[tuple[str, Any]] = []
    for table, body in content.items():
        if table in SETTINGS or not isinstance(body, dict):
            continue
        if table == "parameters":
            found += [(f"parameters.{name}", raw) for name, raw in body.items()]
            continue
        for entity, cells in body.items():
            if isinstance(cells, dict):
                found += [(f"{table}.{entity}.{column}", raw) for column, raw in cells.items()]
            else:
                found.append((f"{table}.{entity}", cells))
    return found


def _override(
    inputs: dict[str, Input],
    columns: Mapping[str, Column],
    rows: Mapping[str, Mapping[str, Row]],
    key: str,
    raw: Any,
    place: str,
    as_of: str,
    problems: list[str],
) -> None:
    """Replace one input; append a sentence to `problems` where the key or the value is wrong."""
    if key not in columns:
        table, _, rest = key.partition(".")
        if table == "parameters":
            names = [k.partition(".")[2] for k in columns if k.startswith("parameters.")]
            problems.append(f'{place}: no parameter "{rest}".{suggestion(rest, names)} Correct the key.')
        else:
            problems.append(f'{place}: no input "{key}".{suggestion(key, columns)} Correct the key.')
        return
    why, source, column = "", "scenario", columns[key]
    if isinstance(raw, dict):
        if set(raw) - {"value", "why", "source"} or "value" not in raw:
            problems.append(f"{place}: {key} holds {', '.join(raw)}; value, why and source are allowed. Correct it.")
            return
        why, source, raw = str(raw.get("why", "")), str(raw.get("source", "scenario")), raw["value"]
    try:
        value = convert(replace(column, uncertain=True), raw)
    except (ValueError, TypeError) as error:
        problems.append(f"{place}: {key} = {raw}: {error}. Correct the value.")
        return
    if value is None:
        problems.append(f"{place}: {key} is empty; a number or a distribution is required. Correct the value.")
        return
    if value == SEE_FITS:
        problems.append(f"{place}: {key} = {raw}: only a table may point at fits.csv. Write the distribution.")
        return
    made = value if isinstance(value, Distribution) else Distribution("fixed", (value,))
    persistence = inputs[key].persistence if key in inputs else "entity"
    inputs[key] = Input(key, made, column.unit, persistence, Origin(place, source, as_of, "assumption", why))


def _line_of(path: Path, key: str) -> int:
    """Return the line on which `key` is set in a TOML file (the TOML reader keeps no lines), or 1."""
    section = ""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            section = header[1].replace('"', "").replace(" ", "")
            if section == key:
                return number
        elif entry := re.match(r"\s*([\w\".:\-]+)\s*=", line):
            name = entry[1].replace('"', "")
            found = f"{section}.{name}" if section else name
            if key == found or (key.startswith(f"{found}.") and "{" in line):
                return number
    return 1
