"""Whole paths: what single futures look like month by month, which quantiles over all paths do not show."""

from __future__ import annotations

from math import isfinite
from typing import Any

from forecast.errors import InputError
from forecast.market.doors import NEVER
from forecast.outcomes.fans import FANS
from forecast.paths import Paths
from forecast.simulation import simulate

MOST_SAMPLES = 10_000


def sample_paths(paths: Paths, count: int) -> list[list[Any]]:
    """Return the first `count` paths of a simulation whole, as rows of SAMPLE.

    They are computed again, every month kept: more paths keep the first ones, so they are the same. Runways and months
    to exit stand in rows without a month, empty where the path ends before.

    Raises:
        InputError: fewer than 1 path, or more than the simulation has or than 10,000.
    """
    most = min(paths.n_paths, MOST_SAMPLES)
    if not 1 <= count <= most:
        raise InputError(f"--sample-paths {count}: outside 1 to {most}. Choose a number in that range.")
    months = range(paths.scenario.months + 1)
    whole = simulate(paths.scenario, count, paths.seed, threads=1, keep_months=months)
    labels = whole.names.labels()
    rows: list[list[Any]] = []
    for path in range(count):
        for outcome, values in whole.kept.items():
            fan = FANS[outcome]
            for (segment, provider), series in zip(labels[fan.axis], values[:, :, path].tolist(), strict=True):
                rows += [[path, month, outcome, fan.unit, segment, provider, series[month]] for month in months]
        for i, provider in enumerate(whole.names.providers):
            gone, runway = int(whole.exit_month[i, path]), float(whole.runway_months[i, path])
            rows.append([path, None, "survival_months", "months", None, provider, None if gone == NEVER else gone])
            if not whole.names.backed[i, 0]:
                rows.append(
                    [path, None, "runway_months", "months", None, provider, runway if isfinite(runway) else None]
                )
    return rows
