"""One deployment priced: tokens per second with their spread, cost with its waterfall, floor and market price."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from forecast.distributions import Z_90
from forecast.equations import cost
from forecast.errors import InputError
from forecast.groups import misfits
from forecast.scenario import Scenario
from forecast.speed import Throughput, effect_values, resolve, throughput, throughputs
from forecast.token_cost import market_accelerators, number_of, owned_cost
from forecast.workloads import Request, efficiency_family, workloads

CASE_COLUMNS = "accelerator n_accelerators model precision input_tokens output_tokens concurrency".split()
RESULT_COLUMNS = [f"output_tokens_per_s_per_accelerator_p{q}" for q in (10, 50, 90)] + [
    "cost_usd_per_mtok_p50",
    "error",
]


@dataclass(frozen=True)
class Deployment:
    """What is asked: names as typed, None where the best choice is wanted."""

    accelerator: str
    accelerators: float | None
    model: str
    precision: str | None
    input_tokens: float
    output_tokens: float
    concurrency: float | None = None
    cached_frac: float = 0.0
    latency_s: float = 0.05
    utilisation_frac: float | None = None
    draft_tokens: float = 0.0
    acceptance_frac: float = 0.0


def cost_of(scenario: Scenario, wanted: Deployment) -> dict[str, Any]:
    """Return the cost of a deployment as one JSON-ready object.

    Raises:
        InputError: a name is unknown, or the model does not fit.
    """
    accelerator = resolve(scenario, "accelerator", wanted.accelerator)
    model = resolve(scenario, "model", wanted.model)
    speed = _speed(scenario, accelerator, model, wanted)
    blended, parts = _blended(scenario, accelerator, speed, wanted)
    hourly = owned_cost(scenario, accelerator)
    use = _utilisation(scenario, wanted)
    total = hourly.total_usd_per_accelerator_hour
    spread = float(np.exp(Z_90 * speed.log_sd))
    floor, best = floor_of(scenario, model, wanted)
    family = efficiency_family(scenario.rows["accelerators"][accelerator])
    on = scenario.rows["accelerators"][accelerator]["available_on"]
    fits = [row for key, row in scenario.rows["efficiency"].items() if key.startswith(f"{family}:")]
    return {
        "model": model,
        "accelerator": accelerator,
        "accelerators": speed.accelerators,
        "precision": speed.precision,
        "input_tokens": wanted.input_tokens,
        "output_tokens": wanted.output_tokens,
        "concurrency": speed.batch,
        "step_ms": 1000 * speed.step_s,
        "utilisation_frac": use,
        "output_tokens_per_s_per_accelerator": {
            "p10": speed.output_tok_per_s / spread, "p50": speed.output_tok_per_s, "p90": speed.output_tok_per_s * spread,
        },
        "owned_usd_per_accelerator_hour": total,
        "cost_usd_per_mtok": {
            "input": cost.usd_per_mtok(total, speed.input_tok_per_s, use),
            "output": cost.usd_per_mtok(total, speed.decode_tok_per_s, use),
            "blended": blended,
        },
        "waterfall": parts,
        "floor_usd_per_mtok": floor,
        "floor_accelerator": best,
        "market_usd_per_mtok": market_of(scenario, model, wanted),
        "status": "assumption" if any(row["status"] == "assumption" for row in fits) else "derived",
        "available": bool(on and on <= scenario.as_of),
        "as_of": str(scenario.as_of),
    }  # fmt: skip


def floor_of(scenario: Scenario, model: str, wanted: Deployment) -> tuple[float, str]:
    """Return the least blended cost over the accelerators available at the vintage, and which one it is."""
    found: dict[str, float] = {}
    for name in market_accelerators(scenario):
        on = scenario.rows["accelerators"][name]["available_on"]
        if on is None or on > scenario.as_of:
            continue
        best = Deployment(
            name,
            None,
            model,
            None,
            wanted.input_tokens,
            wanted.output_tokens,
            None,
            wanted.cached_frac,
            wanted.latency_s,
        )
        found[name] = _blended(scenario, name, _speed(scenario, name, model, best), best)[0]
    name = min(found, key=lambda n: found[n])
    return found[name], name


def market_of(scenario: Scenario, model: str, wanted: Deployment) -> dict[str, Any] | None:
    """Return list prices of the model at the same mix, over hosts, each as last known at the vintage."""
    last: dict[str, float] = {}
    output_frac = wanted.output_tokens / (wanted.input_tokens + wanted.output_tokens)
    for row in scenario.tables["price_changes"]:
        if row["model"] == model and row["provider_kind"] != "gateway":
            given, asked = row["input_usd_per_mtok"], row["output_usd_per_mtok"]
            last[row["provider"]] = (1 - output_frac) * given + output_frac * asked
    if not last:
        return None
    return {
        "median": median(last.values()),
        "lowest": min(last.values()),
        "highest": max(last.values()),
        "hosts": len(last),
    }


def price_of_cases(scenario: Scenario, cases: list[dict[str, str]]) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows of many deployments, one out for one in; a wrong case says why in its row.

    Without concurrency a case is offline: the largest batch, however long a token takes.
    """
    asked: dict[int, tuple[Deployment, Request]] = {}
    errors: dict[int, str] = {}
    known: dict[tuple[str, str], str] = {}
    for i, case in enumerate(cases):
        try:
            wanted = _deployment(case)
            asked[i] = wanted, _request(scenario, wanted, known)
        except (InputError, ValueError) as error:
            errors[i] = str(error)
    speeds: dict[int, Throughput] = {}
    if asked:
        columns = workloads(scenario, [request for _, request in asked.values()])
        speeds = dict(zip(asked, throughputs(effect_values(scenario), columns, float("inf")), strict=True))
    rows: list[list[Any]] = []
    for i, case in enumerate(cases):
        given: list[Any] = [case.get(column) or "" for column in CASE_COLUMNS]
        if i in errors:
            rows.append([*given, None, None, None, None, errors[i]])
            continue
        (wanted, request), speed = asked[i], speeds[i]
        spread = float(np.exp(Z_90 * speed.log_sd))
        rates = [speed.output_tok_per_s / spread, speed.output_tok_per_s, speed.output_tok_per_s * spread]
        try:
            price: float | None = _blended(scenario, request.accelerator, speed, wanted)[0]
        except InputError:
            price = None  # throughput stands although no price of the accelerator is known
        rows.append([*given, *rates, price, None])
    return [*CASE_COLUMNS, *RESULT_COLUMNS], rows


def _request(scenario: Scenario, wanted: Deployment, known: dict[tuple[str, str], str]) -> Request:
    """Return the case by stable names (looked up once each, in `known`), or raise for what cannot be computed."""
    for kind, name in (("accelerator", wanted.accelerator), ("model", wanted.model)):
        if (kind, name) not in known:
            known[kind, name] = resolve(scenario, kind, name)
    request = Request(
        known["accelerator", wanted.accelerator], known["model", wanted.model], wanted.input_tokens, wanted.output_tokens,
        wanted.precision, wanted.accelerators, wanted.concurrency,
    )  # fmt: skip
    if problem := misfits(workloads(scenario, [request]))[0]:
        raise InputError(problem)
    return request


def _deployment(case: dict[str, str]) -> Deployment:
    def number(column: str) -> float | None:
        text = (case.get(column) or "").strip()
        if not text:
            return None
        value = float(text)
        if not 0 < value < 1e9:
            raise ValueError(f"{column} = {text}: a number above 0 is required")
        return value

    return Deployment(
        case["accelerator"], number("n_accelerators"), case["model"], case.get("precision") or None,
        number("input_tokens") or 1024.0, number("output_tokens") or 1024.0, number("concurrency"),
    )  # fmt: skip


def _speed(scenario: Scenario, accelerator: str, model: str, wanted: Deployment) -> Throughput:
    return throughput(
        scenario, accelerator, model, input_tokens=wanted.input_tokens, output_tokens=wanted.output_tokens,
        precision=wanted.precision, accelerators=wanted.accelerators, concurrency=wanted.concurrency,
        latency_s=wanted.latency_s, draft_tokens=wanted.draft_tokens, acceptance_frac=wanted.acceptance_frac,
    )  # fmt: skip


def _utilisation(scenario: Scenario, wanted: Deployment) -> float:
    return wanted.utilisation_frac or number_of(scenario, "floor_utilisation_frac")


def _blended(
    scenario: Scenario, accelerator: str, speed: Throughput, wanted: Deployment
) -> tuple[float, dict[str, float]]:
    """Return the blended cost at the request's mix and its parts, which add up to it exactly."""
    output_frac = wanted.output_tokens / (wanted.input_tokens + wanted.output_tokens)
    cached = speed.input_tok_per_s / number_of(scenario, "cached_cost_ratio")
    rate = cost.blended_tok_per_s(
        speed.input_tok_per_s, cached, speed.decode_tok_per_s, output_frac, wanted.cached_frac
    )
    whole = cost.token_cost(owned_cost(scenario, accelerator), 0.0, rate, _utilisation(scenario, wanted))
    parts = {name: float(value) for name, value in whole._asdict().items() if name != "scarcity"}
    return float(whole.total_usd_per_mtok), parts
