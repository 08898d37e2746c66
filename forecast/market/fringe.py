"""Step 8, entry: how the many small providers come and go, whom no table names one by one."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array
from forecast.draws import Draws, Parameters
from forecast.equations import demand, exits
from forecast.units import HALF_A_MONTH

# Entry is known at today's margin; from a market that loses money there is nobody to count, and a ratio would turn its sign.
LEAST_MARGIN_FRAC = 0.1


class Fringe:
    """The number of small providers and the margin they had in the as_of month, above 0, `[path]`."""

    def __init__(self, draws: Draws, margin_frac: Array) -> None:
        self.theta = Parameters(draws)
        self.count = self.theta["fringe_count_start"]
        self.margin_start_frac = np.maximum(margin_frac, LEAST_MARGIN_FRAC)

    def step(self, month: int, margin_frac: Array, normal: Array) -> Array:
        """Move their number into a month and return its ratio to last month's, `[path]`; `margin_frac` is theirs in the month.

        Entry fades as the growth of demand does: a market that grows no more draws few.
        """
        before, theta = np.maximum(self.count, 1.0), self.theta
        entry = demand.fading_rate(
            theta["entry_per_year"], theta["entry_long_per_year"], theta["demand_fade_months"], month - HALF_A_MONTH
        )
        margin_ratio = margin_frac / self.margin_start_frac
        self.count = exits.fringe_count_next(self.count, entry, theta["fringe_exit_per_year"], margin_ratio, normal)
        return np.maximum(self.count, 1.0) / before
