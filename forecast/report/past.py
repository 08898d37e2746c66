"""The sections on what was said before: how past forecasts did, and what became of the article's predictions and claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from forecast.delivery.words import chance, figures, number, percent, span
from forecast.hindcast.checks import Hindcast
from forecast.hindcast.scores import grade, grade_by_quantity, worst_misses
from forecast.refresh.scores import Tally
from forecast.report.markup import Section, bullets, folded, table, text
from forecast.trends.rolling import Scores

TITLE = "How past forecasts did"
SCORES_HEADER = ("series, months ahead", "skill", "against halving", "80 % band holds", "forecasts")
PREDICTIONS, CLAIMS = ("predictions", "The article's predictions"), ("audit", "The article's claims")  # key and title


def past_section(scored: Mapping[str, Mapping[int, Scores]], found: Hindcast | None) -> Section:
    """Return how forecasts of series did at past dates, and the whole engine at one of them.

    Args:
        scored: by name of the series, by months ahead.
        found: a hindcast, None where nothing that is checked has happened since.
    """
    rows = [
        [f"{name}, {months}", _skill(s.skill), _skill(s.skill_drift), percent(s.coverage_80), f"{s.n:,}"]
        for name, by_horizon in scored.items()
        for months, s in by_horizon.items()
    ]
    said = (
        "Forecasts made at every past month with what was known then. Skill is the share of the error (CRPS of logarithms) "
        "of a driftless random walk that is saved; below 0 the walk is better. Judged by all that the tables know today."
    )
    shown = f"<h3>Series</h3><p>{text(said)}</p>{table('Scores by months ahead', SCORES_HEADER, rows)}" if rows else ""
    return Section("past", TITLE, shown + (_hindcast(found) if found else ""))


def _hindcast(found: Hindcast) -> str:
    g = grade(found)
    said = [
        f"From {found.as_of}, knowing only what was known then, 80 % intervals hold {g.inside_count} of {g.checks_count} "
        f"checks, {percent(g.coverage_80)} ({percent(g.coverage_low)} to {percent(g.coverage_high)} were the checks "
        "independent, which those of one series are not)."
    ]
    if g.walk_count:
        said.append(
            f"On {g.walk_count} checks of series the intervals are {g.sharpness:.2f} times as wide as those of a driftless "
            f"random walk, which hold {percent(g.walk_coverage_80)}."
        )
    if g.events_count:
        scores = f"Brier score {g.brier:.3f}; one half to everything scores {g.brier_half:.2f}"
        said.append(f"{g.events_count} events: {scores}.")
    misses = [
        [check.name, *map(number, (check.p10, check.p50, check.p90, check.value)), f"{distance:.1f}"]
        for check, distance in worst_misses(found.checks)
    ]
    header = ["check", "p10", "median", "p90", "came true", "distance"]
    missed = table("Worst misses; distance outside in widths of the interval", header, misses) if misses else ""
    kinds = [[name, one.checks_count, one.inside_count] for name, one in grade_by_quantity(found).items()]
    held = folded("By quantity", table("Checks by quantity", ["quantity", "checks", "inside 80 %"], kinds))
    return f"<h3>The whole engine, a year before</h3>{bullets(said)}{missed}{held}"


def stored_section(found: Sequence[Tally]) -> Section:
    """Return the scores of a store's forecasts that were made in advance and have come due, by outcome; empty before the first."""
    rows = [[t.outcome.replace("_", " "), t.cases, f"{t.crps_log:.3f}", percent(t.coverage_80)] for t in found]
    header = ["outcome", "forecasts", "CRPS (log)", "80 % band holds"]
    caption = "Forecasts of this scenario in the store, made before their month was over and now due, of all runs"
    return Section("past", TITLE, table(caption, header, rows) if rows else "")


def _skill(value: float) -> str:
    return f"{100 * value:+.0f} %" if isfinite(value) else "-"


def predictions_section(found: Sequence[Mapping[str, Any]]) -> Section:
    """Return each prediction with its probability, what became of it, and the mean score of the resolved.

    Args:
        found: what `forecast.predictions.scored.scored` returns.
    """
    if not found:
        return Section(*PREDICTIONS, "")
    said = f"{len(found)} predictions, {sum(row['happened'] is not None for row in found)} resolved"
    if scores := [row["brier"] for row in found if row["brier"] is not None]:
        said += f"; mean Brier score of the {len(scores)} scored {sum(scores) / len(scores):.3f}, a coin's is 0.25"
    said += ". The score judges the probability given on what was known when the prediction was made. After ±: two standard errors."
    header = ["prediction", "due", "chance now", "what happened"]
    rows = [[row["statement"], row["due_on"], _probability(row), _state(row)] for row in found]
    shown = table("Predictions and their state", header, rows, words=True)
    return Section(*PREDICTIONS, f"<p>{text(said)}</p>{shown}")


def _probability(row: Mapping[str, Any]) -> str:
    if row["happened"] is not None:
        return "resolved"
    if row["no_query"]:
        return "not computed"
    return "; ".join(
        each["reason"] if each["probability"] is None
        else chance(each["probability"], 2 * each["standard_error"])
        for each in row["probabilities"]
    )  # fmt: skip


def _state(row: Mapping[str, Any]) -> str:
    if row["happened"] is None:
        note = f"; {row['confidence']} confidence in the reading: {row['note']}" if row["note"] else ""
        return row["no_query"] or f"open{note}"
    said = f"{'Came true' if row['happened'] else 'Did not'}, {row['resolved_on']}: {row['resolution']}."
    if row["brier"] is not None:
        said += f" Engine when made: {100 * row['probability_when_made']:.1f} %, Brier {row['brier']:.3f}."
    return said


def audit_section(found: Sequence[Mapping[str, Any]]) -> Section:
    """Return how many of the article's claims have each verdict, and behind each count its claims.

    Args:
        found: what `forecast.audit.audited.audit` returns.
    """
    if not found:
        return Section(*CLAIMS, "")
    counts = Counter(row["verdict"] for row in found).most_common()
    shown = table(f"Verdicts on {len(found)} claims, each recomputed", ["verdict", "claims"], counts, words=True)
    return Section(*CLAIMS, shown + "".join(_claims(found, verdict, count) for verdict, count in counts))


def _claims(found: Sequence[Mapping[str, Any]], verdict: str, count: int) -> str:
    header = ["claim", "printed", "recomputed", "printed over recomputed"]
    rows = [
        [row["statement"], row["printed"], f"{span(row['recomputed'])} {row['unit']}",
         "" if row["factor"] is None else figures(row["factor"], 3)]
        for row in found if row["verdict"] == verdict
    ]  # fmt: skip
    return folded(f"{verdict}: {count}", table(verdict, header, rows, words=True))
