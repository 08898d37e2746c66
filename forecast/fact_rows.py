"""Rows of the tidy table: of a fan, of a number that each path has, and of what happens on some paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.monte_carlo import probability_error
from forecast.tidy_table import PROBS, Fact

Array = NDArray[np.float64]
Head = tuple[str, str, str, str]  # run, day made, vintage, scenario: the cells that all facts of a run share


class Subject(NamedTuple):
    """What a fact is about: the cells between those of its run and its month."""

    outcome: str
    kind: str
    unit: str
    segment: str | None = None
    provider: str | None = None


def one_fact(
    head: Head,
    about: Subject,
    month: int | None,
    prob: float | None,
    value: float | None,
    error: float | None,
    beyond: int = 0,
) -> Fact:
    """Return the fact of a quantile of a number, or with no `prob` of a chance; `beyond` is 1 where it lies past the horizon."""
    return Fact._make((*head, *about, month, prob, value, error, beyond))


def fan_facts(
    head: Head, about: Subject, values: Array, errors: Array, months: Sequence[int] | None = None
) -> Iterable[Fact]:
    """Return the facts of a fan, `[month, prob]`, of all months or some; made column by column, since there are tens of thousands."""
    every = range(len(values)) if months is None else months
    month, prob = np.repeat(every, len(PROBS)).tolist(), PROBS * len(every)
    cells = zip(month, prob, values.reshape(-1).tolist(), errors.reshape(-1).tolist(), strict=True)
    start = (*head, *about)
    return map(Fact._make, (start + cell + (0,) for cell in cells))


def chance_facts(head: Head, about: Subject, ordered: Array, by: Sequence[int]) -> Iterator[Fact]:
    """Yield the chance that it has happened by some months, from the months of all paths in rising order, infinite where never."""
    happened = ordered.searchsorted(np.array(by), side="right")
    for month, prob in zip(by, (happened / len(ordered)).tolist(), strict=True):
        yield one_fact(head, about, month, None, prob, probability_error(prob, len(ordered)))


def quantile_facts(head: Head, about: Subject, ordered: Array) -> Iterator[Fact]:
    """Yield the quantiles of a number per path, in rising order, infinite where it lies beyond the horizon."""
    n = len(ordered)
    for prob in PROBS:
        low, middle, high = (
            float(ordered[_rank(p, n)])
            for p in (prob - probability_error(prob, n), prob, prob + probability_error(prob, n))
        )
        beyond = np.isinf(middle)
        error = None if beyond or np.isinf(high) else (high - low) / 2
        yield one_fact(head, about, None, prob, None if beyond else middle, error, int(beyond))


def _rank(prob: float, n: int) -> int:
    return min(max(int(np.ceil(prob * n)) - 1, 0), n - 1)
