"""Checks of list prices of fixed models: how many stand unchanged.

How far prices have moved on average is not checked: few of them move, and the quantiles that a forecast keeps do not
say how far those few go.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.distributions import standard_normal_quantile
from forecast.draws import stream
from forecast.hindcast.checks import Check, check_name, check_of
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.list_price.backtest import forecasts_on
from forecast.trends.rolling import Cases

QUANTITY = "list_unchanged"
MEANING = "share of the list prices of fixed models that are the same as on the date"
SOURCE = "price_changes.csv"
PATHS = 2000
FEWEST_SERIES = 20  # of a few prices a share is mostly 0 or 1: its band holds all or nothing
TOGETHER = 0.5  # correlation of the chances of one provider's prices: half of what moves them is its own repricing


def list_price_checks(
    rows: list[Row], as_of: date, tables: Tables, seed: int
) -> tuple[list[Check], list[tuple[str, str]]]:
    """Return the checks of list prices that have an answer, and the name and reason of each that has none.

    Each series has a probability of a change, fitted to what was known on the first of the month of `as_of`; a
    provider's series move together, a normal factor of theirs having weight √TOGETHER.
    """
    cases = forecasts_on(tables, as_of.replace(day=1)) if rows else None
    checks, left_out = [], []
    for row in rows:
        name = check_name(row)
        if cases is None or not (at := _chosen(cases, row)).any():
            left_out.append((name, f"no such list price was forecast from {as_of} and is known so much later"))
            continue
        if at.sum() < FEWEST_SERIES:
            left_out.append((name, f"fewer than {FEWEST_SERIES} such list prices are known so much later"))
            continue
        samples, value = _unchanged(cases, np.flatnonzero(at), seed)
        checks.append(check_of(name, "share", samples, value, f"{SOURCE}, {int(at.sum())} series", None))
    return checks, left_out


def _chosen(cases: Cases, row: Row) -> NDArray[np.bool_]:
    of_kind = np.isin(cases.kind, [row["entity"]]) | (row["entity"] == "all")
    return np.asarray((cases.horizon_months == row["months_ahead"]) & of_kind)


def _unchanged(cases: Cases, at: NDArray[np.intp], seed: int) -> tuple[Array, float]:
    """Return the share of prices that stay, on each path, and the share that stayed."""
    assert cases.change_prob is not None
    moved = _normals(cases, at, seed) < standard_normal_quantile(cases.change_prob[at, None])
    return 1.0 - moved.mean(axis=0), float(np.mean(cases.value_log[at] == cases.last_log[at]))


def _normals(cases: Cases, at: NDArray[np.intp], seed: int) -> Array:
    """Return normal numbers of each series, `[series, path]`, correlated among those of one provider."""
    assert cases.provider is not None
    names = [(cases.provider[i], cases.series[i]) for i in at.tolist()]
    common = {p: stream(seed, 0, f"list prices:{p}", "change").standard_normal(PATHS) for p in {p for p, _ in names}}
    own = (stream(seed, 0, f"list price:{p}:{model}", "change").standard_normal(PATHS) for p, model in names)
    return np.stack([
        TOGETHER**0.5 * common[provider] + (1 - TOGETHER) ** 0.5 * alone
        for (provider, _), alone in zip(names, own, strict=True)
    ])  # fmt: skip
