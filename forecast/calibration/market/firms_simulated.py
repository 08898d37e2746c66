"""What the engine says of firms: rounds, exits, how they come together, margins and losses, one value a path."""

from __future__ import annotations

import numpy as np

from forecast.calibration.market.band import Values
from forecast.calibration.market.world import Statistic, World
from forecast.hindcast.happenings import firms_of
from forecast.market.doors import BOUGHT, LICENSED, NEVER, SHUT, SOLD_IN_DISTRESS

OUT = {"acquired_count": (BOUGHT, LICENSED, SOLD_IN_DISTRESS), "failed_count": (SHUT,)}
GROUPS = 20  # of paths, for the sampling error of a variance


def exits_per_year(column: str) -> Statistic:
    """Return a reader of exits of a kind per year that a provider on its own cash was there."""

    def read(world: World) -> Values:
        own_cash = world.names.own_cash
        count = np.isin(world.history.exit_kind[own_cash], OUT[column]).sum(axis=0)
        return np.asarray(count / _years(world)[own_cash].sum(axis=0), float)

    return read


def exits_dispersion(world: World) -> Values:
    """Return the variance of the number of exits over what independent exits would have, of each group of paths.

    Var N / Σ p(1 − p), p the chance of each provider: 1 when no provider's exit tells of another's.
    """
    left = (world.history.exit_month[world.names.own_cash] != NEVER).astype(float)
    groups = np.array_split(left, GROUPS, axis=1)
    chance = left.mean(axis=1)
    return np.array([group.sum(axis=0).var(ddof=1) for group in groups]) / (chance * (1 - chance)).sum()


def rounds_per_year(world: World) -> Values:
    """Return rounds per year of a provider whose rounds the events were known to record."""
    firms = firms_of(world.scenario, world.names, "followed")
    rows = [world.names.providers.index(firm) for firm in sorted(firms)]
    return np.asarray(
        world.history.series["rounds"][rows, 1:].sum(axis=(0, 1)) / _years(world)[rows].sum(axis=0), float
    )


def gross_margin_frac(world: World) -> Values:
    """Return the margin of the whole market over serving cost: 1 − Σ cost/Σ spend over the months."""
    series = world.history.series
    cost = (series["unit_cost"] * series["volume"]).sum(axis=(0, 1))
    return np.asarray(1 - cost / (series["market_price"] * series["volume"]).sum(axis=(0, 1)), float)


def losing_frac(world: World) -> Values:
    """Return the part of provider-months, of living single firms, with an offer sold below its serving cost."""
    losing = world.history.few["subsidy_usd_per_month"].whole()[world.names.single] > 0
    alive = world.history.series["provider_tokens"][world.names.single] > 0
    return np.asarray((losing & alive).sum(axis=(0, 1)) / alive.sum(axis=(0, 1)), float)


def loss_over_raised(world: World) -> Values:
    """Return the greatest loss on tokens over the months that a provider makes, over all the money it had raised by then."""
    rows = (row for row in world.scenario.tables["provider_history"] if row["metric"] == "total_raised_usd")
    raised = {row["provider"]: row["value"] for row in sorted(rows, key=lambda row: row["date_on"])}
    own = {p: i for i, p in enumerate(world.names.providers[world.names.own_cash]) if p in raised}
    loss = world.history.few["subsidy_usd_per_month"].whole()[list(own.values()), 1:].sum(axis=1)
    return np.asarray((loss / np.array([raised[p] for p in own])[:, None]).max(axis=0), float)


def _years(world: World) -> Values:
    """Return the years that each provider was there, `[provider, path]`."""
    month = world.history.exit_month
    return np.where(month == NEVER, world.months, month) / 12
