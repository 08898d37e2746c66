"""What a fitted trend is, whatever its form: numbers for the model, and the evidence a reader needs to believe them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from forecast.arrays import Array
from forecast.distributions import Distribution


class Band(NamedTuple):
    """A number that is not known exactly: its 10 %, 50 % and 90 % quantiles."""

    p10: float
    p50: float
    p90: float

    def __str__(self) -> str:
        """Return the middle quantile and the outer ones.

        >>> str(Band(0.5, 1.0, 2.0))
        '1 (0.5 to 2)'
        """
        return f"{self.p50:.3g} ({self.p10:.3g} to {self.p90:.3g})"

    def text(self, form: str = ".3g") -> str:
        """Return the outer quantiles in words.

        >>> Band(0.1, 0.2, 0.25).text()
        '0.1 to 0.25 in 80 %'
        """
        return f"{self.p10:{form}} to {self.p90:{form}} in 80 %"

    def holds(self, value: float) -> bool:
        """Return whether a value lies between the outer quantiles."""
        return self.p10 <= value <= self.p90


@dataclass(frozen=True)
class Estimate:
    """One fitted number that the model reads: its address among the inputs of a scenario, and its distribution."""

    key: str  # "parameters.rent_shock_sd"
    value: Distribution
    unit: str
    observations_count: int
    confidence: str  # high, medium or low, as in the tables
    note: str


@dataclass(frozen=True)
class Fan:
    """What a trend expects: quantiles `[level, month]` of the months after the last observation."""

    levels: tuple[float, ...]
    quantiles: Array


@dataclass(frozen=True)
class Diagnostic:
    """One test of a fit: a number, and the sentence that says what it should be."""

    name: str
    value: float
    meaning: str


@dataclass(frozen=True)
class FormScore:
    """How one form of a trend did in the backtest that chose it."""

    form: str
    horizon_months: int
    cases: int
    crps: float
    skill: float  # against the driftless random walk
    coverage_80: float


@dataclass(frozen=True)
class Trend:
    """A fit: its chosen form, what it says a year ahead, its checks, and the numbers it gives to the model."""

    name: str
    title: str
    unit: str
    form: str
    why: str  # why this form: the backtest, in a sentence
    annual_change: Band | None = None  # value a year from now over today's
    half_life_months: Band | None = None  # of a deviation from where the series tends
    floor_ratio: Band | None = None  # today's value over its floor
    diagnostics: tuple[Diagnostic, ...] = ()
    scores: Callable[[], tuple[FormScore, ...]] = tuple  # of the backtest, which a refit need not wait for
    estimates: tuple[Estimate, ...] = ()
    observed: tuple[tuple[date, float], ...] = ()
    fitted: tuple[tuple[date, float], ...] = ()
    fan: Fan | None = None
    more: Mapping[str, str] | None = None  # further facts a reader wants, by name
