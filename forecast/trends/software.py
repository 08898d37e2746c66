"""Serving software: what the same model on the same machine gains over time."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np

from forecast.distributions import Z_90
from forecast.measured_runs import other_system
from forecast.tables import Tables
from forecast.trends.evidence import pooled_rate
from forecast.trends.known import enough, years_between
from forecast.trends.trend import Band, Diagnostic, Trend

FEWEST_PAIRS = 10  # of an accelerator, model and precision
CASE = ("accelerator", "model", "precision")
SETTING = ("accelerator_count", "input_tokens", "output_tokens", "concurrency", "scenario")
NOT_HANDED = (
    "dense models gained little and mixtures of experts much, and what is measured is no sample of what is served: "
    "serving_efficiency_per_year keeps its assumption"
)


def software_trend(tables: Tables) -> Trend:
    """Return the gain of serving software known at the tables' vintage.

    The same setting on the same accelerator, best figure of each month, first against last: rate = Σ log gain ÷ Σ Δt over
    cases (accelerator, model, precision), each the median of its settings; its error by leaving each case out in turn
    (jackknife).

    Raises:
        TooFew: fewer than ten cases were measured twice.
    """
    table = tables["throughput"]
    cases = measured_twice(tables)
    enough(len(cases), FEWEST_PAIRS, "cases measured twice", table, tables)
    dense = {n for n, r in tables["served_models"].latest("model").items() if r["experts_count"] == 0}
    of = {
        "steady": list(cases.values()),
        "dense": [pair for (_, model, _), pair in cases.items() if model in dense],
        "mixture_of_experts": [pair for (_, model, _), pair in cases.items() if model not in dense],
    }
    found = {name: (pooled_rate(*np.array(pairs).T), len(pairs)) for name, pairs in of.items() if len(pairs) > 1}
    (rate, error), _ = found["steady"]
    return Trend(
        name="software",
        title="Tokens per accelerator on the same model",
        unit="log/year",
        form="a steady gain",
        why="a further gain while a chip is new misses cases left out by as much (0.073 for 0.069), and comes out below zero",
        annual_change=Band(*np.exp(rate + error * Z_90 * np.array([-1.0, 0.0, 1.0])).tolist()),
        diagnostics=tuple(
            Diagnostic(f"{name}_gain_per_year", mean, f"standard error {se:.3f}, {count} cases")
            for name, ((mean, se), count) in found.items()
        ),
        more={"not handed to the model": NOT_HANDED},
    )


def measured_twice(tables: Tables) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Return years and log gain from the first to the last month of each case, the median over its settings."""
    available = {n: r["available_on"] for n, r in tables["accelerators"].latest("name").items()}
    best: dict[tuple[str, ...], dict[date, float]] = defaultdict(dict)
    for row in tables["throughput"]:
        if row["status"] != "claim" and available[row["accelerator"]] and not other_system(row["framework"]):
            months = best[tuple(row[column] for column in CASE + SETTING)]
            month = row["measured_on"].replace(day=1)
            months[month] = max(months.get(month, 0.0), row["output_tok_per_s_per_accelerator"])
    cases = defaultdict(list)
    for (accelerator, model, precision, *_), months in best.items():
        first, last = min(months), max(months)
        if first < last:
            pair = years_between(first, last), float(np.log(months[last] / months[first]))
            cases[accelerator, model, precision].append(pair)
    return {case: tuple(np.median(pairs, axis=0).tolist()) for case, pairs in cases.items()}
