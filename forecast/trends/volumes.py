"""Token volumes that firms and offices publish, and the fading growth that fits pairs of them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple

import numpy as np

from forecast.arrays import Array
from forecast.distributions import Z_90
from forecast.tables import Tables
from forecast.trends.cloud import posterior
from forecast.trends.evidence import huber
from forecast.trends.known import apart, came_about, rate_day
from forecast.trends.spans import VOLUME, Spans, spans_of
from forecast.units import MONTHS_PER_YEAR, months_between

LEAST_MONTHS = 5  # between two volumes of a pair: in less time noise outweighs growth
FADE_MONTHS: Array = np.geomspace(8, 60, 15)
NO_FADE: Array = np.array([1e6])
SCALE_LOG = 0.4  # of the misfit of a pair: two figures, each off by a quarter


class Assumed(NamedTuple):
    """What the volumes cannot tell: growth in the long run, and the fade before any data (log of months)."""

    long_run_per_year: float
    fade_log: float
    fade_log_sd: float


class Growth(NamedTuple):
    """A fitted growth: mean and standard deviation today, fade as the mean and deviation of its logarithm."""

    mean: float
    sd: float
    fade_log: float
    fade_log_sd: float


def assumptions(tables: Tables) -> Assumed:
    """Return what parameters.csv assumes of the long run and of the fade."""
    known = tables["parameters"].latest("parameter")
    long_run, fade = (known[f"demand_{name}"]["value"] for name in ("growth_long_per_year", "fade_months"))
    low, middle, high = np.log(fade.quantile(np.array([0.1, 0.5, 0.9])))
    return Assumed(long_run.median(), float(middle), float(high - low) / (2 * Z_90))


def volume_pairs(tables: Tables, today: date) -> Spans:
    """Return for each entity its latest volume, the last one at least five months before it, and so on back."""
    volumes = defaultdict(list)
    for row in tables["provider_history"]:
        if row["metric"] == VOLUME and came_about(row, today):
            volumes[row["provider"]].append((months_between(today, rate_day(row)), float(np.log(row["value"]))))
    return spans_of(
        [
            (entity, VOLUME, start, end, last - first, first)
            for entity, points in volumes.items()
            for (end, last), (start, first) in apart(sorted(points, reverse=True), LEAST_MONTHS)
        ]
    )


def growth(pairs: Spans, assumed: Assumed, fade_months: Array) -> Growth:
    """Return growth today and its fade, averaged over the candidates `fade_months`, each weighed by how well it fits.

    Raises:
        ForecastError: a regression did not converge.
    """
    excess = pairs.growth_log - assumed.long_run_per_year * pairs.months / MONTHS_PER_YEAR
    slope, fits = (np.array(c) for c in zip(*(_slope(excess, reach_years(pairs, f)) for f in fade_months), strict=True))
    fade_log = np.log(fade_months)
    weight = posterior(fits - 0.5 * ((fade_log - assumed.fade_log) / assumed.fade_log_sd) ** 2)
    mean, fade_log_mean = weight @ slope, weight @ fade_log
    sd, fade_log_sd = np.sqrt(weight @ (slope - mean) ** 2), np.sqrt(weight @ (fade_log - fade_log_mean) ** 2)
    return Growth(float(mean + assumed.long_run_per_year), float(sd), float(fade_log_mean), float(fade_log_sd))


def _slope(excess_log: Array, reach: Array) -> tuple[float, float]:
    """Return Huber's slope through the origin, and the log likelihood of its misfit by Student's t (4 degrees)."""
    slope = huber(excess_log, reach, "demand")
    misfit = (excess_log - slope * reach) / SCALE_LOG
    return slope, float(-2.5 * np.log1p(misfit**2 / 4).sum())


def reach_years(pairs: Spans, fade_months: float) -> Array:
    """Return ∫e^(−t/τ)dt over each pair's time, in years."""
    faded = np.exp(-pairs.start_months / fade_months) - np.exp(-pairs.end_months / fade_months)
    return np.asarray(fade_months * faded / MONTHS_PER_YEAR)
