"""How the time of a simulation grows with paths, months and providers: the exponent of each, fitted to medians.

    python tests/benchmarks/bench_scaling.py [--repeats 5]

An exponent of 1 is linear. Providers are multiplied by copies of their rows under other names. Also prints the largest
memory of a run of many paths. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import csv
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from forecast.scenario import Scenario, load_scenario
from forecast.simulation import simulate
from forecast.tables import load_tables, shipped_directory

COPIED = ("providers", "provider_finances", "offers", "fits")


def copy_of(row: dict[str, str], copy: int, single: set[str]) -> dict[str, str] | None:
    """Return a row, or a fit, of a provider under another name; None for those of which there is one only."""
    if "key" in row:
        table, provider, *rest = row["key"].split(".")
        if table not in ("providers", "provider_finances") or provider in single:
            return None
        return row | {"key": ".".join([table, f"{provider}-{copy}", *rest])}
    return None if row["provider"] in single else row | {"provider": f"{row['provider']}-{copy}"}


def with_copies(folder: Path, times: int) -> Scenario:
    """Return the base scenario with each provider that has no parent, and is no cloud, so many times."""
    data = shipped_directory("data")
    with (data / "cloud_finances.csv").open() as source:
        clouds = {row["provider"] for row in csv.DictReader(source)}
    for table in COPIED:
        with (data / f"{table}.csv").open() as source:
            rows = list(csv.DictReader(source))
        more = [
            copied for copy in range(1, times) for row in rows if (copied := copy_of(row, copy, {*clouds, "fringe"}))
        ]
        with (folder / f"{table}.csv").open("w", newline="") as target:
            writer = csv.DictWriter(target, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows + more)
    return load_scenario("base", load_tables(folder))


def exponent(sizes: list[float], run: Callable[[int], object], repeats: int) -> tuple[float, list[float]]:
    """Return the slope of log time over log size, and the median seconds of each size, measured in turn."""
    seconds: list[list[float]] = [[] for _ in sizes]
    for _ in range(repeats + 1):
        for i in range(len(sizes)):
            start = time.perf_counter()
            run(i)
            seconds[i].append(time.perf_counter() - start)
    medians = [statistics.median(each[1:]) for each in seconds]
    return float(np.polyfit(np.log(sizes), np.log(medians), 1)[0]), medians


def show(name: str, sizes: list[float], found: tuple[float, list[float]]) -> None:
    """Print one line."""
    print(f"{name:10s} {[int(size) for size in sizes]} → {[round(s, 2) for s in found[1]]} s, exponent {found[0]:.2f}")


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--many", type=int, default=200_000, help="paths of the run whose memory is measured")
    repeats = parser.parse_args().repeats
    base = load_scenario("base")
    paths = [10_000.0, 20_000.0, 40_000.0]
    show("paths", paths, exponent(paths, lambda i: simulate(base, int(paths[i]), threads=1), repeats))
    months = [30.0, 60.0, 120.0]
    scenarios = [load_scenario("base", months=int(m)) for m in months]
    show("months", months, exponent(months, lambda i: simulate(scenarios[i], 10_000, threads=1), repeats))
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for times in (1, 2, 4):
            place = Path(folder, str(times))
            place.mkdir()
            made.append(with_copies(place, times))
        providers = [float(len(each.entities("providers"))) for each in made]
        show("providers", providers, exponent(providers, lambda i: simulate(made[i], 10_000, threads=1), repeats))
    many = parser.parse_args().many
    code = f"from forecast.scenario import load_scenario as l; from forecast.simulation import simulate as s; s(l(), {many}, threads=2)"
    subprocess.run([sys.executable, "-c", code], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"memory     {many:,} paths on two workers: {peak:.0f} MiB at most in a process")


if __name__ == "__main__":
    main()
