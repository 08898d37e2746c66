"""What training series have shown: every window as long as a horizon, by the month in which it was over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Array
from forecast.trends.list_price.features import features_of
from forecast.trends.list_price.panel import ROUTER, Panel
from forecast.trends.rolling import HORIZONS_MONTHS


class Windows(NamedTuple):
    """Changes of log price over windows, ordered by `end_month`; one row a window."""

    end_month: NDArray[np.int64]  # column of the panel in which the outcome was known
    span_months: NDArray[np.int64]
    change_log: Array
    features: Array  # [row, feature] at the start of the window
    routed: NDArray[np.bool_]  # the seller is a router

    @property
    def weight(self) -> Array:
        """Windows of many months overlap: each counts for the share of a window that is its own."""
        return np.asarray(1.0 / self.span_months)

    def known_in(self, month: int) -> Windows:
        """Return the windows that were over in a month."""
        return self.where(self.end_month <= month)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Windows:
        """Return the chosen windows."""
        return Windows._make(column[chosen] for column in self)


def windows_of(panel: Panel) -> Windows:
    """Return all windows of a panel of series."""
    changes = np.stack([panel.change(span) for span in HORIZONS_MONTHS])
    which, row, month = np.nonzero(~np.isnan(changes))
    span = np.array(HORIZONS_MONTHS)[which]
    change_log, features = changes[which, row, month], features_of(panel)[row, month]
    made = Windows(month + span, span, change_log, features, panel.kind[row] == ROUTER)
    return made.where(np.argsort(made.end_month, kind="stable"))
