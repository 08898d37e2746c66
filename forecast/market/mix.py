"""The mix of tokens in each segment, and what its drift makes of a million tokens' price and cost.

Sellers ask prices by the kind of token. A price of the mix of today is what they ask; what is paid for the mix of a
later month is that price times `price_ratio`, and what it costs to serve is the cost of today's mix times `cost_ratio`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations.cost import usd_per_mtok_blended
from forecast.equations.mix import drifted_frac
from forecast.market.names import Names


@dataclass(frozen=True)
class Worth:
    """An output and a cached input token over an input token that is computed anew: in price, or in cost."""

    output_ratio: Array
    cached_ratio: Array

    def of(self, output_frac: Array, cached_frac: Array) -> Array:
        """Return the worth of a mix over that of as many input tokens computed anew."""
        return np.asarray(usd_per_mtok_blended(1.0, self.cached_ratio, self.output_ratio, output_frac, cached_frac))


class Mix:
    """Shares of kinds of tokens `[segment, path]`, and the worth of the mix over that of today's."""

    def __init__(self, draws: Draws, names: Names) -> None:
        """Start with the mix of the as_of month. Output takes the machine time of the segment's typical accelerator."""
        theta, shape = Parameters(draws), (len(names.segments), BLOCK_PATHS)

        def of_segment(column: str) -> Array:
            return draws.column("segments", column, names.segments)

        start = 1 - of_segment("input_frac"), of_segment("cached_frac")  # output of all tokens, cached of input
        self.start = self.output_frac, self.cached_frac = tuple(np.broadcast_to(frac, shape) for frac in start)
        part = theta["mix_market_ratio"] * of_segment("mix_drift_ratio")
        self.pace_per_month = part * theta["output_drift_per_month"], part * theta["cached_drift_per_month"]
        self.fade_months = theta["mix_fade_months"]
        self.price = Worth(theta["output_price_ratio"], theta["cached_price_ratio"])
        self.cost = Worth(names.speed.output_cost_ratio[:, None].astype(REAL), theta["cached_cost_ratio"])
        self.worth_start = self.price.of(*self.start), self.cost.of(*self.start)
        self.price_ratio: Array = np.ones(shape, REAL)
        self.cost_ratio: Array = self.price_ratio

    def step(self, month: int) -> None:
        """Move the mix into a month."""
        self.output_frac, self.cached_frac = (
            drifted_frac(start, pace, self.fade_months, month)
            for start, pace in zip(self.start, self.pace_per_month, strict=True)
        )
        price_start, cost_start = self.worth_start
        self.price_ratio = self.price.of(self.output_frac, self.cached_frac) / price_start
        self.cost_ratio = self.cost.of(self.output_frac, self.cached_frac) / cost_start
