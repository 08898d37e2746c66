"""The refresh, step by step: ask the sources, check and store, plan, refit, run, compare, store the run, score, publish.

Each step that changes the store is one transaction. A run is stored whole before its files are published, so a refresh
that dies leaves either no run or one that the next refresh publishes without computing it again. The key of a run is
made before trends are fitted to what is new, so that nothing is fitted where nothing is new.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.draws import check_chance
from forecast.engines.workers import worker_count
from forecast.errors import ForecastError, InputError
from forecast.refresh.gathering import ask_all, take_in
from forecast.refresh.overlay import overlaid_tables
from forecast.refresh.planning import Plan, Request, planned
from forecast.refresh.publishing import latest_folder
from forecast.refresh.refitting import refitted
from forecast.refresh.report import Report
from forecast.refresh.running import (
    Simulator,
    causes,
    compared_run,
    publish,
    run_scenarios,
    score_what_came_due,
    store_run,
)
from forecast.simulation import MOST_PATHS, simulate
from forecast.sources.fetch import Limits
from forecast.sources.registry import chosen_sources
from forecast.store.database import open_store, transaction
from forecast.store.lock import locked
from forecast.store.observations import Observation, observations
from forecast.store.places import Place
from forecast.store.runs import Failure, add_failures, last_published, run_with_key, runs, scenarios_of
from forecast.tables import Tables, load_tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

EVERYDAY = Limits()


def refresh(
    place: Place, request: Request, now: datetime, wait: bool = False, limits: Limits = EVERYDAY,
    simulator: Simulator | None = None,
) -> Report:  # fmt: skip
    """Do the scheduled job once and return what came of it.

    Args:
        place: the store.
        request: scenarios, sources and options.
        now: the moment, UTC; nothing below asks a clock what day it is.
        wait: for the lock, instead of refusing when another refresh holds it.
        limits: of the requests to sources.
        simulator: `simulate`, or what simulates with the same arguments.

    Raises:
        InputError: usage is wrong, or no scenario can be read.
        Locked: another refresh holds the lock.
        ForecastError: the store or the folder of runs cannot be written.
    """
    sources, shipped, report = chosen_sources(request.sources), load_tables(), Report()
    worker_count(request.threads)
    check_chance(request.n_paths, request.seed, MOST_PATHS)
    if not place.exists:  # what is refused makes no store; one that is there is told
        _refuse_bad_input(request, list(planned(request, shipped, None).errors.values()))
    run = partial(simulator or simulate, n_paths=request.n_paths, seed=request.seed, threads=request.threads)
    with _held(place, wait, request.dry_run) as engine, tempfile.TemporaryDirectory(prefix="forecast-") as temporary:
        try:
            asked = ask_all(engine, place, sources, limits)
            with transaction(engine, place.label) as connection:
                report.sources = take_in(connection, asked, shipped, now)
                if request.dry_run:
                    plan, done, _ = _prepare(connection, request, shipped, Path(temporary), report)
                    connection.rollback()
                    _refuse_bad_input(request, list(plan.errors.values()))
                    report.status = "up to date" if done >= set(plan.scenarios) else "would run"
                    return report
            with transaction(engine, place.label) as connection:
                plan, done, seen = _prepare(connection, request, shipped, Path(temporary), report)
            if not done >= set(plan.scenarios):
                plan = _refit(request, plan, seen, report)
            errors = _carry_out(engine, place, plan, done, run, now, report)
        except BaseException as error:  # also Ctrl-C, SIGTERM, and what nobody foresaw
            if request.dry_run:
                raise
            report.add_failure(report.step, "", error)
            with suppress(ForecastError):  # a store that refuses everything cannot be told either
                _record(engine, place, report, now)
            raise
        _record(engine, place, report, now)
    _refuse_bad_input(request, errors)
    return report


def _refuse_bad_input(request: Request, errors: list[Exception]) -> None:
    """Raise the errors of all scenarios as one, where each of them failed because its input is wrong."""
    if len(errors) == len(set(request.scenarios)) and all(isinstance(error, InputError) for error in errors):
        raise InputError([line for error in errors for line in str(error).splitlines()])


@contextmanager
def _held(place: Place, wait: bool, dry_run: bool) -> Iterator[Engine]:
    """Hold the lock and the open store; a trial needs no lock, and no store where there is none."""
    with nullcontext() if dry_run else locked(place, wait):
        engine = open_store(place, in_memory=dry_run and not place.exists)
        try:
            yield engine
        finally:
            engine.dispose()


def _prepare(
    connection: Connection, request: Request, shipped: Tables, folder: Path, report: Report
) -> tuple[Plan, set[str], list[Observation]]:
    """Return the plan on the tables with the observations, its scenarios that were done before, and the observations."""
    report.step = "plan"
    for source in report.sources:
        if source.status == "failed":
            report.add_failure("fetch", source.source, source.message)
    seen = observations(connection)
    tables = overlaid_tables(shipped, seen, folder / "store")
    plan = planned(request, tables, _news_on(seen))
    report.plan, report.run_id, report.as_of, report.scenarios = plan, plan.run_id, plan.as_of, list(plan.scenarios)
    for name, error in plan.errors.items():
        report.add_failure("plan", name, error)
    run = run_with_key(connection, plan.key)
    return plan, set(scenarios_of(connection, run.run_id)) if run else set(), seen


def _news_on(seen: list[Observation]) -> str | None:
    return max((one.as_of for one in seen), default=None)


def _refit(request: Request, plan: Plan, seen: list[Observation], report: Report) -> Plan:
    """Return the plan with the trends fitted to its tables, under the key it had: the fits follow from what made the key."""
    report.step = "refit"
    tables, warned = refitted(plan.tables, seen, [scenario.as_of for scenario in plan.scenarios.values()])
    report.warnings = [{"step": "refit", "subject": one.trend, "message": one.message} for one in warned]
    if tables is plan.tables:  # nothing was fitted
        return plan
    report.plan = made = replace(planned(request, tables, _news_on(seen)), key=plan.key)
    for name in sorted(made.errors.keys() - plan.errors.keys()):
        report.add_failure("refit", name, made.errors[name])
    return made


def _carry_out(
    engine: Engine, place: Place, plan: Plan, done: set[str], run: Simulator, now: datetime, report: Report
) -> list[Exception]:
    """Run what has not been run, store it, score what came due, publish; return the errors of scenarios."""
    report.step = "publish"
    with transaction(engine, place.label) as connection:
        left = runs(connection, "published_at IS NULL AND run_key <> :key", key=plan.key)
    for other in left:  # of a refresh that died before its news was overtaken
        publish(engine, place, other.run_id, now)
    report.step = "run"
    results, errors = run_scenarios(plan, [name for name in plan.scenarios if name not in done], run, now)
    for name, error in errors.items():
        report.add_failure("run", name, error)
    report.step = "store"
    with transaction(engine, place.label) as connection:
        last = last_published(connection)
        if results:
            report.causes = causes(compared_run(connection, results) or last, plan)
            report.drift = store_run(connection, plan, results, now, report.seconds()).drift
            report.scored = len(score_what_came_due(connection, plan.tables))
        made = run_with_key(connection, plan.key)
    report.step = "publish"
    if made and (results or made.published_at is None or latest_folder(place.runs) is None):
        report.folder, report.status = str(publish(engine, place, made.run_id, now)), "published"
    elif made:
        report.status = "up to date"
        if last is None or last.run_id != made.run_id:  # a run of an earlier vintage or of other settings came between
            publish(engine, place, made.run_id, now)
    return [*plan.errors.values(), *errors.values()]


def _record(engine: Engine, place: Place, report: Report, now: datetime) -> None:
    """Write down what failed or was warned of: of which step, with which inputs, after how long."""
    key, inputs = (report.plan.key, report.plan.inputs) if report.plan else ("", {})
    moment = now.isoformat(timespec="seconds")
    found = [
        Failure(key, moment, one["step"], one["subject"], one["message"], inputs, report.seconds())
        for one in [*report.failures, *report.warnings]
    ]
    if found:
        with transaction(engine, place.label) as connection:
            add_failures(connection, found)
