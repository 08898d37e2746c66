"""The months' luck: a month's normal and uniform numbers of every provider and of the market, for one block of paths.

Each provider has a stream for each purpose, and the dead keep drawing: whoever leaves changes no other draw.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from forecast.arrays import REAL, Array
from forecast.distributions import standard_normal_quantile
from forecast.draws import BLOCK_PATHS, Draws
from forecast.market.names import Names

STRATA = 2**16  # of either law: one for each value of a 16-bit word
# Purposes by whose luck it is and what they take; besides, the regime of the market takes uniforms.
PROVIDER_UNIFORMS, PROVIDER_NORMALS = ("reprice", "funding", "exit", "bid"), ("attraction", "luck")
MARKET_NORMALS, SEGMENT_NORMALS = ("rent", "fringe"), ("demand", "tier")


def words(streams: list[Generator]) -> NDArray[np.uint16]:
    """Return the next 16-bit words of many streams, `[stream, path]`."""
    raw = np.empty((len(streams), BLOCK_PATHS // 4), np.uint64)
    for row, stream in zip(raw, streams, strict=True):
        row[:] = stream.bit_generator.random_raw(len(row))
    return raw.view(np.uint16)


def uniforms(streams: list[Generator]) -> Array:
    """Return the next uniform numbers of many streams, `[stream, path]`: u = (k + ½)/65,536.

    16 bits of a stream choose a stratum of the unit interval, and the number is its middle: half the time of 32 bits.
    The share of numbers below p differs from p by at most 1/131,072; no number is 0 or 1.
    """
    numbers = words(streams).astype(REAL)
    numbers += 0.5
    numbers *= 1 / STRATA
    return numbers


@cache
def normal_strata() -> NDArray[np.float32]:
    """Return the means of equally likely strata of the standard normal law, in rising order, scaled to variance 1.

    The mean between two quantiles is the density at the lower less that at the upper, over the stratum's probability.

    >>> [f"{mean:.5f}" for mean in normal_strata()[[0, 2**15, 2**16 - 1]]]
    ['-4.38751', '0.00002', '4.38751']
    """
    edge = standard_normal_quantile(np.arange(1, STRATA // 2 + 1) / STRATA)
    lower_half = -np.diff(np.exp(-edge * edge / 2), prepend=0.0)
    means = np.concatenate([lower_half, -lower_half[::-1]])
    return (means / means.std()).astype(REAL)


def normals(streams: list[Generator]) -> Array:
    """Return the next standard normal numbers of many streams, `[stream, path]`.

    16 bits of a stream choose a stratum of the normal law, and the number is its mean: seven times faster than NumPy's
    own normals, and the same on any processor. None lies beyond 4.4; the moments up to the sixth are those of the law within 0.1 %.
    """
    return normal_strata().take(words(streams), mode="wrap")  # unchecked: all fit


class Chance:
    """The streams of a block by purpose: one for each provider, one for each segment, or one for the market."""

    def __init__(self, draws: Draws, names: Names):
        entities = {
            purpose: [(f"provider:{p}", purpose) for p in names.providers]
            for purpose in (*PROVIDER_UNIFORMS, *PROVIDER_NORMALS)
        }
        entities["funding"] = entities["funding"][names.own_cash]  # nobody else raises money
        entities |= {purpose: [("market", purpose)] for purpose in ("regime", *MARKET_NORMALS)}
        entities |= {purpose: [("market", f"{purpose}:{s}") for s in names.segments] for purpose in SEGMENT_NORMALS}
        self.streams = {purpose: [draws.stream(*each) for each in of] for purpose, of in entities.items()}

    def uniforms(self, purpose: str) -> Array:
        """Return a month's uniforms, `[provider, path]`, of funding `[own_cash, path]`, or `[1, path]` of the market."""
        return uniforms(self.streams[purpose])

    def normals(self, purpose: str) -> Array:
        """Return a month's normals, `[provider, path]`, `[segment, path]`, or `[1, path]` of the market."""
        return normals(self.streams[purpose])
