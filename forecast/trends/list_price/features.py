"""What is known of a price on the first of a month, as numbers that a regression takes: `[series, month, feature]`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.trends.list_price.panel import ROUTER, Panel

SAME_PRICE_LOG = 0.005  # half a per cent
FARTHEST_LOG = 1.5  # a fall from the peak counts no more than this
RECENT_MONTHS = 6
USUAL_MOVES_PER_MONTH = 0.03  # to which a rate seen in few months is drawn: moves per listed month of all sellers
FEATURES = (
    "one model_age_months below_own_peak log_price same_as_peers hosts provider_recent_rate provider_rate family_rate"
).split()
OF_SIZE = ("one", "below_own_peak", "log_price")


def features_of(panel: Panel) -> Array:
    """Return the features in the order of `FEATURES`, from prices of that month and before alone.

    `one` is the constant; months enter as log(1 + months), rates as logs.
    """
    price, month = panel.log_price, np.arange(len(panel.months))
    born = (_group_sum(panel.watched, panel.model) > 0).argmax(axis=1)
    peak = np.maximum.accumulate(np.where(panel.watched, price, -np.inf), axis=1)
    asked, hosts = peers_of(panel)
    found = {
        "one": np.ones_like(price),
        "model_age_months": np.log1p(np.maximum(month - born[:, None], 0)),
        "below_own_peak": np.minimum(peak - price, FARTHEST_LOG),
        "log_price": price,
        "same_as_peers": np.abs(asked - price) < SAME_PRICE_LOG,  # nobody else: no
        "hosts": np.log1p(hosts),
        "provider_recent_rate": rate_of_others(panel, panel.provider, 2.0, RECENT_MONTHS),
        "provider_rate": rate_of_others(panel, panel.provider, 12.0, len(month)),
        "family_rate": rate_of_others(panel, panel.family, 6.0, len(month)),
    }
    return np.stack([np.where(panel.watched, found[name], 0.0) for name in FEATURES], axis=-1)


def peers_of(panel: Panel) -> tuple[Array, Array]:
    """Return what sellers of the same model ask elsewhere, routers aside, and how many of these are hosts, `[series, month]`.

    The median of their log prices, nan where nobody else sells it; each counts once, with its own median.
    """
    log_median, hosts = np.full(panel.log_price.shape, np.nan), np.zeros(panel.log_price.shape)
    for model in np.unique(panel.model):
        members = np.flatnonzero(panel.model == model)
        rows_of = {name: members[panel.provider[members] == name] for name in np.unique(panel.provider[members])}
        asked = {name: (panel.kind[rows[0]], _median(panel.log_price[rows])) for name, rows in rows_of.items()}
        for name, rows in rows_of.items():
            others = [(kind, price) for other, (kind, price) in asked.items() if other != name and kind != ROUTER]
            if others:
                log_median[rows] = _median(np.array([price for _, price in others]))
                hosts[rows] = sum(~np.isnan(price) for kind, price in others if kind == "host")
    return log_median, hosts


def _median(rows: Array) -> Array:
    """Return the median of each column without its nan, nan where there is nothing else (NumPy's own is a hundred times slower).

    >>> _median(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    ordered = np.sort(rows, axis=0)  # nan last
    count = (~np.isnan(rows)).sum(axis=0)
    columns = np.arange(rows.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(rows) - 1)
    return np.asarray((ordered[low, columns] + ordered[high, columns]) / 2.0)


def _group_sum(values: NDArray[np.bool_] | Array, labels: NDArray[np.str_]) -> Array:
    """Return for each row the sum of the rows with its label, itself included, `[series, month]`."""
    names, group = np.unique(labels, return_inverse=True)
    total = np.zeros((len(names), values.shape[1]))
    np.add.at(total, group, values)
    return np.asarray(total[group])


def rate_of_others(panel: Panel, labels: NDArray[np.str_], weight_months: float, last_months: int) -> Array:
    """Return the log rate of moves a month of the other series with the same label, `[series, month]`.

    log((k + w·λ₀)/(n + w)): k moves in n months watched, drawn to the usual rate λ₀.

    Args:
        panel: the series.
        labels: of each series.
        weight_months: w, months of watching that the usual rate counts for, positive.
        last_months: how far back moves count.
    """
    both = np.zeros_like(panel.watched)
    both[:, 1:] = panel.watched[:, 1:] & panel.watched[:, :-1]
    found = []
    for seen in (panel.step != 0, both):
        total = np.cumsum(_group_sum(seen, labels) - seen, axis=1)
        total[:, last_months:] -= total[:, :-last_months].copy()
        found.append(total)
    return np.asarray(np.log((found[0] + weight_months * USUAL_MOVES_PER_MONTH) / (found[1] + weight_months)))
