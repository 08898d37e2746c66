"""Past forecasts against what came true: the fans of the store whose month has passed, and the tables of today."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.refresh.observed import Seen, Truth, answer_to, levels_at, truths, value_by
from forecast.scoring import crps_of_quantiles
from forecast.store.database import rows
from forecast.store.runs import Run, runs
from forecast.tables import Tables
from forecast.tidy_table import PROBS

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Score(NamedTuple):
    """A forecast that has come due, with its scores.

    `no_change` is what was last seen by its as_of day, None before the first sighting; `in_advance` is 1
    when the forecast was made before its month was over, else it is a hindcast by later code, fits and judgements.
    """

    run_id: str
    scenario: str
    outcome: str
    segment: str
    due_on: str
    horizon_months: int
    median: float
    value: float
    evidence: str
    crps_log: float
    inside_80: int
    p10: float
    p90: float
    no_change: float | None
    in_advance: int


class Tally(NamedTuple):
    """How the scored forecasts of an outcome did: how many, mean CRPS in logarithms, share inside the 80 % interval."""

    outcome: str
    cases: int
    crps_log: float
    coverage_80: float


def due_scores(connection: Connection, tables: Tables, unscored: bool) -> list[Score]:
    """Return the scores of the stored fans that something came true of, by due date.

    What a forecast's own day knew is no answer to it: its month's last sighting must lie after that day. A segment's tier
    is that of the level it stood for when the forecast was made: later ones ask more of a segment.

    Args:
        connection: of the store.
        tables: what came true, and what a segment stood for at each vintage.
        unscored: only those without a score in the store.
    """
    came_true, made = truths(tables), {run.run_id: run for run in runs(connection)}
    vintages = {as_of for run in made.values() for as_of, *_ in run.recipe["scenarios"].values()}
    levels = {as_of: levels_at(tables, date.fromisoformat(as_of)) for as_of in vintages}
    found = []
    for fan in _due(connection, came_true, unscored):
        as_of = made[fan.run_id].recipe["scenarios"][fan.scenario][0]
        seen = came_true.get((fan.outcome, levels[as_of].get(fan.segment, "")), [])
        if truth := answer_to(seen, fan.due_on, as_of):
            found.append(_score(fan, made[fan.run_id], truth, value_by(seen, as_of)))
    return found


def _due(connection: Connection, came_true: Mapping[tuple[str, str], Seen], unscored: bool) -> list[Any]:
    """Return the stored fans whose month was over when their outcome was last seen, by due date."""
    last = {
        outcome: max(seen[-1].on for (name, _), seen in came_true.items() if name == outcome)
        for outcome, _ in came_true
    }
    query = "SELECT * FROM fans WHERE outcome = :outcome AND due_on <= :last"
    if unscored:
        same = " AND ".join(f"scores.{n} = fans.{n}" for n in ("run_id", "scenario", "outcome", "segment", "due_on"))
        query += f" AND NOT EXISTS (SELECT 1 FROM scores WHERE {same})"
    query += " ORDER BY due_on, scenario, segment, run_id"
    found = [fan for outcome, day in sorted(last.items()) for fan in rows(connection, query, outcome=outcome, last=day)]
    return sorted(found, key=lambda fan: str(fan.due_on))


def _score(fan: Any, run: Run, truth: Truth, no_change: float | None) -> Score:
    """Return the score of a fan of a run against what came true, and against what was last seen before it."""
    said = json.loads(fan.quantiles)
    loss = crps_of_quantiles(np.log(said)[:, None], np.array(PROBS), np.log([truth.value]))
    low, middle, high = (said[PROBS.index(prob)] for prob in (0.1, 0.5, 0.9))
    return Score(
        fan.run_id, fan.scenario, fan.outcome, fan.segment, fan.due_on, fan.horizon_months, middle, truth.value, truth.evidence,
        float(loss[0]), int(low <= truth.value <= high), low, high, no_change, int(run.made_at[:10] <= fan.due_on),
    )  # fmt: skip


def summary(found: Iterable[Score]) -> list[dict[str, Any]]:
    """Return for each outcome and scenario, apart by whether the forecast was made in advance: how it did.

    How many, the mean CRPS in logs, that of saying "no change" (the CRPS of a point is its error) and the share of it
    saved, both over the forecasts before which something was seen, and the share inside the 80 % interval.
    """
    groups: dict[tuple[str, str, int], list[Score]] = {}
    for one in found:
        groups.setdefault((one.scenario, one.outcome, one.in_advance), []).append(one)
    return [
        {
            "scenario": scenario,
            "outcome": outcome,
            "in_advance": bool(in_advance),
            "n": len(group),
            "crps_log": float(np.mean([one.crps_log for one in group])),
            **_against_no_change(group),
            "coverage_80": float(np.mean([one.inside_80 for one in group])),
        }
        for (scenario, outcome, in_advance), group in sorted(groups.items())
    ]


def _against_no_change(group: list[Score]) -> dict[str, float | None]:
    pairs = [(one.crps_log, abs(np.log(one.value / one.no_change))) for one in group if one.no_change]
    own, rival = np.mean(pairs, axis=0) if pairs else (0.0, 0.0)
    return {"crps_no_change": float(rival) if pairs else None, "skill": float(1.0 - own / rival) if rival else None}


def scores_of(connection: Connection, scenario: str) -> list[Tally]:
    """Return how a scenario's forecasts made in advance did by outcome, from the scores that the store keeps, of all runs."""
    query = (
        "SELECT outcome, count(*) AS count, avg(crps_log) AS crps_log, avg(inside_80) AS coverage_80 "
        "FROM scores JOIN runs USING (run_id) WHERE scenario = :scenario AND substr(made_at, 1, 10) <= due_on "
        "GROUP BY outcome ORDER BY outcome"
    )
    found = rows(connection, query, scenario=scenario)
    return [Tally(outcome, int(n), float(crps), float(inside)) for outcome, n, crps, inside in found]
