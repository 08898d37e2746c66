"""What is known of others on the first of a month: what they ask for the same model, and how often their prices move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Array
from forecast.trends.list_price.panel import Panel

ROUTER = "gateway"
RECENT_MONTHS = 6
USUAL_MOVES_PER_MONTH = 0.03  # to which a rate seen in few months is drawn: moves per listed month of all sellers


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


def group_numbers(labels: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return for each label the number of its group, 0, 1, …"""
    return np.unique(labels, return_inverse=True)[1].reshape(-1)


def group_sum(values: Array, group: NDArray[np.int64]) -> Array:
    """Return for each row the sum of the rows of its group, itself included, `[series, month]`."""
    total = np.zeros((group.max(initial=-1) + 1, values.shape[1]))
    np.add.at(total, group, values)
    return total[group]


def moves_and_months(panel: Panel, recent_months: int | None) -> tuple[Array, Array]:
    """Return moves and months watched of each series up to each month, `[series, month]`, of late or since ever."""
    both = np.zeros_like(panel.log_price)
    both[:, 1:] = panel.watched[:, 1:] & panel.watched[:, :-1]
    moves, months = (np.cumsum(x, axis=1) for x in ((panel.step != 0).astype(float), both))
    return _last(moves, recent_months), _last(months, recent_months)


def _last(total: Array, recent_months: int | None) -> Array:
    if recent_months is None or recent_months >= total.shape[1]:
        return total
    late = total.copy()
    late[:, recent_months:] -= total[:, :-recent_months]
    return late


def log_rate(moves: Array, months: Array, weight_months: float) -> Array:
    """Return the log of moves per month, drawn to the usual rate: log((k + w·λ₀)/(n + w)).

    Args:
        moves: k, count, at least 0.
        months: n, months watched, at least 0.
        weight_months: w, months of watching that the usual rate λ₀ counts for, positive.

    >>> float(np.exp(log_rate(np.array(0.0), np.array(0.0), 6.0)).round(6))
    0.03
    """
    return np.asarray(np.log((moves + weight_months * USUAL_MOVES_PER_MONTH) / (months + weight_months)))


def rate_of_others(panel: Panel, labels: NDArray[np.str_], recent_months: int | None, weight_months: float) -> Array:
    """Return the log rate of moves of the other series with the same label, `[series, month]`."""
    group = group_numbers(labels)
    moves, months = moves_and_months(panel, recent_months)
    return log_rate(group_sum(moves, group) - moves, group_sum(months, group) - months, weight_months)
