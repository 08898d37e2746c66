"""Serving stacks: how fast each is beside the mixture of all."""

from __future__ import annotations

from collections import defaultdict
from math import exp, log

from forecast.measured_runs import stack_of
from forecast.scenario import Scenario
from forecast.serving.workloads import number

SMALL_BATCH, LARGE_BATCH = 8.0, 64.0


def over_mixture(scenario: Scenario, stack: str, batch: float) -> float:
    """Return a stack's rate over that of the mixture of stacks the efficiencies were fitted to, at a batch.

    Between eight and 64 sequences the two ratios are blended in the logarithm of the batch.
    """
    counts: dict[str, int] = defaultdict(int)
    for row in scenario.tables["throughput"]:
        if (name := stack_of(row["framework"])) in scenario.rows["serving_stacks"] and name:
            counts[name] += 1
    ratio = {name: _ratio(scenario, name, batch) for name in scenario.rows["serving_stacks"]}
    total = sum(counts.values())
    mean = sum(count * log(ratio[name]) for name, count in counts.items()) / total if total else 0.0
    return ratio[stack] / exp(mean)


def _ratio(scenario: Scenario, stack: str, batch: float) -> float:
    small, large = (number(scenario, "serving_stacks", stack, f"{size}_batch_ratio") for size in ("small", "large"))
    share = (log(max(batch, 1.0)) - log(SMALL_BATCH)) / (log(LARGE_BATCH) - log(SMALL_BATCH))
    share = min(1.0, max(0.0, share))
    return exp((1.0 - share) * log(small) + share * log(large))
