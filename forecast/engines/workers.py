"""Blocks over workers: forked processes where that is safe, threads elsewhere. The numbers are the same.

A block is a few thousand short array operations, between which threads wait for the interpreter's lock: two threads
are 1.4 times one, two processes nearly twice. A process is forked only from a program without other threads, on
Linux; its results lie in shared memory, so nothing is sent. A worker that dies is survived: its blocks are run again.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from forecast.draws import check_number
from forecast.errors import InputError

MOST_WORKERS = 256
LARGEST_BYTES = 31 * 2**20  # glibc keeps twice the largest block that it has seen come and go, of up to 32 MiB
Run = Callable[[int], None]


def worker_count(threads: int | None) -> int:
    """Return how many workers to use: as many as asked for, else $FORECAST_THREADS or the number of processors.

    Raises:
        InputError: fewer than 1 or more than 256, or a variable that is no number.
    """
    text = os.environ.get("FORECAST_THREADS", "")
    if threads is None and text and not text.isdigit():
        raise InputError(f'FORECAST_THREADS = "{text}": a whole number from 1 is required. Correct the variable.')
    workers = threads if threads is not None else int(text) if text else os.cpu_count() or 1
    check_number("threads", workers, 1, MOST_WORKERS)
    return workers


def can_fork() -> bool:
    """Return whether a process may be forked: Linux, and no other Python thread that might hold a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


@cache
def keep_memory() -> None:
    """Let this process keep the memory of a block of paths, in large pages where the system has them.

    glibc gives back what arrays free and fetches it again page by page, until it has seen a large block come and go:
    then it keeps twice as much. NumPy asks for large pages for arrays above 4 MiB, and the request outlives the
    array. Nobody writes to these, so they cost nothing; where memory is managed in other ways nothing is lost.
    """
    np.empty(LARGEST_BYTES, np.uint8)
    kept = [np.empty(LARGEST_BYTES - 2**22, np.uint8) for _ in range(2)]  # both at once: about what a block needs
    del kept


def shared_zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array of zeros that forked processes write into together."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, max(size, 1)), dtype, int(np.prod(shape))).reshape(shape)


def over_threads(blocks: Sequence[int], workers: int, run: Run, done: Run) -> None:
    """Run the blocks on so many threads; `done` is called with each that is finished."""
    if workers == 1:
        for block in blocks:
            run(block)
            done(block)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        for block, _ in zip(blocks, pool.map(run, blocks), strict=True):
            done(block)


def over_processes(
    blocks: Sequence[int], workers: int, run: Callable[[int], Run], clear: Callable[[int], None], done: Run
) -> None:
    """Run the blocks in so many processes, while this one waits.

    What a process has written is copied page by page in those that it forks when they write there too: where this one
    computed as well, every further simulation took a tenth longer.

    Args:
        blocks: numbers of the blocks; worker w takes every `workers`-th from the w-th.
        run: gives worker w the function that computes a block into w's own part of shared memory.
        clear: wipes worker w's part.
        done: called with each block that is finished.
    """
    reader, writer = os.pipe()
    children = {worker: _fork(blocks[worker::workers], run(worker), writer) for worker in range(workers)}
    os.close(writer)
    try:
        while finished := os.read(reader, 8):
            done(int.from_bytes(finished, "big"))
        lost = [worker for worker, pid in children.items() if os.waitpid(pid, 0)[1] != 0]
        children.clear()
    finally:
        os.close(reader)
        for pid in children.values():
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    for worker in lost:  # what ended it, if it was no accident, is raised here
        clear(worker)
        again = run(worker)
        for block in blocks[worker::workers]:
            again(block)


def _fork(blocks: Sequence[int], run: Run, writer: int) -> int:
    with warnings.catch_warnings():  # idle threads of the linear algebra library are no danger
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for block in blocks:
            run(block)
            os.write(writer, block.to_bytes(8, "big"))
        code = 0
    finally:
        os._exit(code)
