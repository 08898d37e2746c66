"""Spells at risk cut by the funding market of their time: events and exposure in normal and in hot months."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Distribution
from forecast.trends.known import years_between
from forecast.trends.survival import LEVELS

Array = NDArray[np.float64]

# Venture money for AI infrastructure was 7 billion dollars in 2023 and 26 in 2024; for AI as a whole 202 in 2025, with
# rounds at record size (demand.csv, vc_year). Before 2024 the tables hold survivors only: those years say nothing.
# No cold month lies in them: what happens in one stays an assumption.
PERIODS = {"normal": (date(2024, 1, 1), date(2025, 1, 1)), "hot": (date(2025, 1, 1), date(9999, 12, 31))}
LEAST_YEARS = 5.0  # at risk in a regime, summed over providers


class Spell(NamedTuple):
    """A time at risk: its first day, its last, and whether it ended with the event."""

    start: date
    end: date
    happened: bool


class Count(NamedTuple):
    """Events and the years at risk in which they came."""

    events: int
    years: float


def counts(spells: Iterable[Spell]) -> dict[str, Count]:
    """Return events and provider-years by regime; regimes with less than five years at risk are left out.

    >>> one = Spell(date(2024, 7, 1), date(2025, 7, 1), True)
    >>> {name: (c.events, round(c.years)) for name, c in counts([one] * 24).items()}
    {'normal': (0, 12), 'hot': (24, 12)}
    """
    known = list(spells)
    found = {}
    for regime, (first, last) in PERIODS.items():
        years = sum(max(0.0, years_between(max(s.start, first), min(s.end, last))) for s in known)
        events = sum(s.happened and first <= s.end < last for s in known)
        if years >= LEAST_YEARS:
            found[regime] = Count(events, years)
    return found


def rate_quantiles(count: Count, levels: Array = LEVELS) -> Array:
    """Return quantiles of a yearly rate after so many events: gamma(k + ½) over T years, Jeffreys' prior.

    >>> rate_quantiles(Count(3, 50.0), np.array([0.5])).round(3).tolist()
    [0.063]
    """
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(count.events + 0.5, levels) / count.years)


def rate_distribution(count: Count) -> Distribution:
    """Return the rate as 20 equally likely values, so that a run needs no gamma function."""
    return Distribution("empirical", tuple(np.round(rate_quantiles(count), 4).tolist()))


def difference_prob(first: Count, second: Count) -> float:
    """Return how often counts this far apart come from one rate: the likelihood ratio test of two Poisson rates.

    2·Σk·log(k/T ÷ Σk/ΣT) against χ² with one degree of freedom. Source: McCullagh & Nelder (1989), chapter 6.
    """
    from scipy.special import chdtrc, xlogy

    rate = (first.events + second.events) / (first.years + second.years)
    ratio = sum(xlogy(c.events, c.events / c.years / rate) for c in (first, second)) if rate > 0 else 0.0
    return float(chdtrc(1, max(0.0, 2 * ratio)))
