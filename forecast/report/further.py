"""The sections that cost seconds: each simulates or fits, and hands what it found to a pure function of the page.

Those that are wanted are made side by side where a process can be forked.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

import numpy as np

from forecast.audit.audited import audit
from forecast.draws import BLOCK_PATHS
from forecast.engines.workers import can_fork, worker_count
from forecast.errors import InputError, suggestion
from forecast.hindcast.run import hindcast
from forecast.outcomes.by_path import found_in
from forecast.paths import Paths
from forecast.predictions.names import known_predictions
from forecast.predictions.scored import days_to_score, long_enough, scored
from forecast.report.drivers import AtStake, drivers_section, watch_section
from forecast.report.markup import Section
from forecast.report.past import audit_section, past_section, predictions_section
from forecast.scenario import Scenario, load_scenario
from forecast.sensitivity.analysis import analyse
from forecast.sensitivity.asked import asked_within
from forecast.sensitivity.sample import draw_sample
from forecast.sensitivity.signals import is_open, meanings, question_of, telling_signals, to_sample, usual_answers
from forecast.simulation import simulate
from forecast.tables import Tables
from forecast.trends.monthly import month_later
from forecast.trends.registry import SERIES, TITLES
from forecast.trends.rolling import scores_by_horizon

DRIVEN = ("price_to_floor_ratio:{}@24", "rent@24")
WATCHED_MONTHS, BACK_MONTHS = 6, 12
PATHS = BLOCK_PATHS  # of each: one block


def what_to_keep(wanted: Sequence[str], scenario: Scenario, tables: Tables) -> dict[str, Any]:
    """Return what `simulate` must keep, as its arguments, so that no section simulates the scenario again."""
    if "predictions" not in wanted:
        return {}
    _, keep = long_enough(known_predictions(tables), scenario)
    return keep | {"keep_months": tuple(m for m in keep["keep_months"] if m <= scenario.months)}


def drivers_sections(paths: Paths, tables: Tables) -> list[Section]:
    """Return what drives price over floor and rent, and what to watch, from one sample."""
    scenario, names = paths.scenario, paths.names
    as_of = str(scenario.as_of)
    within = min(WATCHED_MONTHS, scenario.months)
    driven = asked_within(DRIVEN, names, scenario.months)
    answers = usual_answers(names, scenario.months)
    sample = draw_sample(scenario, [*driven, *to_sample(answers, names, within)], PATHS, paths.seed)
    found = [analyse(sample, each) for each in driven if np.ptp(sample.outcomes[str(each)])]
    questions = [(each, question_of(each, sample)) for each in answers]
    at_stake = [
        AtStake(each, float(question.yes.mean()), telling_signals(question, sample, names, within))
        for each, question in questions
        if is_open(question)
    ]
    told = meanings((signal.name for one in at_stake for signal in one.signals), scenario.tables)
    return [drivers_section(found, as_of), watch_section(at_stake, within, as_of, told)]


def past_sections(paths: Paths, tables: Tables) -> list[Section]:
    """Return how rolling forecasts did, and the whole engine a year before; judged by all that the tables know."""
    scores = {TITLES[name]: scores_by_horizon(cases(tables)) for name, cases in SERIES.items()}
    day, found = month_later(paths.scenario.as_of, -BACK_MONTHS), None
    with suppress(InputError):  # the day lies before the first tables, or nothing that is checked has happened since
        found = hindcast(day, tables, "base", PATHS, paths.seed)
    return [past_section(scores, found)]


def predictions_sections(paths: Paths, tables: Tables) -> list[Section]:
    """Return the state of the predictions; the page's paths answer where they reach far enough."""
    every, today = known_predictions(tables), paths.scenario.as_of
    days = days_to_score(every, today)

    def answering(scenario: Scenario, n_paths: int) -> Paths:
        longer, keep = long_enough(every, scenario)
        return simulate(longer, n_paths, paths.seed, **keep)

    when_made = {day: answering(load_scenario("base", tables, as_of=day), PATHS) for day in days}
    longer, keep = long_enough(every, paths.scenario)
    more = found_in(paths.names, keep["keep_more"])
    here = set(keep["keep_months"]) <= set(paths.kept_months) and set(more) <= set(paths.kept)
    answers = paths if here and longer.months == paths.scenario.months else answering(paths.scenario, paths.n_paths)
    return [predictions_section(scored(every, [answers], when_made, today))]


# Of the paths of the page, and of all tables, which say what came true.
KINDS: dict[str, Callable[[Paths, Tables], list[Section]]] = {
    "drivers": drivers_sections,
    "past": past_sections,
    "predictions": predictions_sections,
    "audit": lambda paths, tables: [audit_section(audit(tables))],
}


def further_sections(
    paths: Paths,
    tables: Tables,
    wanted: Sequence[str],
    threads: int | None = None,
    progress: Callable[[int], None] = lambda kinds: None,
) -> list[Section]:
    """Return the sections of the kinds that are wanted, in the order of KINDS.

    Args:
        paths, tables: what they are about: the paths of the page, and all tables.
        wanted: kinds.
        threads: workers; by default $FORECAST_THREADS or the processors. Where a process may be forked, kinds are made side by side.
        progress: called with 1 for each kind that is done.
    """
    kinds = [kind for kind in KINDS if kind in wanted]
    workers = min(len(kinds), worker_count(threads))
    if workers < 2 or not can_fork():
        return _collected((KINDS[kind](paths, tables) for kind in kinds), progress)
    with (
        ProcessPoolExecutor(workers, get_context("fork"), _IN_CHILD.extend, ((paths, tables),)) as pool,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)  # idle threads of the linear algebra library are no danger
        return _collected(pool.map(_made_in_child, kinds), progress)


def _collected(made: Iterable[list[Section]], progress: Callable[[int], None]) -> list[Section]:
    found: list[Section] = []
    for sections in made:
        found += sections
        progress(1)
    return found


_IN_CHILD: list[Any] = []  # what a forked worker inherits: paths are large and need not be sent


def _made_in_child(kind: str) -> list[Section]:
    return KINDS[kind](*_IN_CHILD)


def wanted_kinds(text: str) -> list[str]:
    """Return the kinds that a text lists, comma-separated; "all" and "none" are allowed.

    Raises:
        InputError: another word.
    """
    if text in ("all", "none"):
        return list(KINDS) if text == "all" else []
    found = [word.strip() for word in text.split(",")]
    if wrong := next((word for word in found if word not in KINDS), None):
        allowed = f"all, none, or any of {', '.join(KINDS)}, comma-separated,"
        raise InputError(f'--with {text}: no "{wrong}"; {allowed} is allowed.{suggestion(wrong, KINDS)} Correct it.')
    return found
