"""A plan carried out: scenarios simulated, compared with the last run, stored whole, and their files published."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from forecast.comparison import compared_months
from forecast.delivery.exports import export_forecast
from forecast.paths import Paths
from forecast.refresh.influences import Influences, drift, influences_of, packed_influences, unpacked_influences
from forecast.refresh.observed import due_on
from forecast.refresh.planning import Plan
from forecast.refresh.publishing import publish_run
from forecast.refresh.scores import Score, due_scores
from forecast.store.database import insert, replace, rows, transaction
from forecast.store.observations import last_observation
from forecast.store.places import Place
from forecast.store.runs import Run, add_forecast, add_run, find_run, forecast_of, mark_published, scenarios_of
from forecast.summary import summarize_paths
from forecast.tables import Tables
from forecast.tidy_table import Forecast

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

Simulator = Callable[..., Paths]


class Result(NamedTuple):
    """A scenario's forecast, and what the next run is compared with."""

    forecast: Forecast
    influences: Influences


def run_scenarios(
    plan: Plan, names: Iterable[str], simulator: Simulator, now: datetime
) -> tuple[dict[str, Result], dict[str, Exception]]:
    """Return the result of each scenario and the errors of those that failed: one does not lose the others."""
    results: dict[str, Result] = {}
    errors: dict[str, Exception] = {}
    for name in names:
        try:
            scenario = plan.scenarios[name]
            paths = simulator(scenario, keep_months=compared_months(scenario))
            results[name] = Result(summarize_paths(paths, now.date()), influences_of(paths))
        except Exception as error:  # whatever it is, it goes into the record
            errors[name] = error
    return results, errors


def compared_run(connection: Connection, names: Iterable[str]) -> Run | None:
    """Return the run that scenarios are compared with, the one made last where they differ; None before the first."""
    query = "SELECT run_id FROM influences WHERE scenario = :scenario"
    found = [find_run(connection, row.run_id) for name in names for row in rows(connection, query, scenario=name)]
    return max(found, key=lambda run: run.made_at, default=None)


def causes(before: Run | None, plan: Plan | Run) -> list[str]:
    """Return what differs between the run before and this one, planned or made: files by their digests, options, version, vintage."""
    if before is None:
        return []
    names = sorted(set(before.inputs) | set(plan.inputs))
    found = [name for name in names if before.inputs.get(name) != plan.inputs.get(name)]
    options = ("version", "settings", "months", "paths", "seed")
    found += [
        f"{name} {before.recipe.get(name)} → {plan.recipe[name]}"
        for name in options
        if before.recipe.get(name) != plan.recipe[name]
    ]
    return found + ([f"as_of {before.as_of} → {plan.as_of}"] if before.as_of != plan.as_of else [])


def store_run(connection: Connection, plan: Plan, results: dict[str, Result], now: datetime, seconds: float) -> Run:
    """Add a run with its forecasts, in the caller's transaction, and return it."""
    moved = []
    for name, result in results.items():
        for row in rows(connection, "SELECT content FROM influences WHERE scenario = :scenario", scenario=name):
            moved += drift(unpacked_influences(bytes(row.content)), result.influences, name)
    # Milliseconds, for two small runs in one second are still one after the other.
    run = Run(
        plan.run_id, plan.key, now.isoformat(timespec="milliseconds"), None, plan.as_of, plan.recipe, plan.inputs,
        last_observation(connection), round(seconds, 3), moved,
    )  # fmt: skip
    add_run(connection, run)
    for name, result in results.items():
        scenario = plan.scenarios[name]
        due = [due_on(scenario.as_of, month) for month in range(scenario.months + 1)]
        add_forecast(connection, run.run_id, result.forecast, due)
        before = compared_run(connection, [name])
        if before and before.recipe["scenarios"][name][0] > plan.recipe["scenarios"][name][0]:
            continue  # the run of an earlier vintage: the next is compared with the newest still
        replace(connection, "influences", "scenario", {
            "scenario": name, "run_id": run.run_id, "content": packed_influences(result.influences)
        })  # fmt: skip
    return run


def score_what_came_due(connection: Connection, tables: Tables) -> list[Score]:
    """Add the scores of stored forecasts whose month has been observed, and return them."""
    found = due_scores(connection, tables, unscored=True)
    names = ("run_id", "scenario", "outcome", "segment", "due_on", "value", "evidence", "crps_log", "inside_80")
    insert(connection, "scores", [{name: getattr(one, name) for name in names} for one in found])
    return found


def publish(engine: Engine, place: Place, run_id: str, now: datetime) -> Path:
    """Write the files of a stored run, point `latest` at them, note it in the store, and return their folder."""
    with transaction(engine, place.label) as connection:
        run = find_run(connection, run_id)
        forecasts = {name: forecast_of(connection, run_id, name) for name in scenarios_of(connection, run_id)}

    def fill(folder: Path) -> None:
        for name, forecast in forecasts.items():
            export_forecast(forecast, folder / name)
        about = {name: value for name, value in run._asdict().items() if name not in ("published_at", "seconds")}
        (folder / "run.json").write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", "utf-8")

    folder = publish_run(place.runs, run_id, fill)
    with transaction(engine, place.label) as connection:
        mark_published(connection, run_id, now.isoformat(timespec="milliseconds"))
    return folder
