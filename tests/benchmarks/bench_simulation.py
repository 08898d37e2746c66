"""How fast the engine is, against two yardsticks that this machine sets itself.

    python tests/benchmarks/bench_simulation.py [--paths 10000] [--months 60] [--threads 1,2] [--scenario base]

Prints, for each number of threads, the seconds of a simulation, path-months per second, and the ratio to drawing
the same random numbers alone by NumPy's own calls: same streams, same counts, same threads, nothing done with them. Then the time of a
cold `forecast run` over that of a Python that only imports numpy and pandas. Medians; nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL
from forecast.chance import MARKET_NORMALS, PROVIDER_UNIFORMS, SEGMENT_NORMALS, Chance
from forecast.draws import BLOCK_PATHS, Draws, blocks_of
from forecast.march import march
from forecast.market.names import Names, market_names
from forecast.scenario import Scenario, load_scenario
from forecast.simulation import simulate

SEED = 7
CHECKOUT = Path(__file__).parents[2]


def draw_block(scenario: Scenario, names: Names, addresses: list[str], block: int) -> None:
    """Draw what `march` draws for one block by NumPy's own calls, its uncertain inputs first, and drop it."""
    draws = Draws(scenario, SEED, block)
    for address in addresses:
        draws._order(address)
    streams = Chance(draws, names).streams
    normals, (regime,) = streams["attraction"], streams["regime"]
    uniforms = [stream for purpose in PROVIDER_UNIFORMS for stream in streams[purpose]]
    market = [stream for purpose in (*MARKET_NORMALS, *SEGMENT_NORMALS) for stream in streams[purpose]]
    normal = np.empty((len(normals), BLOCK_PATHS), REAL)
    uniform = np.empty((len(uniforms), BLOCK_PATHS), REAL)
    for _ in range(scenario.months):
        for row, generator in zip(normal, normals, strict=True):
            generator.standard_normal(out=row, dtype=REAL)
        for row, generator in zip(uniform, uniforms, strict=True):
            generator.random(out=row, dtype=REAL)
        regime.random(BLOCK_PATHS, REAL)
        for generator in market:
            generator.standard_normal(BLOCK_PATHS, REAL)


def draw_alone(scenario: Scenario, names: Names, addresses: list[str], n_paths: int, threads: int) -> None:
    """Draw the random numbers of a whole simulation over threads, as `simulate` shares out its blocks."""
    blocks = blocks_of(n_paths)
    if threads == 1:
        for block in blocks:
            draw_block(scenario, names, addresses, block)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda block: draw_block(scenario, names, addresses, block), blocks))


def addresses_drawn(scenario: Scenario, names: Names) -> list[str]:
    """Return the addresses of the uncertain inputs that a block draws: one permutation each."""
    found: list[str] = []

    class Noted(Draws):
        def _order(self, address: str) -> NDArray[np.int64]:
            found.append(address)
            return super()._order(address)

    march(replace(scenario, months=1), names, Noted(scenario, SEED, 0))
    return found


def numbers_drawn(names: Names, months: int) -> tuple[int, int]:
    """Return the normals and uniforms that one path takes in its months."""
    providers, segments = len(names.providers), len(names.segments)
    uniforms = (len(PROVIDER_UNIFORMS) - 1) * providers + len(names.providers[names.own_cash]) + 1  # of funding fewer
    return (providers + 2 + 2 * segments) * months, uniforms * months


def paired_seconds(
    first: Callable[[], object], second: Callable[[], object], repeats: int
) -> tuple[float, float, float]:
    """Return the medians of two pieces of work done in turn, and the median of their ratios pair by pair.

    The machine's speed drifts: only neighbours in time are compared. One pair before warms caches.
    """
    pairs = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        first()
        middle = time.perf_counter()
        second()
        pairs.append((middle - start, time.perf_counter() - middle))
    ones, others = zip(*pairs[1:], strict=True)
    ratios = [one / other for one, other in pairs[1:]]
    return statistics.median(ones), statistics.median(others), statistics.median(ratios)


def command(*words: str) -> None:
    """Run a command in a fresh process and an empty folder; raise with its message where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NO_COLOR": "1", "PYTHONPATH": str(CHECKOUT)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # numpy and pandas were compiled when they were installed
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def main() -> int:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--paths", type=int, default=10_000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--threads", default="1,2", help="numbers of threads, separated by commas")
    parser.add_argument("--scenario", default="base")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()

    scenario = load_scenario(options.scenario, months=options.months)
    names = market_names(scenario)
    normals, uniforms = numbers_drawn(names, options.months)
    addresses = addresses_drawn(scenario, names)
    # Whole blocks are computed whatever the number of paths: they are what is paid for.
    computed = len(blocks_of(options.paths)) * BLOCK_PATHS
    print(
        f"{options.scenario}: {computed} paths × {options.months} months × {len(names.providers)} providers, "
        f"{normals} normals, {uniforms} uniforms and {len(addresses)} uncertain inputs a path; median of {options.repeats}"
    )
    for threads in (int(text) for text in options.threads.split(",")):

        def run(threads: int = threads) -> object:
            return simulate(scenario, n_paths=options.paths, seed=SEED, threads=threads)

        def alone(threads: int = threads) -> None:
            draw_alone(scenario, names, addresses, options.paths, threads)

        simulated, drawn, ratio = paired_seconds(run, alone, options.repeats)
        print(
            f"threads {threads}: simulate {simulated:.3f} s, "
            f"{computed * options.months / simulated:,.0f} path-months/s; "
            f"draws alone {drawn:.3f} s; ratio {ratio:.2f}"
        )

    program = Path(sys.executable).parent / "forecast"
    start = [str(program)] if program.exists() else [sys.executable, "-m", "forecast"]
    words = ["run", options.scenario, "--paths", str(options.paths), "--months", str(options.months), "--quiet"]
    try:
        cold, bare, ratio = paired_seconds(
            lambda: command(*start, *words),
            lambda: command(sys.executable, "-c", "import numpy, pandas"),
            2 * options.repeats,
        )
    except RuntimeError as error:
        print(f"cold run not measured: {error}", file=sys.stderr)
        return 1
    print(f"cold: forecast run {cold:.3f} s; import numpy, pandas {bare:.3f} s; ratio {ratio:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
