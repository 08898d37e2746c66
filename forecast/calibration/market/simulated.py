"""What the engine says of the same quantities: from the watched history of a block, one value a path."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forecast.calibration.market.band import Values
from forecast.march import History
from forecast.market.doors import BOUGHT, LICENSED, NEVER, SHUT, SOLD_IN_DISTRESS
from forecast.market.names import Names

Statistic = Callable[[History, Names], Values]
ENGINE_KINDS = {"first": ("lab",), "host": ("host", "neocloud", "chip"), "cloud": ("cloud",)}
OUT = {"acquired_count": (BOUGHT, LICENSED, SOLD_IN_DISTRESS), "failed_count": (SHUT,)}


def resets_per_month(kind: str) -> Statistic:
    """Return a reader of the chance that an offer of a kind of provider is repriced in a month."""
    return lambda h, names: np.asarray((_steps(h, names, kind) != 0).mean(axis=(0, 1)), float)


def reset_size_log(kind: str) -> Statistic:
    """Return a reader of the median |Δ ln price| of the repricings of a kind of provider."""

    def read(h: History, names: Names) -> Values:
        size = np.abs(_steps(h, names, kind)).reshape(-1, h.exit_month.shape[1])
        count = (size > 0).sum(axis=0)
        middle = len(size) - (count + 1) // 2  # sorted, those that stand come first
        return np.where(
            count > 0, np.take_along_axis(np.sort(size, axis=0), middle[None] - (count == 0), axis=0)[0], np.nan
        )

    return read


def rises_frac(h: History, names: Names) -> Values:
    """Return the share of repricings that are rises."""
    steps = np.concatenate([_steps(h, names, kind) for kind in ENGINE_KINDS])
    return _ratio((steps > 0).sum(axis=(0, 1)), (steps != 0).sum(axis=(0, 1)))


def host_spread_ratio(h: History, names: Names) -> Values:
    """Return the dearest over the cheapest living host at the end of a year, geometric mean over open segments."""
    month = min(12, h.series["offer_price"].shape[1] - 1)
    hosts = np.isin(names.kinds, ENGINE_KINDS["host"])
    alive = ((h.exit_month == NEVER) | (h.exit_month > month)) & hosts[:, None]
    price = np.where(alive[names.offer_provider], h.series["offer_price"][:, month], np.nan)
    spreads = [
        np.nanmax(price[offers], axis=0) / np.nanmin(price[offers], axis=0)
        for offers in names.offers_of_segment
        if hosts[names.offer_provider[offers]].sum() > 3
    ]
    return np.asarray(np.exp(np.log(spreads).mean(axis=0)), float)


def _steps(h: History, names: Names, kind: str) -> NDArray[np.float32]:
    """Return Δ ln price of each offer of a kind of provider in each month, `[offer, month, path]`."""
    chosen = np.isin(np.array(names.kinds)[names.offer_provider], ENGINE_KINDS[kind])
    return np.diff(np.log(h.series["offer_price"][chosen]), axis=1)


def _ratio(above: NDArray[np.int_], below: NDArray[np.int_]) -> Values:
    return np.where(below > 0, above / np.maximum(below, 1), np.nan)


def level(series: str) -> Statistic:
    """Return a reader of the mean of a series of the whole market."""
    return lambda h, names: np.asarray(h.series[series][0].mean(axis=0), float)


def swing_log(series: str) -> Statistic:
    """Return a reader of the root mean square of the monthly Δ ln of a series of the whole market."""
    return lambda h, names: np.sqrt((np.diff(np.log(h.series[series][0].astype(float)), axis=0) ** 2).mean(axis=0))


def share_change_size_log(h: History, names: Names) -> Values:
    """Return the mean |Δ ln share of tokens| of a month, of the living."""
    return np.asarray(np.nanmean(np.abs(_share_steps(h, names)), axis=(0, 1)), float)


def large_share_changes_frac(h: History, names: Names) -> Values:
    """Return the part of the living's months in which the share halved or doubled."""
    steps = np.abs(_share_steps(h, names))
    return _ratio((steps > np.log(2)).sum(axis=(0, 1)), np.isfinite(steps).sum(axis=(0, 1)))


def _share_steps(h: History, names: Names) -> NDArray[np.float32]:
    tokens = h.series["provider_tokens"][names.single]
    share = np.where(tokens > 0, tokens, np.nan) / h.series["volume"].sum(axis=0)
    return np.diff(np.log(share), axis=1)


def exits_per_year(column: str) -> Statistic:
    """Return a reader of exits of a kind per year that a provider on its own cash was there."""

    def read(h: History, names: Names) -> Values:
        month, kind = h.exit_month[names.own_cash], h.exit_kind[names.own_cash]
        horizon = h.series["hhi_tokens"].shape[1] - 1
        years = np.where(month == NEVER, horizon, month).sum(axis=0) / 12
        return np.asarray(np.isin(kind, OUT[column]).sum(axis=0) / years, float)

    return read


def paid_usd_per_mtok(h: History, names: Names) -> Values:
    """Return the mean price paid over all segments in the as_of month."""
    volume = h.series["volume"][:, 0]
    return np.asarray((h.series["market_price"][:, 0] * volume).sum(axis=0) / volume.sum(axis=0), float)


def gross_margin_frac(h: History, names: Names) -> Values:
    """Return the margin of the whole market over serving cost, mean of the months: 1 − Σ cost/Σ spend."""
    cost = (h.series["unit_cost"] * h.series["volume"]).sum(axis=(0, 1))
    return np.asarray(1 - cost / (h.series["market_price"] * h.series["volume"]).sum(axis=(0, 1)), float)
