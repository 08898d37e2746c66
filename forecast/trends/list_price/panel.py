"""Many price series on one grid of months: log prices `[series, month]` on the first of each, and all changes over windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.model_names import family_of
from forecast.trends.list_price.series import PriceSeries
from forecast.trends.rolling import HORIZONS_MONTHS
from forecast.units import month_of

ROUTER = "gateway"
DECIMALS_LOG = 9  # prices that agree to one in a billion are the same price


@dataclass(frozen=True)
class Panel:
    """Log prices of series (rows) on the first of months (columns); nan where a series was not watched."""

    provider: NDArray[np.str_]
    kind: NDArray[np.str_]
    model: NDArray[np.str_]  # canonical name
    family: NDArray[np.str_]
    months: tuple[date, ...]
    log_price: Array

    @cached_property
    def watched(self) -> NDArray[np.bool_]:
        """Whether the price is known, `[series, month]`."""
        return ~np.isnan(self.log_price)

    @cached_property
    def step(self) -> Array:
        """Change of log price since the month before, 0 where one of the two is not known, `[series, month]`."""
        step = np.zeros_like(self.log_price)
        step[:, 1:] = np.nan_to_num(self.log_price[:, 1:] - self.log_price[:, :-1])
        return step

    def change(self, horizon_months: int) -> Array:
        """Change of log price over the months that follow, nan where it was not seen, `[series, month]`."""
        change = np.full_like(self.log_price, np.nan)
        if horizon_months < len(self.months):
            change[:, :-horizon_months] = self.log_price[:, horizon_months:] - self.log_price[:, :-horizon_months]
        return change


def months_of(series: Sequence[PriceSeries]) -> tuple[date, ...]:
    """Return the first days of the months in which at least one of the series was watched."""
    first, last = min(one.changed_on[0] for one in series), max(one.last_seen_on for one in series)
    days = (date(month // 12, month % 12 + 1, 1) for month in range(month_of(first), month_of(last) + 1))
    return tuple(day for day in days if first <= day)


def panel_of(series: Sequence[PriceSeries], months: tuple[date, ...]) -> Panel:
    """Return the series on a grid of months; a price holds from its day until the next change or the last sighting."""
    same = [one.same_thing for one in series]
    grid = np.array([day.toordinal() for day in months])
    return Panel(
        provider=np.array([provider for provider, _ in same], dtype=np.str_),
        kind=np.array([one.kind for one in series], dtype=np.str_),
        model=np.array([model for _, model in same], dtype=np.str_),
        family=np.array([family_of(model) for _, model in same], dtype=np.str_),
        months=months,
        log_price=np.array([_on_grid(one, grid) for one in series]).reshape(len(series), len(months)),
    )


def _on_grid(one: PriceSeries, grid: NDArray[np.int64]) -> Array:
    """Return the log price in force on each day of the grid, rounded so that equal prices are equal."""
    log_price = np.round(np.log(one.usd_per_mtok), DECIMALS_LOG)
    at = np.searchsorted([day.toordinal() for day in one.changed_on], grid, side="right") - 1
    known = (at >= 0) & (grid <= one.last_seen_on.toordinal())
    return np.where(known, log_price[at], np.nan)


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

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Windows:
        """Return the chosen windows."""
        return Windows._make(column[chosen] for column in self)


def windows_of(panel: Panel, features: Array) -> Windows:
    """Return all windows of a panel of series as long as a horizon; `features` are those of each series and month."""
    changes = np.stack([panel.change(span) for span in HORIZONS_MONTHS])
    which, row, month = np.nonzero(~np.isnan(changes))
    span = np.array(HORIZONS_MONTHS)[which]
    routed = panel.kind[row] == ROUTER
    made = Windows(month + span, span, changes[which, row, month], features[row, month], routed)
    return made.where(np.argsort(made.end_month, kind="stable"))
