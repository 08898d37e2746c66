"""Workers: the same numbers however blocks are shared out, and none lost with a worker."""

import mmap
import os
import signal
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from forecast.engines.workers import can_fork, keep_memory, over_processes, over_threads, shared_zeros, worker_count
from forecast.errors import InputError
from forecast.scenario import load_scenario
from forecast.simulation import simulate

linux = pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes can be forked here")


def shared_out(blocks, workers, fails=lambda worker, block: None):
    """Return how often each block was run, by worker, and the blocks said to be done."""
    runs, done = shared_zeros((workers, blocks), np.int64), []

    def run(worker):
        def one(block):
            fails(worker, block)
            runs[worker, block] += 1

        return one

    def clear(worker):
        runs[worker] = 0

    over_processes(range(blocks), workers, run, clear, done.append)
    return runs, done


@linux
@pytest.mark.parametrize(("blocks", "workers"), [(7, 3), (2, 2), (5, 1), (3, 8)])
def test_every_block_is_run_once(blocks, workers):
    runs, done = shared_out(blocks, workers)
    assert_array_equal(runs.sum(axis=0), np.ones(blocks))
    assert sorted(done) == list(range(blocks))
    for worker in range(workers):
        assert_array_equal(np.flatnonzero(runs[worker]), np.arange(blocks)[worker::workers])


@linux
def test_a_worker_that_is_killed_loses_nothing():
    here = os.getpid()

    def fails(worker, block):
        if block == 3 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)

    runs, _ = shared_out(6, 2, fails)  # worker 1 has run block 1 when it dies at block 3
    assert_array_equal(runs.sum(axis=0), np.ones(6))


@linux
def test_an_error_in_a_worker_is_raised_here():
    def fails(worker, block):
        if block == 1:
            raise ValueError("block 1 cannot be computed")

    with pytest.raises(ValueError, match="block 1 cannot be computed"):
        shared_out(4, 2, fails)


@linux
def test_an_error_here_leaves_no_worker_behind(monkeypatch):
    children, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: children.append(fork()) or children[-1])

    def stop(block):
        raise ValueError("stop")

    def run(worker):
        return lambda block: threading.Event().wait(60 * worker)  # the first has done a block long before the other

    with pytest.raises(ValueError, match="stop"):
        over_processes(range(4), 2, run, lambda worker: None, stop)
    assert len(children) == 2
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def test_threads_run_every_block_once():
    ran, done = [], []
    over_threads(range(9), 3, ran.append, done.append)
    assert sorted(ran) == done == list(range(9))


def test_no_fork_beside_other_threads():
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        assert not can_fork()
    finally:
        stop.set()
        other.join()


@pytest.mark.parametrize("forks", [False, pytest.param(True, marks=linux)])
def test_any_number_of_workers_gives_the_same_bits(tables, monkeypatch, forks):
    scenario = load_scenario("base", tables, months=2)
    alone = simulate(scenario, 12_000, seed=7, threads=1)
    monkeypatch.setattr("forecast.engines.local.can_fork", lambda: forks)
    for workers in (2, 3):
        seen = []
        paths = simulate(scenario, 12_000, seed=7, threads=workers, progress=seen.append)
        assert sum(seen) == 12_000
        for kind in ("counts", "dates"):
            for name, values in getattr(alone, kind).items():
                assert_array_equal(getattr(paths, kind)[name], values, err_msg=name)
        for name in ("exit_month", "exit_kind", "listed_month", "runway_months"):
            assert_array_equal(getattr(paths, name), getattr(alone, name), err_msg=name)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="Linux says how much memory a process holds")
def test_memory_that_is_kept_is_not_written_to():
    def held_bytes():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = held_bytes()
    keep_memory.__wrapped__()  # as the first time
    after = held_bytes()
    assert after - before < 8 * 2**20  # of more than 80 that come and go
    mine = np.frombuffer(
        mmap.mmap(-1, 2**26), np.uint8
    )  # control: what is written to is held; no kept memory serves it
    mine.fill(1)
    assert held_bytes() - after > 0.9 * mine.nbytes


def test_how_many_workers_is_said_in_one_place(monkeypatch):
    monkeypatch.setenv("FORECAST_THREADS", "3")
    assert worker_count(None) == 3 and worker_count(5) == 5
    for text in ("x", "-1"):
        monkeypatch.setenv("FORECAST_THREADS", text)
        with pytest.raises(InputError, match=f'FORECAST_THREADS = "{text}": a whole number from 1 is required'):
            worker_count(None)
    monkeypatch.setenv("FORECAST_THREADS", "0")
    with pytest.raises(InputError, match="threads = 0: outside 1 to 256"):
        worker_count(None)
    monkeypatch.delenv("FORECAST_THREADS")
    assert worker_count(None) >= 1
