"""Many deployments from a table: one row out for one in, and a wrong one says why in its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from typing import Any

import numpy as np

from forecast.deployments.admission import refuse_numbers
from forecast.deployments.deployment import Deployment
from forecast.deployments.ownership import buyer_cost_or_none
from forecast.deployments.priced import waterfall
from forecast.distributions import Z_90
from forecast.errors import InputError, shortened
from forecast.scenario import Scenario
from forecast.serving.formats import named_precision
from forecast.serving.groups import misfits
from forecast.serving.kinds import served_models
from forecast.serving.speed import Throughput, effect_values, resolve, throughputs
from forecast.serving.workloads import columns_of, workload

CASE_COLUMNS = "accelerator n_accelerators model precision input_tokens output_tokens concurrency".split()
LENGTH_TOKENS = 1024.0  # of input, and of output, where a case has none
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
    Without concurrency a case is offline: the largest batch, however long a token takes. Where it has more sequences than memory
    holds, the rest wait their turn, as in a benchmark: so 29 measured runs are predicted within 12 % (median).
    """
    known, models = cache(partial(resolve, scenario)), served_models(scenario)  # most names are repeated
    hours = cache(partial(buyer_cost_or_none, scenario))
    asked: dict[int, Deployment] = {}
    found: dict[int, dict[str, Any]] = {}
    errors: dict[int, str] = {}
    for i, case in enumerate(cases):
        try:
            asked[i] = _deployment(case, known)
            found[i] = workload(scenario, asked[i], models)
        except InputError as error:
            errors[i] = " ".join(error.problems)
    if found:
        errors |= {i: said for i, said in zip(found, misfits(columns_of([*found.values()])), strict=True) if said}
        found = {i: row for i, row in found.items() if i not in errors}
    speeds: dict[int, Throughput] = {}
    if found:
        columns = columns_of([*found.values()])
        speeds = dict(zip(found, throughputs(effect_values(scenario), columns, float("inf")), strict=True))
    header = [*CASE_COLUMNS, *(c for c in dict.fromkeys(chain(*cases)) if c not in (*CASE_COLUMNS, "error"))]
    rows: list[list[Any]] = []
    for i, case in enumerate(cases):
        given: list[Any] = [case.get(column) or "" for column in header]
        if i in errors:
            rows.append([*given, None, None, None, None, errors[i]])
            continue
        speed, hour = speeds[i], hours(asked[i].accelerator)
        spread = float(np.exp(Z_90 * speed.log_sd))
        rates = [speed.output_tok_per_s / spread, speed.output_tok_per_s, speed.output_tok_per_s * spread]
        # throughput stands although no price of the accelerator is known
        price = None if hour is None else sum(waterfall(scenario, speed, asked[i], hour._asdict()).values())
        rows.append([*given, *rates, price, None])
    return [*header, *RESULT_COLUMNS], rows


def _deployment(case: dict[str, str], known: Callable[[str, str], str]) -> Deployment:
    """Return what a case asks, by stable names as `known` resolves them."""
    if "error" in case:
        raise InputError(case["error"])
    numbers: dict[str, Any] = dict.fromkeys(("input_tokens", "output_tokens"), LENGTH_TOKENS)
    for column in ("n_accelerators", "input_tokens", "output_tokens", "concurrency"):
        if text := (case.get(column) or "").strip():
            try:
                numbers[column.removeprefix("n_")] = float(text)
            except ValueError:
                raise InputError(f"{column} = {shortened(text)}: a number is required. Correct it.") from None
    wanted = Deployment(case["accelerator"], case["model"], precision=named_precision(case.get("precision")), **numbers)
    refuse_numbers(wanted)
    return replace(wanted, accelerator=known("accelerator", wanted.accelerator), model=known("model", wanted.model))
