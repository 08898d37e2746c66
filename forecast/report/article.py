"""The sections on the founding article: the state of its predictions, and the verdicts on its claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from forecast.delivery.words import chance, figures, span
from forecast.report.closing import Section
from forecast.report.markup import folded, table, text

PREDICTIONS, CLAIMS = ("predictions", "The article's predictions"), ("audit", "The article's claims")  # key and title


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
