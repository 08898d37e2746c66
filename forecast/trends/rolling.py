"""Rolling-origin forecasts of any series, and their scores: what `forecast backtest` reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.scoring import brier_score, coverage, crps_of_quantiles, pit_bounds, pit_distance, skill

LEVELS: Array = np.array([0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95])
HORIZONS_MONTHS = (3, 6, 12)
WALK, DRIFT = "walk", "drift"  # the rivals: a driftless walk with pooled increments; "halves every year"
HALVING_LOG_PER_MONTH = -np.log(2.0) / 12.0


@dataclass(frozen=True)
class Cases:
    """Forecasts made at past dates with what was known then, one column a case, in logarithms of the series' unit."""

    series: tuple[str, ...]
    kind: tuple[str, ...]  # of series, for scores by kind
    origin: tuple[date, ...]
    horizon_months: NDArray[np.int64]
    last_log: Array  # value at the origin
    value_log: Array  # what came true
    quantiles_log: Array  # [level, case]
    rivals_log: dict[str, Array] = field(default_factory=dict)  # name → [level, case]
    change_prob: Array | None = None  # that the value is another than the last
    rival_change_prob: Array | None = None
    provider: tuple[str, ...] | None = None  # of each series, where there are providers

    def __len__(self) -> int:
        return len(self.series)


def joined(parts: Sequence[Cases]) -> Cases:
    """Return the cases of all parts, of which there is at least one; all have the same rivals and fields."""

    def end_to_end(values: list[Any]) -> Any:
        if isinstance(values[0], tuple):
            return tuple(chain.from_iterable(values))
        if isinstance(values[0], dict):
            return {name: end_to_end([value[name] for value in values]) for name in values[0]}
        return None if values[0] is None else np.concatenate(values, axis=-1)

    return Cases(**{f.name: end_to_end([getattr(part, f.name) for part in parts]) for f in fields(Cases)})


@dataclass(frozen=True)
class Scores:
    """How forecasts of one horizon did; the skills compare with the rivals on the same cases."""

    n: int
    crps: float
    crps_naive: float
    skill: float
    skill_drift: float
    pit_ks: float
    brier_skill_change: float | None
    coverage_80: float
    skill_no_change: float  # against a point, the last value, whose CRPS is its error


def scores(cases: Cases, chosen: NDArray[np.bool_] | None = None) -> Scores:
    """Return the scores of the chosen cases (all of them by default); there is at least one."""
    at = np.ones(len(cases), bool) if chosen is None else chosen
    value = cases.value_log[at]
    own = crps_of_quantiles(cases.quantiles_log[:, at], LEVELS, value)
    rival = {name: crps_of_quantiles(q[:, at], LEVELS, value) for name, q in cases.rivals_log.items()}
    brier = None
    if cases.change_prob is not None and cases.rival_change_prob is not None:
        moved = np.asarray(value != cases.last_log[at], float)
        brier = skill(brier_score(cases.change_prob[at], moved), brier_score(cases.rival_change_prob[at], moved))
    low, high = (cases.quantiles_log[list(LEVELS).index(level)][at] for level in (0.10, 0.90))
    return Scores(
        n=int(at.sum()),
        crps=float(own.mean()),
        crps_naive=float(rival[WALK].mean()),
        skill=skill(own, rival[WALK]),
        skill_drift=skill(own, rival[DRIFT]),
        pit_ks=pit_distance(*pit_bounds(cases.quantiles_log[:, at], LEVELS, value)),
        brier_skill_change=brier,
        coverage_80=coverage(low, high, value),
        skill_no_change=skill(own, np.abs(value - cases.last_log[at])),
    )


def scores_by_horizon(cases: Cases) -> dict[int, Scores]:
    """Return the scores of each horizon that has cases."""
    at = {months: cases.horizon_months == months for months in HORIZONS_MONTHS}
    return {months: scores(cases, chosen) for months, chosen in at.items() if chosen.any()}
