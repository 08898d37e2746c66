"""What a refresh has to do: its scenarios on the data of the store, and the key that says whether it was done before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import forecast
from forecast.errors import ForecastError, InputError
from forecast.manifest import short_id
from forecast.scenario import Scenario, load_scenario
from forecast.table_files import file_digest
from forecast.tables import Tables


@dataclass(frozen=True)
class Request:
    """What is asked of a refresh."""

    scenarios: tuple[str, ...] = ("base",)
    sources: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    as_of: date | None = None
    months: int | None = None
    n_paths: int = 10_000
    seed: int = 7
    threads: int | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Plan:
    """Tables and scenarios to run, those that cannot be, digests of all that goes in, and the key made of them."""

    tables: Tables
    scenarios: dict[str, Scenario]
    errors: dict[str, ForecastError]
    inputs: dict[str, str]
    key: str
    recipe: dict[str, Any] = field(repr=False)

    @property
    def run_id(self) -> str:
        """The name of the run: digits of its key."""
        return short_id(self.key)

    @property
    def as_of(self) -> str:
        """The latest vintage among the scenarios."""
        return str(max((scenario.as_of for scenario in self.scenarios.values()), default=""))


def planned(request: Request, tables: Tables, news_on: str | None) -> Plan:
    """Return the plan of a request.

    Args:
        request: what is asked for.
        tables: the data, with the observations of the store in them.
        news_on: date of the newest observation. A scenario that starts where `base` does starts there instead, if it is
            later; one with a vintage of its own, and any with `--as-of`, stays where it is.

    Raises:
        InputError: two scenarios of one name.
    """
    found: dict[str, Scenario] = {}
    errors: dict[str, ForecastError] = {}
    for name in dict.fromkeys(request.scenarios):
        try:
            made = _scenario(request, name, tables, news_on)
        except ForecastError as error:
            errors[name] = error
            continue
        if made.name in found:
            raise InputError(f"refresh: two scenarios are called {made.name}. Rename one of the files.")
        found[made.name] = made
    inputs = _inputs(tables, found)
    options = {
        "settings": list(request.settings), "months": request.months, "paths": request.n_paths, "seed": request.seed,
        "version": forecast.__version__,
    }  # fmt: skip
    vintages = {name: [str(s.as_of), s.months, s.digest] for name, s in found.items()}
    wrong = {name: str(error) for name, error in errors.items()}
    text = json.dumps([inputs, options, vintages, wrong], sort_keys=True)
    texts = {f"{name}/{path.name}": path.read_text("utf-8") for name, s in found.items() for path in s.files}
    recipe = {**options, "scenarios": vintages, "files": texts}
    return Plan(tables, found, errors, inputs, hashlib.sha256(text.encode()).hexdigest(), recipe)


def _scenario(request: Request, name: str, tables: Tables, news_on: str | None) -> Scenario:
    def load(which: str, as_of: date | None) -> Scenario:
        return load_scenario(which, tables, request.settings, as_of, request.months)

    made = load(name, request.as_of)
    if request.as_of is not None or news_on is None or news_on <= str(made.as_of):
        return made
    if name != "base" and load_scenario("base", tables).as_of != made.as_of:
        return made
    return load(name, date.fromisoformat(news_on))


def _inputs(tables: Tables, scenarios: dict[str, Scenario]) -> dict[str, str]:
    """Return the digest of every table and scenario file by a name that does not depend on the machine."""
    files = {path.name: path for directory in reversed(tables.directories) for path in directory.glob("*.csv")}
    found = {f"data/{name}": file_digest(path) for name, path in sorted(files.items())}
    found |= {f"scenarios/{path.name}": file_digest(path) for s in scenarios.values() for path in s.files}
    return found
