"""Finances of each provider year by year, on the paths on which it is still in the market: fans of the living.

A month of them costs as much as a month of half of all other fans, so they are counted once a year. Whoever has left is
written as zero, lies in the lowest bin and is taken out of it again: how many have left is known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.market.doors import NEVER
from forecast.outcomes.fans import Counts, Fan

MARGIN = "firm_margin_frac"  # of it the cost over the revenue is counted, which is above 0; a run reports one less that
FINANCES: dict[str, Fan] = {
    "revenue_usd_per_year": Fan(
        "USD/year", "provider", 2.0**14, 2.0**42,
        "twelve times the month's revenue of tokens and other business, of a provider still in the market",
    ),
    MARGIN: Fan(
        "fraction", "provider", 2.0**-7, 2.0**4,
        "gross margin of tokens and other business together, 1 less the cost over the revenue, of a provider still in the market",
    ),
    "cash_with_rounds_usd": Fan(
        "USD", "own_cash", 2.0**14, 2.0**42, "cash of a provider still in the market, rounds and listings included",
    ),
    "provider_tokens_frac": Fan(
        "fraction", "provider", 2.0**-24, 1.0, "share of all tokens, of a provider still in the market",
    ),
    "subsidy_usd_per_month": Fan(
        "USD/month", "provider", 2.0**16, 2.0**36, "what selling below own serving cost costs a provider still in the market",
    ),
}  # fmt: skip


def left_by(exit_month: NDArray[np.int16], months: tuple[int, ...]) -> NDArray[np.int64]:
    """Return on how many paths each provider has left by each month, `[provider, month]`.

    >>> left_by(np.array([[12, -1, 5]], np.int16), (0, 12)).tolist()
    [[0, 2]]
    """
    ends = np.sort(np.where(exit_month == NEVER, np.iinfo(np.int16).max, exit_month), axis=1)
    return np.stack([row.searchsorted(months, side="right") for row in ends])


def of_the_living(counts: Counts, left: NDArray[np.int64]) -> Counts:
    """Return the counts `[provider, month, bin]` without those who have left, all of whom the lowest bin holds."""
    living = counts.copy()
    living[:, :, 0] -= left
    return living
