"""Scenarios side by side under common chance: paired differences of every headline with their standard error.

Path k of one scenario and path k of another meet the same funding market, the same launches, the same luck. What
differs between them is the scenarios' doing, and far fewer paths show it than two independent runs would need.
Fans are compared by their geometric mean, not by their median. A path moves the geometric mean by how far it differs
between two scenarios; it moves a median only by the side on which it lies, and most of what pairing gains would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from forecast.arrays import Array
from forecast.errors import InputError
from forecast.monte_carlo import geometric_mean_influence, mean_error
from forecast.outcomes.by_path import BY_PATH
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.path_values import RUNWAY, kept_as, on_paths
from forecast.paths import Paths
from forecast.scenario import Scenario

COMPARED_FANS = (
    "market_price", "cheapest_price", "tier_price", "floor", "price_to_floor_ratio", "unit_cost", "rent",
    "top5_tokens_frac", "top5_spend_frac", "hhi_tokens", "hhi_spend", "independent_providers", "sustainability_ratio",
)  # fmt: skip
COMPARED_MEANS = ("revenue", "cash")  # of providers, at the horizon; 0 for whoever has left


class Key(NamedTuple):
    """What a headline is of: one number that scenarios and runs are compared by."""

    outcome: str
    statistic: str  # geometric mean, probability or mean
    unit: str
    segment: str | None
    provider: str | None
    month: int


class Headline(NamedTuple):
    """A headline with its estimate on each path of each scenario."""

    key: Key
    values: list[Array]  # by scenario, `[path]`


class Difference(NamedTuple):
    """A row of the comparison: a headline in the first scenario and in another, and how far they are apart."""

    outcome: str
    statistic: str
    unit: str
    segment: str | None
    provider: str | None
    month: int
    scenario: str
    against: str
    value: float
    value_against: float
    difference: float
    standard_error: float
    independent_standard_error: float  # of the same difference between two runs with chance of their own

    @property
    def paths_saved_ratio(self) -> float:
        """How many times more paths independent runs would need for the same error; infinite without any error."""
        if self.standard_error == 0:
            return float("inf")
        return (self.independent_standard_error / self.standard_error) ** 2


def compared_months(scenario: Scenario) -> tuple[int, ...]:
    """Return the months at which scenarios are compared: one and three years, and the horizon."""
    return tuple(sorted({month for month in (12, 36) if month < scenario.months} | {scenario.months}))


def finances_compared(scenario: Scenario) -> tuple[str, ...]:
    """Return what a simulation must keep beside its fans, as `keep_more`, for finances to be compared as well."""
    return tuple(f"{outcome}[{p}]" for outcome in COMPARED_MEANS for p in scenario.entities("providers"))


def check_comparable(scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios of different length or vintage, whose months are not the same months, and those that a table cannot tell apart.

    Raises:
        InputError: fewer than two, two of one name, or they differ in as_of or months.
    """
    if len(scenarios) < 2:
        raise InputError("compare: one scenario given; at least two are needed. Add another, such as base.")
    first = scenarios[0]
    wrong = [
        f"{other.name} starts {other.as_of} and runs {other.months} months, {first.name} starts {first.as_of} and "
        f"runs {first.months}; both must agree. Give --as-of and --months."
        for other in scenarios[1:]
        if (other.as_of, other.months) != (first.as_of, first.months)
    ]
    if wrong:
        raise InputError(wrong)
    names = [scenario.name for scenario in scenarios]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            f"compare: two scenarios are called {', '.join(twice)}; a row names what it compares. Leave one out, or rename its file."
        )


def differences(runs: Sequence[Paths]) -> list[Difference]:
    """Return every headline of each later run less that of the first, paired path by path.

    Args:
        runs: at least two simulations with the same seed and number of paths, `keep_months` at `compared_months`; finances
            are compared where `finances_compared` was kept.

    The error of a difference is sd(ψ_B − ψ_A)/√n with ψ a path's influence on the statistic: its own value for a
    mean or a probability, `geometric_mean_influence` for a geometric mean. Paths are stratified, so it errs on the large side.

    Raises:
        InputError: the providers of the runs stand in different groups.
    """
    if any(run.names.providers != runs[0].names.providers for run in runs):
        raise InputError("compare: a scenario changes which providers have a parent's balance sheet. Compare it alone.")
    found = []
    for headline in headlines(runs):
        estimates = [estimate(headline.key.statistic, values) for values in headline.values]
        (first, first_influence), *others = estimates
        for run, (value, influence) in zip(runs[1:], others, strict=True):
            found.append(
                Difference(
                    *headline.key, run.scenario.name, runs[0].scenario.name, value, first, value - first,
                    mean_error(influence - first_influence),
                    float(np.hypot(mean_error(influence), mean_error(first_influence))),
                )
            )  # fmt: skip
    return found


def headlines(runs: Sequence[Paths]) -> Iterator[Headline]:
    """Yield each number that runs are compared by, with its estimate on each path of each run."""
    names, horizon, labels = runs[0].names, runs[0].scenario.months, runs[0].names.labels()

    def of(*cells: Any) -> Headline:
        key = Key(*cells)
        entity = key.segment or key.provider
        return Headline(key, [on_paths(run, key.outcome, entity, key.month).astype(float) for run in runs])

    for outcome in COMPARED_FANS:
        fan = FANS[outcome]
        for label, month in product(labels[fan.axis], runs[0].kept_months):
            found = of(outcome, "geometric mean", fan.unit, *label, month)
            # What lies beyond the range that is resolved counts as its end: logs need numbers above zero.
            yield found._replace(values=[np.clip(each, fan.low, fan.high) for each in found.values])
    for outcome, date in DATES.items():
        for label, month in product(labels[date.axis], runs[0].kept_months):
            yield of(outcome, "probability", "probability", *label, month)
    for provider, backed in zip(names.providers, names.backed[:, 0], strict=True):
        yield of("exit", "probability", "probability", None, provider, horizon)
        if not backed:
            yield of("out_of_cash", "probability", "probability", None, provider, min(24, horizon))
            key, values = of(RUNWAY, "mean", "months", None, provider, horizon)
            yield Headline(key._replace(outcome="runway_within_horizon"), values)
        for outcome in COMPARED_MEANS:
            if all(kept_as(outcome, provider) in run.kept for run in runs):
                found = of(outcome, "mean", BY_PATH[outcome].unit, None, provider, horizon)
                if not np.isnan(found.values[0]).any():  # whose parent pays has no cash of its own
                    yield found


def estimate(statistic: str, values: Array) -> tuple[float, Array]:
    """Return a statistic and each path's influence on it, `[path]`."""
    return geometric_mean_influence(values) if statistic == "geometric mean" else (float(values.mean()), values)
