"""Paths until an error is met: how sure the median of a named outcome is, and how many paths make it as sure as asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from forecast.errors import InputError, suggestion
from forecast.market.doors import NEVER
from forecast.monte_carlo import mean_error, median_influence
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.paths import Paths
from forecast.simulation import MOST_PATHS
from forecast.summary import fan_quantiles
from forecast.tidy_table import PROBS

DEFAULT_OUTCOME = "convergence_month"
SPARE_RATIO = 1.1  # more paths than the first estimate asks for: it is itself uncertain
MOST_ROUNDS = 4


class Target(NamedTuple):
    """The Monte Carlo standard error that the median of an outcome shall have, in the outcome's unit."""

    outcome: str
    error: float


def parse_target(text: str) -> Target:
    """Return the target that `0.25` (months of convergence) or `OUTCOME=0.25` writes.

    Raises:
        InputError: no positive number, or an unknown outcome.

    >>> parse_target("rent=0.01")
    Target(outcome='rent', error=0.01)
    """
    outcome, equals, number = text.rpartition("=")
    outcome = outcome.strip() if equals else DEFAULT_OUTCOME
    known = (*DATES, *FANS, "runway_months", "survival_months")
    if outcome not in known:
        raise InputError(f'--precision {text}: no outcome "{outcome}".{suggestion(outcome, known)} Correct it.')
    try:
        error = float(number)
    except ValueError:
        error = math.nan
    if not 0 < error < math.inf:
        raise InputError(f"--precision {text}: a number above 0, or OUTCOME=NUMBER, is allowed. Correct it.")
    return Target(outcome, error)


def simulate_until(target: Target, n_paths: int, run: Callable[[int], Paths]) -> Paths:
    """Return the simulation whose worst error of the outcome's medians is at most the target's.

    Args:
        target: outcome and error.
        n_paths: number of paths to start from.
        run: gives the simulation with a number of paths; more paths keep the first ones.

    Raises:
        InputError: the outcome's medians lie beyond the horizon, or the error needs more paths than may be had.
    """
    paths = run(n_paths)
    for _ in range(MOST_ROUNDS):
        error = worst_error(paths, target.outcome)
        if error <= target.error:
            return paths
        needed = math.ceil(paths.n_paths * (error / target.error) ** 2 * SPARE_RATIO)
        if needed > MOST_PATHS:
            raise InputError(
                f"--precision {target.outcome}={target.error:g}: about {needed:,} paths would be needed, {MOST_PATHS:,} "
                "are allowed. Ask for a larger error."
            )
        paths = run(needed)
    return paths


def worst_error(paths: Paths, outcome: str) -> float:
    """Return the largest standard error of an outcome's medians over segments or providers, at the horizon for a fan.

    Medians beyond the horizon have none and are left out.

    Raises:
        InputError: all of them lie beyond the horizon.
    """
    if outcome in FANS:
        return float(fan_quantiles(paths, outcome)[1][:, -1, PROBS.index(0.5)].max())
    if outcome == "runway_months":
        months = paths.runway_months[~paths.names.backed[:, 0]].astype(float)
    else:
        kept = paths.dates[outcome] if outcome in DATES else paths.exit_month
        months = np.where(kept == NEVER, np.inf, kept.astype(float))
    influences = [median_influence(row)[1] for row in months]
    inside = [mean_error(influence) for influence in influences if np.isfinite(influence[0])]
    if not inside:
        raise InputError(
            f"--precision: every median of {outcome} lies beyond the horizon of {paths.scenario.months} months, so it "
            "has no error. Name another outcome, such as --precision market_price=0.001."
        )
    return max(inside)
