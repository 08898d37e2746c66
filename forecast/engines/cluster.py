"""The Dask engine: the same blocks on a cluster, bit for bit what one machine computes.

A worker computes one block at a time and sends back its histograms and small numbers. A block whose worker is lost is
computed again by another. Only a few blocks are on their way at once, so memory does not grow with the number of paths.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

import forecast
from forecast.draws import Draws, blocks_of, paths_in
from forecast.engines.workers import Run
from forecast.errors import ForecastError, InputError
from forecast.march import march
from forecast.market.names import market_names
from forecast.outcomes.fans import Counts
from forecast.paths import Paths, Work, no_paths

WAIT_S = 15
WAIT_FOR_WORKERS_S = 60
TRIES = 3  # a block that fails so often is the block's fault
Reduced = tuple[str, list[NDArray[Any]], list[Counts]]


def run_on_cluster(work: Work, workers: int, done: Run, scheduler: str | None) -> Paths:
    """Return a simulation on a Dask cluster.

    Args:
        work: what to compute.
        workers: processes of a cluster on this machine, when no scheduler is given.
        done: called with each block that is finished.
        scheduler: address of a running scheduler, tcp://host:port.

    Raises:
        InputError: Dask is not installed, or the scheduler does not answer.
        ForecastError: the cluster runs another version of this package, or lost a block too often.
    """
    paths = no_paths(work, market_names(work.scenario))
    with _client(scheduler, min(workers, len(blocks_of(work.n_paths)))) as client:
        for block, (version, by_path, counts) in _reduced(client, work):
            if version != forecast.__version__:
                raise ForecastError(
                    f"the cluster runs forecast {version}, this is {forecast.__version__}. Install one."
                )
            paths.merge(block, by_path, counts)
            done(block)
    return paths


def reduce_block(work: Work, block: int) -> Reduced:
    """Return a block's version of this package, arrays by path and counts: what a worker sends back."""
    scenario, names = work.scenario, market_names(work.scenario)
    part = no_paths(work._replace(n_paths=paths_in(block, work.n_paths)), names)
    part.add(0, march(scenario, names, Draws(scenario, work.seed, block), note_months=part.note_months()))
    return forecast.__version__, part.by_path(), list(part.counts.values())


def _same(work: Work) -> Work:
    return work


def _reduced(client: Any, work: Work) -> Iterator[tuple[int, Reduced]]:
    """Yield each block with its result as it comes, never more than two for each worker on their way."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker, as_completed

    # A task and not scattered data, which would be lost with the one worker that holds it: a task is done again.
    sent = client.submit(_same, work, pure=False, retries=TRIES)
    waiting = iter(blocks_of(work.n_paths))

    def submit(block: int) -> Any:
        future = client.submit(reduce_block, sent, block, pure=False, retries=TRIES)
        number[future.key] = block
        return future

    number: dict[str, int] = {}
    first = [submit(block) for _, block in zip(range(2 * max(len(client.nthreads()), 1)), waiting, strict=False)]
    try:
        client.wait_for_workers(1, timeout=WAIT_FOR_WORKERS_S)  # after the work is given: some clusters grow only then
    except TimeoutError:
        address = client.scheduler.address
        raise ForecastError(
            f"the Dask scheduler {address} has had no worker for {WAIT_FOR_WORKERS_S} s. Start one: dask worker {address}"
        ) from None
    coming = as_completed(first)
    for future in coming:
        try:
            result = future.result()
        except KilledWorker as error:
            raise ForecastError(f"block {number[future.key]} was lost with {TRIES} workers: {error}") from None
        except CancelledError:
            raise ForecastError("the connection to the Dask scheduler was lost. Start it, and run again.") from None
        for block in waiting:
            coming.add(submit(block))
            break
        yield number.pop(future.key), result


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[Any]:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise InputError("--engine dask: Dask is not installed. Install inference-forecast[dask].") from None
    if scheduler is None:
        own = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
        # Its warnings are of the start and end of workers, which are survived: a slow one "is still alive after 4 seconds".
        with LocalCluster(**own, silence_logs=logging.ERROR) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(scheduler, timeout=WAIT_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--scheduler {scheduler}: no answer ({error}); the address of a running Dask scheduler is tcp://host:port. "
            "Start it or correct the address."
        ) from None
    with client:
        yield client
