"""Serving software: what the same model on the same machine gains over time, apart from the ripening of a new chip."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple

import numpy as np

from forecast.distributions import Z_90, Array
from forecast.measured_runs import other_system
from forecast.tables import Tables
from forecast.trends.known import enough
from forecast.trends.trend import Band, Diagnostic, Trend
from forecast.units import months_between

FEWEST_PAIRS = 10  # of an accelerator, model and precision
RIPENING_MONTHS = {"dense": 6.0, "moe": 4.0}  # as assumed for NVIDIA in efficiency.csv; the data cannot tell it
SETTING = ("accelerator_count", "input_tokens", "output_tokens", "concurrency", "scenario")
NOT_HANDED = "the standard error is several times that of the assumption: serving_efficiency_per_year keeps it"
CASE = ("accelerator", "model", "precision")


class Gains(NamedTuple):
    """A case (accelerator, model, precision) measured twice: `[case]`."""

    years: Array
    gain_log: Array
    ripened_dense: Array  # part of the gain after a chip's launch that fell into the time between
    ripened_moe: Array
    weight: Array


def software_trend(tables: Tables) -> Trend:
    """Return the gain of serving software known at the tables' vintage.

    The same setting on the same accelerator, best figure of each month: log gain = γ·Δt + G·(e^(−a₁/τ) − e^(−a₂/τ)),
    a the months since the chip became available, G apart for dense models and mixtures of experts. Median over the
    settings of a case, then least squares over cases with errors robust to unequal spread (HC3).

    Raises:
        TooFew: fewer than ten cases were measured twice.
    """
    table = tables["throughput"]
    gains = _gains(tables)
    enough(len(gains.years), FEWEST_PAIRS, "cases measured twice", table, tables)
    rate, error, ripening = fitted_gains(gains)
    naive = float(gains.gain_log.sum() / gains.years.sum())
    return Trend(
        name="software",
        title="Tokens per accelerator on the same model",
        unit="log/year",
        form="a steady gain, and one after a chip's launch that saturates",
        why="cases are few and their dates cluster: not enough for an out-of-sample choice",
        annual_change=Band(*np.exp(rate + error * Z_90 * np.array([-1.0, 0.0, 1.0])).tolist()),
        diagnostics=(
            Diagnostic("steady_gain_per_year", rate, f"standard error {error:.3f}"),
            Diagnostic("gain_after_launch_dense_log", ripening[0], "whole gain of a new chip, dense models"),
            Diagnostic("gain_after_launch_moe_log", ripening[1], "the same for mixtures of experts"),
            Diagnostic("gain_per_year_all", naive, "the naive rival: all gains over all years, a chip's age forgotten"),
        ),
        more={"not handed to the model": NOT_HANDED},
    )


def fitted_gains(gains: Gains) -> tuple[float, float, tuple[float, float]]:
    """Return the steady gain a year, its standard error, and the gains after launch (dense, mixture of experts)."""
    import statsmodels.api as sm

    design = np.column_stack([gains.years, gains.ripened_dense, gains.ripened_moe])
    made = sm.WLS(gains.gain_log, design, weights=gains.weight).fit(cov_type="HC3")
    return float(made.params[0]), float(made.bse[0]), (float(made.params[1]), float(made.params[2]))


def _gains(tables: Tables) -> Gains:
    available = {n: r["available_on"] for n, r in tables["accelerators"].latest("name").items()}
    dense = {n for n, r in tables["served_models"].latest("model").items() if r["experts_count"] == 0}
    best: dict[tuple[object, ...], dict[date, float]] = defaultdict(dict)
    for row in tables["throughput"]:
        if row["status"] != "claim" and available[row["accelerator"]] and not other_system(row["framework"]):
            key = tuple(row[c] for c in CASE + SETTING)
            day = row["measured_on"].replace(day=1)
            best[key][day] = max(best[key].get(day, 0.0), row["output_tok_per_s_per_accelerator"])
    cases: dict[tuple[object, ...], list[tuple[float, float, float]]] = defaultdict(list)
    for key, found in best.items():
        if len(found) > 1:
            first, last = min(found), max(found)
            launched = available[key[0]]
            ages = months_between(launched, first), months_between(launched, last)
            cases[key[: len(CASE)]].append((*ages, float(np.log(found[last] / found[first]))))
    return Gains(*np.array([_gain(pairs, key[1] in dense) for key, pairs in cases.items()]).reshape(-1, 5).T)


def _gain(pairs: list[tuple[float, float, float]], dense: bool) -> tuple[float, ...]:
    """Return the row of one case: the median over its settings. However many they are, it weighs at most twice one setting."""
    start, end, gain_log = np.median(pairs, axis=0)
    tau = RIPENING_MONTHS["dense" if dense else "moe"]
    ripened = np.exp(-max(start, 0.0) / tau) - np.exp(-max(end, 0.0) / tau)
    return (end - start) / 12, gain_log, ripened * dense, ripened * (not dense), min(len(pairs), 4) ** 0.5
