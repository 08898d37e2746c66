"""Runs in the store: what was computed from what, its forecasts whole, and failures; a run is added in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.errors import InputError, suggestion
from forecast.store.database import insert, rows
from forecast.store.facts import packed, packed_assumptions, unpacked, unpacked_assumptions
from forecast.tidy_table import PROBS, Fact, Forecast

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Run(NamedTuple):
    """A run: its key, when it was made and published, its vintage, and all that is needed to make it again."""

    run_id: str
    run_key: str  # digest of data, scenarios, options and code version
    made_at: str
    published_at: str | None
    as_of: str
    recipe: dict[str, Any]  # scenarios with their files' text, settings, months, paths, seed, version
    inputs: dict[str, str]  # digest of each file that went in
    observations_through: int
    seconds: float
    drift: list[dict[str, Any]]


class Failure(NamedTuple):
    """A step of a refresh that failed: for which source or scenario, why, and on which inputs."""

    run_key: str
    failed_at: str
    step: str
    subject: str
    message: str
    inputs: dict[str, str]
    seconds: float


SCORED_OUTCOMES = ("rent", "tier_price")


def add_run(connection: Connection, run: Run) -> None:
    """Add a run, as yet unpublished."""
    packed_cells = {name: json.dumps(getattr(run, name), sort_keys=True) for name in ("recipe", "inputs", "drift")}
    insert(connection, "runs", [run._asdict() | packed_cells], or_ignore=True)


def add_forecast(connection: Connection, run_id: str, forecast: Forecast, due_on: Sequence[str]) -> None:
    """Add a scenario's forecast to its run, and the fans that the market will answer.

    Args:
        run_id: run it belongs to.
        forecast: the tidy table, kept whole.
        due_on: the date on which each month of it ends, from month 0.
    """
    scenario = forecast.manifest["scenario"]
    record = {
        "run_id": run_id,
        "scenario": scenario,
        "manifest": json.dumps(forecast.manifest, sort_keys=True),
        "provider_kinds": json.dumps(forecast.provider_kinds),
        "facts": packed(forecast.facts),
        "assumptions": packed_assumptions(forecast.assumptions),
    }
    insert(connection, "forecasts", [record])
    fans: dict[tuple[str, str, int], list[float | None]] = {}
    for fact in (f for outcome in SCORED_OUTCOMES for f in forecast.find(outcome) if f.month):
        fans.setdefault((fact.outcome, fact.segment or "", fact.month or 0), []).append(fact.value)
    assert all(len(values) == len(PROBS) for values in fans.values())
    common = {"run_id": run_id, "scenario": scenario}
    records = [
        {**common, "outcome": o, "segment": s, "due_on": due_on[m], "horizon_months": m, "quantiles": json.dumps(values)}
        for (o, s, m), values in fans.items()
    ]  # fmt: skip
    insert(connection, "fans", records)


def runs(connection: Connection, where: str = "", **values: Any) -> list[Run]:
    """Return the runs that satisfy a condition of SQL, all without one, the oldest first."""
    query = f"SELECT {', '.join(Run._fields)} FROM runs {where and f'WHERE {where}'} ORDER BY made_at, run_id"
    return [
        Run(*row)._replace(**{name: json.loads(getattr(row, name)) for name in ("recipe", "inputs", "drift")})
        for row in rows(connection, query, **values)
    ]


def find_run(connection: Connection, name: str) -> Run:
    """Return the run whose id begins with `name`, or the one published last for "latest".

    The files of a scenario have an id of their own, a digest of what that scenario read: the run that made them last is
    found by it too.

    Raises:
        InputError: no such run, or several.
    """
    if name == "latest" and (last := last_published(connection)):
        return last
    every = [row.run_id for row in rows(connection, "SELECT run_id FROM runs")]
    found = [run_id for run_id in every if name and run_id.startswith(name)] or _holding(connection, name)[-1:]
    if len(found) != 1:
        what = "several runs begin so" if found else "no such run in the store"
        near = suggestion(name, every)
        raise InputError(f'run "{name}": {what}.{near} `forecast history` lists them; "latest" is allowed.')
    return runs(connection, "run_id = :run_id", run_id=found[0])[0]


def _holding(connection: Connection, name: str) -> list[str]:
    """Return the runs that hold files whose own id begins with `name`, the oldest first."""
    query = "SELECT run_id, manifest FROM forecasts JOIN runs USING (run_id) ORDER BY made_at"
    return [
        row.run_id for row in rows(connection, query) if name and json.loads(row.manifest)["run_id"].startswith(name)
    ]


def run_with_key(connection: Connection, key: str) -> Run | None:
    """Return the run with a key, if it has been made."""
    return next(iter(runs(connection, "run_key = :key", key=key)), None)


def last_published(connection: Connection) -> Run | None:
    """Return the run that was published last, None before the first: the one that `latest` points at."""
    last = "published_at = (SELECT max(published_at) FROM runs)"
    return next(iter(runs(connection, last)[::-1]), None)


def run_before(connection: Connection, run: Run) -> Run:
    """Return the published run that was made last before another.

    Raises:
        InputError: there is none.
    """
    earlier = runs(connection, "published_at IS NOT NULL AND made_at < :made_at", made_at=run.made_at)
    if not earlier:
        raise InputError(f"run {run.run_id}: no run was published before it. Name two runs.")
    return earlier[-1]


def scenarios_of(connection: Connection, run_id: str) -> list[str]:
    """Return the scenarios whose forecast a run holds."""
    query = "SELECT scenario FROM forecasts WHERE run_id = :run_id ORDER BY scenario"
    return [row.scenario for row in rows(connection, query, run_id=run_id)]


def forecast_of(connection: Connection, run_id: str, scenario: str) -> Forecast:
    """Return a stored forecast, equal to the one that was added.

    Raises:
        InputError: the run has no such scenario.
    """
    query = "SELECT * FROM forecasts WHERE run_id = :run_id AND scenario = :scenario"
    found = rows(connection, query, run_id=run_id, scenario=scenario)
    if not found:
        known = scenarios_of(connection, run_id)
        raise InputError(
            f"run {run_id}: no scenario {scenario}; it has {', '.join(known) or 'none'}.{suggestion(scenario, known)}"
        )
    row = found[0]
    facts = [Fact._make(cells) for cells in unpacked(bytes(row.facts))]
    assumed = unpacked_assumptions(row.assumptions)
    return Forecast(facts, json.loads(row.manifest), json.loads(row.provider_kinds), assumed)


def mark_published(connection: Connection, run_id: str, at: str) -> None:
    """Note that a run's files are in their place and `latest` points at them."""
    from sqlalchemy import text

    query = "UPDATE runs SET published_at = :at WHERE run_id = :run_id"
    connection.execute(text(query), {"at": at, "run_id": run_id})


def add_failures(connection: Connection, found: Sequence[Failure]) -> None:
    """Add failures to the record."""
    insert(
        connection, "failures", [one._asdict() | {"inputs": json.dumps(one.inputs, sort_keys=True)} for one in found]
    )


def failures(connection: Connection) -> list[dict[str, Any]]:
    """Return all failures, the oldest first."""
    found = rows(connection, f"SELECT {', '.join(Failure._fields)} FROM failures ORDER BY id")
    return [dict(row._mapping) | {"inputs": json.loads(row.inputs)} for row in found]
