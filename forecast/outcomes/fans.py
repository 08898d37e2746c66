"""Fans: monthly quantities, kept as fine histograms so that memory does not grow with the number of paths.

A bin is the exponent and the first six bits of the fraction of a 32-bit float: 64 bins for each factor of
two, found by a shift of the bits. Counts are whole numbers, so the order in which blocks are added is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array

Counts = NDArray[np.int32]
FRACTION_BITS = 17  # dropped of the 23: six stay


@dataclass(frozen=True)
class Fan:
    """A monthly quantity: its unit, the axis it is given for, the range that is resolved, its definition."""

    unit: str
    axis: str  # segment, provider, cloud or market
    low: float
    high: float
    definition: str

    @property
    def first(self) -> int:
        """Bit pattern of the lowest bin."""
        return int(np.float32(self.low).view(np.int32) >> FRACTION_BITS)

    @property
    def bins(self) -> int:
        """Number of bins, the lowest of which holds everything below the range."""
        return int(np.float32(self.high).view(np.int32) >> FRACTION_BITS) - self.first + 1

    def edges(self) -> Array:
        """Return the lower edge of each bin and the upper edge of the last.

        The lowest bin is called zero, the last, with all beyond the range, `high`: a share is never above one.
        """
        bits = (np.arange(self.bins + 1, dtype=np.int32) + self.first) << FRACTION_BITS
        edges = bits.view(np.float32).astype(float)
        edges[0] = 0.0
        edges[-1] = edges[-2]
        return edges


# Prices are resolved from far below any of today's: where custom silicon delivers its claims, or a horizon is
# of twenty years, a narrower range called them nothing.
PRICE, FRACTION = (2.0**-38, 2.0**8), (2.0**-9, 1.0)
FANS: dict[str, Fan] = {
    "market_price": Fan("USD/Mtok", "segment", *PRICE, "price paid over all tokens of the month's mix, weighted by volume"),
    "constant_mix_price": Fan("USD/Mtok", "segment", *PRICE, "price of today's mix of input, cached input and output, weighted by volume"),
    "output_frac": Fan("fraction", "segment", *FRACTION, "share of output in the tokens of the month"),
    "cached_frac": Fan("fraction", "segment", *FRACTION, "share of the input of the month that a cache serves"),
    "cheapest_price": Fan("USD/Mtok", "segment", *PRICE, "lowest price of any living provider"),
    "tier_price": Fan("USD/Mtok", "segment", *PRICE, "third-cheapest list price (3:1) of a model at the segment's GPQA of today"),
    "floor": Fan("USD/Mtok", "segment", *PRICE, "least owned cost of the month's mix, reference model, on any accelerator available but the LPUs and wafers that only their makers serve on"),
    "capability_floor": Fan("USD/Mtok", "segment", *PRICE, "floor for the capability and the mix of today, which ever smaller models reach"),
    "price_to_floor_ratio": Fan("ratio", "segment", 2.0**-4, 2.0**13, "market_price over floor"),
    "unit_cost": Fan("USD/Mtok", "segment", *PRICE, "serving cost of the tokens sold, weighted by volume"),
    "volume": Fan("Mtok/month", "segment", 2.0**22, 2.0**56, "tokens served in a month"),
    "rent": Fan("USD/accelerator-hour", "market", 2.0**-5, 2.0**7, "on-demand rent of an H100"),
    "hhi_tokens": Fan("index", "market", *FRACTION, "Herfindahl index of tokens by provider, the fringe counted as nothing"),
    "hhi_spend": Fan("index", "market", *FRACTION, "Herfindahl index of spend by provider, the fringe counted as nothing"),
    "top5_tokens_frac": Fan("fraction", "market", *FRACTION, "share of the five largest providers in tokens"),
    "top5_spend_frac": Fan("fraction", "market", *FRACTION, "share of the five largest providers in spend"),
    "independent_providers": Fan("providers", "market", 1.0, 2.0**12, "living providers without a parent, small ones included"),
    "sustainability_ratio": Fan("ratio", "cloud", 2.0**-8, 2.0**10, "AI revenue over depreciation and running cost of AI capacity"),
}  # fmt: skip


def count(fan: Fan, series: NDArray[np.float32]) -> Counts:
    """Return the histogram over paths of `[entity, month, path]` values, `[entity, month, bin]`."""
    return np.stack([_count_rows(fan, rows) for rows in series])


def _count_rows(fan: Fan, rows: NDArray[np.float32]) -> Counts:
    """Return the histogram of `[month, path]` values, `[month, bin]`; what lies beyond the range is in the first or last bin."""
    months = len(rows)
    index: NDArray[np.int32] = rows.view(np.int32) >> FRACTION_BITS
    np.clip(index, fan.first, fan.first + fan.bins - 1, out=index)
    index += np.arange(months, dtype=np.int32)[:, None] * fan.bins - fan.first
    found = np.bincount(index.reshape(-1), minlength=months * fan.bins).reshape(months, fan.bins)
    return found.astype(np.int32)


def quantiles(fan: Fan, counts: Counts, probs: Array) -> Array:
    """Return quantiles `[entity, month, prob]` of a fan, linear inside a bin (1.6 % wide at most).

    `probs` are the same for all, `[prob]`, or `[entity, month, prob]`; every row of the counts holds at least one path.
    """
    flat = counts.reshape(-1)
    rows, own = flat.size // fan.bins, np.broadcast_to(probs, (*counts.shape[:2], probs.shape[-1]))
    upper = flat.cumsum(dtype=np.int64)  # row after row
    start = np.concatenate([[0], upper[fan.bins - 1 : -1 : fan.bins]])[:, None]
    n = upper[fan.bins - 1 :: fan.bins, None] - start
    rank = np.clip(own.reshape(rows, -1), 0.0, 1.0) * n + start
    place = upper.searchsorted(np.maximum(rank, start + 1e-6))
    place_in_row = place - fan.bins * np.arange(rows)[:, None]
    inside = 1 - (upper[place] - rank) / flat[place]
    edges = fan.edges()
    low, high = edges[place_in_row], edges[place_in_row + 1]
    found = np.where(place_in_row == 0, 0.0, low + np.clip(inside, 0.0, 1.0) * (high - low))
    return found.reshape(own.shape)
