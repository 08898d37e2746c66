"""The sample that sensitivity is read from: each path's uncertain inputs and its outcomes, twice.

The second time the inputs are the same and the months have other luck (shocks, rounds, sales). What the two runs have in
common is the inputs' doing; the rest nobody can know by learning inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from forecast.arrays import Array
from forecast.draws import Draws, blocks_of, check_chance, paths_in, stream
from forecast.march import march
from forecast.market.names import market_names
from forecast.path_values import kept_as
from forecast.paths import Work, no_paths
from forecast.scenario import Scenario
from forecast.sensitivity.asked import Asked

MOST_PATHS = 1_000_000  # every input of every path is kept
OTHER_LUCK = 1_000_003  # added to the seed of everything that is no input


@dataclass(frozen=True)
class Sample:
    """Uniform scores and values of every uncertain input, and each outcome asked for, on the same paths."""

    inputs: tuple[str, ...]  # addresses
    scores: Array  # [input, path], ranks inside (0, 1)
    values: Array  # [input, path], in each input's own unit
    outcomes: dict[str, Array]  # by the text of what was asked, `[path]`
    twins: dict[str, Array]  # the same under the same inputs and other luck

    def known(self, outcome: str) -> Sample:
        """Return the paths on which an outcome is a number with either luck: a margin ends with its firm."""
        here = np.isfinite(self.outcomes[outcome]) & np.isfinite(self.twins[outcome])
        if here.all():
            return self
        outcomes, twins = ({outcome: of[outcome][here]} for of in (self.outcomes, self.twins))
        return Sample(self.inputs, uniform_ranks(self.values[:, here]), self.values[:, here], outcomes, twins)


class NotedDraws(Draws):
    """Draws that remember their uncertain inputs, and whose months may have luck of another seed."""

    def __init__(self, scenario: Scenario, seed: int, block: int, luck: int):
        super().__init__(scenario, seed, block)
        self.luck = luck
        self.noted: dict[str, Array] = {}

    def stream(self, entity: str, purpose: str) -> Generator:
        """Return the stream of an input, or that of the months' luck."""
        return stream(self.seed if entity.startswith("input:") else self.luck, self.block, entity, purpose)

    def values(self, key: str, address: str) -> Array:
        """Return the draws of an input and remember them where they vary."""
        found = super().values(key, address)
        if self.scenario.inputs[key].value.name != "fixed":
            self.noted[address] = found
        return found


def draw_sample(
    scenario: Scenario,
    asked: Sequence[Asked],
    n_paths: int,
    seed: int,
    progress: Callable[[int], None] = lambda paths: None,
) -> Sample:
    """Return the sample of a scenario: `n_paths` whole blocks at least, each marched twice.

    `progress` is called with the number of paths of each block that is done.

    Raises:
        InputError: a number of paths or a seed that none can have.
    """
    check_chance(n_paths, seed, MOST_PATHS)
    names = market_names(scenario)
    months = tuple(sorted({each.month for each in asked}))
    more = tuple(sorted({kept_as(each.outcome, each.entity) for each in asked} - {""}))
    runs = [no_paths(Work(scenario, seed, n_paths, months, more), names) for _ in range(2)]
    noted: list[dict[str, Array]] = []
    for block in blocks_of(n_paths):
        for run, luck in zip(runs, (seed, seed + OTHER_LUCK), strict=True):
            draws = NotedDraws(scenario, seed, block, luck)
            run.add(block, march(scenario, names, draws, note_months=run.note_months()))
        noted.append(draws.noted)  # inputs are the same with either luck
        progress(paths_in(block, n_paths))
    inputs = tuple(sorted(noted[0]))
    values = np.array([np.concatenate([one[name] for one in noted])[:n_paths] for name in inputs], float)
    outcomes, twins = ({str(each): each.values(run) for each in asked} for run in runs)
    return Sample(inputs, uniform_ranks(values), values, outcomes, twins)


def uniform_ranks(values: Array) -> Array:
    """Return the rank of each value in its row, `[row, path]`, inside (0, 1).

    >>> uniform_ranks(np.array([[30.0, 10.0]])).tolist()
    [[0.75, 0.25]]
    """
    order = np.argsort(np.argsort(values, axis=1, kind="stable"), axis=1)
    return (order + 0.5) / values.shape[1]
