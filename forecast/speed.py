"""Tokens per second: the roofline applied to the rows of an accelerator and a served model.

A *deployment* is a served model on so many accelerators at one precision. Its throughput is a median with the
spread of the fit (`throughput_log_sd`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from forecast.equations import roofline, served_model
from forecast.equations.batching import group_sizes
from forecast.errors import InputError, suggestion
from forecast.scenario import Scenario
from forecast.tables import Row

Array = NDArray[np.float64]

USABLE_MEMORY_FRAC = 0.9  # the rest holds activations and the runtime
MOST_ACCELERATORS = 64.0  # wider groups change little and leave the fitted range
BATCH_GRID: Array = np.unique(np.round(2.0 ** np.arange(0, 14.01, 0.25)))
KV_COLUMNS = (
    "kv_full_elements_per_token kv_sparse_elements_per_token kv_sparse_read_tokens kv_window_elements_per_token "
    "kv_window_tokens kv_index_elements_per_token kv_state_bytes_per_seq"
).split()
SPECIFICATIONS = (
    "memory_bandwidth_tb_per_s fp16_dense_tflops fp8_dense_tflops fp4_dense_tflops power_kw tdp_watts".split()
)


@dataclass(frozen=True)
class Throughput:
    """What a deployment achieves at the median, with the spread of the fit."""

    accelerators: float
    precision: str
    batch: float
    step_s: float  # between two tokens of a sequence, prefill running elsewhere
    output_tok_per_s: float  # per accelerator, decoding and prefill interleaved as in a benchmark
    decode_tok_per_s: float  # per accelerator, decoding alone (prefill runs elsewhere)
    input_tok_per_s: float  # per accelerator, prefill alone
    log_sd: float


def efficiency_family(accelerator: Row) -> str:
    """Return the family of fitted efficiencies: NVIDIA parts split at the arrival of four-bit arithmetic."""
    if accelerator["family"] == "nvidia":
        return "nvidia-blackwell" if accelerator["fp4_dense_tflops"] else "nvidia-hopper"
    return str(accelerator["family"])


def native_precision(served_model: Row) -> str:
    """Return the precision in which a model's weights are published."""
    text = str(served_model["native_weights"])
    return next(
        (
            p
            for prefix, p in (("fp4", "fp4"), ("mxfp4", "fp4"), ("int4", "int4"), ("fp8", "fp8"))
            if text.startswith(prefix)
        ),
        "bf16",
    )


def best_precision(accelerator: Row) -> str:
    """Return the narrowest precision for which an accelerator has arithmetic."""
    narrow = (("fp4_dense_tflops", "fp4"), ("fp8_dense_tflops", "fp8"))
    return next((precision for column, precision in narrow if accelerator[column]), "bf16")


def resolve(scenario: Scenario, kind: str, name: str) -> str:
    """Return the stable name of an accelerator, model or provider, whatever the capitals or alias.

    Raises:
        InputError: the name is unknown; the nearest known one is suggested.
    """
    table, column = {"accelerator": ("accelerators", "name"), "model": ("served_models", "model")}[kind]
    known = {str(row[column]).lower(): str(row[column]) for row in scenario.tables[table]}
    aliases = {row["alias"].lower(): row["name"] for row in scenario.tables["aliases"] if row["kind"] == kind}
    wanted = name.strip().lower()
    found = known.get(wanted) or known.get(aliases.get(wanted, ""))
    if found:
        return found
    raise InputError(f'no {kind} "{name}" known at {scenario.as_of}.{suggestion(wanted, [*known, *aliases])}')


def number(scenario: Scenario, table: str, entity: str, column: str) -> float:
    """Return the median of an input, or nan where the table leaves it empty."""
    item = scenario.inputs.get(f"{table}.{entity}.{column}")
    return float("nan") if item is None else item.value.median()


def throughput(
    scenario: Scenario,
    accelerator: str,
    model: str,
    *,
    input_tokens: float,
    output_tokens: float,
    precision: str | None = None,
    accelerators: float | None = None,
    concurrency: float | None = None,
    latency_s: float = 0.05,
    draft_tokens: float = 0.0,
    acceptance_frac: float = 0.0,
) -> Throughput:
    """Return the median throughput of a deployment.

    Without `accelerators` the best power of two up to the scale-up domain is taken; without `concurrency` the
    largest batch that fits memory and meets `latency_s` between two tokens, whichever yields most.

    Args:
        input_tokens, output_tokens: length of a request.
        precision: of the weights; None is the best the accelerator supports.
        accelerators, concurrency: size of the group and sequences served at once.
        latency_s: slowest step between two tokens.
        draft_tokens, acceptance_frac: speculative decoding; 0 is none.

    Raises:
        InputError: a part of the accelerator is unknown, or the model does not fit.
    """
    part = scenario.rows["accelerators"][accelerator]
    served = scenario.tables["served_models"].latest("model")[model]
    spec = {column: number(scenario, "accelerators", accelerator, column) for column in SPECIFICATIONS}
    precision = precision or best_precision(part)
    if precision not in served_model.BYTES_PER_WEIGHT:
        known = ", ".join(served_model.BYTES_PER_WEIGHT)
        raise InputError(
            f'precision "{precision}": one of {known}.{suggestion(precision, served_model.BYTES_PER_WEIGHT)}'
        )
    peak = served_model.peak_tflops(
        precision, spec["fp16_dense_tflops"], spec["fp8_dense_tflops"], spec["fp4_dense_tflops"]
    )
    if not part["memory_gb"] or np.isnan(spec["memory_bandwidth_tb_per_s"]) or np.isnan(peak):
        reason = "it was cancelled" if part["cancelled"] else "memory, bandwidth and FLOP/s are required"
        raise InputError(f"accelerator {accelerator}: no specification to compute with; {reason}. Choose another.")
    moe = served["experts_count"] > 0
    entity = f"{efficiency_family(part)}:{'moe' if moe else 'dense'}"
    fit = {c: number(scenario, "efficiency", entity, c) for c in EFFICIENCIES}

    weight_bytes = served_model.bytes_per_weight(precision, native_precision(served))
    kv_bytes = 2.0 if precision in ("bf16", "fp16") else 1.0
    footprint = served["total_computed_b"] * weight_bytes
    full, sparse, sparse_tokens, window, window_tokens, index, state = (float(served[c] or 0) for c in KV_COLUMNS)
    context, length = input_tokens + output_tokens / 2, input_tokens + output_tokens
    kv_read = served_model.kv_read_gb(
        context, full, sparse, sparse_tokens, window, window_tokens, index, state, kv_bytes, 1.0
    )
    kv_held = served_model.kv_cached_gb(length, full, window, window_tokens, index, state, kv_bytes, 1.0)
    elements = served_model.kv_read_elements(context, full, sparse, sparse_tokens, window, window_tokens)
    decode = served_model.decode_gflop_per_token(
        served["active_computed_b"], served["attn_flops_per_kv_element"] or 0.0, elements
    )
    prefill = served_model.prefill_gflop_per_token(
        served["active_computed_b"], served["prefill_attn_flops_per_pair"] or 0.0, input_tokens, sparse_tokens)  # fmt: skip
    accepted = roofline.accepted_tokens_per_step(acceptance_frac, draft_tokens)

    least = float(roofline.minimum_accelerators(footprint + kv_held, part["memory_gb"], USABLE_MEMORY_FRAC))
    if accelerators is not None and accelerators < least and concurrency is None:
        raise InputError(
            f"{model} at {precision} takes {footprint:.0f} GB: {accelerators:g} × {accelerator} hold "
            f"{accelerators * part['memory_gb'] * USABLE_MEMORY_FRAC:.0f} GB. Use at least {least:.0f} accelerators."
        )
    count, batch = _group_sizes(part, least, accelerators)[:, None], BATCH_GRID[None, :]
    if concurrency is not None:
        batch = np.array([[float(concurrency)]])
    step = partial(
        roofline.decode_step_s,
        layers_count=float(served["layers_count"]),
        concurrency=batch,
        accelerators_count=count,
        weights_gb=served_model.weights_read_gb(
            served["dense_params_b"], served["expert_params_b"], float(served["experts_per_token"]),
            float(served["experts_count"]), batch * (1 + draft_tokens), weight_bytes),
        kv_gb_per_sequence=kv_read,
        decode_gflop_per_token=decode,
        prefill_gflop_per_token=prefill,
        draft_tokens=draft_tokens,
        acceptance_frac=acceptance_frac,
        memory_bandwidth_tb_per_s=spec["memory_bandwidth_tb_per_s"],
        peak_tflops=peak,
        **{k: fit[k] for k in EFFICIENCIES if k not in ("prefill_mfu_frac", *SOFTWARE)},
    )  # fmt: skip
    mixed_s = np.asarray(step(input_per_output_ratio=input_tokens / output_tokens))
    alone_s = np.asarray(step(input_per_output_ratio=0.0))
    rate = np.asarray(roofline.output_tok_per_s_per_accelerator(batch, mixed_s, count, accepted))
    if concurrency is None:
        held = roofline.largest_batch_by_memory(part["memory_gb"], count, footprint, kv_held, USABLE_MEMORY_FRAC)
        allowed = (batch <= held) & (alone_s / accepted <= latency_s)
        rate = np.where(allowed, rate, np.where(batch == 1, rate * 1e-6, 0.0))  # nothing meets it: one at a time
    best = np.unravel_index(int(np.argmax(rate)), rate.shape)
    chosen, sequences = float(count[best[0], 0]), float(batch[0, best[1]])
    return Throughput(
        accelerators=chosen,
        precision=precision,
        batch=sequences,
        step_s=float(alone_s[best]),
        output_tok_per_s=float(roofline.output_tok_per_s_per_accelerator(sequences, mixed_s[best], chosen, accepted)),
        decode_tok_per_s=float(roofline.output_tok_per_s_per_accelerator(sequences, alone_s[best], chosen, accepted)),
        input_tok_per_s=float(
            1 / (chosen * roofline.prefill_s_per_token(prefill, chosen, peak, fit["prefill_mfu_frac"]))
        ),
        log_sd=fit["throughput_log_sd"],
    )


SOFTWARE = ("throughput_log_sd", "maturity_gain_frac", "maturity_months")
EFFICIENCIES = (
    "mbu_weights_frac mbu_kv_frac mfu_frac prefill_mfu_frac overhead_base_s overhead_per_log2_s prefill_interference"
).split() + list(SOFTWARE)


def _group_sizes(part: Row, least: float, wanted: float | None) -> Array:
    if wanted is not None:
        return np.array([float(wanted)])
    return group_sizes(least, float(part["scaleup_count"] or 1), MOST_ACCELERATORS)
