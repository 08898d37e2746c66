"""Dates: the month in which something first holds for six months in a row; NEVER is beyond the horizon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.history import History
from forecast.market.doors import NEVER

MONTHS_IN_A_ROW = 6
CONCENTRATED_FRAC = 0.8
CONVERGED_WITHIN_FRAC = 0.25
RISE_RATIO = 1.25
RISE_MONTHS = 6

Months = NDArray[np.int16]


@dataclass(frozen=True)
class Date:
    """A date outcome: the axis it is given for, its definition, and the function that finds it in a history."""

    axis: str
    definition: str
    find: Callable[[History], Months]


def first_of_row(holds: NDArray[np.bool_], length: int = MONTHS_IN_A_ROW) -> Months:
    """Return the first month of `length` in a row in which `holds[entity, month, path]`, `[entity, path]`.

    >>> first_of_row(np.array([[[False], [True], [True], [True]]]), 2).tolist()
    [[1]]
    """
    months = holds.shape[1]
    if months < length:
        return np.full((holds.shape[0], holds.shape[2]), NEVER, np.int16)
    run = holds[:, : months - length + 1].copy()
    for later in range(1, length):
        run &= holds[:, later : months - length + 1 + later]
    return np.where(run.any(axis=1), run.argmax(axis=1), NEVER).astype(np.int16)


def risen(price: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where `[entity, month, path]` prices stand 25 % or more above the least of the six months before.

    p(t) ≥ 1.25·min(p(t − 6) … p(t − 1)); as many months as there are near the start.

    >>> risen(np.array([[[1.0], [1.3], [1.0], [1.1]]])).ravel().tolist()
    [False, True, False, False]
    """
    found = np.zeros(price.shape, dtype=bool)
    least = price[:, :-1].copy()  # of the months before each month from 1 on
    for back in range(2, RISE_MONTHS + 1):
        np.minimum(least[:, back - 1 :], price[:, :-back], out=least[:, back - 1 :])
    found[:, 1:] = price[:, 1:] >= RISE_RATIO * least
    return found


DATES: dict[str, Date] = {
    "consolidation_month": Date(
        "market",
        "first month of six in a row in which the five largest providers serve at least 80 % of tokens; the six must end within the horizon",
        lambda history: first_of_row(history.series["top5_tokens_frac"] >= CONCENTRATED_FRAC),
    ),
    "consolidation_spend_month": Date(
        "market",
        "the same for spend",
        lambda history: first_of_row(history.series["top5_spend_frac"] >= CONCENTRATED_FRAC),
    ),
    "convergence_month": Date(
        "segment",
        "first month of six in a row in which the market price lies within ±25 % of the floor, from above or below; the six must end within the horizon",
        lambda history: first_of_row(np.abs(history.series["price_to_floor_ratio"] - 1.0) <= CONVERGED_WITHIN_FRAC),
    ),
    "price_rise": Date(
        "segment",
        "the market price of today's mix rises by at least 25 % within six months",
        lambda history: first_of_row(risen(history.series["constant_mix_price"]), 1),
    ),
}
