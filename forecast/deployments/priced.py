"""One deployment priced: tokens per second with their spread, cost with its waterfall, floor and market price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np

from forecast.deployments.admission import refuse
from forecast.deployments.deployment import Deployment
from forecast.deployments.energy_use import joule_per_output_token
from forecast.deployments.marks import claims_of, marks_of
from forecast.deployments.ownership import buyer_cost, buyer_cost_or_none, maker_usd_per_hour, published_cost
from forecast.deployments.tiers import narrowest_precision, quality_lost_points, tiers_met
from forecast.deployments.wide_parallel import wide_throughput
from forecast.distributions import Z_90
from forecast.equations import cost, roofline
from forecast.renting import asked_rents
from forecast.scenario import Scenario
from forecast.serving.formats import named_precision
from forecast.serving.kinds import on_market, served_row
from forecast.serving.speed import Throughput, effect_values, resolve, throughput, throughputs
from forecast.serving.token_cost import market_accelerators, mix_tok_per_s, number_of, owned_cost
from forecast.serving.workloads import workloads
from forecast.units import HOURS_PER_DAY

UTILISATIONS = (0.25, 0.5, 0.75, 1.0)


def cost_of(scenario: Scenario, wanted: Deployment) -> dict[str, Any]:
    """Return the cost of a deployment as one JSON-ready object.

    Raises:
        InputError: a name is unknown, or the model does not fit.
    """
    accelerator = resolve(scenario, "accelerator", wanted.accelerator)
    model = resolve(scenario, "model", wanted.model)
    precision = named_precision(wanted.precision) or narrowest_precision(scenario, accelerator, model, wanted.tier)
    wanted = replace(wanted, accelerator=accelerator, model=model, precision=precision)
    refuse(scenario, wanted)
    speed, use = _speed(scenario, wanted), _utilisation(scenario, wanted)
    rent, owned = wanted.usd_per_accelerator_hour, buyer_cost_or_none(scenario, accelerator)
    hourly = buyer_cost(scenario, accelerator)._asdict() if rent is None else {"rent": rent}
    total = float(sum(hourly.values()))
    parts = waterfall(scenario, speed, wanted, hourly)
    blended = sum(parts.values())
    spread = float(np.exp(Z_90 * speed.log_sd))
    floor, best, spread_out = floor_of(scenario, model, wanted)
    published, rents = published_cost(scenario, accelerator), asked_rents(scenario, accelerator)
    input_usd = cost.usd_per_mtok(total, speed.input_tok_per_s, use)
    group_usd_per_day = HOURS_PER_DAY * speed.accelerators * total
    return {
        "model": model,
        "accelerator": accelerator,
        "accelerators": speed.accelerators,
        "precision": speed.precision,
        "wide_parallel": wanted.wide_parallel,
        "input_tokens": wanted.input_tokens,
        "output_tokens": wanted.output_tokens,
        "cached_frac": wanted.cached_frac,
        "concurrency": speed.batch,
        "step_ms": 1000 * speed.step_s,
        "latency_met": _latency_met(speed, wanted),
        "utilisation_frac": use,
        "output_tokens_per_s_per_accelerator": {
            "p10": speed.output_tok_per_s / spread, "p50": speed.output_tok_per_s, "p90": speed.output_tok_per_s * spread,
        },
        "separate_tokens_per_s_per_accelerator": {"input": speed.input_tok_per_s, "output": speed.decode_tok_per_s},
        "usd_per_accelerator_hour": total,
        "owned_usd_per_accelerator_hour": owned and float(owned.total_usd_per_accelerator_hour),
        "maker_usd_per_accelerator_hour": maker_usd_per_hour(scenario, accelerator),
        "published_owned_usd_per_accelerator_hour": published and published[0],
        "asked_rent_usd_per_accelerator_hour": rents,
        "cost_usd_per_mtok": {
            "input": input_usd,
            "cached_input": input_usd * number_of(scenario, "cached_cost_ratio"),
            "output": cost.usd_per_mtok(total, speed.decode_tok_per_s, use),
            "blended": blended,
            "blended_at_asked_rent": rents and blended * rents["median"] / total,  # an hour's price goes through whole
        },
        "group_mtok_per_day": group_usd_per_day / blended,  # at that busy share
        "group_usd_per_day": group_usd_per_day,
        "waterfall": parts,
        "blended_usd_per_mtok_at_utilisation": {f"{u:g}": blended * use / u for u in UTILISATIONS},
        "joule_per_output_token": joule_per_output_token(scenario, accelerator, model, speed),
        "quality_loss_points": quality_lost_points(scenario, model, speed.precision),
        "tiers": tiers_met(scenario, model, speed.precision, wanted.tier),
        "floor_usd_per_mtok": floor,
        "floor_accelerator": best,
        "floor_wide_parallel": spread_out,
        "market_usd_per_mtok": market_of(scenario, model, wanted),
        **marks_of(scenario, accelerator, model),
        "claims": claims_of(scenario, accelerator),
        "as_of": str(scenario.as_of),
    }  # fmt: skip


def floor_of(scenario: Scenario, model: str, wanted: Deployment) -> tuple[float, str, bool]:
    """Return the least blended cost over the accelerators available at the vintage, which one it is, and whether experts are spread.

    As in a run's floor a mixture's are, over many nodes.
    """
    mixture = bool(served_row(scenario, model)["experts_count"])
    wide = number_of(scenario, "wide_parallel_gain_ratio") if mixture else 1.0
    names = [name for name in market_accelerators(scenario) if on_market(scenario, name)]
    best = Deployment("", model, wanted.input_tokens, wanted.output_tokens, cached_frac=wanted.cached_frac)
    cases = (
        replace(best, accelerator=name, precision=narrowest_precision(scenario, name, model, wanted.tier))
        for name in names
    )
    columns = workloads(scenario, cases)
    speeds = throughputs(effect_values(scenario), columns, wanted.latency_s)
    found = {
        # the maker's own hour, if it owns
        name: sum(waterfall(scenario, speed, best, owned_cost(scenario, name)._asdict()).values()) / wide
        for name, speed in zip(names, speeds, strict=True)
    }
    name = min(found, key=lambda n: found[n])
    return found[name], name, mixture


def market_of(scenario: Scenario, model: str, wanted: Deployment) -> dict[str, Any] | None:
    """Return list prices of the model at the same mix, over hosts, each as last known at the vintage."""
    last: dict[str, float] = {}
    for row in scenario.tables["price_changes"]:
        if row["model"] == model and row["provider_kind"] != "gateway":
            given, asked = row["input_usd_per_mtok"], row["output_usd_per_mtok"]
            last[row["provider"]] = (1 - wanted.output_frac) * given + wanted.output_frac * asked
    if not last:
        return None
    return {
        "median": median(last.values()),
        "lowest": min(last.values()),
        "highest": max(last.values()),
        "hosts": len(last),
    }


def _speed(scenario: Scenario, wanted: Deployment) -> Throughput:
    if wanted.wide_parallel:
        return wide_throughput(scenario, wanted)
    return throughput(scenario, wanted, wanted.latency_s, wanted.draft_tokens, wanted.acceptance_frac)


def _latency_met(speed: Throughput, wanted: Deployment) -> bool | None:
    """Return whether tokens come as fast as was asked; of a batch that was given nothing was asked."""
    if wanted.concurrency is not None:
        return None
    accepted = roofline.accepted_tokens_per_step(wanted.acceptance_frac, wanted.draft_tokens)
    return bool(speed.step_s / accepted <= wanted.latency_s * (1 + 1e-9))


def _utilisation(scenario: Scenario, wanted: Deployment) -> float:
    return wanted.utilisation_frac or number_of(scenario, "floor_utilisation_frac")


def waterfall(
    scenario: Scenario, speed: Throughput, wanted: Deployment, hourly_usd: Mapping[str, float]
) -> dict[str, float]:
    """Return the parts of the blended cost at the request's mix, which add up to it exactly; `hourly_usd` are the hour's."""
    rate = mix_tok_per_s(scenario, speed, wanted.output_frac, wanted.cached_frac)
    parts = cost.token_cost(hourly_usd, rate, _utilisation(scenario, wanted))
    return {name: float(value) for name, value in parts.items()}
