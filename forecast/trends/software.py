"""What serving software gains on the same model and machine, and how the gain fades as the model's design grows older."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.equations.hardware import serving_gain_log
from forecast.measured_runs import other_system, stack_of
from forecast.serving.kinds import architecture, designs_released_on
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.cloud import Prior, cloud, posterior
from forecast.trends.known import enough, years_between
from forecast.trends.trend import Band, Diagnostic, Trend

FEWEST_GAINS = 10
CASE = ("accelerator", "model", "precision")
SETTING = ("accelerator_count", "input_tokens", "output_tokens", "concurrency", "scenario")
# Of MLPerf: answers' mean length and the count of machines differ by chance from round to round.
ROUND = ("input_tokens", "scenario")
MLPERF = "mlperf"
PRIORS = (
    Prior("gain_per_year_at_one_year", 0.15, 1.0, in_logs=True),
    Prior("fade_years", 1.5, 0.7, in_logs=True),
    Prior("noise_log", 0.07, 0.7, in_logs=True),
)
TAILS = 4.0  # degrees of freedom: a new stack now and then brings far more
NOT_HANDED = "few models, two years: serving_efficiency_per_year and serving_fade_years hold this fit, written by hand"


class Gains(NamedTuple):
    """Log gains of models between two days, with their designs' ages then in years, each `[gain]`."""

    age_years: Array
    later_age_years: Array
    gain_log: Array
    mixture: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.bool_]) -> Gains:
        """Return some of them."""
        return Gains(self.age_years[chosen], self.later_age_years[chosen], self.gain_log[chosen], self.mixture[chosen])


def software_trend(tables: Tables) -> Trend:
    """Return the gain of serving software known at the tables' vintage: r a year at an age of one year, fading by e in τ years.

    Raises:
        TooFew: fewer than ten gains were measured.
    """
    gains = measured_gains(tables)
    count = len(gains.gain_log)
    enough(count, FEWEST_GAINS, "gains of a model measured twice", tables["throughput"], tables)
    bands = gain_law(gains)
    diagnostics = [Diagnostic(prior.name, band.p50, band.text()) for prior, band in zip(PRIORS, bands, strict=True)]
    for name, chosen in (("dense", ~gains.mixture), ("mixtures_of_experts", gains.mixture)):
        if chosen.any():
            (alone, *_), said = gain_law(gains.of(chosen)), int(chosen.sum())
            diagnostics.append(Diagnostic(f"{name}_alone", alone.p50, f"{alone.text()}, {said} gains"))
    return Trend(
        name="software",
        title="Tokens per accelerator on the same model",
        unit="log/year",
        form="a gain that fades with the age of the model's design",
        why="gains left out are foretold as well as by a steady gain, one model gained ever less, and at one age dense models and mixtures gain alike",
        diagnostics=(
            *diagnostics,
            Diagnostic("gains_count", count, "of a model between two days, mean over accelerators"),
        ),
        more={"not handed to the model": NOT_HANDED},
    )


def gain_law(gains: Gains) -> list[Band]:
    """Return the posterior of rate, fade and noise: points of `PRIORS` weighted by the likelihood of Student-t errors.

    gain = r·τ·(e^((1 − a)/τ) − e^((1 − b)/τ)) + s·ε
    """
    points = cloud(PRIORS)
    rate, fade, noise = (each[:, None] for each in points)
    score = (gains.gain_log - serving_gain_log(gains.age_years, gains.later_age_years, rate, fade)) / noise
    log_likelihood = -(TAILS + 1) / 2 * np.log1p(score**2 / TAILS) - np.log(noise)
    weight = posterior(log_likelihood.sum(axis=1))
    bands = []
    for values in points:
        order = np.argsort(values)
        bands.append(Band(*np.interp([0.1, 0.5, 0.9], np.cumsum(weight[order]), values[order]).tolist()))
    return bands


def measured_gains(tables: Tables) -> Gains:
    """Return what models gained from a month to the next in which the same setting was measured again.

    The best figure of a month counts, of one serving stack: another stack that was not measured before is no gain. MLPerf's
    are the best of all entrants. A gain is the mean over accelerators and precisions of the median over settings: one release serves all.
    """
    best: dict[tuple[Any, ...], dict[date, float]] = defaultdict(dict)
    for row in tables["throughput"]:
        if row["status"] != "claim" and not other_system(row["framework"]):
            months, month = best[_same(row)], row["measured_on"].replace(day=1)
            months[month] = max(months.get(month, 0.0), row["output_tok_per_s_per_accelerator"])
    cases = defaultdict(list)
    for (stack, accelerator, model, precision, *_), months in best.items():
        for first, last in pairwise(sorted(months)):
            release, machine = (stack == MLPERF, model, first, last), (stack, accelerator, precision)
            cases[release, machine].append(float(np.log(months[last] / months[first])))
    gains = defaultdict(list)
    for (release, _), settings in cases.items():
        gains[release].append(float(np.median(settings)))
    models = tables["served_models"].latest("model")
    released = designs_released_on(models.values())

    def age_years(model: str, day: date) -> float:
        return max(0.0, years_between(released[architecture(models[model])], day))

    return Gains(
        np.array([age_years(model, first) for _, model, first, _ in gains]),
        np.array([age_years(model, last) for _, model, _, last in gains]),
        np.array([np.mean(logs) for logs in gains.values()]),
        np.array([models[model]["experts_count"] > 0 for _, model, *_ in gains], bool),
    )


def _same(row: Row) -> tuple[Any, ...]:
    """Return what two runs share that show a gain: stack, accelerator, model, precision and setting."""
    mlperf = row["source"].startswith(MLPERF)
    stack = MLPERF if mlperf else stack_of(row["framework"])
    return (stack, *(row[column] for column in CASE + (ROUND if mlperf else SETTING)))
