"""What a deployment asks and what its accelerators give, as columns of numbers: one row a case.

The same columns feed a single answer, a thousand cases and the calibration, so that all three use one equation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.equations import served_model
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving.formats import named_precision, native_precision, precisions, weights_gb
from forecast.serving.kinds import (
    architecture,
    efficiency_family,
    expert_width,
    memory_kind,
    on_market,
    scaleup_count,
    served_models,
)
from forecast.table_files import Row
from forecast.units import GB_PER_TB

Columns = dict[str, Any]  # column name to array of the cases: numbers, or texts for labels

SPECIFICATIONS = "memory_gb memory_bandwidth_tb_per_s scaleup_gb_per_s".split()
SLOWEST_LINK_GB_PER_S = 32.0  # PCIe 4.0: of boards without a printed scale-up link
MOST_CACHED_FRAC = 0.999  # of a prompt: its last tokens are always computed
LEAST_LINK_PER_MEMORY_RATIO = 0.065  # of stacked memory: about the least printed (MI355X 0.067, H800 0.060)


@dataclass(frozen=True)
class Request:
    """One case: stable names, None where the best choice is wanted."""

    accelerator: str
    model: str
    input_tokens: float
    output_tokens: float
    precision: str | None = None
    accelerators: float | None = None
    concurrency: float | None = None
    cached_frac: float = 0.0  # of the prompt, where prefill runs alone

    @property
    def length_tokens(self) -> float:
        """Tokens of one request, input and output."""
        return self.input_tokens + self.output_tokens


def number(scenario: Scenario, table: str, entity: str, column: str) -> float:
    """Return the median of an input, or nan where the table leaves it empty."""
    item = scenario.inputs.get(f"{table}.{entity}.{column}")
    return float("nan") if item is None else item.value.median()


def workloads(scenario: Scenario, requests: Iterable[Request]) -> Columns:
    """Return the columns of many cases.

    Raises:
        InputError: as `workload`.
    """
    models = served_models(scenario)
    return columns_of([workload(scenario, request, models) for request in requests])


def columns_of(rows: Sequence[dict[str, Any]]) -> Columns:
    """Return the columns of cases, each made by `workload`."""
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def workload(scenario: Scenario, request: Request, models: Mapping[str, Row]) -> dict[str, Any]:
    """Return one case, by column; `models` are the `served_models`.

    Raises:
        InputError: a part of the accelerator is unknown, the precision is, or the request is longer than the context.
    """
    part, served = scenario.rows["accelerators"][request.accelerator], models[request.model]
    precision = named_precision(request.precision) or precisions(part)[0]
    stored = served_model.bytes_per_weight(precision, native_precision(served))
    return {
        "accelerator": request.accelerator,
        "model": request.model,
        "family": efficiency_family(part),
        "memory_kind": memory_kind(part),
        "architecture": architecture(served),
        "precision": precision,
        "on_market": on_market(scenario, request.accelerator),
        "accelerators_count": request.accelerators or np.nan,
        "concurrency": request.concurrency or np.nan,
        "input_tokens": request.input_tokens,
        "output_tokens": request.output_tokens,
        **_hardware(scenario, request.accelerator, part, precision, stored),
        **_served(served, request, served_model.bytes_per_kv(precision)),
        "bytes_per_weight": stored,
        **weights_gb(served, precision),
    }


def _hardware(scenario: Scenario, name: str, part: Row, precision: str, stored_bytes: float) -> dict[str, Any]:
    memory_gb, bandwidth, link = (number(scenario, "accelerators", name, column) for column in SPECIFICATIONS)
    peaks = {p: number(scenario, "accelerators", name, f"{p}_dense_tflops") for p in ("fp16", "fp8", "fp4")}
    # Multiplied with eight-bit activations there (TensorRT-LLM pull request 7937); vLLM even widens to sixteen (issue 31085).
    mixed = memory_kind(part) == "gddr" and stored_bytes == served_model.BYTES_PER_WEIGHT["mxfp4"]
    used, peak = served_model.arithmetic("fp8" if mixed and precision == "fp4" else precision, stored_bytes, peaks)
    _, wide = served_model.arithmetic("bf16", 2.0, peaks)
    figures = {"memory": memory_gb, "bandwidth": bandwidth, "peak FLOP/s": peak}
    if missing := [figure for figure, value in figures.items() if np.isnan(value)]:
        raise InputError(_unpublished(scenario, part, f"accelerator {name}", missing))
    if np.isnan(link):
        stacked = str(part["memory_type"] or "").upper().startswith("HBM") * LEAST_LINK_PER_MEMORY_RATIO
        link = max(SLOWEST_LINK_GB_PER_S, stacked * bandwidth * GB_PER_TB)
    return {
        "memory_gb": memory_gb,
        "memory_bandwidth_tb_per_s": bandwidth,
        "arithmetic": used,
        "peak_tflops": peak,
        "attention_tflops": peak if np.isnan(wide) else wide,
        "scaleup_gb_per_s": link,
        "scaleup_count": scaleup_count(part),
    }


def launch_dates(announced_on: object, promised_on: object, expected_on: object) -> str:
    """Return in words when an accelerator to come was announced, and for when it was promised and is expected now."""
    dates = [f"announced {announced_on}", f"promised for {promised_on}" if promised_on else "no date promised"]
    return ", ".join(dates + [f"now expected {expected_on}"] * bool(expected_on))


def _unpublished(scenario: Scenario, part: Row, name: str, missing: list[str]) -> str:
    if part["cancelled"]:
        return f"{name}: it was cancelled as a product (known from {part['as_of']}) and has no specification. Choose another."
    return (
        f"{name}: {launch_dates(part['announced_on'], part['promised_on'], part['available_on'])}; "
        f"{', '.join(missing)} not published by {scenario.as_of}, all required. Choose another."
    )


def _served(served: Row, request: Request, kv_bytes: float) -> dict[str, float]:
    limit = served["max_context_tokens"]
    given, made = request.input_tokens, request.output_tokens
    if limit and request.length_tokens > limit:
        raise InputError(
            f"{request.model}: {given:.0f} input and {made:.0f} output tokens are {request.length_tokens:.0f}; its context is "
            f"{limit} tokens. Shorten the request, or choose a model with a longer context."
        )
    full, sparse, sparse_tokens, window, window_tokens, index, state = (float(served[c] or 0) for c in KV_COLUMNS)
    context = given + made / 2  # halfway through an answer: sequences of a continuous batch are at all stages
    elements = served_model.kv_read_elements(context, full, sparse, sparse_tokens, window, window_tokens)
    attention = served["attn_flops_per_kv_element"] or 0.0
    active = float(served["active_computed_b"])
    pairs = served["prefill_attn_flops_per_pair"] or 0.0
    held_gb, whole_gb = (
        float(served_model.kv_cached_gb(tokens, full, window, window_tokens, index, state, kv_bytes))
        for tokens in (context, given + made)
    )
    whole, rest = (
        float(served_model.prefill_gflop_per_token(active, pairs, given, sparse_tokens, frac))
        for frac in (0.0, min(request.cached_frac, MOST_CACHED_FRAC))
    )
    return {
        "moe": float(served["experts_count"] > 0),
        "indexed": float(index > 0),
        "expert_width": expert_width(served),
        **{c: float(served[c]) for c in MODEL_COLUMNS},
        "context_tokens": context,
        "kv_gb_per_sequence": float(served_model.kv_read_gb(elements, context, index, state, kv_bytes)),
        "kv_held_gb": held_gb,
        "kv_whole_gb": whole_gb,  # of a sequence whose answer is done
        "weight_gflop_per_token": 2.0 * active,
        "decode_attention_gflop": float(served_model.attention_gflop_per_token(attention, elements)),
        "prefill_attention_gflop": whole - 2.0 * active,
        "uncached_attention_gflop": rest - 2.0 * active,
    }  # fmt: skip


KV_COLUMNS = (
    "kv_full_elements_per_token kv_sparse_elements_per_token kv_sparse_read_tokens kv_window_elements_per_token "
    "kv_window_tokens kv_index_elements_per_token kv_state_bytes_per_seq"
).split()
MODEL_COLUMNS = ("layers_count hidden_size kv_heads_count total_computed_b experts_per_token experts_count").split()
