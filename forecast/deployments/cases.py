"""Many deployments from a table: one row out for one in, and a wrong one says why in its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from typing import Any

import numpy as np

from forecast.deployments.deployment import Deployment
from forecast.deployments.priced import blended_cost
from forecast.distributions import Z_90
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving.groups import misfits
from forecast.serving.speed import Throughput, effect_values, resolve, throughputs
from forecast.serving.workloads import Request, workloads

CASE_COLUMNS = "accelerator n_accelerators model precision input_tokens output_tokens concurrency".split()
RESULT_COLUMNS = [f"output_tokens_per_s_per_accelerator_p{q}" for q in (10, 50, 90)] + [
    "cost_usd_per_mtok_p50",
    "error",
]


def read_case(header: list[str], cells: list[str]) -> dict[str, str]:
    """Return a row as a case by column; one with too few or too many cells says so under `error`.

    Columns of the user's own are kept, answers of an earlier run are not.

    >>> read_case(["model", "accelerator", "id", "error"], ["m", "a", "7", ""])
    {'model': 'm', 'accelerator': 'a', 'id': '7'}
    """
    padded = cells + [""] * (len(header) - len(cells))
    found = {
        column: cell for column, cell in zip(header, padded, strict=False) if column and column not in RESULT_COLUMNS
    }
    if len(cells) != len(header):
        found["error"] = f"{len(cells)} cells where the header has {len(header)}. Correct the row."
    return found


def price_of_cases(scenario: Scenario, cases: list[dict[str, str]]) -> tuple[list[str], list[list[Any]]]:
    """Return header and rows of many deployments, one out for one in; a wrong case says why in its row.

    Columns that a case has besides ours stand between the case and its answer.
    Without concurrency a case is offline: the largest batch, however long a token takes.
    """
    asked: dict[int, tuple[Deployment, Request]] = {}
    errors: dict[int, str] = {}
    known = cache(partial(resolve, scenario))  # most names are repeated
    for i, case in enumerate(cases):
        try:
            if "error" in case:
                raise InputError(case["error"])
            wanted = _deployment(case)
            asked[i] = wanted, _request(scenario, wanted, known)
        except InputError as error:
            errors[i] = str(error)
    speeds: dict[int, Throughput] = {}
    if asked:
        columns = workloads(scenario, [request for _, request in asked.values()])
        speeds = dict(zip(asked, throughputs(effect_values(scenario), columns, float("inf")), strict=True))
    header = [*CASE_COLUMNS, *(c for c in dict.fromkeys(chain(*cases)) if c not in (*CASE_COLUMNS, "error"))]
    rows: list[list[Any]] = []
    for i, case in enumerate(cases):
        given: list[Any] = [case.get(column) or "" for column in header]
        if i in errors:
            rows.append([*given, None, None, None, None, errors[i]])
            continue
        (wanted, request), speed = asked[i], speeds[i]
        spread = float(np.exp(Z_90 * speed.log_sd))
        rates = [speed.output_tok_per_s / spread, speed.output_tok_per_s, speed.output_tok_per_s * spread]
        try:
            price: float | None = blended_cost(scenario, request.accelerator, speed, wanted)[0]
        except InputError:
            price = None  # throughput stands although no price of the accelerator is known
        rows.append([*given, *rates, price, None])
    return [*header, *RESULT_COLUMNS], rows


def _request(scenario: Scenario, wanted: Deployment, known: Callable[[str, str], str]) -> Request:
    """Return the case by stable names, as `known` resolves them, or raise for what cannot be computed."""
    accelerator, model = known("accelerator", wanted.accelerator), known("model", wanted.model)
    request = replace(wanted, accelerator=accelerator, model=model).request
    if problem := misfits(workloads(scenario, [request]))[0]:
        raise InputError(problem)
    return request


def _deployment(case: dict[str, str]) -> Deployment:
    def number(column: str) -> float | None:
        text = (case.get(column) or "").strip()
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not 0 < value < 1e9:
            raise InputError(f"{column} = {text}: a number above 0 and below a billion is required. Correct it.")
        return value

    return Deployment(
        case["accelerator"], number("n_accelerators"), case["model"], case.get("precision") or None,
        number("input_tokens") or 1024.0, number("output_tokens") or 1024.0, number("concurrency"),
    )  # fmt: skip
