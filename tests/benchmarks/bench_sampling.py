"""What the Sobol sequence of the inputs gains: the scatter of headlines over seeds, against plain Monte Carlo.

    python tests/benchmarks/bench_sampling.py [--seeds 60] [--months 60]

Everything but the order of the uncertain inputs is the same: the months' luck has the same streams. Prints, for each
headline, how many times more paths plain Monte Carlo would need for the error of a Latin hypercube and of the sequence.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from forecast.draws import BLOCK_PATHS, Draws
from forecast.march import march
from forecast.market.names import market_names
from forecast.paths import Work, no_paths
from forecast.scenario import load_scenario
from forecast.sensitivity.asked import parse_asked

HEADLINES = (
    "market_price:commodity", "price_to_floor_ratio:commodity", "floor:closed-frontier", "rent@24", "top5_tokens_frac",
    "out_of_cash:groq@24", "out_of_cash:mistral@24", "exit:together",
)  # fmt: skip


class Plain(Draws):
    """Inputs drawn independently on each path."""

    def _order(self, address: str) -> NDArray[np.int64]:
        return self.stream(f"input:{address}", "plain").integers(0, BLOCK_PATHS, BLOCK_PATHS)


class Stratified(Draws):
    """Inputs drawn by Latin hypercube."""

    def _order(self, address: str) -> NDArray[np.int64]:
        return self.stream(f"input:{address}", "order").permutation(BLOCK_PATHS)


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--months", type=int, default=60)
    options = parser.parse_args()
    scenario = load_scenario("base", months=options.months)
    names = market_names(scenario)
    asked = [parse_asked(text, names, options.months) for text in HEADLINES]
    months = tuple(sorted({each.month for each in asked}))
    found = {}
    for made in (Plain, Stratified, Draws):
        rows = []
        for seed in range(options.seeds):
            paths = no_paths(Work(scenario, seed, BLOCK_PATHS, months), names)
            paths.add(0, march(scenario, names, made(scenario, seed, 0)))
            values = (each.values(paths) for each in asked)
            rows.append([float(v.mean() if set(np.unique(v)) <= {0, 1} else np.median(v)) for v in values])
        found[made.__name__] = np.var(rows, axis=0, ddof=1)
    relative = np.sqrt(2 / (options.seeds - 1)) * np.sqrt(2)
    print(f"one block of {BLOCK_PATHS} paths, {options.seeds} seeds; ratios are known to {100 * relative:.0f} %")
    print(f"{'headline':36s}{'plain / hypercube':>20s}{'plain / Sobol':>16s}")
    for i, each in enumerate(asked):
        ratios = (found["Plain"][i] / found[other][i] for other in ("Stratified", "Draws"))
        print(f"{each!s:36s}" + "".join(f"{ratio:{width}.2f}" for ratio, width in zip(ratios, (20, 16), strict=True)))


if __name__ == "__main__":
    main()
