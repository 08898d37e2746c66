"""Tokens per second: the fitted step applied to deployments, one or a thousand at a time.

A *deployment* is a served model on so many accelerators at one precision. Its throughput is a median with the
spread of the fit (`log_sd`), wider where the accelerator or the model was never measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.effects import Columns, log_factors
from forecast.equations import roofline, served_model, step
from forecast.errors import InputError, suggestion
from forecast.scenario import Scenario
from forecast.workloads import (
    KV_COLUMNS,
    Request,
    best_precision,
    efficiency_family,
    native_precision,
    number,
    workloads,
)

__all__ = [  # what rooms above ask of a deployment, wherever it is worked out
    "KV_COLUMNS",
    "USABLE_MEMORY_FRAC",
    "Throughput",
    "best_precision",
    "efficiency_family",
    "native_precision",
    "number",
    "resolve",
    "throughput",
    "throughputs",
]

Array = NDArray[np.float64]

USABLE_MEMORY_FRAC = 0.9  # the rest holds activations and the runtime
TIGHTEST_MEMORY_FRAC = 0.97  # engines were measured that fill so much, where group and batch are set by hand
LARGEST_BATCH = 8192.0  # of one engine; more sequences wait
SMALLEST_OFFLINE_BATCH = 8.0  # a group that holds fewer is too small to be chosen
GROUPS: Array = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])  # up to 64: wider groups change little
WIDEST_ENGINE = 8.0  # measured engines are no wider: a larger group is several that share their experts
BATCH_SHARES: Array = 2.0 ** (-np.arange(0, 53) / 4)  # of the largest batch that fits


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

    Without `concurrency` the largest batch that fits memory and meets `latency_s` between two tokens is taken, and
    the group of accelerators (within a scale-up domain, or as many as hold the weights) that yields most with it.

    Args:
        input_tokens, output_tokens: length of a request.
        precision: of the weights; None is the best the accelerator supports.
        accelerators, concurrency: size of the group and sequences served at once.
        latency_s: slowest step between two tokens; infinite is offline.
        draft_tokens, acceptance_frac: speculative decoding; 0 is none.

    Raises:
        InputError: a part of the accelerator is unknown, or the model does not fit.
    """
    request = Request(accelerator, model, input_tokens, output_tokens, precision, accelerators, concurrency)
    columns = workloads(scenario, [request])
    if problem := misfits(columns)[0]:
        raise InputError(problem)
    return throughputs(effect_values(scenario), columns, latency_s, draft_tokens, acceptance_frac)[0]


def effect_values(scenario: Scenario) -> dict[str, float]:
    """Return the median of every fitted effect, by `term:feature:level`."""
    return {
        name: scenario.inputs[f"throughput_effects.{name}.value"].value.median()
        for name in scenario.rows["throughput_effects"]
    }


def misfits(columns: Columns) -> list[str | None]:
    """Return for each case why its model does not fit the accelerators given, or None."""
    found: list[str | None] = []
    weights_gb = columns["total_computed_b"] * columns["bytes_per_weight"]
    needed = np.asarray(roofline.minimum_accelerators(weights_gb, columns["memory_gb"], TIGHTEST_MEMORY_FRAC))
    for i, given in enumerate(columns["accelerators_count"]):
        held = given * columns["memory_gb"][i] * TIGHTEST_MEMORY_FRAC
        found.append(
            None if np.isnan(given) or given >= needed[i] else
            f"{columns['model'][i]} at {columns['precision'][i]} takes {weights_gb[i]:.0f} GB: {given:g} × "
            f"{columns['accelerator'][i]} hold {held:.0f} GB. Use at least {needed[i]:.0f} accelerators."
        )  # fmt: skip
    return found


def least_accelerators(columns: Columns) -> Array:
    """Return the accelerators that hold the weights and one sequence."""
    gb = columns["total_computed_b"] * columns["bytes_per_weight"] + columns["kv_held_gb"]
    return np.asarray(roofline.minimum_accelerators(gb, columns["memory_gb"], USABLE_MEMORY_FRAC))


def group_sizes(columns: Columns) -> tuple[Array, NDArray[np.bool_]]:
    """Return sizes of the group to try in each case, `[case, size]`, and which of them hold the model."""
    given, least = columns["accelerators_count"][:, None], least_accelerators(columns)[:, None]
    fixed = ~np.isnan(given) & ~np.isnan(columns["concurrency"][:, None])
    domain = np.minimum(columns["scaleup_count"][:, None], GROUPS[-1])
    most = np.where(np.isnan(given), domain, np.minimum(given, WIDEST_ENGINE))
    sizes = np.where(fixed, given, np.broadcast_to(GROUPS, (len(given), len(GROUPS))))
    roomy = (sizes <= most) & (largest_batch(columns, sizes) >= SMALLEST_OFFLINE_BATCH)
    holding = (sizes <= most) & (sizes >= least)
    allowed = np.where(roomy.any(axis=1, keepdims=True), roomy, holding) | fixed
    none = ~allowed.any(axis=1)
    sizes[none], allowed[none] = np.fmin(least, np.nan_to_num(given, nan=np.inf))[none], True
    return sizes, allowed


def engines(columns: Columns, sizes: Array) -> Array:
    """Return the engines a group is made of: a mixture of experts on more than eight accelerators is several."""
    wide, moe = (a.reshape(len(sizes), *[1] * (sizes.ndim - 1)) for a in (least_accelerators(columns), columns["moe"]))
    found: Array = np.where(moe > 0, np.maximum(1.0, sizes / np.maximum(WIDEST_ENGINE, wide)), 1.0)
    return found


def largest_batch(columns: Columns, sizes: Array) -> Array:
    """Return the sequences whose cache fits beside the weights of a group, at most `LARGEST_BATCH`."""
    more = columns["dense_params_b"][:, None] * (engines(columns, sizes) - 1)
    gb = (columns["total_computed_b"][:, None] + more) * columns["bytes_per_weight"][:, None]
    held = columns["kv_held_gb"][:, None]
    usable = np.where(np.isnan(columns["concurrency"]), USABLE_MEMORY_FRAC, TIGHTEST_MEMORY_FRAC)[:, None]
    fits = roofline.largest_batch_by_memory(columns["memory_gb"][:, None], sizes, gb, held, usable)
    return np.minimum(np.asarray(fits), LARGEST_BATCH * engines(columns, sizes))


def step_terms(
    columns: Columns, sizes: Array, batch: Array, ratio: Array, verified: float = 1.0, accepted: float = 1.0
) -> dict[str, Array]:
    """Return the terms of a step at the printed peaks; every array is `[case, …]`, broadcast against the columns."""
    wide = {name: column.reshape(len(column), *[1] * (batch.ndim - 1)) for name, column in columns.items()}
    touched = served_model.expert_fraction_touched(batch * verified, wide["experts_per_token"], wide["experts_count"])
    names = (
        "layers_count hidden_size kv_heads_count kv_gb_per_sequence weight_gflop_per_token decode_attention_gflop "
        "prefill_attention_gflop memory_bandwidth_tb_per_s peak_tflops attention_tflops scaleup_gb_per_s"
    ).split()
    found = step.step_terms_s(
        concurrency=batch,
        accelerators_count=sizes,
        engines_count=engines(columns, sizes),
        input_per_output_ratio=ratio,
        dense_gb=wide["bytes_per_weight"] * wide["dense_params_b"],
        expert_gb=wide["bytes_per_weight"] * wide["expert_params_b"] * touched,
        verified_tokens=verified,
        accepted_tokens=accepted,
        **{name: wide[name] for name in names},
    )
    return {name: np.asarray(value) for name, value in found.items()}


def throughputs(
    values: Mapping[str, float], columns: Columns, latency_s: float, draft_tokens: float = 0.0,
    acceptance_frac: float = 0.0,
) -> list[Throughput]:  # fmt: skip
    """Return the throughput of each case, the best group and batch chosen where none is given."""
    accepted = float(roofline.accepted_tokens_per_step(acceptance_frac, draft_tokens))
    sizes, allowed = group_sizes(columns)
    free = np.isnan(columns["concurrency"])
    cap, sizes = np.maximum(largest_batch(columns, sizes), 1.0)[:, :, None], sizes[:, :, None]
    shares = BATCH_SHARES if free.any() and np.isfinite(latency_s) else BATCH_SHARES[:1]
    wanted = np.where(free, np.inf, columns["concurrency"])[:, None, None]
    batch = np.where(free[:, None, None], np.maximum(np.floor(cap * shares), 1.0), np.minimum(wanted, cap))
    log = {term: factor[:, None, None] for term, factor in log_factors(values, columns).items()}
    ratio = (columns["input_tokens"] / columns["output_tokens"])[:, None, None]
    scale = np.exp(log["throughput"])
    mixed_s = step.step_s(step_terms(columns, sizes, batch, ratio, draft_tokens + 1, accepted), log) / scale
    alone_s = step.step_s(step_terms(columns, sizes, batch, 0 * ratio, draft_tokens + 1, accepted), log) / scale
    mixed = np.asarray(roofline.output_tok_per_s_per_accelerator(batch, mixed_s, sizes, accepted))
    alone = np.asarray(roofline.output_tok_per_s_per_accelerator(batch, alone_s, sizes, accepted))
    patient = (np.asarray(alone_s) / accepted <= latency_s) | ~free[:, None, None]
    score = np.where(allowed[:, :, None], np.where(patient, mixed, mixed * 1e-6 / batch), -1.0)
    best = score.reshape(len(free), -1).argmax(axis=1)
    pick = [np.broadcast_to(a, score.shape).reshape(len(free), -1)[range(len(free)), best] for a in
            (sizes, batch, alone_s, mixed, alone)]  # fmt: skip
    given = step.prefill_s_per_token(
        step_terms(columns, pick[0], np.ones(len(free)), columns["input_tokens"], accepted=1.0),
        {term: factor[:, 0, 0] for term, factor in log.items()}, columns["input_tokens"],
    )  # fmt: skip
    prefill = scale[:, 0, 0] / (pick[0] * np.asarray(given))
    spread = log_sds(values, columns)
    return [
        Throughput(float(n), str(p), float(b), float(t), float(out), float(decode), float(inp), float(sd))
        for n, b, t, out, decode, p, inp, sd in zip(*pick, columns["precision"], prefill, spread, strict=True)
    ]


def log_sds(values: Mapping[str, float], columns: Columns) -> Array:
    """Return the standard deviation of the log error of each case, by what of it was measured before."""
    found = []
    for accelerator, design, family, moe in zip(
        columns["accelerator"], columns["architecture"], columns["family"], columns["moe"], strict=True
    ):
        chip = f"throughput:accelerator:{accelerator}" in values
        model = f"throughput:architecture:{design}" in values
        seen = {(1, 1): "both_known", (1, 0): "model_new", (0, 1): "accelerator_new", (0, 0): "both_new"}[chip, model]
        general = values[f"log_sd:{seen}:{'moe' if moe else 'dense'}"]
        found.append(max(general, values.get(f"log_sd:family:{family}", 0.0)))
    return np.array(found)
