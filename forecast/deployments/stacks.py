"""Serving stacks: which software a measured row ran on, and how stacks compare where both were measured."""

from __future__ import annotations

from collections import defaultdict
from math import exp, log
from statistics import median

from forecast.measured_runs import other_system
from forecast.scenario import Scenario
from forecast.serving.workloads import number
from forecast.tables import Tables

CELL = "accelerator model precision input_tokens output_tokens concurrency accelerator_count".split()
SMALL_BATCH, LARGE_BATCH = 8.0, 64.0
WORDS = (("sglang", "sglang"), ("vllm", "vllm"), ("trt", "tensorrt-llm"), ("tensorrt", "tensorrt-llm"), ("tgi", "tgi"))


def stack_of(framework: str | None) -> str | None:
    """Return the stack that a framework's printed name stands for, None where it names two or none we know.

    >>> stack_of("vllm 0.19.0"), stack_of("TensorRT 10.11, CUDA 12.9"), stack_of("vLLM/TRT")
    ('vllm', 'tensorrt-llm', None)
    """
    name = (framework or "").lower()
    found = {stack for word, stack in WORDS if word in name}
    return found.pop() if len(found) == 1 else None


def best_in_cells(tables: Tables) -> dict[tuple[object, ...], dict[str, float]]:
    """Return for each cell of throughput.csv with a known batch the best rate of each stack, no tokens drafted."""
    cells: dict[tuple[object, ...], dict[str, float]] = defaultdict(dict)
    for row in tables["throughput"]:
        stack = stack_of(row["framework"])
        measured = row["scenario"] == "concurrency" and row["status"] != "claim"
        if stack and measured and not other_system(row["framework"]):
            cell = cells[tuple(row[column] for column in CELL)]
            cell[stack] = max(cell.get(stack, 0.0), row["output_tok_per_s_per_accelerator"])
    return cells


def median_ratio(tables: Tables, stack: str, other: str, low: float = 0.0, high: float = 1e9) -> tuple[float, int]:
    """Return the median ratio of two stacks in the cells both have, at batches from `low` to `high`, and their number."""
    at = CELL.index("concurrency")
    logs = [
        log(rates[stack] / rates[other])
        for cell, rates in best_in_cells(tables).items()
        if stack in rates and other in rates and low <= float(str(cell[at])) <= high
    ]
    return (exp(median(logs)) if logs else float("nan")), len(logs)


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
