"""The mix of tokens in each segment, and what its drift makes of a million tokens' price and cost.

Sellers ask prices by the kind of token. A price of the mix of today is what they ask; what is paid for the mix of a
later month is that price times `price_ratio`, and what it costs to serve is the cost of today's mix times `cost_ratio`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws
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


@dataclass
class Mix:
    """Shares of kinds of tokens `[segment, path]`, and the worth of the mix over that of today's."""

    start: tuple[Array, Array]  # output of all tokens, cached of input
    pace_per_month: tuple[Array, Array]  # of the log odds of both
    fade_months: Array
    price: Worth
    cost: Worth
    output_frac: Array
    cached_frac: Array
    price_ratio: Array
    cost_ratio: Array

    def step(self, month: int) -> None:
        """Move the mix into a month."""
        self.output_frac, self.cached_frac = (
            drifted_frac(start, pace, self.fade_months, month)
            for start, pace in zip(self.start, self.pace_per_month, strict=True)
        )
        price_start, cost_start = self._worth_start
        self.price_ratio = self.price.of(self.output_frac, self.cached_frac) / price_start
        self.cost_ratio = self.cost.of(self.output_frac, self.cached_frac) / cost_start

    @cached_property
    def _worth_start(self) -> tuple[Array, Array]:
        return self.price.of(*self.start), self.cost.of(*self.start)


def start_mix(draws: Draws, names: Names) -> Mix:
    """Return the mix of the as_of month. Output takes the machine time of the segment's typical accelerator."""
    shape = (len(names.segments), BLOCK_PATHS)
    output, cached = (
        np.broadcast_to(frac, shape)
        for frac in (1 - draws.column("segments", "input_frac", names.segments),
                     draws.column("segments", "cached_frac", names.segments))
    )  # fmt: skip
    part = draws.parameter("mix_market_ratio") * draws.column("segments", "mix_drift_ratio", names.segments)
    return Mix(
        start=(output, cached),
        pace_per_month=(
            part * draws.parameter("output_drift_per_month"),
            part * draws.parameter("cached_drift_per_month"),
        ),
        fade_months=draws.parameter("mix_fade_months"),
        price=Worth(draws.parameter("output_price_ratio"), draws.parameter("cached_price_ratio")),
        cost=Worth(names.speed.output_cost_ratio[:, None].astype(REAL), draws.parameter("cached_cost_ratio")),
        output_frac=output,
        cached_frac=cached,
        price_ratio=np.ones(shape, REAL),
        cost_ratio=np.ones(shape, REAL),
    )
