"""What moved the answer between two runs: reruns under common chance with some inputs of the one and some of the other.

The inputs that differ are groups: observations of each table, the vintage, the scenario's files, the settings, the
chance. With v(S) a headline when the groups S are the later run's and the rest the earlier's, the part of group i is
its Shapley value, Σ over S without i of |S|!·(k−|S|−1)!/k!·(v(S ∪ i) − v(S)): the parts add up to the whole difference, and no
order of the groups is preferred (Shapley 1953). A part is a weighted sum of runs that share their chance, so its
standard error is that of the same sum of influences, path by path. What reruns cannot show, since neither the code nor
the shipped tables of then are there any more, is the difference between stored and rerun headlines, a part of its own;
where the runs have different numbers of paths, so is that of their chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from forecast.comparison import Key, compared_months
from forecast.errors import InputError
from forecast.refresh.influences import Influences, influences_of, material
from forecast.refresh.known import LAYOUTS
from forecast.refresh.overlay import overlaid_tables
from forecast.refresh.refitting import refitted
from forecast.scenario import Scenario, load_scenario
from forecast.simulation import simulate
from forecast.store.observations import Observation
from forecast.store.runs import Run
from forecast.summary import summarize_paths
from forecast.tables import Tables
from forecast.tidy_table import Forecast

REST = "code and shipped tables"
PATHS_TOO = "number of paths, code and shipped tables"  # reruns have the paths of the smaller run
Chosen = frozenset[str]


@dataclass(frozen=True)
class Side:
    """One of the two runs: its record, the observations it knew, and its stored forecast."""

    run: Run
    seen: list[Observation]
    forecast: Forecast

    def of(self, group: str, scenario: str) -> Any:
        """Return what a group of inputs was in this run."""
        as_of, _, _ = self.run.recipe["scenarios"][scenario]
        if group in LAYOUTS:
            return [one for one in self.seen if one.target == group]
        files = {name: text for name, text in self.run.recipe["files"].items() if name.startswith(f"{scenario}/")}
        return {
            "as_of": as_of,
            "scenario": files,
            "settings": self.run.recipe["settings"],
            "chance": self.run.recipe["seed"],
        }[group]


class Moved(NamedTuple):
    """A headline in both runs, and the part of each group of inputs in its difference, with its standard error."""

    key: Key
    before: float
    after: float
    parts: dict[str, tuple[float, float]]


def changed_groups(before: Side, after: Side, scenario: str) -> list[str]:
    """Return the groups of inputs that differ between two runs.

    Raises:
        InputError: the runs have different horizons.
    """
    months = [side.run.recipe["scenarios"][scenario][1] for side in (before, after)]
    if months[0] != months[1]:
        raise InputError(f"explain: the runs have {months[0]} and {months[1]} months; both must agree. Choose others.")
    every = (*LAYOUTS, "as_of", "scenario", "settings", "chance")
    return [group for group in every if before.of(group, scenario) != after.of(group, scenario)]


def explained(
    before: Side, after: Side, scenario: str, shipped: Tables, folder: Path, threads: int | None = None,
    progress: Callable[[int], None] = lambda reruns: None,
) -> list[Moved]:  # fmt: skip
    """Return the headlines that moved by more than matters, the largest first, with the parts of their difference.

    Args:
        before, after: the two runs.
        scenario: one that both have.
        shipped: the tables without the store.
        folder: empty folder, for the tables and files of the reruns.
        threads: workers for each of the 2ᵏ reruns.
        progress: called with 1 for each rerun that is done.
    """
    groups = changed_groups(before, after, scenario)
    counts = [side.run.recipe["paths"] for side in (before, after)]
    n_paths = min(counts)
    made: dict[Chosen, Influences] = {}
    tables: dict[Chosen, Tables] = {}
    ends: list[Forecast] = []
    for size in range(len(groups) + 1):
        for chosen in map(frozenset, combinations(groups, size)):
            place = folder / f"{size}-{len(made)}"
            place.mkdir()
            fitted = chosen & {*LAYOUTS, "as_of"}  # all that the tables and their fits depend on
            if fitted not in tables:
                tables[fitted] = _tables(before, after, fitted, scenario, shipped, place)
            mixed, seed = _mixed(before, after, chosen, scenario, tables[fitted], place)
            paths = simulate(mixed, n_paths, seed, threads, keep_months=compared_months(mixed))
            made[chosen] = influences_of(paths)
            if size in (0, len(groups)):
                ends.append(summarize_paths(paths))
            progress(1)
    made = _shared(made)
    gaps = _gaps(before.forecast, after.forecast, ends[0], ends[-1], made[frozenset()].keys)
    found = _moved(groups, made, gaps, REST if len(set(counts)) == 1 else PATHS_TOO)
    return sorted(found, key=lambda one: -abs(one.after - one.before) / material(one.key.unit, one.before))


def _tables(before: Side, after: Side, chosen: Chosen, name: str, shipped: Tables, place: Path) -> Tables:
    """Return the tables with the observations of the chosen groups as the later run knew them, and the trends fitted to them."""
    seen = [one for group in LAYOUTS for one in (after if group in chosen else before).of(group, name)]
    as_of = (after if "as_of" in chosen else before).of("as_of", name)
    return refitted(overlaid_tables(shipped, seen, place / "store"), seen, [date.fromisoformat(as_of)])[0]


def _mixed(before: Side, after: Side, chosen: Chosen, name: str, tables: Tables, place: Path) -> tuple[Scenario, int]:
    """Return the scenario with the chosen groups of the later run, the rest of the earlier, and its seed."""

    def side(group: str) -> Side:
        return after if group in chosen else before

    for file, text in side("scenario").of("scenario", name).items():
        (place / file.partition("/")[2]).write_text(text, "utf-8")
    as_of, months, _ = side("as_of").run.recipe["scenarios"][name]
    settings = side("settings").of("settings", name)
    made = load_scenario(place / f"{name}.toml", tables, settings, date.fromisoformat(as_of), months)
    return made, side("chance").of("chance", name)


def _shared(made: Mapping[Chosen, Influences]) -> dict[Chosen, Influences]:
    """Return the reruns with the headlines that all of them have: which firms have cash of their own changes between vintages."""
    keys = [key for key in made[frozenset()].keys if all(key in one.keys for one in made.values())]
    found = {}
    for chosen, one in made.items():
        at = [one.keys.index(key) for key in keys]
        found[chosen] = one._replace(keys=keys, estimates=one.estimates[at], influences=one.influences[at])
    return found


def _moved(
    groups: list[str], made: Mapping[Chosen, Influences], gaps: list[tuple[float, float]], rest_name: str
) -> list[Moved]:
    first, last = made[frozenset()], made[frozenset(groups)]
    parts = {group: _shapley(group, groups, made) for group in groups}
    found = []
    for row, (key, gap) in enumerate(zip(first.keys, gaps, strict=True)):
        before, after = float(first.estimates[row]) + gap[0], float(last.estimates[row]) + gap[1]
        if abs(after - before) > material(key.unit, before):
            split = {group: (float(values[row]), float(errors[row])) for group, (values, errors) in parts.items()}
            found.append(Moved(key, before, after, {**split, rest_name: (gap[1] - gap[0], 0.0)}))
    return found


def _shapley(group: str, groups: list[str], made: Mapping[Chosen, Influences]) -> tuple[Any, Any]:
    """Return a group's part of each headline's difference and its standard error, `[headline]`."""
    others, k = [one for one in groups if one != group], len(groups)
    value: Any = 0.0
    influence: Any = 0.0
    for size in range(k):
        weight = factorial(size) * factorial(k - size - 1) / factorial(k)
        for chosen in map(frozenset, combinations(others, size)):
            one, other = made[chosen | {group}], made[chosen]
            value = value + weight * (one.estimates - other.estimates)
            influence = influence + weight * (one.influences.astype(float) - other.influences)
    return value, influence.std(axis=1) / np.sqrt(made[frozenset()].n_paths)


def _gaps(
    before: Forecast, after: Forecast, before_now: Forecast, after_now: Forecast, keys: list[Key]
) -> list[tuple[float, float]]:
    """Return by headline how far each stored run stands from its rerun of today; 0 where nothing changed.

    A stored fan is its quantiles: its median stands for its geometric mean. What is not stored (means) counts as 0.
    """
    forecasts, found = (before, after, before_now, after_now), []
    for key in keys:
        quantile = 0.5 if key.statistic == "geometric mean" else None
        values = [one.value(key.outcome, key.segment or key.provider, key.month, quantile) for one in forecasts]
        a, b, a_now, b_now = (0.0 if value is None else value for value in values)
        found.append((0.0, 0.0) if None in values else (a - a_now, b - b_now))
    return found
