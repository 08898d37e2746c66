"""What `forecast cost` refuses before it computes: every problem of a deployment at once, never a made-up number."""

from __future__ import annotations

import math
from typing import NamedTuple

from forecast.deployments.tiers import tiers_met
from forecast.deployments.variants import served_row
from forecast.equations import roofline, served_model
from forecast.errors import InputError, suggestion
from forecast.scenario import Scenario
from forecast.serving.groups import USABLE_MEMORY_FRAC
from forecast.serving.workloads import KV_COLUMNS, PRECISION_SPELLINGS, best_precision, native_precision

LARGEST = 1e9


class Memory(NamedTuple):
    """What a deployment keeps in memory."""

    weights_gb: float
    sequence_gb: float  # cache of one sequence at its longest
    least_accelerators: float  # hold the weights and one sequence


def precision_of(text: str | None, where: str = "--precision") -> str | None:
    """Return a precision by its stable name, None for the best the accelerator supports.

    >>> precision_of("NVFP4"), precision_of("unset"), precision_of(None)
    ('fp4', None, None)

    Raises:
        InputError: no such precision.
    """
    name = (text or "").strip().lower()
    name = PRECISION_SPELLINGS.get(name, name)
    if not name:
        return None
    if name in served_model.BYTES_PER_WEIGHT:
        return name
    known = ", ".join(served_model.BYTES_PER_WEIGHT)
    raise InputError(
        f"{where} {text}: no such precision; {known} are known.{suggestion(name, served_model.BYTES_PER_WEIGHT)} "
        "Correct it, or leave it out for the best the accelerator supports."
    )


def memory_of(scenario: Scenario, accelerator: str, model: str, precision: str | None, length_tokens: float) -> Memory:
    """Return what the weights and one sequence take, and how many accelerators hold both."""
    part, row = scenario.rows["accelerators"][accelerator], served_row(scenario, model)
    precision = precision or best_precision(part)
    weights_gb = row["total_computed_b"] * served_model.bytes_per_weight(precision, native_precision(row))
    full, _, _, window, window_tokens, index, state = (float(row[column] or 0) for column in KV_COLUMNS)
    kv_bytes = served_model.bytes_per_kv(precision)
    sequence_gb = float(
        served_model.kv_cached_gb(length_tokens, full, window, window_tokens, index, state, kv_bytes, 1.0)
    )
    least = roofline.minimum_accelerators(weights_gb + sequence_gb, part["memory_gb"], USABLE_MEMORY_FRAC)
    return Memory(float(weights_gb), sequence_gb, float(least))


def refuse(
    scenario: Scenario,
    accelerator: str,
    model: str,
    *,
    precision: str | None,
    input_tokens: float,
    output_tokens: float,
    accelerators: float | None = None,
    concurrency: float | None = None,
    latency_s: float = 0.05,
    cached_frac: float = 0.0,
    utilisation_frac: float | None = None,
    usd_per_accelerator_hour: float | None = None,
    acceptance_frac: float = 0.0,
    tier: str | None = None,
) -> None:
    """Raise for a deployment that cannot be computed.

    Raises:
        InputError: one sentence for each problem.
    """
    numbers = {
        "input tokens": (input_tokens, 1.0, LARGEST), "output tokens": (output_tokens, 1.0, LARGEST),
        "accelerators": (accelerators, 1.0, 1e5), "concurrency": (concurrency, 1.0, LARGEST),
        "latency": (latency_s, 1e-6, 1e4), "cached share": (cached_frac, 0.0, 1.0), "utilisation": (utilisation_frac, 0.01, 1.0),
        "USD per accelerator-hour": (usd_per_accelerator_hour, 1e-4, 1e5), "acceptance": (acceptance_frac, 0.0, 1.0),
    }  # fmt: skip
    problems = [
        f"{what} = {value:g}: a number from {low:g} to {high:g} is required. Correct it."
        for what, (value, low, high) in numbers.items()
        if value is not None and not (math.isfinite(value) and low <= value <= high)
    ]
    if accelerators is not None and not problems and accelerators != int(accelerators):
        problems.append(f"accelerators = {accelerators:g}: a whole number is required. Correct it.")
    part = scenario.rows["accelerators"][accelerator]
    if unknown := unknown_specification(scenario, accelerator):
        problems.append(unknown)
    if problems:
        raise InputError(problems)
    longest = served_row(scenario, model)["max_context_tokens"]
    length = input_tokens + output_tokens
    if length > longest:
        problems.append(
            f"{model}: {input_tokens:.0f} input and {output_tokens:.0f} output tokens are {length:.0f}; its context is "
            f"{longest} tokens. Shorten the request, or choose a model with a longer context."
        )
    need = memory_of(scenario, accelerator, model, precision, length)
    if accelerators is not None:
        room_gb = accelerators * part["memory_gb"] * USABLE_MEMORY_FRAC
        said = precision or best_precision(part)
        if accelerators < need.least_accelerators:
            problems.append(
                f"{model} at {said} takes {need.weights_gb:.0f} GB and {need.sequence_gb:.2g} GB a sequence: "
                f"{accelerators:g} × {accelerator} hold {room_gb:.0f} GB. "
                f"Use at least {need.least_accelerators:.0f} accelerators."
            )
        elif concurrency is not None:
            held = math.floor((room_gb - need.weights_gb) / need.sequence_gb)
            if concurrency > held:
                problems.append(
                    f"concurrency = {concurrency:g}: {accelerators:g} × {accelerator} hold {held} sequences of "
                    f"{length:.0f} tokens beside the weights. Lower it, or use more accelerators."
                )
    try:
        tiers_met(scenario, model, precision or best_precision(part), tier)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)


def unknown_specification(scenario: Scenario, accelerator: str) -> str:
    """Return what keeps an accelerator from being computed, one sentence, or nothing."""
    part = scenario.rows["accelerators"][accelerator]
    if part["cancelled"]:
        return (
            f"accelerator {accelerator}: it was cancelled as a product (known from {part['as_of']}) and has no "
            "specification. Choose another."
        )
    missing = [
        name
        for name, column in (("memory", "memory_gb"), ("bandwidth", "memory_bandwidth_tb_per_s"))
        if not part[column]
    ]
    if not any(part[f"{kind}_dense_tflops"] for kind in ("fp16", "fp8", "fp4")):
        missing.append("peak FLOP/s")
    if not missing:
        return ""
    promised = part["available_on"] or part["promised_on"]
    return (
        f"accelerator {accelerator}: announced {part['announced_on']}, {'promised for ' + str(promised) if promised else 'no date promised'}; "
        f"{', '.join(missing)} not published by {scenario.as_of}, all required. Choose another."
    )  # fmt: skip
