"""What the engine says of the same quantities: from the watched history of a block, one value a path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.calibration.market.band import Values
from forecast.calibration.market.world import Statistic, World
from forecast.market.doors import NEVER
from forecast.trends.router import LEAST_SHARE

ENGINE_KINDS = {"first": ("lab",), "host": ("host", "neocloud", "chip"), "cloud": ("cloud",)}
ENGINE_KINDS["all"] = tuple(kind for kinds in ENGINE_KINDS.values() for kind in kinds)


def resets_per_month(kind: str) -> Statistic:
    """Return a reader of the chance that an offer of a kind of provider is repriced in a month."""
    return lambda world: np.asarray((_steps(world, kind) != 0).mean(axis=(0, 1)), float)


def reset_size_log(kind: str) -> Statistic:
    """Return a reader of the median |Δ ln price| of the repricings of a kind of provider."""

    def read(world: World) -> Values:
        size = np.abs(_steps(world, kind)).reshape(-1, world.history.exit_month.shape[1])
        count = (size > 0).sum(axis=0)
        middle = len(size) - (count + 1) // 2  # sorted, those that stand come first
        return np.where(
            count > 0, np.take_along_axis(np.sort(size, axis=0), middle[None] - (count == 0), axis=0)[0], np.nan
        )

    return read


def rises_frac(world: World) -> Values:
    """Return the share of repricings that are rises."""
    steps = _steps(world, "all")
    return _ratio((steps > 0).sum(axis=(0, 1)), (steps != 0).sum(axis=(0, 1)))


def host_spread_ratio(world: World) -> Values:
    """Return the dearest over the cheapest living host at the end of a year, geometric mean over open segments."""
    month = min(12, world.history.series["offer_price"].shape[1] - 1)
    hosts = np.isin(world.names.kinds, ENGINE_KINDS["host"])
    alive = ((world.history.exit_month == NEVER) | (world.history.exit_month > month)) & hosts[:, None]
    price = np.where(alive[world.names.offer_provider], world.history.series["offer_price"][:, month], np.nan)
    spreads = [
        np.nanmax(price[offers], axis=0) / np.nanmin(price[offers], axis=0)
        for offers in world.names.offers_of_segment
        if hosts[world.names.offer_provider[offers]].sum() > 3
    ]
    return np.asarray(np.exp(np.log(spreads).mean(axis=0)), float)


def _steps(world: World, kind: str) -> NDArray[np.float32]:
    """Return Δ ln price of each offer of a kind of provider in each month, `[offer, month, path]`."""
    chosen = np.isin(np.array(world.names.kinds)[world.names.offer_provider], ENGINE_KINDS[kind])
    return np.diff(np.log(world.history.series["offer_price"][chosen]), axis=1)


def _ratio(above: NDArray[np.int_], below: NDArray[np.int_]) -> Values:
    return np.where(below > 0, above / np.maximum(below, 1), np.nan)


def level(series: str) -> Statistic:
    """Return a reader of the mean of a series of the whole market."""
    return lambda world: np.asarray(world.history.series[series][0].mean(axis=0), float)


def share_change_size_log(world: World) -> Values:
    """Return the mean |Δ ln share| of a month, as the router would show it."""
    return np.asarray(np.nanmean(np.abs(_share_steps(world)[1]), axis=(0, 1)), float)


def large_share_changes_frac(world: World) -> Values:
    """Return the part of months in which a share halved or doubled, as the router would show it."""
    steps = np.abs(_share_steps(world)[1])
    return _ratio((steps > np.log(2)).sum(axis=(0, 1)), np.isfinite(steps).sum(axis=(0, 1)))


def share_reversion(world: World) -> Values:
    """Return by how much less a share grows in a month for a unit of its log, as the router would show it."""
    log, step = _share_steps(world)
    log = np.where(np.isfinite(step), log, np.nan)
    log -= np.nanmean(log, axis=(0, 1))
    return np.asarray(-np.nansum(log * step, axis=(0, 1)) / np.nansum(log**2, axis=(0, 1)), float)


def _share_steps(world: World) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return ln share and Δ ln share of the living from LEAST_SHARE on, as the router would show it, `[provider, month, path]`."""
    share = world.history.series["router_share"]
    log = np.log(np.where(share > 0, share, np.nan))
    before = np.where(share[:, :-1] >= LEAST_SHARE, log[:, :-1], np.nan)
    return before, log[:, 1:] - before


def concentration_swing_log(months: int) -> Statistic:
    """Return a reader of the root mean square of Δ ln of the Herfindahl index over so many months, as the router would show it."""
    return lambda world: _swing((world.history.series["router_share"].astype(float) ** 2).sum(axis=0), months)


def paid_usd_per_mtok(world: World) -> Values:
    """Return the mean price paid over all segments in the as_of month."""
    volume = world.history.series["volume"][:, 0]
    return np.asarray((world.history.series["market_price"][:, 0] * volume).sum(axis=0) / volume.sum(axis=0), float)


def gross_margin_frac(world: World) -> Values:
    """Return the margin of the whole market over serving cost, mean of the months: 1 − Σ cost/Σ spend."""
    cost = (world.history.series["unit_cost"] * world.history.series["volume"]).sum(axis=(0, 1))
    return np.asarray(
        1 - cost / (world.history.series["market_price"] * world.history.series["volume"]).sum(axis=(0, 1)), float
    )


def spend_concentration_ratio(world: World) -> Values:
    """Return the Herfindahl index of spend over that of tokens, mean of the months."""
    series = world.history.series
    return np.asarray((series["hhi_spend"][0] / series["hhi_tokens"][0]).mean(axis=0), float)


def swing_over_log(series: str, months: int) -> Statistic:
    """Return a reader of the root mean square of Δ ln over so many months of a series of the whole market."""
    return lambda world: _swing(world.history.series[series][0].astype(float), months)


def _swing(values: Values, months: int) -> Values:
    log = np.log(values)
    return np.asarray(np.sqrt(((log[months:] - log[:-months]) ** 2).mean(axis=0)), float)
