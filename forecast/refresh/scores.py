"""Past forecasts against what came true: the fans of the store whose month has passed, and the tables of today."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecast.scoring import crps_of_quantiles
from forecast.store.database import rows
from forecast.tables import Tables
from forecast.tidy_table import PROBS
from forecast.trends.monthly import month_end, month_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

# The H100 on-demand index that the model's rent is read off (parameter rent_to_owned_log_start).
RENT_INDEX = "index: normalised SXM median of rate cards"


class Truth(NamedTuple):
    """What came true of an outcome in a month: the value and the row it stands in."""

    value: float
    evidence: str


class Score(NamedTuple):
    """A forecast that has come due, with its scores."""

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


class Tally(NamedTuple):
    """How the scored forecasts of an outcome did: how many, mean CRPS in logarithms, share inside the 80 % interval."""

    outcome: str
    cases: int
    crps_log: float
    coverage_80: float


LAST_EARLY_DAY = 15  # until then the end of the month before is nearer than that of the month


def due_on(as_of: date, months: int) -> str:
    """Return the end of a month nearest to the day some months after another: what is observed is observed at month ends.

    >>> due_on(date(2026, 11, 5), 3), due_on(date(2026, 11, 30), 3)
    ('2027-01-31', '2027-02-28')
    """
    return str(month_end(month_of(as_of) + months - (as_of.day <= LAST_EARLY_DAY)))


def truths(tables: Tables) -> dict[tuple[str, str, str], Truth]:
    """Return what the tables say of the outcomes that are observed, by outcome, segment and last day of the month.

    rent is the H100 on-demand index; a segment's tier_price the third-lowest price at its GPQA.
    """
    found: dict[tuple[str, str, str], Truth] = {}
    rents, tiers = tables["rents"], tables["tier_prices"]
    for row in rents:
        if (row["provider"], row["accelerator"], row["channel"]) == (RENT_INDEX, "h100", "on-demand"):
            place = f"{rents.label} row {row.number}"
            found["rent", "", str(month_end(month_of(row["date_on"])))] = Truth(row["usd_per_accelerator_hour"], place)
    for segment, about in tables["segments"].latest("segment").items():
        for row in tiers:
            price = row["third_cheapest_usd_per_mtok"]
            if row["gpqa_at_least"] == about["gpqa_at_least"] and price is not None:
                place = f"{tiers.label} row {row.number}"
                found["tier_price", segment, str(month_end(month_of(row["date_on"])))] = Truth(price, place)
    return found


def due_scores(connection: Connection, came_true: dict[tuple[str, str, str], Truth], unscored: bool) -> list[Score]:
    """Return the scores of the stored fans that something came true of, by outcome and due date.

    Args:
        connection: of the store.
        came_true: what `truths` returned.
        unscored: only those without a score in the store.
    """
    last: dict[str, str] = {}
    for outcome, _, day in came_true:
        last[outcome] = max(day, last.get(outcome, day))
    query = "SELECT fans.* FROM fans WHERE outcome = :outcome AND due_on <= :last"
    if unscored:
        same = " AND ".join(f"scores.{n} = fans.{n}" for n in ("run_id", "scenario", "outcome", "segment", "due_on"))
        query += f" AND NOT EXISTS (SELECT 1 FROM scores WHERE {same})"
    query += " ORDER BY due_on, scenario, segment, run_id"
    due = [fan for outcome, day in sorted(last.items()) for fan in rows(connection, query, outcome=outcome, last=day)]
    met = [(fan, truth) for fan in due if (truth := came_true.get((fan.outcome, fan.segment, fan.due_on)))]
    if not met:
        return []
    quantiles = np.array([json.loads(fan.quantiles) for fan, _ in met]).T
    values = np.array([truth.value for _, truth in met])
    losses = crps_of_quantiles(np.log(quantiles), np.array(PROBS), np.log(values))
    low, middle, high = (quantiles[PROBS.index(p)] for p in (0.1, 0.5, 0.9))
    return [
        Score(
            fan.run_id, fan.scenario, fan.outcome, fan.segment, fan.due_on, fan.horizon_months, float(middle[i]),
            truth.value, truth.evidence, float(losses[i]), int(low[i] <= truth.value <= high[i]),
        )
        for i, (fan, truth) in enumerate(met)
    ]  # fmt: skip


def summary(found: Iterable[Score]) -> list[dict[str, Any]]:
    """Return for each outcome and scenario: how many, the mean CRPS in logs, the share inside the 80 % interval."""
    groups: dict[tuple[str, str], list[Score]] = {}
    for one in found:
        groups.setdefault((one.scenario, one.outcome), []).append(one)
    return [
        {
            "scenario": scenario,
            "outcome": outcome,
            "n": len(group),
            "crps_log": float(np.mean([one.crps_log for one in group])),
            "coverage_80": float(np.mean([one.inside_80 for one in group])),
        }
        for (scenario, outcome), group in sorted(groups.items())
    ]


def scores_of(connection: Connection, scenario: str) -> list[Tally]:
    """Return how a scenario's forecasts did by outcome, from the scores that the store keeps, of all its runs."""
    query = (
        "SELECT outcome, count(*) AS count, avg(crps_log) AS crps_log, avg(inside_80) AS coverage_80 "
        "FROM scores WHERE scenario = :scenario GROUP BY outcome ORDER BY outcome"
    )
    found = rows(connection, query, scenario=scenario)
    return [Tally(outcome, int(n), float(crps), float(inside)) for outcome, n, crps, inside in found]
