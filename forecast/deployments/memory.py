"""What a deployment keeps in memory and reads of it, and how many accelerators hold it."""

from __future__ import annotations

from typing import NamedTuple

from forecast.deployments.variants import served_row
from forecast.equations import roofline, served_model
from forecast.scenario import Scenario
from forecast.serving.groups import USABLE_MEMORY_FRAC
from forecast.serving.workloads import KV_COLUMNS, best_precision, native_precision, number


class Memory(NamedTuple):
    """What a deployment keeps in memory."""

    weights_gb: float
    sequence_gb: float  # cache of one sequence at its longest
    accelerator_gb: float  # of one accelerator
    least_accelerators: float  # hold the weights and one sequence


def read_gb(scenario: Scenario, model: str, precision: str, batch: float) -> float:
    """Return the weights that a decoding step of so many sequences reads, in GB."""
    row = served_row(scenario, model)
    bytes_each = served_model.bytes_per_weight(precision, native_precision(row))
    experts = float(row["experts_per_token"]), float(row["experts_count"])
    return float(
        served_model.weights_read_gb(row["dense_params_b"], row["expert_params_b"], *experts, batch, bytes_each)
    )


def memory_of(scenario: Scenario, accelerator: str, model: str, precision: str | None, length_tokens: float) -> Memory:
    """Return what the weights and one sequence take, and how many accelerators hold both."""
    part, row = scenario.rows["accelerators"][accelerator], served_row(scenario, model)
    precision = precision or best_precision(part)
    weights_gb = row["total_computed_b"] * served_model.bytes_per_weight(precision, native_precision(row))
    full, _, _, window, window_tokens, index, state = (float(row[column] or 0) for column in KV_COLUMNS)
    kv_bytes = served_model.bytes_per_kv(precision)
    sequence_gb = float(served_model.kv_cached_gb(length_tokens, full, window, window_tokens, index, state, kv_bytes))
    accelerator_gb = number(scenario, "accelerators", accelerator, "memory_gb")
    least = roofline.minimum_accelerators(weights_gb + sequence_gb, accelerator_gb, USABLE_MEMORY_FRAC)
    return Memory(float(weights_gb), sequence_gb, accelerator_gb, float(least))
