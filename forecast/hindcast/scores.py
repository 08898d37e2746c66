"""How a hindcast did: coverage with its interval, sharpness against a naive walk, proper scores, the worst misses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from forecast.distributions import Z_90
from forecast.hindcast.checks import Check, Event, Hindcast
from forecast.scoring import brier_score, coverage, interval_score, log_score

INSIDE_PROB = 0.8
LEAST_PROB = 1e-4  # a probability of 0 is scored as this: paths are finite


@dataclass(frozen=True)
class Grade:
    """Figures of one hindcast; the walk is a driftless random walk with the increments known at the vintage."""

    checks_count: int
    inside_count: int
    coverage_80: float
    coverage_low: float  # ends of a 95 % interval of the coverage, were the checks independent
    coverage_high: float
    walk_count: int  # checks of series, which a walk could have forecast
    width_log: float  # mean width of their 80 % intervals in logarithms
    walk_width_log: float
    sharpness: float  # width over the walk's: below 1 is sharper
    interval_score: float  # of the same checks, in logarithms: lower is better
    walk_interval_score: float
    walk_coverage_80: float
    events_count: int
    brier: float
    brier_half: float  # of saying one half to everything
    log_score: float


def grade(hindcast: Hindcast) -> Grade:
    """Return the figures of a hindcast; a mean over nothing is not a number."""
    checks = hindcast.checks
    inside = sum(check.inside for check in checks)
    low, high = binomial_interval(inside, len(checks))
    walks = [check for check in checks if check.walk_log_sd is not None and check.p10 > 0]
    p10, p90, value = (np.log([getattr(check, end) for check in walks]) for end in ("p10", "p90", "value"))
    reach = Z_90 * np.array([check.walk_log_sd for check in walks], float)
    prob = np.clip([event.prob for event in hindcast.events], LEAST_PROB, 1 - LEAST_PROB)
    happened = np.array([event.happened for event in hindcast.events], float)
    return Grade(
        checks_count=len(checks),
        inside_count=inside,
        coverage_80=inside / len(checks) if checks else float("nan"),
        coverage_low=low,
        coverage_high=high,
        walk_count=len(walks),
        width_log=_mean(p90 - p10),
        walk_width_log=_mean(2 * reach),
        sharpness=_mean(p90 - p10) / _mean(2 * reach) if walks else float("nan"),
        interval_score=_mean(interval_score(p10, p90, value, INSIDE_PROB)),
        walk_interval_score=_mean(interval_score(-reach, reach, value, INSIDE_PROB)),
        walk_coverage_80=coverage(-reach, reach, value) if walks else float("nan"),
        events_count=len(hindcast.events),
        brier=_mean(brier_score(prob, happened)),
        brier_half=0.25,
        log_score=_mean(log_score(prob, happened)),
    )


def grade_by_quantity(hindcast: Hindcast) -> dict[str, Grade]:
    """Return the figures of the checks of each quantity, in the order of the checks."""
    checks: dict[str, list[Check]] = {}
    for check in hindcast.checks:
        checks.setdefault(check.name.partition(" ")[0], []).append(check)
    return {name: grade(replace(hindcast, checks=tuple(of), events=())) for name, of in checks.items()}


def _mean(values: Iterable[float] | np.ndarray) -> float:
    found = np.asarray(values, float)
    return float(found.mean()) if found.size else float("nan")


def binomial_interval(inside: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of independent cases: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).

    Source: Wilson (1927).

    >>> [round(end, 3) for end in binomial_interval(8, 10)]
    [0.49, 0.943]
    """
    if not of:
        return float("nan"), float("nan")
    z, p = 1.959964, inside / of
    middle, reach = p + z**2 / (2 * of), z * (p * (1 - p) / of + z**2 / (4 * of**2)) ** 0.5
    return (middle - reach) / (1 + z**2 / of), (middle + reach) / (1 + z**2 / of)


def worst_misses(checks: Iterable[Check], count: int = 5) -> list[tuple[Check, float]]:
    """Return the checks farthest outside their interval with their distance, in widths of the interval (at least one)."""
    missed = [(check, _distance(check)) for check in checks if not check.inside]
    return sorted(missed, key=lambda pair: -pair[1])[:count]


def _distance(check: Check) -> float:
    """Return how far the value lies outside, over the width of the interval, both in logarithms for a ratio."""
    ends = [check.p10, check.p90, check.value]
    if check.form == "ratio":
        ends = [float(np.log(max(end, 1e-9))) for end in ends]
    low, high, value = ends
    return (max(low - value, 0.0) + max(value - high, 0.0)) / max(high - low, 1e-9 if check.form == "ratio" else 1.0)


def most_surprising(events: Iterable[Event]) -> list[Event]:
    """Return the events in the order of surprise, the greatest first."""
    return sorted(events, key=lambda event: -abs(event.prob - event.happened))
