"""Predictions with their probability in each scenario, and the score of those whose date has come.

A prediction is scored against what the engine, knowing only the tables of the day it was made, gives its query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from forecast.errors import InputError
from forecast.monte_carlo import probability_error
from forecast.outcomes.by_path import BY_PATH
from forecast.outcomes.dates import MONTHS_IN_A_ROW
from forecast.paths import Paths
from forecast.predictions.query import MONTHLY, Condition, Query, holds, parse_query
from forecast.scenario import Scenario
from forecast.scenario_files import LONGEST_MONTHS
from forecast.scoring import brier_score
from forecast.table_files import Row, Table


@dataclass(frozen=True)
class Prediction:
    """One row of predictions.csv with its query, None where the engine has no answer."""

    row: Row
    query: Query | None

    def asked_in(self, as_of: date) -> tuple[int, ...]:
        """Return the months after as_of that the query speaks of; empty without a query."""
        return tuple(c.months_after(as_of) for c in self.query.conditions) if self.query else ()

    def happened(self, today: date) -> float | None:
        """Return 1 or 0 where the prediction was resolved by today, else None."""
        known = self.row["resolved_on"] is not None and self.row["resolved_on"] <= today
        return float(self.row["happened"]) if known else None


def predictions(table: Table) -> list[Prediction]:
    """Return the predictions of a table.

    Raises:
        InputError: every bad query, missing reason or half a resolution, all at once.
    """
    found, problems = [], []
    for row in table:
        place = f"{table.label} row {row.number}, {row['prediction']}"
        query = None
        if (row["query"] is None) == (row["no_query"] is None):
            problems.append(f"{place}: a query or the reason why there is none is required, not both. Correct the row.")
        if (row["resolved_on"] is None) != (row["happened"] is None):
            problems.append(f"{place}: resolved_on and happened belong together. Fill both or neither.")
        if row["query"] is not None:
            try:
                query = parse_query(row["query"])
            except ValueError as error:
                problems.append(f"{place}: {error}. Correct the query.")
        found.append(Prediction(row, query))
    if problems:
        raise InputError(problems)
    return found


def months_needed(asked: Sequence[Prediction], as_of: date, usual: int) -> tuple[int, tuple[int, ...]]:
    """Return the horizon that answers all queries, and the months to keep.

    Outcomes that must last some months are only seen when the horizon lies that far beyond.
    """
    ahead = {m for p in asked for m in p.asked_in(as_of) if 1 <= m <= LONGEST_MONTHS - MONTHS_IN_A_ROW}
    horizon = max([usual, *(m + MONTHS_IN_A_ROW for m in ahead)])
    monthly = {c.months_after(as_of) for c in _conditions(asked) if c.outcome in MONTHLY}
    return horizon, tuple(sorted(ahead & monthly))


def outcomes_needed(asked: Sequence[Prediction]) -> tuple[str, ...]:
    """Return the outcomes by path that the queries name, each with its entity: a simulation keeps them only when told to."""
    return tuple(sorted({c.asked for c in _conditions(asked) if c.outcome in BY_PATH}))


def long_enough(asked: Sequence[Prediction], scenario: Scenario) -> tuple[Scenario, dict[str, Any]]:
    """Return the scenario, long enough to answer all queries, and what `simulate` must keep of it, as its arguments."""
    horizon, kept = months_needed(asked, scenario.as_of, scenario.months)
    return replace(scenario, months=horizon), {"keep_months": kept, "keep_more": outcomes_needed(asked)}


def _conditions(asked: Sequence[Prediction]) -> list[Condition]:
    return [c for p in asked if p.query for c in p.query.conditions]


def probability(prediction: Prediction, paths: Paths) -> dict[str, Any]:
    """Return the probability of a prediction on these paths with its Monte Carlo error, or why there is none."""
    scenario = paths.scenario
    said: dict[str, Any] = {"scenario": scenario.name, "as_of": str(scenario.as_of)}
    months, reason, prob = prediction.asked_in(scenario.as_of), None, None
    if prediction.query is None:
        reason = f"no query: {prediction.row['no_query']}"
    elif min(months) < 1:
        reason = "its date lies before the scenario's"
    elif max(months) > scenario.months:
        reason = "its date lies beyond the longest horizon"
    else:
        try:
            prob = float(np.mean(holds(prediction.query, paths)))
        except InputError as error:
            reason = str(error)
    error_of = None if prob is None else probability_error(prob, paths.n_paths)
    return {**said, "probability": prob, "standard_error": error_of, "reason": reason}


def scored(
    asked: Sequence[Prediction], runs: Sequence[Paths], when_made: dict[date, Paths], today: date
) -> list[dict[str, Any]]:
    """Return each prediction with its probabilities, its resolution as known today, and its Brier score.

    Args:
        asked: the predictions.
        runs: a simulation of each scenario asked for.
        when_made: a simulation of the base scenario as known on the day a resolved prediction was made, by day.
        today: date up to which resolutions are known.
    """
    found = []
    for prediction in asked:
        row, happened = prediction.row, prediction.happened(today)
        prob = score = None
        if happened is not None and row["made_on"] in when_made:
            prob = probability(prediction, when_made[row["made_on"]])["probability"]
        if prob is not None:
            score = float(brier_score(np.array([prob]), np.array([happened]))[0])
        found.append({
            "id": row["prediction"], "statement": row["statement"], "made_by": row["made_by"],
            "made_on": str(row["made_on"]), "due_on": str(row["due_on"]), "query": row["query"], "no_query": row["no_query"],
            "probabilities": [probability(prediction, paths) for paths in runs],
            "happened": None if happened is None else bool(happened),
            "resolved_on": None if happened is None else str(row["resolved_on"]),
            "resolution": None if happened is None else row["resolution"],
            "source": row["source"], "confidence": row["confidence"], "note": row["note"],
            "probability_when_made": prob, "brier": score,
        })  # fmt: skip
    return found


def days_to_score(asked: Sequence[Prediction], today: date) -> list[date]:
    """Return the days on which resolved predictions with a query were made."""
    return sorted({p.row["made_on"] for p in asked if p.query and p.happened(today) is not None})
