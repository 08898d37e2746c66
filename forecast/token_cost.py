"""From table rows to tokens per second and dollars per million tokens: the roofline applied to real parts.

A *deployment* is a served model on so many accelerators at one precision. Its throughput is a median with the
spread of the fit (`throughput_log_sd`); its cost is owned hours over tokens. Both the command `cost` and the
month loop read their numbers here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Draws
from forecast.equations import cost, roofline
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


@dataclass(frozen=True)
class SegmentSpeed:
    """Accelerators of the market: hours for a million tokens of each segment, software and launch dates."""

    families: list[str]  # efficiency family of each accelerator
    hours_per_mtok: Array  # [accelerator, segment] at launch software, fully used
    log_sd: Array  # [accelerator, segment]
    gain_frac: Array  # [accelerator, segment]
    moe: NDArray[np.bool_]  # [segment] the reference model is a mixture of experts
    maturity_months: Array  # [accelerator]
    promised_month: Array  # [accelerator] months after as_of
    available: NDArray[np.bool_]
    age_months: Array


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
    part = scenario.tables["accelerators"].latest("name")[accelerator]
    served = scenario.tables["served_models"].latest("model")[model]
    spec = {column: number(scenario, "accelerators", accelerator, column) for column in SPECIFICATIONS}
    precision = precision or best_precision(part)
    if precision not in roofline.BYTES_PER_WEIGHT:
        known = ", ".join(roofline.BYTES_PER_WEIGHT)
        raise InputError(f'precision "{precision}": one of {known}.{suggestion(precision, roofline.BYTES_PER_WEIGHT)}')
    peak = roofline.peak_tflops(
        precision, spec["fp16_dense_tflops"], spec["fp8_dense_tflops"], spec["fp4_dense_tflops"]
    )
    if not part["memory_gb"] or np.isnan(spec["memory_bandwidth_tb_per_s"]) or np.isnan(peak):
        reason = "it was cancelled" if part["cancelled"] else "memory, bandwidth and FLOP/s are required"
        raise InputError(f"accelerator {accelerator}: no specification to compute with; {reason}. Choose another.")
    moe = served["experts_count"] > 0
    entity = f"{efficiency_family(part)}:{'moe' if moe else 'dense'}"
    fit = {c: number(scenario, "efficiency", entity, c) for c in EFFICIENCIES}

    weight_bytes = roofline.bytes_per_weight(precision, native_precision(served))
    kv_bytes = 2.0 if precision in ("bf16", "fp16") else 1.0
    footprint = served["total_computed_b"] * weight_bytes
    full, sparse, sparse_tokens, window, window_tokens, index, state = (float(served[c] or 0) for c in KV_COLUMNS)
    context, length = input_tokens + output_tokens / 2, input_tokens + output_tokens
    kv_read = roofline.kv_read_gb(
        context, full, sparse, sparse_tokens, window, window_tokens, index, state, kv_bytes, 1.0
    )
    kv_held = roofline.kv_cached_gb(length, full, window, window_tokens, index, state, kv_bytes, 1.0)
    elements = roofline.kv_read_elements(context, full, sparse, sparse_tokens, window, window_tokens)
    decode = roofline.decode_gflop_per_token(
        served["active_computed_b"], served["attn_flops_per_kv_element"] or 0.0, elements
    )
    prefill = roofline.prefill_gflop_per_token(
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
        weights_gb=roofline.weights_read_gb(
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
    most = max(least, min(MOST_ACCELERATORS, float(part["scaleup_count"] or 8)))
    sizes = [2.0**k for k in range(7) if least <= 2.0**k <= most]
    return np.array(sizes or [least])


def market_accelerators(scenario: Scenario) -> list[str]:
    """Return the accelerators with a price and a specification, in their file's order."""
    rows = scenario.rows["accelerators"]
    needed = ("memory_bandwidth_tb_per_s",)
    return [
        name
        for name, row in rows.items()
        if not row["cancelled"]
        and row["memory_gb"]
        and row["family"] not in ("intel", "other")  # no provider's fleet is of these families
        and all(row[column] for column in needed)
        and (row["fp8_dense_tflops"] or row["fp16_dense_tflops"])
        and (row["power_kw"] or row["tdp_watts"] or row["family"] == "lpu")
        and f"accelerator_prices.{name}.price_low_usd" in scenario.inputs
        and (row["available_on"] or row["promised_on"])
    ]


def segment_speed(scenario: Scenario) -> SegmentSpeed:
    """Return what the market's accelerators achieve in each segment, at its mix and latency."""
    names, segments = market_accelerators(scenario), scenario.entities("segments")
    rows = scenario.rows["accelerators"]
    hours, sd, gain, months = (np.empty((len(names), len(segments))) for _ in range(4))
    models = scenario.tables["served_models"].latest("model")
    moe = [models[scenario.rows["segments"][s]["reference_model"]]["experts_count"] > 0 for s in segments]
    for i, name in enumerate(names):
        for j, segment in enumerate(segments):
            median = partial(number, scenario, "segments", segment)
            model = scenario.rows["segments"][segment]["reference_model"]
            speed = throughput(
                scenario,
                name,
                model,
                input_tokens=median("input_tokens"),
                output_tokens=median("output_tokens"),
                latency_s=median("latency_ms_per_token") / 1000,
            )
            blended = cost.blended_tok_per_s(
                speed.input_tok_per_s,
                speed.input_tok_per_s / number_of(scenario, "cached_cost_ratio"),
                speed.decode_tok_per_s,
                1 - median("input_frac"),
                median("cached_frac"),
            )
            entity = f"{efficiency_family(rows[name])}:{'moe' if moe[j] else 'dense'}"
            sd[i, j] = speed.log_sd
            gain[i, j] = number(scenario, "efficiency", entity, "maturity_gain_frac")
            months[i, j] = number(scenario, "efficiency", entity, "maturity_months")
            # The fit saw mature software: at launch the same chip needs (1 + gain) times the hours.
            hours[i, j] = cost.usd_per_mtok(1.0, blended, 1.0) * (1 + gain[i, j])
    available_on = [rows[name]["available_on"] for name in names]
    promised_on = [rows[name]["promised_on"] or rows[name]["available_on"] for name in names]
    # What was to come later is not known at the vintage: only its promise is.
    available = np.array([on is not None and on <= scenario.as_of for on in available_on])
    age = [
        months_between(on, scenario.as_of) if known else 0.0 for on, known in zip(available_on, available, strict=True)
    ]
    return SegmentSpeed(
        families=[efficiency_family(rows[name]) for name in names],
        hours_per_mtok=hours,
        log_sd=sd,
        gain_frac=gain,
        moe=np.array(moe),
        maturity_months=months.max(axis=1),
        promised_month=np.array([months_between(scenario.as_of, on) for on in promised_on]),
        available=available,
        age_months=np.array(age),
    )


def number_of(scenario: Scenario, parameter: str) -> float:
    """Return the median of a parameter."""
    return scenario.inputs[f"parameters.{parameter}"].value.median()


OWNED = {
    "rate_per_year": "capital_rate_per_year",
    "life_years": "accelerator_life_years",
    "load_frac": "power_load_frac",
    "pue_ratio": "pue_ratio",
    "electricity_usd_per_kwh": "electricity_usd_per_kwh",
    "facility_usd_per_kw_month": "facility_usd_per_kw_month",
    "network_frac": "network_frac",
    "operations_usd_per_accelerator_hour": "operations_usd_per_accelerator_hour",
}


def owned_cost(scenario: Scenario, accelerator: str) -> cost.HourlyCost:
    """Return the parts of an owned accelerator-hour at the medians of all inputs.

    Raises:
        InputError: no price of the accelerator is known at the vintage.
    """
    low, high = (number(scenario, "accelerator_prices", accelerator, f"price_{end}_usd") for end in ("low", "high"))
    if np.isnan(low):
        raise InputError(
            f"accelerator {accelerator}: no price known at {scenario.as_of}; add a row to accelerator_prices.csv."
        )
    position = number_of(scenario, "accelerator_price_position_frac")
    power = power_kw(scenario, accelerator, number_of(scenario, "provisioned_power_ratio"), partial(number, scenario))
    parameters = {argument: number_of(scenario, name) for argument, name in OWNED.items()}
    return cost.owned_cost(capex_usd=low + position * (high - low), power_kw=power, **parameters)


def power_kw(scenario: Scenario, accelerator: str, ratio: Any, read: Any) -> Any:
    """Return the all-in power of an accelerator: as published, or from its own power, or that of its like."""
    row = scenario.rows["accelerators"][accelerator]
    if row["power_kw"]:
        return read("accelerators", accelerator, "power_kw")
    if row["tdp_watts"]:
        return read("accelerators", accelerator, "tdp_watts") / 1000 * ratio
    return 0.3 * ratio  # an LPU whose power is not published: as groq-lpu-v1


def owned_parts(scenario: Scenario, draws: Draws, accelerators: list[str]) -> tuple[Array, Array, Array]:
    """Return capital, electricity and the rest of an owned hour on each path, each `[accelerator, path]`."""
    low, high = (draws.column("accelerator_prices", f"price_{end}_usd", accelerators) for end in ("low", "high"))
    price = low + draws.parameter("accelerator_price_position_frac") * (high - low)
    ratio = draws.parameter("provisioned_power_ratio")

    def read(table: str, entity: str, column: str) -> Array:
        key = f"{table}.{entity}.{column}"
        return draws.values(key, key)

    power = np.stack([power_kw(scenario, a, ratio, read) for a in accelerators])
    parts = cost.owned_cost(
        capex_usd=price, power_kw=power, **{argument: draws.parameter(name) for argument, name in OWNED.items()}
    )
    capital = np.asarray(parts.amortisation + parts.network)
    return capital, np.asarray(parts.electricity), np.asarray(parts.facility + parts.operations)


def months_between(first: date, last: date) -> float:
    """Return the months from one date to another, a month counted as a twelfth of a year."""
    return (last - first).days * 12 / 365.25
