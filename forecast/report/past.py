"""The section on how past forecasts did: rolling-origin scores, a hindcast, and the stored forecasts that came due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from forecast.delivery.words import number, percent
from forecast.hindcast.checks import Hindcast
from forecast.hindcast.scores import grade, grade_by_quantity, worst_misses
from forecast.refresh.scores import Tally
from forecast.report.closing import Section
from forecast.report.markup import bullets, folded, table, text
from forecast.trends.rolling import Scores

TITLE = "How past forecasts did"
SCORES_HEADER = ("series, months ahead", "skill", "against halving", "80 % band holds", "forecasts")


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
