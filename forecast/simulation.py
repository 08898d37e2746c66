"""Simulate a scenario: check what was asked for, and give its blocks of paths to an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from forecast.draws import check_chance, check_number, paths_in
from forecast.engines.local import run_local
from forecast.engines.workers import worker_count
from forecast.errors import InputError, check_kind, suggestion
from forecast.outcomes.by_path import BY_PATH
from forecast.paths import Paths, Work
from forecast.scenario import Scenario

MOST_PATHS = 100_000_000
ENGINES = ("local", "dask")


def simulate(
    scenario: Scenario,
    n_paths: int = 10_000,
    seed: int = 7,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    keep_months: Iterable[int] = (),
    engine: str = "local",
    scheduler: str | None = None,
    keep_more: Iterable[str] = (),
) -> Paths:
    """Return the paths of a scenario; the same scenario, paths and seed give the same bits on any threads and engine.

    Args:
        scenario: what to simulate.
        n_paths: number of paths, 1 to 10⁸; more paths keep the first ones.
        seed: whole number ≥ 0 that names the chance shared by all scenarios.
        threads: workers; by default $FORECAST_THREADS or the number of processors.
        progress: called with the number of paths of each block that is done.
        keep_months: months, 0 to the horizon, whose value on every path is kept for each fan, beside the histograms.
        engine: local (this machine's processors) or dask (a cluster).
        scheduler: address of a Dask scheduler; without it the dask engine starts a cluster on this machine.
        keep_more: outcomes by path, "price_rank[deepseek:open-frontier]", that are kept in those months too if in the market.

    Raises:
        InputError: a number is out of range, or the engine cannot be had.
    """
    check_kind("scenario", scenario, Scenario, "what load_scenario returned")
    check_kind("keep_months", keep_months, Iterable, "a list of months")
    check_kind("keep_more", keep_more, Iterable, "a list of outcomes")
    workers = worker_count(threads)
    check_chance(n_paths, seed, MOST_PATHS)
    kept = set(keep_months)
    for month in kept:
        check_number("keep_months", month, 0, scenario.months)
    more = tuple(sorted(set(map(str, keep_more))))
    if wrong := next((each for each in more if each.partition("[")[0] not in BY_PATH), None):
        raise InputError(
            f'keep_more "{wrong}": one of {", ".join(BY_PATH)} with its entity in [] is allowed.'
            f"{suggestion(wrong.partition('[')[0], BY_PATH)} Correct it."
        )
    if engine not in ENGINES:
        raise InputError(f'engine "{engine}": one of {", ".join(ENGINES)} is allowed. Correct it.')
    if scheduler is not None and engine != "dask":
        raise InputError(f"--scheduler {scheduler}: only the dask engine has one. Add --engine dask.")

    def done(block: int) -> None:
        if progress:
            progress(paths_in(block, n_paths))

    work = Work(scenario, seed, n_paths, tuple(sorted(kept)), more)
    if engine == "local":
        return run_local(work, workers, done)
    from forecast.engines.cluster import run_on_cluster

    return run_on_cluster(work, workers, done, scheduler)
