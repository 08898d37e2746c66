"""The mix of tokens on the router: at what pace the log odds of output and of cached input drift."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple

import numpy as np

from forecast.arrays import Array
from forecast.distributions import Z_90
from forecast.tables import Tables
from forecast.trends.evidence import distribution
from forecast.trends.known import TooFew, apart
from forecast.trends.trend import Band, Diagnostic, Estimate, Trend
from forecast.units import months_between

ROUTER, ONE_MODEL = "OpenRouter", "OpenRouter, one model: "  # how scopes begin
KINDS = {"output": "completion_frac", "cached": "cached_of_input_frac"}  # the input that reads it, the column
LEAST_STEP_MONTHS = 1.0  # between two shares that are compared: in less time weeks differ by chance
SOME_DAY = date(2025, 1, 1)  # from which months are counted
LEAST_MONTHS = 3.0  # that the steps of a kind must span together
STEP_SD_LOG = 0.2  # spread of a month's chance before any data, as if seen in STEPS_BEFORE steps
STEPS_BEFORE = 4.0


class Steps(NamedTuple):
    """Changes of the log odds of one kind of token between two days: `[step]`."""

    months: Array
    change_log: Array


class Pace(NamedTuple):
    """A drift a month, its standard error, and the chance of a month around it."""

    mean: float
    error: float
    sd: float

    def __str__(self) -> str:
        """Return the 80 % interval in words."""
        return Band(*(self.mean + self.error * Z_90 * np.array([-1.0, 0.0, 1.0])).tolist()).text(".3f")


def token_mix_trend(tables: Tables) -> Trend:
    """Return the drift of the router's mix known at the tables' vintage.

    A walk with drift: v = ΣΔ/Σh over steps of h months within one series, with the error s/√Σh and
    s² = (n₀·s₀² + Σ(Δ − v·h)²/h)/(n₀ + n): few steps cannot claim more than their number allows.

    Raises:
        TooFew: neither kind of token was known over three months.
    """
    steps = {kind: mix_steps(tables, column) for kind, column in KINDS.items()}
    paces = {kind: pace_of(found) for kind, found in steps.items() if found.months.sum() >= LEAST_MONTHS}
    if not paces:
        known = f"no share of tokens known over {LEAST_MONTHS:g} months by {tables.as_of}"
        raise TooFew(f"{tables['token_mix'].label}: {known}. Choose a later vintage.")
    return Trend(
        name="token_mix",
        title="Mix of the router's tokens",
        unit="log odds per month",
        form="a walk with drift",
        why="a dozen steps: not enough for an out-of-sample choice",
        diagnostics=tuple(
            Diagnostic(f"{kind}_drift_per_month", pace.mean,
                       f"{pace}; chance of a month {pace.sd:.2f}, "
                       f"{len(steps[kind].months)} steps over {steps[kind].months.sum():.0f} months")
            for kind, pace in paces.items()
        )
        + _within(tables),
        estimates=tuple(
            Estimate(f"parameters.{kind}_drift_per_month", distribution("fitted", pace.mean, pace.error), "1/month",
                     len(steps[kind].months), "low",
                     f"{len(steps[kind].months)} steps over {steps[kind].months.sum():.0f} months of the router, which is no sample of the market")
            for kind, pace in paces.items()
        ),
    )  # fmt: skip


def mix_steps(tables: Tables, column: str, one_model: bool = False) -> Steps:
    """Return the changes of the log odds of a share on the router, at least a month apart, series by series.

    Of all its tokens; or of `one_model`, week by week: of users who stay with it.
    """
    series = defaultdict(list)
    for row in tables["token_mix"]:
        chosen = row["scope"].startswith(ROUTER) and row["scope"].startswith(ONE_MODEL) == one_model
        if chosen and row[column] is not None:
            month = months_between(SOME_DAY, row["date_on"])
            series[row["scope"]].append((month, float(np.log(row[column] / (1 - row[column])))))
    found = [
        (later - start, after - before)
        for points in series.values()
        for (start, before), (later, after) in apart(sorted(points), LEAST_STEP_MONTHS)
    ]
    return Steps(*np.array(found).reshape(-1, 2).T)


def pace_of(steps: Steps) -> Pace:
    """Return the drift of a walk, its error, and the walk's chance.

    >>> pace = pace_of(Steps(np.array([2.0, 2.0]), np.array([0.4, 0.4])))
    >>> round(pace.mean, 9), round(pace.sd, 4), round(pace.error, 4)
    (0.2, 0.1633, 0.0816)
    """
    months = steps.months.sum()
    mean = steps.change_log.sum() / months
    misfit = ((steps.change_log - mean * steps.months) ** 2 / steps.months).sum()
    sd = np.sqrt((STEPS_BEFORE * STEP_SD_LOG**2 + misfit) / (STEPS_BEFORE + len(steps.months)))
    return Pace(float(mean), float(sd / np.sqrt(months)), float(sd))


def _within(tables: Tables) -> tuple[Diagnostic, ...]:
    """Return the drift within single models, where one was seen twice. If there is none, users moved to other models."""
    found = {kind: mix_steps(tables, column, one_model=True) for kind, column in KINDS.items()}
    return tuple(
        Diagnostic(f"{kind}_drift_within_models", pace.mean,
                   f"{pace}; {len(steps.months)} steps of single models")
        for kind, steps in found.items() if len(steps.months) for pace in [pace_of(steps)]
    )  # fmt: skip
