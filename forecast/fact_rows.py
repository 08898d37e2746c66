"""Rows of the tidy table: of a fan, of a number that each path has, and of what happens on some paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from forecast.arrays import Array
from forecast.monte_carlo import probability_error
from forecast.tidy_table import PROBS, Fact

# The first cells of a fact: those of its run, then outcome, kind, unit, segment and provider.
Start = tuple[str | None, ...]


def fan_facts(start: Start, values: Array, errors: Array, months: Sequence[int] | None = None) -> Iterable[Fact]:
    """Return the facts of a fan, `[month, prob]`, of all months or some; made column by column, since there are tens of thousands."""
    every = range(len(values)) if months is None else months
    month, prob = np.repeat(every, len(PROBS)).tolist(), PROBS * len(every)
    cells = zip(month, prob, values.reshape(-1).tolist(), errors.reshape(-1).tolist(), strict=True)
    return map(Fact._make, (start + cell + (0,) for cell in cells))


def chance_facts(start: Start, ordered: Array, by: Sequence[int]) -> Iterator[Fact]:
    """Yield the chance that it has happened by each month of `by`; `ordered` is when it does on each path, rising, infinite if never."""
    happened = ordered.searchsorted(np.array(by), side="right")
    for month, prob in zip(by, (happened / len(ordered)).tolist(), strict=True):
        yield Fact._make((*start, month, None, prob, probability_error(prob, len(ordered)), 0))


def quantile_facts(start: Start, ordered: Array) -> Iterator[Fact]:
    """Yield the quantiles of a number that each path has; `ordered` holds them, rising, infinite if beyond the horizon."""
    n = len(ordered)
    for prob in PROBS:
        spread = probability_error(prob, n)
        low, middle, high = (float(ordered[_rank(p, n)]) for p in (prob - spread, prob, prob + spread))
        beyond = np.isinf(middle)
        error = None if beyond or np.isinf(high) else (high - low) / 2
        yield Fact._make((*start, None, prob, None if beyond else middle, error, int(beyond)))


def _rank(prob: float, n: int) -> int:
    return min(max(int(np.ceil(prob * n)) - 1, 0), n - 1)
