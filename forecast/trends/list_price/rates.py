"""How often prices have moved lately: counts of moves and of watched months, without the series itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.trends.list_price.panel import Panel

Array = NDArray[np.float64]
RECENT_MONTHS = 6
USUAL_MOVES_PER_MONTH = 0.03  # to which a rate seen in few months is drawn: moves per listed month of all sellers


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
