"""What `forecast cost` refuses before it computes: every problem of a deployment at once, never a made-up number."""

from __future__ import annotations

from forecast.deployments.deployment import Deployment
from forecast.deployments.tiers import tiers_met
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving.groups import MOST_ACCELERATORS, misfits
from forecast.serving.workloads import workloads

LARGEST = 1e9


def refuse(scenario: Scenario, wanted: Deployment) -> None:
    """Raise for a deployment, its names the stable ones, that cannot be computed.

    Whether a wide group fits is asked node by node (`wide_throughput`).

    Raises:
        InputError: one sentence for each problem. Whether it fits is asked only where the numbers make sense.
    """
    refuse_numbers(wanted)
    columns = workloads(scenario, [wanted])
    problems = [] if wanted.wide_parallel else [said for said in misfits(columns, columns["concurrency"]) if said]
    try:
        tiers_met(scenario, wanted.model, columns["precision"][0], wanted.tier)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)


def refuse_numbers(wanted: Deployment) -> None:
    """Raise for numbers out of their limits, whatever the names.

    Raises:
        InputError: one sentence for each.
    """
    numbers = {
        "input tokens": (wanted.input_tokens, 1.0, LARGEST),
        "output tokens": (wanted.output_tokens, 1.0, LARGEST),
        "accelerators": (wanted.accelerators, 1.0, MOST_ACCELERATORS),
        "concurrency": (wanted.concurrency, 1.0, LARGEST),
        "latency in seconds": (wanted.latency_s, 1e-6, 1e4),
        "cached share": (wanted.cached_frac, 0.0, 1.0),
        "utilisation": (wanted.utilisation_frac, 0.01, 1.0),
        "USD per accelerator-hour": (wanted.usd_per_accelerator_hour, 1e-4, 1e5),
        "draft tokens": (wanted.draft_tokens, 0.0, 32.0),
        "acceptance": (wanted.acceptance_frac, 0.0, 1.0),
    }
    problems = [
        f"{what} = {value:g}: a number from {low:g} to {high:g} is required. Correct it."
        for what, (value, low, high) in numbers.items()
        if value is not None and not low <= value <= high
    ]
    problems = problems or [
        f"{what} = {numbers[what][0]:g}: a whole number is required. Correct it."
        for what in ("accelerators", "concurrency")
        if (numbers[what][0] or 0) % 1
    ]
    if problems:
        raise InputError(problems)
