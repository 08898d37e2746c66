"""Chance that stays put: named random streams, and the draws of a scenario's inputs for one block of paths.

A stream's address is (seed, block, entity, purpose), stable names and never positions: adding a provider or a
parameter leaves every other draw as it was, so that scenarios share their chance. Inputs are the coordinates of a
scrambled Sobol sequence, each in the dimension it owns (`forecast/sobol.py`); an input without a dimension is drawn by
Latin hypercube: each of a block's strata is hit once, in an order given by its stream.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from numbers import Integral
from typing import Any
from zlib import crc32

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from forecast import sobol
from forecast.arrays import REAL, Array
from forecast.distributions import standard_normal_quantile
from forecast.errors import InputError, check_kind
from forecast.scenario import Scenario

BLOCK_PATHS = 5000  # a constant, not an option: results do not depend on threads or on the number of paths
MIDPOINTS: NDArray[np.float64] = (np.arange(BLOCK_PATHS) + 0.5) / BLOCK_PATHS


def blocks_of(n_paths: int) -> range:
    """Return the numbers of the blocks that so many paths need.

    >>> list(blocks_of(5001))
    [0, 1]
    """
    return range(-(-n_paths // BLOCK_PATHS))


def paths_in(block: int, n_paths: int) -> int:
    """Return how many of so many paths lie in a block: all of its own but in the last one.

    >>> [paths_in(block, 7000) for block in blocks_of(7000)]
    [5000, 2000]
    """
    return min(BLOCK_PATHS, n_paths - block * BLOCK_PATHS)


def check_number(name: str, value: int, low: int, high: int) -> None:
    """Raise an InputError when a number is not whole or lies outside its range."""
    check_kind(name, value, Integral, "a whole number")
    if not low <= value <= high:
        raise InputError(f"{name} = {value}: outside {low} to {high}. Choose a number in that range.")


def check_chance(n_paths: int, seed: int, most_paths: int) -> None:
    """Raise an InputError when no simulation can have this number of paths or this seed."""
    check_number("paths", n_paths, 1, most_paths)
    check_kind("seed", seed, Integral, "a whole number")
    if seed < 0:
        raise InputError(f"seed = {seed}: below 0. Choose a whole number from 0.")


def stream(seed: int, block: int, entity: str, purpose: str) -> Generator:
    """Return the random stream with this address; the same address always gives the same numbers."""
    key = (block, crc32(entity.encode()), crc32(purpose.encode()))
    return Generator(SFC64(SeedSequence(seed, spawn_key=key)))


class Draws:
    """The draws of one block: arrays of `BLOCK_PATHS` values, the path axis last."""

    def __init__(self, scenario: Scenario, seed: int, block: int, shared: dict[str, NDArray[Any]] | None = None):
        self.scenario, self.seed, self.block = scenario, seed, block
        # Shared by blocks: the sorted quantiles of each input, and the scrambled sequence.
        self._shared: dict[str, NDArray[Any]] = {} if shared is None else shared

    def stream(self, entity: str, purpose: str) -> Generator:
        """Return this block's stream for an entity and a purpose."""
        return stream(self.seed, self.block, entity, purpose)

    def parameter(self, name: str) -> Array:
        """Return a parameter on each path, `[path]`."""
        return self.values(f"parameters.{name}", f"parameters.{name}")

    def entity_parameter(self, name: str, entities: list[str]) -> Array:
        """Return a parameter of persistence `entity`, drawn anew for each entity, `[entity, path]`."""
        return np.stack([self.values(f"parameters.{name}", f"parameters.{name}@{entity}") for entity in entities])

    def column(self, table: str, column: str, entities: list[str]) -> Array:
        """Return a column of an input table, `[entity, path]`, or `[entity, 1]` when no cell of it is uncertain."""
        keys = [f"{table}.{entity}.{column}" for entity in entities]
        items = [self.scenario.inputs.get(key) for key in keys]
        if all(item is not None and item.value.name == "fixed" for item in items):
            return np.array([[item.value.arguments[0]] for item in items if item is not None], REAL).reshape(-1, 1)
        return np.stack([self.values(key, key) for key in keys])

    def values(self, key: str, address: str) -> Array:
        """Return the draws `[path]` of the input `key` under a stream address."""
        item = self.scenario.input(key)
        if item.value.name == "fixed":
            return np.full(BLOCK_PATHS, item.value.arguments[0], REAL)
        if key not in self._shared:
            self._shared[key] = item.value.quantile(MIDPOINTS).astype(REAL)
        if address in self._scores:
            score = self._scores[address]
            # Scores in rising order are looked up four times faster; in order to a thousandth is enough.
            rising, found = (score * 1000).astype(np.int16).argsort(kind="stable"), np.empty(BLOCK_PATHS, REAL)
            found[rising] = np.interp(score[rising], standard_normal_quantile(MIDPOINTS), self._shared[key])
            return found
        return self._shared[key].take(self._order(address))

    def _order(self, address: str) -> NDArray[np.int64]:
        """Return the stratum, 0 to 4,999, in which each path's draw of an input lies."""
        places, points = self._sobol
        if address in places:
            return (points[places[address]].astype(np.int64) * BLOCK_PATHS) >> sobol.BITS
        return self.stream(f"input:{address}", "order").permutation(BLOCK_PATHS)

    @cached_property
    def _sobol(self) -> tuple[dict[str, int], sobol.Words]:
        """The dimension of each input that owns one, and this block's points of the sequence, `[dimension, path]`."""
        rows = sobol.owned(self.scenario.tables["sobol"])
        if "sobol" not in self._shared:
            chance = np.stack([
                stream(self.seed, 0, f"input:{address}", "scramble").integers(2**32, size=sobol.BITS + 1, dtype=np.uint32)
                for address in rows
            ])  # fmt: skip
            numbers = np.stack([sobol.row_directions(row) for row in rows.values()])
            self._shared["sobol"] = np.column_stack([chance[:, 0], sobol.scrambled(numbers, chance[:, 1:])])
        words = self._shared["sobol"]
        points = sobol.points(words[:, 1:], words[:, 0], self.block * BLOCK_PATHS, BLOCK_PATHS)
        return dict(zip(rows, range(len(rows)), strict=True)), points

    @cached_property
    def _scores(self) -> dict[str, Array]:
        """The normal scores of correlated parameters: independent scores mixed by the correlation's root."""
        names = sorted({n for first, second, _ in self.scenario.correlations for n in (first, second)})
        if not names:
            return {}
        normal = standard_normal_quantile(MIDPOINTS)
        independent = np.stack([normal[self._order(name)] for name in names])
        mixed = np.einsum("ij,jp->ip", _root(tuple(names), self.scenario.correlations), independent)
        return dict(zip(names, mixed, strict=True))


class Parameters(dict[str, Array]):
    """Parameters by name, `[path]`, each drawn when it is first asked for; a room of the market keeps its own."""

    def __init__(self, draws: Draws):
        super().__init__()
        self._draws = draws

    def __missing__(self, name: str) -> Array:
        self[name] = self._draws.parameter(name)
        return self[name]


def moved_correlation(pairs: tuple[tuple[str, str, float], ...]) -> float:
    """Return the largest difference between the correlations asked for and those of the nearest valid matrix."""
    names = sorted({name for first, second, _ in pairs for name in (first, second)})
    return nearest_correlation(names, pairs)[1] if names else 0.0


@lru_cache(maxsize=8)
def _root(names: tuple[str, ...], pairs: tuple[tuple[str, str, float], ...]) -> Array:
    """Return the lower triangular root of a correlation matrix, found once: it wakes the library's own threads."""
    return np.linalg.cholesky(nearest_correlation(list(names), pairs)[0])


def nearest_correlation(names: list[str], pairs: tuple[tuple[str, str, float], ...]) -> tuple[Array, float]:
    """Return the correlation matrix of `names`, made positive definite, and the largest change that took.

    Negative eigenvalues are raised to 1e-8 and the diagonal rescaled to one (one step of Higham's method).
    """
    wanted = np.eye(len(names))
    for first, second, value in pairs:
        i, j = names.index(first), names.index(second)
        wanted[i, j] = wanted[j, i] = value
    values, vectors = np.linalg.eigh(wanted)
    if values.min() > 1e-8:
        return wanted, 0.0
    repaired = vectors @ np.diag(np.maximum(values, 1e-8)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(repaired))
    repaired = repaired * scale[:, None] * scale[None, :]
    return repaired, float(np.abs(repaired - wanted).max())
