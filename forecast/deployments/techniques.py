"""What each serving technique is worth on an accelerator, computed with the roofline: `forecast cost --techniques`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import exp, log
from typing import Any

from forecast.deployments.admission import refuse
from forecast.deployments.bench import FULL, Bench, Line
from forecast.deployments.deployment import Deployment
from forecast.deployments.energy_use import read_gb
from forecast.deployments.lines import batching_lines, combined_lines, quantization_lines, speculation_lines
from forecast.deployments.marks import marks_of
from forecast.deployments.variants import dense_twin
from forecast.equations import roofline, served_model, step
from forecast.measured_runs import stack_of
from forecast.scenario import Scenario
from forecast.serving.kinds import efficiency_entity, served_models, served_row
from forecast.serving.speed import resolve, throughput
from forecast.serving.workloads import number

MIXTURES = ("deepseek-v2", "mixtral-8x22b")
AGES_MONTHS = (0.0, 3.0, 6.0, 12.0, 24.0)
SMALL_BATCH, LARGE_BATCH = 8.0, 64.0  # at which serving stacks were compared


def techniques(scenario: Scenario, asked: Deployment) -> dict[str, Any]:
    """Return the table of techniques as one JSON-ready object; rates are those of decoding.

    Of `asked` names, lengths, latency and accelerators count.

    Raises:
        InputError: a name is unknown, the accelerator cannot be computed, or the request is too long.
    """
    name, model = resolve(scenario, "accelerator", asked.accelerator), resolve(scenario, "model", asked.model)
    wanted = replace(asked, accelerator=name, model=model, precision=FULL)
    refuse(scenario, wanted)
    group = throughput(scenario, wanted, asked.latency_s).accelerators
    lengths = {"input_tokens": asked.input_tokens, "output_tokens": asked.output_tokens, "latency_s": asked.latency_s}
    bench = Bench(scenario, name, model, group, **lengths)
    sections = (batching_lines, quantization_lines, speculation_lines, combined_lines, _mixtures, _stacks, _maturity)
    lines = [line for section in sections for line in section(bench)]
    return {
        "model": model,
        "accelerator": name,
        "accelerators": group,
        **lengths,
        "batch_one": _batch_one(bench),
        "techniques": [line._asdict() for line in lines],
        **marks_of(scenario, name, model),
        "as_of": str(scenario.as_of),
    }


def _batch_one(bench: Bench) -> dict[str, Any]:
    """Return why one sequence at full precision is slow: bytes over bandwidth, and how many parts hold the bytes."""
    need = bench.case(FULL)
    read = read_gb(bench.scenario, bench.model, FULL, 1.0)
    least, bandwidth = bench.least_accelerators(FULL), need["memory_bandwidth_tb_per_s"]
    speed = replace(bench, accelerators=least).speed(FULL, 1.0)
    return {
        "precision": FULL,
        "bytes_per_weight": need["bytes_per_weight"],
        "weights_gb": need["weights_gb"],
        "memory_gb_per_accelerator": need["memory_gb"],
        "least_accelerators": least,
        "read_gb_per_token": read,
        "bandwidth_tb_per_s": bandwidth,
        "ideal_ms_per_token_on_one": 1000 * float(step.split_s(read, 1.0, bandwidth)),
        "ideal_ms_per_token": 1000 * float(step.split_s(read, least, bandwidth)),
        "ms_per_token": 1000 * speed.step_s,
    }


def _mixtures(bench: Bench) -> list[Line]:
    scenario, lines = bench.scenario, []
    own = (bench.model,) if served_row(scenario, bench.model)["experts_count"] else ()
    for model in dict.fromkeys((*own, *MIXTURES)):
        if model not in served_models(scenario):
            continue  # not released at the vintage
        row = served_row(scenario, model)
        if bench.input_tokens + bench.output_tokens > row["max_context_tokens"]:
            continue
        twin = bench.of(*dense_twin(scenario, model))
        sized = replace(twin, accelerators=max(bench.accelerators, twin.least_accelerators("fp8")))
        mixed = sized.of(scenario, model)
        for batch in (1.0, None):
            dense, sparse = sized.speed("fp8", batch), mixed.speed("fp8", batch)
            read = float(
                served_model.expert_fraction_touched(sparse.batch, row["experts_per_token"], row["experts_count"])
            )
            lines.append(
                mixed.line("mixture of experts", f"{model}, {row['active_params_b']:g} of {row['total_params_b']:g} B",
                      "dense twin of as many weights, fp8, " + ("one sequence" if batch else "its largest batch"), sparse.batch,
                      sparse.decode_tok_per_s, sparse.decode_tok_per_s / dense.decode_tok_per_s,
                      why=f"{100 * read:.0f} % of the experts are read a step; arithmetic {row['total_params_b'] / row['active_params_b']:.1f} times less, "
                          "at the lower efficiency of mixtures")
            )  # fmt: skip
    return lines


def _stacks(bench: Bench) -> list[Line]:
    lines = []
    for batch in (1.0, bench.speed(FULL).batch):
        rate = bench.speed(FULL, batch).decode_tok_per_s
        base = over_mixture(bench.scenario, "vllm", batch) if "vllm" in bench.scenario.rows["serving_stacks"] else 1.0
        for stack, row in bench.scenario.rows["serving_stacks"].items():
            ratio = over_mixture(bench.scenario, stack, batch)
            measured = (
                f"{row['cells_count']} cells measured on both" if row["cells_count"] else "not measured in our tables"
            )
            lines.append(
                bench.line("serving stack", row["label"], f"vLLM, batch {batch:g}", batch, rate * ratio, ratio / base,
                      status=row["status"], why=measured)
            )  # fmt: skip
    return lines


def over_mixture(scenario: Scenario, stack: str, batch: float) -> float:
    """Return a stack's rate over that of the mixture of stacks the efficiencies were fitted to, at a batch.

    Between eight and 64 sequences the two ratios are blended in the logarithm of the batch.
    """
    ratio = {name: _stack_ratio(scenario, name, batch) for name in scenario.rows["serving_stacks"]}
    found = (stack_of(row["framework"]) for row in scenario.tables["throughput"])
    counts = Counter(name for name in found if name is not None and name in ratio)
    total = counts.total()
    mean = sum(count * log(ratio[name]) for name, count in counts.items()) / total if total else 0.0
    return ratio[stack] / exp(mean)


def _stack_ratio(scenario: Scenario, stack: str, batch: float) -> float:
    small, large = (number(scenario, "serving_stacks", stack, f"{size}_batch_ratio") for size in ("small", "large"))
    share = (log(max(batch, 1.0)) - log(SMALL_BATCH)) / (log(LARGE_BATCH) - log(SMALL_BATCH))
    share = min(1.0, max(0.0, share))
    return exp((1.0 - share) * log(small) + share * log(large))


def _maturity(bench: Bench) -> list[Line]:
    scenario = bench.scenario
    entity = efficiency_entity(scenario, bench.accelerator, served_row(scenario, bench.model))
    kind = entity.rpartition(":")[2]
    gain, months = (number(scenario, "efficiency", entity, f"maturity_{what}") for what in ("gain_frac", "months"))
    full = bench.speed(FULL)
    young = float(roofline.software_maturity_frac(0.0, gain, months))
    lines = []
    for age in AGES_MONTHS:
        ripe = float(roofline.software_maturity_frac(age, gain, months))
        lines.append(
            bench.line("software", f"{age:g} months after launch", "software at launch", full.batch,
                  full.decode_tok_per_s * ripe, ripe / young, status=scenario.rows["efficiency"][entity]["status"],
                  why=f"whole gain {100 * gain:.0f} %, a factor e in {months:g} months, {kind} models")
        )  # fmt: skip
    return lines
