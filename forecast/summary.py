"""Outcomes of the paths, summed up as the tidy table.

Every number carries its Monte Carlo standard error; a quantile that lies beyond the horizon is empty and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.assumptions import assumptions
from forecast.manifest import manifest_of, run_id
from forecast.market.doors import EXIT_KINDS, NEVER
from forecast.monte_carlo import probability_error
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS, quantiles
from forecast.paths import Paths
from forecast.tidy_table import PROBS, Fact, Facts, Forecast, Late

Array = NDArray[np.float64]
Head = tuple[str, str, str, str]  # run, day made, vintage, scenario: the cells that all facts of a run share
EFFECTIVE_NUMBERS = {"effective_providers_tokens": "hhi_tokens", "effective_providers_spend": "hhi_spend"}


class Subject(NamedTuple):
    """What a fact is about: the cells between those of its run and its month."""

    outcome: str
    kind: str
    unit: str
    segment: str | None = None
    provider: str | None = None


def summarize_paths(paths: Paths, made_on: date | None = None) -> Forecast:
    """Return the forecast: every outcome of the paths with its quantiles, probabilities and standard errors.

    Args:
        paths: a simulation.
        made_on: the day to write into the table; today by default.
    """
    scenario, names = paths.scenario, paths.names
    head = (run_id(paths), str(made_on or date.today()), str(scenario.as_of), scenario.name)
    fans = {outcome: Late(partial(_fan_of, head, paths, outcome)) for outcome in FANS}
    fans |= {outcome: Late(partial(_effective_number, head, paths, outcome)) for outcome in EFFECTIVE_NUMBERS}
    others = list(_dates(head, paths))
    for i, provider in enumerate(names.providers):
        others += _provider(head, paths, i, provider)
    kinds = dict(zip(names.providers, names.kinds, strict=True))
    return Forecast(Facts(fans, others), manifest_of(paths), kinds, Late(partial(assumptions, scenario)))


def _fan_of(head: Head, paths: Paths, outcome: str) -> Iterator[Fact]:
    """Yield the facts of a fan."""
    fan = FANS[outcome]
    values, errors = fan_quantiles(paths, outcome)
    for (segment, provider), value, error in zip(paths.names.labels()[fan.axis], values, errors, strict=True):
        yield from _fan(head, Subject(outcome, "fan", fan.unit, segment, provider), value, error)


def _effective_number(head: Head, paths: Paths, outcome: str) -> Iterable[Fact]:
    """Return the fan of an effective number of providers, one over the Herfindahl index."""
    index = EFFECTIVE_NUMBERS[outcome]
    values, errors = fan_quantiles(paths, index)
    # Where hardly any tokens are left to named providers the index lies in the lowest bin, which is called zero.
    hhi, error = np.maximum(values[0, :, ::-1], FANS[index].low), errors[0, :, ::-1]
    return _fan(head, Subject(outcome, "fan", "providers"), 1 / hhi, error / hhi**2)


def _dates(head: Head, paths: Paths) -> Iterator[Fact]:
    """Yield the month in which each dated thing happens, and its chance by each month; of an event only the chance."""
    labels = paths.names.labels()
    for outcome, when in DATES.items():
        kind = "event" if outcome == "price_rise" else "date"
        for (segment, provider), months in zip(labels[when.axis], paths.dates[outcome], strict=True):
            reached = _in_order(months)
            if kind == "date":
                yield from _quantiles(head, Subject(outcome, kind, "months", segment, provider), reached)
            about = Subject(outcome, kind, "probability", segment, provider)
            yield from _chances(head, about, reached, paths.scenario.months)


def _provider(head: Head, paths: Paths, i: int, provider: str) -> Iterator[Fact]:
    """Yield what the table says of one provider: cash, months to exit and to the end of cash, kinds of exit."""

    def about(outcome: str, kind: str, unit: str) -> Subject:
        return Subject(outcome, kind, unit, None, provider)

    horizon = paths.scenario.months
    cash = paths.scenario.input(f"provider_finances.{provider}.cash_usd").value.median()
    yield _fact(head, about("cash_usd", "quantity", "USD"), 0, 0.5, cash, 0.0)
    survival = _in_order(paths.exit_month[i])
    yield from _quantiles(head, about("survival_months", "quantity", "months"), survival)
    yield from _chances(head, about("exit", "event", "probability"), survival, horizon)
    if not paths.names.backed[i, 0]:
        runway = np.sort(paths.runway_months[i]).astype(float)
        yield from _quantiles(head, about("runway_months", "quantity", "months"), runway)
        yield from _chances(head, about("out_of_cash", "event", "probability"), runway, horizon)
    for code, kind in enumerate(EXIT_KINDS[1:], start=1):
        outcome = f"exit_{kind.replace(' ', '_')}"
        yield _chance(head, about(outcome, "event", "probability"), horizon, paths.exit_kind[i] == code)
    yield _chance(head, about("listed", "event", "probability"), horizon, paths.listed_month[i] != NEVER)


def _fact(
    head: Head,
    about: Subject,
    month: int | None,
    prob: float | None,
    value: float | None,
    error: float | None,
    beyond: int = 0,
) -> Fact:
    return Fact._make((*head, *about, month, prob, value, error, beyond))


def _fan(head: Head, about: Subject, values: Array, errors: Array) -> Iterable[Fact]:
    """Return the facts of a fan, `[month, prob]`; made column by column, since there are tens of thousands."""
    months, probs = len(values), len(PROBS)
    month, prob = np.repeat(np.arange(months), probs).tolist(), PROBS * months
    cells = zip(month, prob, values.reshape(-1).tolist(), errors.reshape(-1).tolist(), strict=True)
    start = (*head, *about)
    return map(Fact._make, (start + cell + (0,) for cell in cells))


def _chance(head: Head, about: Subject, month: int, happened: NDArray[np.bool_]) -> Fact:
    """Return the fact that it has happened by a month on this share of the paths."""
    prob = float(happened.mean())
    return _fact(head, about, month, None, prob, probability_error(prob, len(happened)))


def _in_order(months: NDArray[np.int16]) -> Array:
    """Return the months of all paths in rising order, infinite where it never happens."""
    return np.sort(np.where(months == NEVER, np.inf, months))


def _chances(head: Head, about: Subject, months: Array, horizon: int) -> Iterator[Fact]:
    """Yield the chance that it has happened by each month, from the months of all paths in rising order."""
    happened = months.searchsorted(np.arange(horizon + 1), side="right")
    for month, prob in enumerate((happened / len(months)).tolist()):
        yield _fact(head, about, month, None, prob, probability_error(prob, len(months)))


def _quantiles(head: Head, about: Subject, ordered: Array) -> Iterator[Fact]:
    """Yield the quantiles of a number per path, in rising order, infinite where it lies beyond the horizon."""
    n = len(ordered)
    for prob in PROBS:
        low, middle, high = (
            float(ordered[_rank(p, n)])
            for p in (prob - probability_error(prob, n), prob, prob + probability_error(prob, n))
        )
        beyond = np.isinf(middle)
        error = None if beyond or np.isinf(high) else (high - low) / 2
        yield _fact(head, about, None, prob, None if beyond else middle, error, int(beyond))


def _rank(prob: float, n: int) -> int:
    return min(max(int(np.ceil(prob * n)) - 1, 0), n - 1)


def fan_quantiles(paths: Paths, outcome: str) -> tuple[Array, Array]:
    """Return a fan's quantiles at PROBS and their standard errors, each `[entity, month, prob]`.

    The error of a quantile is half the distance between the quantiles one standard error of the probability to
    either side; draws are stratified, so it errs on the large side.
    """
    probs = np.array(PROBS)
    spread = np.sqrt(probs * (1 - probs) / paths.n_paths)
    every = np.concatenate([probs, probs - spread, probs + spread])
    found = quantiles(FANS[outcome], paths.counts[outcome], every)
    middle, low, high = np.split(found, 3, axis=-1)
    return middle, (high - low) / 2
