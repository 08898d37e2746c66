"""What the sections that cost seconds say: each simulates or fits, and hands what it found to a pure function of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from forecast.audit.audited import audit
from forecast.draws import BLOCK_PATHS
from forecast.errors import InputError
from forecast.hindcast.checks import Hindcast
from forecast.hindcast.run import hindcast
from forecast.outcomes.by_path import found_in
from forecast.paths import Paths
from forecast.predictions.names import known_predictions
from forecast.predictions.scored import Prediction, days_to_score, months_needed, outcomes_needed, scored
from forecast.report.article import audit_section, predictions_section
from forecast.report.closing import Section
from forecast.report.drivers import AtStake, drivers_section, watch_section
from forecast.report.past import past_section
from forecast.scenario import Scenario, load_scenario
from forecast.sensitivity.analysis import analyse
from forecast.sensitivity.asked import asked_within
from forecast.sensitivity.sample import draw_sample
from forecast.sensitivity.signals import is_open, needed, question_of, telling_signals, usual_answers
from forecast.simulation import simulate
from forecast.tables import Tables
from forecast.trends.monthly import month_later
from forecast.trends.registry import SERIES
from forecast.trends.rolling import scores_by_horizon

DRIVEN = ("price_to_floor_ratio:{}@24", "rent@24")
WATCHED_MONTHS, BACK_MONTHS = 6, 12
SCORED = {"price of a fixed capability": "tier", "rent": "rent", "list prices": "list-price"}
PATHS = BLOCK_PATHS  # of each: one block


class Asked(NamedTuple):
    """What the further sections are about: the paths of the page, and all tables, which say what came true."""

    paths: Paths
    tables: Tables


def what_to_keep(wanted: Sequence[str], scenario: Scenario, tables: Tables) -> dict[str, Any]:
    """Return what `simulate` must keep, as its arguments, so that no section simulates the scenario again."""
    if "predictions" not in wanted:
        return {}
    every = known_predictions(tables)
    months = months_needed(every, scenario.as_of, scenario.months)[1]
    return {
        "keep_months": tuple(month for month in months if month <= scenario.months),
        "keep_more": outcomes_needed(every),
    }


def drivers_sections(asked: Asked) -> list[Section]:
    """Return what drives price over floor and rent, and what to watch, from one sample."""
    scenario, names = asked.paths.scenario, asked.paths.names
    as_of = str(scenario.as_of)
    within = min(WATCHED_MONTHS, scenario.months)
    driven = asked_within(DRIVEN, names, scenario.months)
    answers = usual_answers(names, scenario.months)
    sample = draw_sample(scenario, [*driven, *needed(answers, names, within)], PATHS, asked.paths.seed)
    found = [analyse(sample, each) for each in driven if np.ptp(sample.outcomes[str(each)])]
    questions = [(each, question_of(each, sample)) for each in answers]
    at_stake = [
        AtStake(each, float(question.yes.mean()), telling_signals(question, sample, names, within))
        for each, question in questions
        if is_open(question)
    ]
    return [drivers_section(found, as_of), watch_section(at_stake, within, as_of)]


def past_sections(asked: Asked) -> list[Section]:
    """Return how rolling forecasts did, and the whole engine a year before; judged by all that the tables know."""
    scores = {said: scores_by_horizon(SERIES[name](asked.tables)) for said, name in SCORED.items()}
    return [past_section(scores, _year_before(asked))]


def _year_before(asked: Asked) -> Hindcast | None:
    day = month_later(asked.paths.scenario.as_of, -BACK_MONTHS)
    try:
        return hindcast(day, asked.tables, "base", PATHS, asked.paths.seed)
    except InputError:  # the day lies before the first tables, or nothing that is checked has happened since
        return None


def predictions_sections(asked: Asked) -> list[Section]:
    """Return the state of the predictions; the page's paths answer where they reach far enough."""
    every, own = known_predictions(asked.tables), asked.paths
    today = own.scenario.as_of
    days = days_to_score(every, today)
    when_made = {day: _answering(asked, every, load_scenario("base", asked.tables, as_of=day), PATHS) for day in days}
    horizon, kept = months_needed(every, today, own.scenario.months)
    more = found_in(own.names, outcomes_needed(every))
    if horizon > own.scenario.months or not set(kept) <= set(own.kept_months) or not set(more) <= set(own.kept):
        own = _answering(asked, every, own.scenario, own.n_paths)
    return [predictions_section(scored(every, [own], when_made, today))]


def _answering(asked: Asked, every: Sequence[Prediction], scenario: Scenario, n_paths: int) -> Paths:
    horizon, kept = months_needed(every, scenario.as_of, scenario.months)
    longer, more = replace(scenario, months=horizon), outcomes_needed(every)
    return simulate(longer, n_paths, asked.paths.seed, keep_months=kept, keep_more=more)


def audit_sections(asked: Asked) -> list[Section]:
    """Return the verdicts on the article's claims."""
    return [audit_section(audit(asked.tables))]
