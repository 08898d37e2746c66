"""Dollars per million tokens: owned hours over tokens, for the market's accelerators in each segment.

Both the command `cost` and the month loop read their numbers here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.draws import Draws
from forecast.equations import cost
from forecast.errors import InputError
from forecast.families import FLEETS
from forecast.owning import OWNED, all_in_kw
from forecast.scenario import Scenario
from forecast.serving.kinds import (
    architecture,
    designs_released_on,
    efficiency_entity,
    efficiency_family,
    on_market,
    served_models,
)
from forecast.serving.speed import Throughput, design_log_sds, effect_values, throughputs
from forecast.serving.workloads import Request, number, workloads
from forecast.units import MONTHS_PER_YEAR, months_between

MIX = ("input_tokens", "output_tokens", "latency_ms_per_token", "input_frac", "cached_frac")  # what a segment asks


@dataclass(frozen=True)
class SegmentSpeed:
    """Accelerators of the market: hours for a million tokens of each segment, software and launch dates."""

    accelerators: list[str]
    families: list[str]  # efficiency family of each accelerator
    hours_per_mtok: Array  # [accelerator, segment] at launch software, fully used
    designs: list[str]  # of each segment's reference model
    design_age_years: Array  # [segment] since its first model was released
    log_sd: Array  # [accelerator, segment]
    design_log_sd: Array  # [segment] of what the design brings on all accelerators; 0 where it was measured
    gain_frac: Array  # [accelerator, segment]
    moe: NDArray[np.bool_]  # [segment] the reference model is a mixture of experts
    output_cost_ratio: Array  # [segment] hours of an output token over one of input: median of what is on the market
    maturity_months: Array  # [accelerator]
    promised_month: Array  # [accelerator] months after as_of
    available: NDArray[np.bool_]
    age_months: Array


def market_accelerators(scenario: Scenario) -> list[str]:
    """Return the accelerators with a price and a specification, family by family, in their file's order.

    One that is neither on the market nor promised for a date is left out: when it came, later, is not known yet.
    """
    rows = scenario.rows["accelerators"]
    found = [
        name
        for name, row in rows.items()
        if not row["cancelled"]
        and row["memory_gb"]
        and row["family"] in FLEETS
        and row["memory_bandwidth_tb_per_s"]
        and (row["fp8_dense_tflops"] or row["fp16_dense_tflops"])
        and (row["power_kw"] or row["tdp_watts"])
        and f"accelerator_prices.{name}.price_low_usd" in scenario.inputs
        and (row["promised_on"] or on_market(scenario, name))
    ]
    return sorted(found, key=lambda name: FLEETS.index(rows[name]["family"]))


def segment_speed(scenario: Scenario) -> SegmentSpeed:
    """Return what the market's accelerators achieve in each segment, at its mix and latency."""
    names, segments = market_accelerators(scenario), scenario.entities("segments")
    rows, models = scenario.rows["accelerators"], served_models(scenario)
    model = {segment: models[scenario.rows["segments"][segment]["reference_model"]] for segment in segments}
    asked = {segment: {each: number(scenario, "segments", segment, each) for each in MIX} for segment in segments}
    pairs = list(product(names, segments))
    released = designs_released_on(models.values())
    cases = workloads(
        scenario,
        [
            Request(name, model[s]["model"], asked[s]["input_tokens"], asked[s]["output_tokens"], cached_frac=asked[s]["cached_frac"])
            for name, s in pairs
        ],
    )  # fmt: skip
    latency_s = np.array([asked[segment]["latency_ms_per_token"] / 1000 for _, segment in pairs])
    effects, found = effect_values(scenario), []
    for (name, segment), speed in zip(pairs, throughputs(effects, cases, latency_s), strict=True):
        mix = asked[segment]
        blended = mix_tok_per_s(scenario, speed, 1 - mix["input_frac"], mix["cached_frac"])
        ripens = partial(number, scenario, "efficiency", efficiency_entity(scenario, name, model[segment]))
        whole = ripens("maturity_gain_frac")
        # The fit saw mature software: at launch the same chip needs (1 + gain) times the hours.
        at_launch = cost.usd_per_mtok(1.0, blended, 1.0) * (1 + whole)
        output_ratio = speed.input_tok_per_s / speed.decode_tok_per_s
        found.append((at_launch, speed.log_sd, whole, ripens("maturity_months"), output_ratio))
    hours, sd, gain, months, output = (
        np.reshape(each, (len(names), len(segments))) for each in zip(*found, strict=True)
    )
    # What was to come later is not known at the vintage: only its promise is.
    available = np.array([on_market(scenario, name) for name in names])
    available_on = [rows[name]["available_on"] for name in names]
    promised_on = [rows[name]["promised_on"] or rows[name]["available_on"] for name in names]
    age = [
        months_between(on, scenario.as_of) if known else 0.0 for on, known in zip(available_on, available, strict=True)
    ]
    return SegmentSpeed(
        accelerators=names,
        families=[efficiency_family(rows[name]) for name in names],
        hours_per_mtok=hours,
        designs=cases["architecture"][: len(segments)].tolist(),
        design_age_years=np.array(
            [months_between(released[architecture(model[s])], scenario.as_of) / MONTHS_PER_YEAR for s in segments]
        ),
        log_sd=sd,
        design_log_sd=design_log_sds(effects, cases)[: len(segments)],
        gain_frac=gain,
        moe=np.array([model[segment]["experts_count"] > 0 for segment in segments]),
        output_cost_ratio=_median(output[available]),
        maturity_months=months.max(axis=1),
        promised_month=np.array([months_between(scenario.as_of, on) for on in promised_on]),
        available=available,
        age_months=np.array(age),
    )


def mix_tok_per_s(scenario: Scenario, speed: Throughput, output_frac: float, cached_frac: float) -> float:
    """Return the tokens of all kinds per second of one accelerator, each kind at its own rate."""
    cached = speed.input_tok_per_s / number_of(scenario, "cached_cost_ratio")
    return float(
        cost.blended_tok_per_s(speed.input_tok_per_s, cached, speed.decode_tok_per_s, output_frac, cached_frac)
    )


def _median(values: Array) -> Array:
    """Return the median of each column; NumPy's own imports masked arrays, which takes longer than all of this file."""
    ordered, count = np.sort(values, axis=0), len(values)
    return np.asarray((ordered[(count - 1) // 2] + ordered[count // 2]) / 2)


def number_of(scenario: Scenario, parameter: str) -> float:
    """Return the median of a parameter."""
    return scenario.input(f"parameters.{parameter}").value.median()


def owned_cost(scenario: Scenario, accelerator: str, prices: str = "accelerator_prices") -> cost.HourlyCost:
    """Return the parts of an owned accelerator-hour at the medians of all inputs, at the prices of a table.

    Raises:
        InputError: no price or no power of the accelerator is known at the vintage.
    """
    low, high = (number(scenario, prices, accelerator, f"price_{end}_usd") for end in ("low", "high"))
    if np.isnan(low):
        raise InputError(f"accelerator {accelerator}: no price known at {scenario.as_of}; add a row to {prices}.csv.")
    position = number_of(scenario, "accelerator_price_position_frac")
    parameters = {name: number_of(scenario, name) for name in OWNED}
    return cost.owned_cost(
        capex_usd=low + position * (high - low), power_kw=machine_kw(scenario, accelerator), **parameters
    )


def machine_kw(scenario: Scenario, accelerator: str) -> float:
    """Return the all-in provisioned power of an accelerator [kW], its share of server and network included.

    Raises:
        InputError: no power is known.
    """
    return float(
        power_kw(scenario, accelerator, number_of(scenario, "provisioned_power_ratio"), partial(number, scenario))
    )


def power_kw(scenario: Scenario, accelerator: str, ratio: Any, read: Any) -> Any:
    """Return the all-in power of an accelerator: as published, or from its own power.

    Raises:
        InputError: neither is known.
    """
    found = all_in_kw(scenario.rows["accelerators"][accelerator], ratio, partial(read, "accelerators", accelerator))
    if found is not None:
        return found
    raise InputError(f"accelerator {accelerator}: no power known at {scenario.as_of}; add it to accelerators.csv.")


def owned_parts(
    scenario: Scenario, draws: Draws, accelerators: list[str], price_usd: float | None = None
) -> tuple[Array, Array, Array]:
    """Return capital, electricity and the rest of an owned hour on each path, each `[accelerator, path]`.

    Args:
        scenario, draws, accelerators: whose inputs, drawn on which paths, for which machines.
        price_usd: of each machine; None: of the tables, path by path.
    """
    price: Any = price_usd
    if price_usd is None:
        low, high = (draws.column("accelerator_prices", f"price_{end}_usd", accelerators) for end in ("low", "high"))
        price = low + draws.parameter("accelerator_price_position_frac") * (high - low)
    ratio = draws.parameter("provisioned_power_ratio")

    def read(table: str, entity: str, column: str) -> Array:
        key = f"{table}.{entity}.{column}"
        return draws.values(key, key)

    power = np.stack([power_kw(scenario, a, ratio, read) for a in accelerators])
    parts = cost.owned_cost(capex_usd=price, power_kw=power, **{name: draws.parameter(name) for name in OWNED})
    capital = np.asarray(parts.amortisation + parts.network)
    return capital, np.asarray(parts.electricity), np.asarray(parts.facility + parts.operations)
