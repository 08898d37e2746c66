"""The local engine: blocks over the processors of this machine."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Draws, blocks_of
from forecast.engines.workers import Run, can_fork, keep_memory, over_processes, over_threads, shared_zeros
from forecast.march import march
from forecast.market.names import market_names
from forecast.paths import Paths, Work, no_paths


def run_local(work: Work, workers: int, done: Run) -> Paths:
    """Return a simulation on so many workers; `done` is called with each block that is finished."""
    keep_memory()
    scenario, blocks = work.scenario, blocks_of(work.n_paths)
    workers = min(workers, len(blocks))
    forked = workers > 1 and can_fork()
    names, made = market_names(scenario), shared_zeros if forked else np.zeros
    paths = no_paths(work, names, made)
    shared: dict[str, NDArray[Any]] = {}
    memory = threading.local()

    def run_into(part: Paths) -> Run:
        def run(block: int) -> None:
            series = memory.__dict__.setdefault("series", {})
            draws = Draws(scenario, work.seed, block, shared)
            part.add(block, march(scenario, names, draws, series, note_months=part.note_months()))

        return run

    if not forked:
        over_threads(blocks, workers, run_into(paths), done)
        return paths
    parts = [paths, *(paths.part(made) for _ in range(1, workers))]
    over_processes(blocks, workers, lambda w: run_into(parts[w]), lambda w: parts[w].forget(), done)
    for part in parts[1:]:
        paths.add_counts(list(part.counts.values()))
    return paths
