"""What other providers ask for the same model: the median of the sellers, routers aside, and who they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.trends.list_price.panel import Panel
from forecast.trends.list_price.rates import group_numbers

Array = NDArray[np.float64]
ROUTER = "gateway"


@dataclass(frozen=True)
class Peers:
    """For each series and month: the sellers of the same model elsewhere, `[series, month]`."""

    log_median: Array  # nan where nobody else sells it
    hosts_count: Array


def peers_of(panel: Panel) -> Peers:
    """Return the peers of each series; each other provider counts once, with its median price of the model."""
    shape = panel.log_price.shape
    found = Peers(np.full(shape, np.nan), np.zeros(shape))
    group = group_numbers(panel.model)
    order = np.argsort(group, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        _fill(found, panel, members)
    return found


def _fill(found: Peers, panel: Panel, members: NDArray[np.int64]) -> None:
    """Set the rows of one model's series."""
    providers = np.unique(panel.provider[members])
    own = [members[panel.provider[members] == provider] for provider in providers]
    kinds = np.array([panel.kind[rows[0]] for rows in own])
    asked = np.array([median(panel.log_price[rows]) for rows in own])
    for number, rows in enumerate(own):
        others = np.arange(len(own)) != number
        sellers = asked[others & (kinds != ROUTER)]
        found.log_median[rows] = median(sellers)
        found.hosts_count[rows] = (~np.isnan(asked[others & (kinds == "host")])).sum(axis=0)


def median(rows: Array) -> Array:
    """Return the median of each column without its nan, nan where there is nothing else.

    >>> median(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    if len(rows) == 0:
        return np.full(rows.shape[1], np.nan)
    ordered = np.sort(rows, axis=0)  # nan last
    count = (~np.isnan(rows)).sum(axis=0)
    columns = np.arange(rows.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(rows) - 1)
    return np.asarray((ordered[low, columns] + ordered[high, columns]) / 2.0)
