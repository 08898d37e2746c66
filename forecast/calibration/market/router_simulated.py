"""What the engine says of the router: the shares that its named sellers would have there, out of the tokens of them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.calibration.market.band import Values
from forecast.calibration.market.simulated import rms_change_log
from forecast.calibration.market.world import Statistic, World
from forecast.equations.shares import top_sum
from forecast.trends.router import LEAST_SHARE


def herfindahl(world: World) -> Values:
    """Return the Herfindahl index, mean of the months."""
    return np.asarray(_herfindahl(world).mean(axis=0), float)


def top5(world: World) -> Values:
    """Return the share of the five largest, mean of the months."""
    share = world.history.series["router_share"]
    return np.mean([top_sum(share[:, month], 5) for month in range(share.shape[1])], axis=0)


def concentration_swing_log(months: int) -> Statistic:
    """Return a reader of the root mean square of Δ ln of the Herfindahl index over so many months."""
    return lambda world: rms_change_log(_herfindahl(world), months)


def share_change_size_log(world: World) -> Values:
    """Return the mean |Δ ln share| of a month."""
    return np.asarray(np.nanmean(np.abs(_share_steps(world)[1]), axis=(0, 1)), float)


def large_share_changes_frac(world: World) -> Values:
    """Return the part of months in which a share halved or doubled."""
    steps = np.abs(_share_steps(world)[1])
    return np.asarray((steps > np.log(2)).sum(axis=(0, 1)) / np.isfinite(steps).sum(axis=(0, 1)), float)


def share_reversion(world: World) -> Values:
    """Return by how much less a share grows in a month for a unit of its log."""
    log, step = _share_steps(world)
    log = log - np.nanmean(log, axis=(0, 1))
    return np.asarray(-np.nansum(log * step, axis=(0, 1)) / np.nansum(log**2, axis=(0, 1)), float)


def _herfindahl(world: World) -> Values:
    return np.asarray((world.history.series["router_share"].astype(float) ** 2).sum(axis=0))


def _share_steps(world: World) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return ln share and Δ ln share from LEAST_SHARE on, to where it fell below or left, `[provider, month, path]`."""
    share = world.history.series["router_share"]
    before = np.log(np.where(share[:, :-1] >= LEAST_SHARE, share[:, :-1], np.nan))
    return before, np.log(np.maximum(share[:, 1:], LEAST_SHARE)) - before
