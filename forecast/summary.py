"""Outcomes of the paths, summed up as the tidy table.

Every number carries its Monte Carlo standard error; a quantile that lies beyond the horizon is empty and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.assumptions import assumptions
from forecast.errors import check_kind
from forecast.fact_rows import Start, chance_facts, fan_facts, quantile_facts
from forecast.history import year_months
from forecast.manifest import manifest_of, run_id
from forecast.market.doors import EXIT_KINDS, NEVER
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS, Counts, Fan, quantiles
from forecast.outcomes.finances import FINANCES, MARGIN, left_by, of_the_living
from forecast.paths import Paths
from forecast.tidy_table import PROBS, Fact, Facts, Forecast, Late

EFFECTIVE_NUMBERS = {"effective_providers_tokens": "hhi_tokens", "effective_providers_spend": "hhi_spend"}


def summarize_paths(paths: Paths, made_on: date | None = None) -> Forecast:
    """Return the forecast: every outcome of the paths with its quantiles, probabilities and standard errors.

    Args:
        paths: a simulation.
        made_on: the day to write into the table; today by default, in UTC as in the scheduled job.
    """
    check_kind("paths", paths, Paths, "what simulate returned")
    scenario, names = paths.scenario, paths.names
    head = (run_id(paths), str(made_on or datetime.now(UTC).date()), str(scenario.as_of), scenario.name)
    fans = {outcome: Late(partial(_fan_of, head, paths, outcome)) for outcome in FANS}
    fans |= {outcome: Late(partial(_effective_number, head, paths, outcome)) for outcome in EFFECTIVE_NUMBERS}
    fans |= {outcome: Late(partial(_finance_of, head, paths, outcome)) for outcome in FINANCES}
    others = list(_dates(head, paths))
    for i, provider in enumerate(names.providers):
        others += _provider(head, paths, i, provider)
    kinds = dict(zip(names.providers, names.kinds, strict=True))
    return Forecast(Facts(fans, others), manifest_of(paths), kinds, Late(partial(assumptions, scenario)))


def _fan_of(head: Start, paths: Paths, outcome: str) -> Iterator[Fact]:
    """Yield the facts of a fan."""
    fan = FANS[outcome]
    values, errors = fan_quantiles(paths, outcome)
    for (segment, provider), value, error in zip(paths.names.labels()[fan.axis], values, errors, strict=True):
        yield from fan_facts((*head, outcome, "fan", fan.unit, segment, provider), value, error)


def _effective_number(head: Start, paths: Paths, outcome: str) -> Iterable[Fact]:
    """Return the fan of an effective number of providers, one over the Herfindahl index."""
    index = EFFECTIVE_NUMBERS[outcome]
    values, errors = fan_quantiles(paths, index)
    # Where hardly any tokens are left to named providers the index lies in the lowest bin, which is called zero.
    hhi, error = np.maximum(values[0, :, ::-1], FANS[index].low), errors[0, :, ::-1]
    return fan_facts((*head, outcome, "fan", "providers", None, None), 1 / hhi, error / hhi**2)


def _finance_of(head: Start, paths: Paths, outcome: str) -> Iterator[Fact]:
    """Yield the fans of a figure of each provider's finances year by year, empty where no path has it in the market."""
    fan, counts, months = FINANCES[outcome], paths.counts[outcome], year_months(paths.scenario.months)
    left = left_by(paths.exit_month, months)
    values, errors = _sure_quantiles(fan, of_the_living(counts, left[: len(counts)]))
    if outcome == MARGIN:
        values, errors = 1 - values[..., ::-1], errors[..., ::-1]
    for row, (_, provider) in enumerate(paths.names.labels()[fan.axis]):
        start = (*head, outcome, "fan", fan.unit, None, provider)
        empty = {month for month, none in zip(months, left[row] == paths.n_paths, strict=True) if none}
        for fact in fan_facts(start, values[row], errors[row], months):
            yield fact._replace(value=None, standard_error=None) if fact.month in empty else fact


def _dates(head: Start, paths: Paths) -> Iterator[Fact]:
    """Yield the month in which each dated thing happens, and its chance by each month; of an event only the chance."""
    labels = paths.names.labels()
    for outcome, when in DATES.items():
        kind = "event" if outcome == "price_rise" else "date"
        for (segment, provider), months in zip(labels[when.axis], paths.dates[outcome], strict=True):
            reached = _in_order(months)
            if kind == "date":
                yield from quantile_facts((*head, outcome, kind, "months", segment, provider), reached)
            start = (*head, outcome, kind, "probability", segment, provider)
            yield from chance_facts(start, reached, range(paths.scenario.months + 1))


def _provider(head: Start, paths: Paths, i: int, provider: str) -> Iterator[Fact]:
    """Yield what the table says of one provider: cash, months to exit and to the end of cash, kinds of exit."""

    def start(outcome: str, kind: str, unit: str) -> Start:
        return (*head, outcome, kind, unit, None, provider)

    horizon, every = paths.scenario.months, range(paths.scenario.months + 1)
    cash = paths.scenario.input(f"provider_finances.{provider}.cash_usd").value.median()
    yield Fact._make((*start("cash_usd", "quantity", "USD"), 0, 0.5, cash, 0.0, 0))
    gone = paths.exit_month[i]
    survival = _in_order(gone)
    yield from quantile_facts(start("survival_months", "quantity", "months"), survival)
    yield from chance_facts(start("exit", "event", "probability"), survival, every)
    if not paths.names.backed[i, 0]:
        runway = np.sort(paths.runway_months[i]).astype(float)
        yield from quantile_facts(start("runway_months", "quantity", "months"), runway)
        yield from chance_facts(start("out_of_cash", "event", "probability"), runway, every)
    ends = {f"exit_{kind.replace(' ', '_')}": np.where(paths.exit_kind[i] == code, gone, NEVER)
            for code, kind in enumerate(EXIT_KINDS[1:], start=1)}  # fmt: skip
    for outcome, months in {**ends, "listed": paths.listed_month[i]}.items():
        yield from chance_facts(start(outcome, "event", "probability"), _in_order(months), year_months(horizon))


def _in_order(months: NDArray[np.int16]) -> Array:
    """Return the months of all paths in rising order, infinite where it never happens."""
    # As words without a sign NEVER, −1, comes last, and they are sorted twice as fast as floats.
    rising = np.sort(months.view(np.uint16)).view(np.int16)
    return np.where(rising == NEVER, np.inf, rising)


def fan_quantiles(paths: Paths, outcome: str) -> tuple[Array, Array]:
    """Return a fan's quantiles at PROBS and their standard errors, each `[entity, month, prob]`."""
    return _sure_quantiles(FANS[outcome], paths.counts[outcome])


def _sure_quantiles(fan: Fan, counts: Counts) -> tuple[Array, Array]:
    """Return quantiles of counts at PROBS and their standard errors; of a row without paths they mean nothing.

    The error of a quantile is half the distance between the quantiles one standard error of the probability to
    either side; draws are stratified, so it errs on the large side.
    """
    n = counts.sum(axis=-1, keepdims=True)
    filled = counts if n.all() else np.where(n == 0, 1, counts)
    probs = np.array(PROBS)
    spread = np.sqrt(probs * (1 - probs) / np.maximum(n, 1))
    every = np.concatenate([np.broadcast_to(probs, spread.shape), probs - spread, probs + spread], axis=-1)
    middle, low, high = np.split(quantiles(fan, filled, every), 3, axis=-1)
    return middle, (high - low) / 2
