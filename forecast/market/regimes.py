"""Regimes of funding, which all providers of a path share: their names, the chances of the next, and what holds in each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array, Index
from forecast.draws import BLOCK_PATHS
from forecast.scenario import Scenario
from forecast.serving.workloads import number

REGIMES = ("hot", "normal", "cold")
COLD = REGIMES.index("cold")
PATHS = np.arange(BLOCK_PATHS)


def in_regime(values: Array, regime: Index, path: Index = PATHS) -> Array:
    """Return `[regime, path]` or `[regime, 1]` values in the regime of each path; by default of all paths."""
    one_for_all = values.shape[1] == 1
    return values[:, 0].take(regime) if one_for_all else values.reshape(-1).take(regime * BLOCK_PATHS + path)


def transition(scenario: Scenario) -> NDArray[np.float64]:
    """Return the chances of the next regime by regime, rows scaled to sum to one."""
    chances = np.array([[number(scenario, "regimes", r, f"next_{n}_prob") for n in REGIMES] for r in REGIMES])
    return chances / chances.sum(axis=1, keepdims=True)
