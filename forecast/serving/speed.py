"""Tokens per second: the fitted step applied to deployments, one or a thousand at a time.

A *deployment* is a served model on so many accelerators at one precision. Its throughput is a median with the
spread of the fit (`log_sd`), wider where the accelerator or the model was never measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecast.arrays import Array
from forecast.equations import roofline, step
from forecast.errors import InputError, suggestion
from forecast.model_names import canonical_name
from forecast.scenario import Scenario
from forecast.serving.effects import (
    DESIGN_SD,
    REQUIRED,
    ROWS,
    SEEN,
    WELL_MEASURED_ROWS,
    Columns,
    layout_log_factors,
    log_factors,
    spread_level,
)
from forecast.serving.groups import batch_of, cut_up, layouts, misfits, step_terms
from forecast.serving.workloads import Request, workloads

NAMED = {
    "accelerator": ("accelerators", "name"),
    "model": ("served_models", "model"),
    "provider": ("providers", "provider"),
}
BATCH_SHARES: Array = 2.0 ** (-np.arange(0, 53) / 4)  # of the largest batch that fits


@dataclass(frozen=True)
class Throughput:
    """What a deployment achieves at the median, with the spread of the fit."""

    accelerators: float
    precision: str
    batch: float
    step_s: float  # between two tokens of a sequence, prefill running elsewhere
    output_tok_per_s: float  # per accelerator, decoding and prefill interleaved as in a benchmark
    decode_tok_per_s: float  # per accelerator, decoding alone (prefill runs elsewhere)
    input_tok_per_s: float  # per accelerator, prefill alone, of tokens computed anew
    log_sd: float


def resolve(scenario: Scenario, kind: str, name: str) -> str:
    """Return the stable name of an accelerator, model or provider, whatever the capitals or alias.

    A model is also known by any seller's spelling of it, as price lists have it, where that is one model's alone.

    Raises:
        InputError: the name is unknown; the nearest known one is suggested, all are named where none is near.
    """
    known = {name.lower(): name for name in known_names(scenario, kind)}
    aliases = {row["alias"].lower(): row["name"] for row in scenario.tables["aliases"] if row["kind"] == kind}
    wanted = name.strip().lower()
    found = known.get(wanted) or known.get(aliases.get(wanted, ""))
    if not found and kind == "model":
        alike = [model for model in known.values() if canonical_name(model) == canonical_name(name)]
        found = alike[0] if len(alike) == 1 else None
    if found:
        return found
    table, column = NAMED[kind]
    later = [
        row["as_of"] for row in scenario.tables.apart()[table] if row[column].lower() == aliases.get(wanted, wanted)
    ]
    sellers = {row["provider"] for row in scenario.tables["price_changes"]} if kind == "provider" else set()
    if later:
        said, near = "", f" Its first row is of {min(later)}. Choose that --as-of or a later one."
    elif aliases.get(wanted, wanted) in sellers:
        said, near = ' Only its list prices are; all that are not named are "fringe".', ""
    else:
        said, near = "", suggestion(wanted, [*known, *(alias for alias in aliases if aliases[alias] in known)])
    near = near or f" Known: {', '.join(known.values()) or 'none'}."
    raise InputError(f'no {kind} "{name}" known at {scenario.as_of}.{said}{near}')


def known_names(scenario: Scenario, kind: str) -> list[str]:
    """Return the stable names of all accelerators, models or providers of a scenario's vintage, in order."""
    table, column = NAMED[kind]
    return sorted({str(row[column]) for row in scenario.tables[table]})


def throughput(
    scenario: Scenario,
    request: Request,
    latency_s: float = 0.05,
    draft_tokens: float = 0.0,
    acceptance_frac: float = 0.0,
) -> Throughput:
    """Return the median throughput of a deployment.

    Without concurrency the largest batch that fits memory and meets `latency_s` between two tokens is taken, and
    the group of accelerators (within a scale-up domain, or as many as hold the weights) that yields most with it.

    Args:
        request: the case; of the weights' precision None is the best the accelerator supports.
        latency_s: slowest step between two tokens; infinite is offline.
        draft_tokens, acceptance_frac: speculative decoding; 0 is none.

    Raises:
        InputError: a part of the accelerator is unknown, or the model or so many sequences do not fit.
    """
    columns = workloads(scenario, [request])
    if problem := misfits(columns, columns["concurrency"])[0]:
        raise InputError(problem)
    return throughputs(effect_values(scenario), columns, latency_s, draft_tokens, acceptance_frac)[0]


def effect_values(scenario: Scenario) -> dict[str, float]:
    """Return the median of every fitted effect, by `term:feature:level`.

    Raises:
        InputError: one without which no case can be answered is missing.
    """
    names = dict.fromkeys((*scenario.rows["throughput_effects"], *REQUIRED))
    return {name: scenario.input(f"throughput_effects.{name}.value").value.median() for name in names}


def throughputs(
    values: Mapping[str, float], columns: Columns, latency_s: float | Array, draft_tokens: float = 0.0,
    acceptance_frac: float = 0.0,
) -> list[Throughput]:  # fmt: skip
    """Return the throughput of each case, the best group and batch chosen where no concurrency is given.

    What is chosen within a latency is answered as if it had been asked for; without any limit the case is an offline run.
    Of more sequences than memory holds the rest wait, as in a benchmark: `misfits` says so beforehand.

    Args:
        values: fitted effects, by `term:feature:level`.
        columns: the cases (`workloads`).
        latency_s: slowest step between two tokens, of all or of each case; infinite is offline.
        draft_tokens, acceptance_frac: speculative decoding; 0 is none.
    """
    free = np.isnan(columns["concurrency"])
    asked = {**columns, "concurrency": np.where(free & np.isfinite(latency_s), 1.0, columns["concurrency"])}
    accepted = float(roofline.accepted_tokens_per_step(acceptance_frac, draft_tokens))
    tried = layouts(columns)
    most = batch_of(columns, tried)[:, :, None]
    sizes, engines, least = (a[:, :, None] for a in (tried.sizes, tried.engines, tried.least_batch))
    shares = BATCH_SHARES if free.any() and np.isfinite(latency_s).any() else BATCH_SHARES[:1]
    batch = np.where(free[:, None, None], np.maximum(np.floor(most * shares), 1.0), most)
    cut = {name: weight[:, :, None] for name, weight in cut_up(asked, tried.sizes).items()}
    by_layout = layout_log_factors(values, cut)
    log = {term: factor[:, None, None] + by_layout[term] for term, factor in log_factors(values, asked).items()}
    scale = np.exp(log["throughput"])
    prompt = columns["input_tokens"][:, None, None]
    ratio = (columns["input_tokens"] / columns["output_tokens"])[:, None, None]
    mixed_s, alone_s = (
        np.asarray(
            step.step_s(step_terms(columns, sizes, engines, batch, given, draft_tokens + 1, accepted), log) / scale
        )
        for given in (ratio, 0 * ratio)
    )
    mixed, alone = (
        np.asarray(roofline.output_tok_per_s_per_accelerator(batch, seconds, sizes, accepted))
        for seconds in (mixed_s, alone_s)
    )
    patient = (alone_s / accepted <= np.reshape(latency_s, (-1, 1, 1))) | ~free[:, None, None]
    score = np.where(batch >= least, np.where(patient, mixed, mixed * 1e-6 / batch), -1.0)
    best = score.reshape(len(free), -1).argmax(axis=1)
    # New tokens come after the cached ones and attend to them.
    behind_cache = {**columns, "prefill_attention_gflop": columns["uncached_attention_gflop"]}
    given_s = step.prefill_s_per_token(
        step_terms(behind_cache, sizes, engines, np.ones_like(batch), prompt, 0.0), log, prompt
    )
    alone_log = np.array([values.get(f"prefill_alone:kind:{'moe' if moe else 'dense'}", 0.0) for moe in columns["moe"]])
    prefill = scale / (sizes * np.asarray(given_s) * np.exp(alone_log)[:, None, None])
    pick = [np.broadcast_to(a, score.shape).reshape(len(free), -1)[range(len(free)), best] for a in
            (sizes, batch, alone_s, mixed, alone, prefill)]  # fmt: skip
    return [
        Throughput(float(n), str(p), *(float(each) for each in rest))
        for n, p, *rest in zip(pick[0], columns["precision"], *pick[1:], log_sds(values, asked), strict=True)
    ]


def log_sds(values: Mapping[str, float], columns: Columns) -> Array:
    """Return the standard deviation of the log error of each case, by what of it was measured before.

    An accelerator of few rows is answered as widely as a new one: its errors may be those of one source.
    """
    found = []
    for accelerator, design, family, on_market, level in zip(
        *(columns[name] for name in ("accelerator", "architecture", "family", "on_market")),
        spread_level(columns),
        strict=True,
    ):
        rows_log = values.get(f"{ROWS}:accelerator:{accelerator}")
        chip = rows_log is not None and round(np.exp(rows_log)) >= WELL_MEASURED_ROWS
        model = _measured(values, design)
        general = values[f"log_sd:{SEEN[chip, model]}:{level}"]
        announced = 0.0 if on_market or rows_log is not None else values.get("log_sd:announced:all", 0.0)
        found.append(max(general, announced, values.get(f"log_sd:family:{family}", 0.0)))
    return np.array(found)


def design_log_sds(values: Mapping[str, float], columns: Columns) -> Array:
    """Return the standard deviation of what each case's error has in common on all accelerators: 0 of a measured design."""
    return np.array([0.0 if _measured(values, of) else values.get(DESIGN_SD, 0.0) for of in columns["architecture"]])


def _measured(values: Mapping[str, float], design: str) -> bool:
    return f"decode_compute:architecture:{design}" in values
