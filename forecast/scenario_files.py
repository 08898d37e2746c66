"""Scenario files: found, read with all they extend, and every key held against what is allowed."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from forecast.errors import CONTROL, InputError, shortened, suggestion
from forecast.shipped import INPUT_TABLES, shipped_directory

SETTINGS = ("extends", "title", "story", "as_of", "months")
TABLES = ("parameters", *INPUT_TABLES)
ALLOWED = (*SETTINGS, *TABLES, "correlations")
LONGEST_MONTHS = 240
MOST_PROBLEMS = 50  # looked for in a chain of files: each takes a look at the file and one at all names there are


class ScenarioFile(NamedTuple):
    """A TOML file: where it lies, what messages call it, and what it holds."""

    path: Path
    label: str
    content: dict[str, Any]

    def place(self, key: str) -> str:
        """Return the file and the line on which a key is set."""
        return f"{self.label} line {_line_of(self.path, key)}"


def list_scenarios() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(path.stem for path in shipped_directory("scenarios").glob("*.toml"))


def scenario_chain(name: str) -> list[ScenarioFile]:
    """Return a scenario's file and all it extends, the most basic first.

    Args:
        name: a shipped scenario's name or a path to a TOML file.

    Raises:
        InputError: no such file, no TOML, a circle, or a setting that has a wrong value; all of the chain are listed.
    """
    chain: list[ScenarioFile] = []
    path: Path | None = _path(name)
    while path:
        file = _read(path)
        if any(path.resolve() == one.path.resolve() for one in chain):
            trail = " → ".join(one.path.stem for one in reversed(chain))
            raise InputError(f"{file.label}: the scenario extends itself ({trail} → {path.stem}). Correct extends.")
        chain.insert(0, file)
        path = _parent(file)
    if problems := [problem for file in chain for problem in _setting_problems(file)]:
        raise InputError([*unknown_keys(chain), *problems])
    return chain


def settings_of(chain: list[ScenarioFile]) -> dict[str, Any]:
    """Return the settings of a chain of files: title, story, date, horizon; those of the last file that has them."""
    found: dict[str, Any] = {"title": chain[-1].path.stem, "story": "", "months": 60}
    found |= {key: value for file in chain for key, value in file.content.items() if key in SETTINGS}
    return found | {key: " ".join(found[key].split()) for key in ("title", "story")}


def unknown_keys(chain: list[ScenarioFile]) -> list[str]:
    """Return a sentence for each setting or table of a chain that no scenario has."""
    problems: list[str] = []
    unknown = ((file, key) for file in chain for key in file.content if key not in ALLOWED)
    for one, key in islice(unknown, MOST_PROBLEMS):
        near = suggestion(key, ALLOWED if isinstance(one.content[key], dict | list) else SETTINGS)
        near = near or " A parameter stands under [parameters]."
        problems.append(f'{one.place(key)}: no setting or table "{shortened(key)}".{near} Correct the key.')
    if next(unknown, None):
        problems.append(not_all(one))
    return problems


def not_all(file: ScenarioFile) -> str:
    """Return the sentence that stands after as many problems as are looked for."""
    return f"{file.label}: perhaps more; the rest was not looked at."


def file_inputs(file: ScenarioFile) -> Iterator[tuple[str, Any]]:
    """Yield (address, raw value) for every input that a scenario file sets."""
    for table, body in file.content.items():
        if table not in TABLES or not isinstance(body, dict):
            continue
        for entity, cells in body.items():
            if table != "parameters" and isinstance(cells, dict):
                yield from ((f"{table}.{entity}.{column}", raw) for column, raw in cells.items())
            else:
                yield f"{table}.{entity}", cells


def _path(name: str) -> Path:
    shipped = shipped_directory("scenarios") / f"{name}.toml"
    if os.path.isfile(shipped):  # unlike Path.is_file, no error for a name that is too long to be a file's
        return shipped
    if os.path.isdir(name):
        raise InputError(f"{shortened(name, 400)}: a folder; a scenario is a TOML file. Name one of its files.")
    if _is_path(name):
        if os.path.isfile(name):
            return Path(name)
        raise InputError(f"{shortened(name, 400)}: no such scenario file. Correct the path.")
    raise InputError(
        f'no scenario "{shortened(name)}"; shipped: {", ".join(list_scenarios())}, or a path to a TOML file.'
        f"{suggestion(name, list_scenarios())}"
    )


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or "/" in name


def _read(path: Path) -> ScenarioFile:
    label = f"scenarios/{path.name}" if path.parent == shipped_directory("scenarios") else str(path)
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{label}: not UTF-8 text; a scenario is UTF-8 TOML. Save it as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{label}: cannot be read ({error.strerror}). Correct the path or its rights.") from None
    except RecursionError:
        raise InputError(f"{label}: nested too deeply; a scenario holds tables of inputs. Correct it.") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{label}: not valid TOML: {error}. Correct the line.") from None
    except ValueError:  # a whole number of more digits than Python reads
        raise InputError(f"{label}: holds a number of thousands of digits. Correct it.") from None
    if not content:
        raise InputError(f"{label}: the file is empty; a scenario needs at least a title. Fill it.")
    return ScenarioFile(path, label, content)


def _parent(file: ScenarioFile) -> Path | None:
    parent = file.content.get("extends")
    if parent is None:
        return None
    if not isinstance(parent, str):
        raise InputError(f"{file.label}: extends = {parent!r}; the name of a scenario is required. Correct it.")
    folder = file.path.parent  # a path begins where the file that names it lies
    beside = folder / parent if _is_path(parent) else folder / f"{parent}.toml"
    try:
        return beside if os.path.isfile(beside) else _path(parent)
    except InputError as error:
        raise InputError(f"{file.place('extends')}: extends: {error}") from None


def _setting_problems(file: ScenarioFile) -> list[str]:
    problems = []
    kinds: dict[str, tuple[Any, str]] = {
        "title": (str, "a text"),
        "story": (str, "a text"),
        "as_of": (date, "a date such as 2026-10-31"),
        "months": (int, f"a whole number from 1 to {LONGEST_MONTHS}"),
    }
    for key, value in file.content.items():
        if key not in ALLOWED:
            continue
        place = file.place(key)
        if key in TABLES:
            if not isinstance(value, dict):
                problems.append(f"{place}: {key} = {value!r}; a table is required. Write [{key}].")
        elif key in kinds and (not isinstance(value, kinds[key][0]) or isinstance(value, bool | datetime)):
            problems.append(f"{place}: {key} = {value!r}; {kinds[key][1]} is required. Correct the value.")
        elif isinstance(value, str) and CONTROL.search(re.sub("[\t\n]", "", value)):
            problems.append(f"{place}: {key} = {value!r}: a control character is not allowed. Correct the value.")
    return problems


def _line_of(path: Path, key: str) -> int:
    """Return the line on which `key` is set in a TOML file (the TOML reader keeps no lines), or 1."""
    section = ""
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), start=1):
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
