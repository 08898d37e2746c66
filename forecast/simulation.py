"""Blocks of paths over workers: each block is marched, reduced to counts and small numbers, and dropped."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from forecast.arrays import Array
from forecast.draws import BLOCK_PATHS, Draws
from forecast.errors import InputError
from forecast.march import FEW, History, march
from forecast.market.names import Names, market_names
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS, Counts, count, count_few
from forecast.scenario import Scenario
from forecast.workers import Run, can_fork, over_processes, over_threads, shared_zeros

MOST_PATHS = 100_000_000


@dataclass
class Paths:
    """A simulation reduced to what outcomes need: histograms by month, and small numbers for each path."""

    scenario: Scenario
    names: Names
    seed: int
    n_paths: int
    counts: dict[str, Counts]  # fan → [entity, month, bin]
    dates: dict[str, NDArray[np.int16]]  # outcome → [entity, path]
    exit_month: NDArray[np.int16]  # [provider, path]
    exit_kind: NDArray[np.int8]
    listed_month: NDArray[np.int16]
    runway_months: NDArray[np.float32]
    kept_months: tuple[int, ...] = ()
    kept: dict[str, NDArray[np.float32]] = field(default_factory=dict)  # fan → [entity, kept month, path]
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, block: int, history: History) -> None:
        """Take in the history of a block; only the paths that were asked for count."""
        wanted = min(BLOCK_PATHS, self.n_paths - block * BLOCK_PATHS)
        place = slice(block * BLOCK_PATHS, block * BLOCK_PATHS + wanted)
        for name, date in DATES.items():
            self.dates[name][:, place] = date.find(history)[:, :wanted]
        for mine, theirs in (
            (self.exit_month, history.exit_month),
            (self.exit_kind, history.exit_kind),
            (self.listed_month, history.listed_month),
            (self.runway_months, history.runway_months),
        ):
            mine[:, place] = theirs[:, :wanted]
        for name, values in self.kept.items():
            values[:, :, place] = history.series[name][:, self.kept_months, :wanted]
        for name, fan in FANS.items():
            if name in history.few:
                found = count_few(fan, history.few[name], wanted)
            else:
                found = count(fan, np.ascontiguousarray(history.series[name][:, :, :wanted]))
            with self._lock:
                self.counts[name] += found

    def forget(self) -> None:
        """Set all counts to nothing."""
        for counts in self.counts.values():
            counts[...] = 0


def simulate(
    scenario: Scenario,
    n_paths: int = 10_000,
    seed: int = 7,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    keep_months: Iterable[int] = (),
) -> Paths:
    """Return the paths of a scenario; the same scenario, paths and seed give the same bits on any threads.

    Args:
        scenario: what to simulate.
        n_paths: number of paths, 1 to 10⁸; more paths keep the first ones.
        seed: whole number ≥ 0 that names the chance shared by all scenarios.
        threads: workers; by default $FORECAST_THREADS or the number of processors.
        progress: called with the number of paths of each block that is done.
        keep_months: months, 0 to the horizon, whose value on every path is kept for each fan, beside the histograms.

    Raises:
        InputError: a number is out of range.
    """
    if not 1 <= n_paths <= MOST_PATHS:
        raise InputError(f"paths = {n_paths}: outside 1 to {MOST_PATHS}. Choose a number in that range.")
    if seed < 0:
        raise InputError(f"seed = {seed}: below 0. Choose a whole number from 0.")
    workers = threads if threads is not None else _default_threads()
    if not 1 <= workers <= 256:
        raise InputError(f"threads = {workers}: outside 1 to 256. Choose a number in that range.")
    kept_months = tuple(sorted(set(keep_months)))
    if wrong := [month for month in kept_months if not 0 <= month <= scenario.months]:
        raise InputError(f"keep_months = {wrong[0]}: outside 0 to {scenario.months}. Choose months of the run.")
    blocks = range(-(-n_paths // BLOCK_PATHS))
    workers = min(workers, len(blocks))
    forked = workers > 1 and can_fork()
    names, made = market_names(scenario), shared_zeros if forked else np.zeros
    paths = _empty(scenario, names, n_paths, seed, kept_months, made)
    shapes: dict[str, Array] = {}
    memory = threading.local()

    def run_into(part: Paths) -> Run:
        def run(block: int) -> None:
            series = memory.__dict__.setdefault("series", {})
            part.add(block, march(scenario, names, Draws(scenario, seed, block, shapes), series))

        return run

    def done(block: int) -> None:
        if progress:
            progress(min(BLOCK_PATHS, n_paths - block * BLOCK_PATHS))

    if not forked:
        over_threads(blocks, workers, run_into(paths), done)
        return paths
    parts = [paths, *(replace(paths, counts=_no_counts(scenario, names, made)) for _ in range(1, workers))]
    over_processes(blocks, workers, lambda w: run_into(parts[w]), lambda w: parts[w].forget(), done)
    for part in parts[1:]:
        for name, counts in part.counts.items():
            paths.counts[name] += counts
    return paths


def _default_threads() -> int:
    text = os.environ.get("FORECAST_THREADS", "")
    if not text:
        return os.cpu_count() or 1
    if not text.isdigit():
        raise InputError(f'FORECAST_THREADS = "{text}": a whole number from 1 is required. Correct the variable.')
    return int(text)


Maker = Callable[[tuple[int, ...], DTypeLike], NDArray[Any]]


def _sizes(names: Names) -> dict[str, int]:
    return {"segment": len(names.segments), "provider": len(names.providers), "cloud": len(names.clouds), "market": 1}


def _no_counts(scenario: Scenario, names: Names, made: Maker) -> dict[str, Counts]:
    size = _sizes(names)
    return {n: made((size[f.axis], scenario.months + 1, f.bins), np.int32) for n, f in FANS.items()}


def _empty(
    scenario: Scenario, names: Names, n_paths: int, seed: int, kept_months: tuple[int, ...], made: Maker
) -> Paths:
    size, providers, kept = _sizes(names), (len(names.providers), n_paths), (len(kept_months), n_paths)
    dense = [name for name in FANS if kept_months and name not in FEW]
    return Paths(
        scenario=scenario,
        names=names,
        seed=seed,
        n_paths=n_paths,
        counts=_no_counts(scenario, names, made),
        dates={n: made((size[d.axis], n_paths), np.int16) for n, d in DATES.items()},
        exit_month=made(providers, np.int16),
        exit_kind=made(providers, np.int8),
        listed_month=made(providers, np.int16),
        runway_months=made(providers, np.float32),
        kept_months=kept_months,
        kept={name: made((size[FANS[name].axis], *kept), np.float32) for name in dense},
    )
