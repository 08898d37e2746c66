"""Spells at risk cut by the funding market of their time: events and exposure in normal and in hot months."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.units import MONTHS_PER_YEAR, months_between

# Venture money for AI infrastructure was 7 billion dollars in 2023 and 26 in 2024; for AI as a whole 202 in 2025, with
# rounds at record size (demand.csv, vc_year). Before 2024 the tables hold survivors only: those years say nothing.
# No cold month lies in them: what happens in one stays an assumption.
PERIODS = {"normal": (date(2024, 1, 1), date(2025, 1, 1)), "hot": (date(2025, 1, 1), date(9999, 12, 31))}
LEAST_YEARS = 5.0  # at risk in a regime, summed over providers
# Makers of serving software sell no tokens, and many were listed because they were bought: the market names no such firm.
SELLERS = ("host", "neocloud", "chip", "lab")


class Spell(NamedTuple):
    """A time at risk: its first day, its last, and whether it ended with the event."""

    start: date
    end: date
    happened: bool


class Count(NamedTuple):
    """Events and the years at risk in which they came."""

    events: int
    years: float


def counts(spells: Iterable[Spell], counted: Callable[[Array], Array] = np.asarray) -> dict[str, Count]:
    """Return events and provider-years by regime; regimes with less than five years at risk are left out.

    `counted` says as how many the first so many months of a spell count.

    >>> one = Spell(date(2024, 7, 1), date(2025, 7, 1), True)
    >>> {name: (c.events, round(c.years)) for name, c in counts([one] * 24).items()}
    {'normal': (0, 12), 'hot': (24, 12)}
    """
    known = list(spells)
    found = {regime: _count(known, *period, counted) for regime, period in PERIODS.items()}
    return {regime: count for regime, count in found.items() if count.years >= LEAST_YEARS}


def _count(spells: Sequence[Spell], first: date, last: date, counted: Callable[[Array], Array] = np.asarray) -> Count:
    """Return the events, and the years at risk, from a first day up to a last one, which is not counted."""
    events = sum(s.happened and first <= s.end < last for s in spells)
    inside = [(s.start, max(s.start, first), min(s.end, last)) for s in spells]
    months = [(months_between(on, since), months_between(on, to)) for on, since, to in inside if since < to]
    return Count(events, float(np.diff(counted(np.array(months))).sum()) / MONTHS_PER_YEAR)


def dispersion(events: Array, years: Array, regime: NDArray[Any] | int = 0) -> Array:
    """Return how events bunch in time: their variance over that of independent ones at one rate, or at one in each regime.

    D = Σ(k − λe)²/(λe) / Σ(n − 1), λ = Σk/Σe over the n periods of a regime, which counts if an event came in it; on average 1
    where nothing but chance, and what makes a regime, brings them together.

    Args:
        events: k, `[period, …]`, of two periods or more.
        years: e, at risk, `[period, …]`, above 0.
        regime: that of each period, `[period, …]`; all are of one by default.

    Returns:
        `[…]`; not a number where no event came. Source: McCullagh & Nelder (1989), section 6.2.

    >>> dispersion(np.array([0.0, 4.0]), np.array([10.0, 10.0])).item()
    4.0
    >>> dispersion(np.array([1.0, 1.0, 0.0, 6.0]), np.full(4, 10.0), np.array([0, 0, 1, 1])).item()
    3.0
    """
    off, free = np.zeros(events.shape[1:]), np.zeros(events.shape[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        for one in np.unique(regime):
            at = np.broadcast_to(regime == one, events.shape)
            came = (events * at).sum(axis=0)
            expected = years * at * (came / (years * at).sum(axis=0))
            off += np.nansum((events * at - expected) ** 2 / expected, axis=0)
            free += (at.sum(axis=0) - 1) * (came > 0)
        return np.asarray(off / free)


def quarterly(spells: Iterable[Spell], last: date) -> tuple[Array, Array]:
    """Return events and years at risk, `[quarter]`, of the whole quarters from the first known month up to `last`.

    >>> one = Spell(date(2024, 2, 1), date(2024, 5, 1), True)
    >>> [values.round(2).tolist() for values in quarterly([one], date(2024, 7, 15))]
    [[0.0, 1.0], [0.16, 0.08]]
    """
    known, first = list(spells), PERIODS["normal"][0]
    starts = [date(first.year + q // 4, 3 * (q % 4) + 1, 1) for q in range(4 * (last.year - first.year) + 5)]
    found = [_count(known, *quarter) for quarter in pairwise(starts) if quarter[1] <= last]
    events, years = np.array(found, float).reshape(-1, 2).T
    return events, years


def rate_quantiles(count: Count, levels: Array) -> Array:
    """Return quantiles of a yearly rate after so many events: gamma(k + ½) over T years, Jeffreys' prior.

    >>> rate_quantiles(Count(3, 50.0), np.array([0.5])).round(3).tolist()
    [0.063]
    """
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(count.events + 0.5, levels) / count.years)


def difference_prob(first: Count, second: Count) -> float:
    """Return the chance that one rate gives counts this far apart: the likelihood ratio test of two Poisson rates.

    2·Σk·log(k/T ÷ Σk/ΣT) against χ² with one degree of freedom. Source: McCullagh & Nelder (1989), chapter 6.
    """
    from scipy.stats import power_divergence

    events, years = np.array([first, second], float).T
    if not events.any():
        return 1.0
    return float(power_divergence(events, years * events.sum() / years.sum(), lambda_="log-likelihood").pvalue)
