"""A scrambled Sobol sequence whose dimensions belong to inputs by name.

`data/sobol.csv` gives each uncertain input a dimension for good: an input that is added takes a free one, or none and
is drawn by Latin hypercube, and no other draw moves. Points continue from block to block.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from forecast.table_files import Row

BITS = 32
LOW_BITS = 10  # points are found from a table of the lower and one of the higher bits of their number

Words = NDArray[np.uint32]


def directions(polynomial: int, initial: Iterable[int]) -> Words:
    """Return the direction numbers of a dimension, `[bit]`, as binary fractions in 32-bit words.

    v_j = m_j·2^(32−j) for j ≤ s, then v_j = v_{j−s} ⊕ v_{j−s}·2^(−s) ⊕ the sum (⊕) of a_k·v_{j−k} for 0 < k < s.

    Args:
        polynomial: a primitive polynomial of degree s, coefficients as bits.
        initial: m_1 … m_s, odd, m_j < 2^j. The first dimension, polynomial 1, has all of them one.

    Source: Bratley & Fox (1988); Joe & Kuo (2008).

    >>> [f"{v >> 29:03b}" for v in directions(7, [1, 3])[:3]]
    ['100', '110', '011']
    """
    degree = polynomial.bit_length() - 1
    if degree == 0:
        return np.array([1 << (BITS - j) for j in range(1, BITS + 1)], np.uint32)
    found = [m << (BITS - j) for j, m in enumerate(initial, start=1)]
    for j in range(degree, BITS):
        value = found[j - degree] ^ (found[j - degree] >> degree)
        for k in range(1, degree):
            if polynomial >> (degree - k) & 1:
                value ^= found[j - k]
        found.append(value)
    return np.array(found[:BITS], np.uint32)


def scrambled(numbers: Words, chance: Words) -> Words:
    """Return direction numbers times random lower triangular matrices of bits: they stay those of a Sobol sequence.

    Args:
        numbers: of each dimension, `[dimension, bit]`.
        chance: random words, `[dimension, bit]`.

    Source: Matoušek (1998); with a digital shift each point is uniform.
    """
    place = np.uint32(BITS - 1) - np.arange(BITS, dtype=np.uint32)
    diagonal = np.uint32(1) << place
    above = ~((diagonal << np.uint32(1)) - np.uint32(1))  # the bits more significant than the row's own
    matrix = (chance & above) | diagonal
    parity = np.bitwise_count(matrix[:, :, None] & numbers[:, None, :]) & 1
    return np.bitwise_or.reduce(parity.astype(np.uint32) << place[:, None], axis=1)


def points(numbers: Words, shift: Words, first: int, count: int) -> Words:
    """Return `count` points of each dimension from number `first` on, `[dimension, point]`, as 32-bit fractions.

    Args:
        numbers: direction numbers, `[dimension, bit]`.
        shift: a word to add (⊕) to every point, `[dimension]`.
        first, count: which points of the sequence.

    x_i is the sum (⊕) of the direction numbers at the bits of i's Gray code; the sums over its lower bits are found once
    for many points, those over its higher bits are the same for many neighbours.
    """
    index = np.arange(first, first + count)
    gray = index ^ (index >> 1)
    high, start = np.unique(index >> LOW_BITS, return_index=True)
    high ^= high >> 1
    low_sums = np.zeros((len(numbers), 1), np.uint32)
    for bit in range(LOW_BITS):
        low_sums = np.concatenate([low_sums, low_sums ^ numbers[:, bit, None]], axis=1)
    high_sums = np.repeat(shift[:, None], len(high), axis=1)
    for bit in range(BITS - LOW_BITS):
        high_sums[:, (high >> bit & 1) == 1] ^= numbers[:, LOW_BITS + bit, None]
    found = low_sums.take(gray & ((1 << LOW_BITS) - 1), axis=1)
    for column, neighbours in enumerate(np.split(found, start[1:], axis=1)):
        neighbours ^= high_sums[:, column, None]
    return found


def owned(rows: Iterable[Row]) -> dict[str, Row]:
    """Return the row of the dimension that each input owns, by address."""
    return {row["address"]: row for row in rows if row["address"]}


def row_directions(row: Row) -> Words:
    """Return the direction numbers of a row of `sobol.csv`."""
    return directions(row["polynomial"], map(int, row["initial_numbers"].split()))
