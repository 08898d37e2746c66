"""What `forecast cost` refuses before it computes: every problem of a deployment at once, never a made-up number."""

from __future__ import annotations

import math
from dataclasses import replace

from forecast.deployments.deployment import Deployment
from forecast.deployments.memory import memory_of
from forecast.deployments.tiers import tiers_met
from forecast.deployments.variants import served_row
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving.groups import USABLE_MEMORY_FRAC, usable_memory_frac
from forecast.serving.workloads import best_precision, workloads

LARGEST = 1e9


def refuse(scenario: Scenario, wanted: Deployment) -> None:
    """Raise for a deployment, its names and precision the stable ones, that cannot be computed.

    Raises:
        InputError: one sentence for each problem. Whether it fits is asked only where the numbers make sense.
    """
    problems = _range_problems(wanted)
    if unknown := unknown_specification(scenario, wanted.accelerator):
        problems.append(unknown)
    problems = problems or [
        *_context_problems(scenario, wanted),
        *_memory_problems(scenario, wanted),
        *_tier_problems(scenario, wanted),
    ]
    if problems:
        raise InputError(problems)


def _range_problems(wanted: Deployment) -> list[str]:
    numbers = {
        "input tokens": (wanted.input_tokens, 1.0, LARGEST),
        "output tokens": (wanted.output_tokens, 1.0, LARGEST),
        "accelerators": (wanted.accelerators, 1.0, 1e5),
        "concurrency": (wanted.concurrency, 1.0, LARGEST),
        "latency": (wanted.latency_s, 1e-6, 1e4),
        "cached share": (wanted.cached_frac, 0.0, 1.0),
        "utilisation": (wanted.utilisation_frac, 0.01, 1.0),
        "USD per accelerator-hour": (wanted.usd_per_accelerator_hour, 1e-4, 1e5),
        "acceptance": (wanted.acceptance_frac, 0.0, 1.0),
    }
    problems = [
        f"{what} = {value:g}: a number from {low:g} to {high:g} is required. Correct it."
        for what, (value, low, high) in numbers.items()
        if value is not None and not (math.isfinite(value) and low <= value <= high)
    ]
    if not problems and wanted.accelerators is not None and wanted.accelerators != int(wanted.accelerators):
        problems.append(f"accelerators = {wanted.accelerators:g}: a whole number is required. Correct it.")
    return problems


def _context_problems(scenario: Scenario, wanted: Deployment) -> list[str]:
    longest = served_row(scenario, wanted.model)["max_context_tokens"]
    if wanted.length_tokens <= longest:
        return []
    return [
        f"{wanted.model}: {wanted.input_tokens:.0f} input and {wanted.output_tokens:.0f} output tokens are "
        f"{wanted.length_tokens:.0f}; its context is {longest} tokens. Shorten the request, or choose a model with a "
        "longer context."
    ]


def _memory_problems(scenario: Scenario, wanted: Deployment) -> list[str]:
    """Return what does not fit on the accelerators asked for: the weights, or so many sequences beside them."""
    if wanted.accelerators is None:
        return []
    part = scenario.rows["accelerators"][wanted.accelerator]
    need = memory_of(scenario, wanted.accelerator, wanted.model, wanted.precision, wanted.length_tokens)
    room_gb = wanted.accelerators * need.accelerator_gb * USABLE_MEMORY_FRAC
    group = f"{wanted.accelerators:g} × {wanted.accelerator} hold"
    if wanted.accelerators < need.least_accelerators:
        return [
            f"{wanted.model} at {wanted.precision or best_precision(part)} takes {need.weights_gb:.0f} GB and "
            f"{need.sequence_gb:.2g} GB a sequence: {group} {room_gb:.0f} GB. "
            f"Use at least {need.least_accelerators:.0f} accelerators."
        ]
    # As in the batch that is chosen without one: sequences are at all stages, and memory may be filled as far.
    [filled] = usable_memory_frac(workloads(scenario, [replace(wanted.request, concurrency=None)]))
    halfway = wanted.input_tokens + wanted.output_tokens / 2
    each_gb = memory_of(scenario, wanted.accelerator, wanted.model, wanted.precision, halfway).sequence_gb
    held = math.floor((wanted.accelerators * need.accelerator_gb * filled - need.weights_gb) / each_gb)
    if wanted.concurrency is None or wanted.concurrency <= held:
        return []
    return [
        f"concurrency = {wanted.concurrency:g}: {group} {held} sequences of {halfway:.0f} tokens, halfway through the answer, "
        "beside the weights. Lower it, or use more accelerators."
    ]


def _tier_problems(scenario: Scenario, wanted: Deployment) -> list[str]:
    part = scenario.rows["accelerators"][wanted.accelerator]
    try:
        tiers_met(scenario, wanted.model, wanted.precision or best_precision(part), wanted.tier)
    except InputError as error:
        return list(error.problems)
    return []


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
