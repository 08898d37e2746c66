"""All that is fitted at one origin: the model for each group of sellers, and the rivals it is measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Array
from forecast.trends.list_price.jumps import Jumps, enough_moves, fit_jumps
from forecast.trends.list_price.windows import Windows
from forecast.trends.rolling import HORIZONS_MONTHS, LEVELS

FEWEST_INCREMENTS = 200  # of the horizon's length, known at an origin: with fewer there is no pooled rival
HALVING_LOG_PER_MONTH = -np.log(2.0) / 12.0


@dataclass(frozen=True)
class Rival:
    """The driftless walk of a horizon: quantiles of the pooled increments known, and the share that had moved."""

    quantiles_log: Array  # [level]
    change_prob: float


@dataclass(frozen=True)
class Forecaster:
    """What an origin knows: fits for routers and for the other sellers, and a rival for each horizon."""

    by_routed: dict[bool, Jumps]
    rivals: dict[int, Rival]  # by horizon, those with enough increments

    def forecast(self, features: Array, routed: NDArray[np.bool_], horizon_months: int) -> tuple[Array, Array]:
        """Return the chance of a change `[case]` and quantiles of the change of log price `[level, case]`."""
        prob, quantiles = np.zeros(len(routed)), np.zeros((len(LEVELS), len(routed)))
        for group, jumps in self.by_routed.items():
            at = routed == group
            prob[at], quantiles[:, at] = jumps.forecast(features[at], horizon_months, LEVELS)
        return prob, quantiles


def fit_forecaster(known: Windows) -> Forecaster | None:
    """Return the fits to the windows known at an origin; None when these are too few for any horizon."""
    rivals = {horizon: rival for horizon in HORIZONS_MONTHS if (rival := _rival(known, horizon))}
    if not rivals or not enough_moves(known):
        return None
    return Forecaster({of: fit_jumps(known.where(known.routed == of), known) for of in (False, True)}, rivals)


def _rival(known: Windows, horizon_months: int) -> Rival | None:
    increments = known.change_log[known.span_months == horizon_months]
    if len(increments) < FEWEST_INCREMENTS:
        return None
    return Rival(np.quantile(increments, LEVELS), float(np.mean(increments != 0.0)))
