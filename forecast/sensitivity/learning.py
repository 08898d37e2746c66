"""What learning an input before deciding is worth: the loss that a commitment to one number would be spared.

The decision: commit to a number today (a budget, a price, a date). Falling short costs three times what being over
costs, so the best commitment is the upper quartile of what is believed. Whoever learns an input commits to the upper
quartile given it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.scoring import pinball_loss
from forecast.sensitivity.first_order import bins_of

COMMIT_LEVEL = 0.75  # a shortfall costs 0.75/0.25 = 3 times an excess


def commitment_loss(outcome: Array) -> float:
    """Return the expected loss of the best commitment without learning anything, in the outcome's unit.

    The commitment of one half of the paths is judged on the other: minimum over a of E[ρ₀.₇₅(y − a)].
    """
    return _loss(outcome, np.zeros(len(outcome), int))


def learning_worth(scores: Array, outcome: Array) -> Array:
    """Return the expected fall of that loss from learning each input alone, `[input]`, in the outcome's unit.

    Args:
        scores: uniform scores of the inputs, `[input, path]`.
        outcome: `[path]`.

    EVPPI = E[loss without] − E[loss | xᵢ], in twenty bins of xᵢ; noise may make it slightly negative.
    Source: Strong, Oakley & Brennan (2014) for the regression view.
    """
    before = commitment_loss(outcome)
    return np.array([before - _loss(outcome, row) for row in bins_of(scores)])


def _loss(outcome: Array, bins: NDArray[np.int64]) -> float:
    half = np.arange(len(outcome)) % 2
    total = 0.0
    for number in np.unique(bins):
        here = bins == number
        for side in (0, 1):
            made, judged = outcome[here & (half == side)], outcome[here & (half != side)]
            if len(made) and len(judged):
                commitment = np.array([[np.quantile(made, COMMIT_LEVEL)]])
                total += float(pinball_loss(commitment, np.array([COMMIT_LEVEL]), judged).sum())
    return total / len(outcome)
