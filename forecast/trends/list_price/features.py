"""What is known of a price on the first of a month, as numbers that a regression takes: `[series, month, feature]`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Array
from forecast.trends.list_price.others import RECENT_MONTHS, group_numbers, peers_of, rate_of_others
from forecast.trends.list_price.panel import Panel

SAME_PRICE_LOG = 0.005  # half a per cent
FARTHEST_LOG = 1.5  # a gap or a jump counts no more than this
FEATURES = (
    "one is_first is_cloud quiet_months model_age_months below_own_peak log_price "
    "same_as_peers below_peers hosts provider_recent_rate provider_rate family_rate"
).split()
OF_SIZE = ("one", "below_peers", "below_own_peak", "log_price", "quiet_months")


def features_of(panel: Panel) -> Array:
    """Return the features in the order of `FEATURES`, from prices of that month and before alone.

    `one` is the constant; months enter as log(1 + months), rates as logs, gaps between prices as logs cut at 1.5.
    """
    found = {"one": np.ones_like(panel.log_price)} | _kind(panel) | _own_past(panel) | _others(panel)
    return np.stack([np.where(panel.watched, found[name], 0.0) for name in FEATURES], axis=-1)


def _kind(panel: Panel) -> dict[str, Array]:
    return {
        f"is_{kind}": np.broadcast_to((panel.kind == kind)[:, None], panel.log_price.shape).astype(float)
        for kind in ("first", "cloud")
    }


def _own_past(panel: Panel) -> dict[str, Array]:
    """Return how long listed, how long at rest, and how far below its own peak."""
    price, month = panel.log_price, np.arange(len(panel.months))
    first = _first_month(panel)
    moved_at = np.maximum.accumulate(np.where(panel.step != 0, month, -1), axis=1)
    quiet = np.where(moved_at >= 0, month - moved_at, month - first[:, None])
    group = group_numbers(panel.model)
    born = np.full(group.max(initial=-1) + 1, len(month))
    np.minimum.at(born, group, first)
    peak = np.maximum.accumulate(np.where(panel.watched, price, -np.inf), axis=1)
    return {
        "quiet_months": _log_months(quiet),
        "model_age_months": _log_months(month - born[group][:, None]),
        "below_own_peak": np.clip(np.where(panel.watched, peak - price, 0.0), 0.0, FARTHEST_LOG),
        "log_price": np.nan_to_num(price),
    }


def _others(panel: Panel) -> dict[str, Array]:
    """Return how the price lies to the same model elsewhere, and how often provider and family have moved."""
    peers = peers_of(panel)
    below = peers.log_median - panel.log_price
    return {
        "same_as_peers": (np.abs(below) < SAME_PRICE_LOG).astype(float),  # nobody else: no
        "below_peers": np.clip(np.nan_to_num(below), 0.0, FARTHEST_LOG),
        "hosts": np.log1p(peers.hosts_count),
        "provider_recent_rate": rate_of_others(panel, panel.provider, RECENT_MONTHS, 2.0),
        "provider_rate": rate_of_others(panel, panel.provider, None, 12.0),
        "family_rate": rate_of_others(panel, panel.family, None, 6.0),
    }


def _first_month(panel: Panel) -> NDArray[np.int64]:
    return np.where(panel.watched.any(axis=1), panel.watched.argmax(axis=1), len(panel.months))


def _log_months(months: Array | NDArray[np.int64]) -> Array:
    return np.asarray(np.log1p(np.maximum(months, 0)))
