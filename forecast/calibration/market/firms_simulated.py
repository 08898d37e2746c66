"""What the engine says of firms: rounds, exits, how they come together, margins and losses, one value a path."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Flags, Index
from forecast.calibration.market.band import Values
from forecast.calibration.market.world import Statistic, World
from forecast.hindcast.happenings import firms_of
from forecast.history import History
from forecast.market.doors import BOUGHT, LEFT, LICENSED, NEVER, SHUT, SOLD_IN_DISTRESS
from forecast.market.names import Names
from forecast.market.regimes import REGIMES
from forecast.trends.regimes import SELLERS, dispersion
from forecast.units import MONTHS_PER_YEAR

# By cause: whose cash ends has failed, although a buyer is found, and who gives up selling tokens; the tables call those hired
# away after it failed as well.
OUT = {"acquired": (BOUGHT, LICENSED), "failed": (SOLD_IN_DISTRESS, SHUT, LEFT)}
GROUPS = 20  # of paths: rare events need many for a rate, and several for its sampling error


def per_year(event: str, regime: str, kinds: Collection[str] = SELLERS) -> Statistic:
    """Return a reader of events per year of the firms of some kinds, in months of a funding regime, of each group of paths.

    As in what was observed, a firm is followed until it is listed, of rounds only those whose rounds the tables record,
    and of listings those that had not filed when the paths start: when the cohort's time began nobody had.
    """

    def read(world: World) -> Values:
        firms = firms_of(world.scenario, world.names, "followed" if event == "round" else "all")
        firms -= {
            p for p in firms if world.scenario.rows["providers"][p]["listed"] or (event == "ipo" and _filed(world, p))
        }
        rows = [i for i, p in enumerate(world.names.providers) if p in firms and world.names.kinds[i] in kinds]
        of_regime = world.history.series["regime"][0, 1:] == REGIMES.index(regime)
        count, months = np.zeros((2, of_regime.shape[1]), int)
        for row in rows:
            at_risk = _there(world, row) & of_regime
            count += (_happened(world, event, row) & at_risk).sum(axis=0)
            months += at_risk.sum(axis=0)
        return MONTHS_PER_YEAR * _by_group(count, months)

    return read


def _months(world: World) -> Index:
    return np.arange(1, world.months + 1)[:, None]


def _filed(world: World, provider: str) -> bool:
    return world.scenario.input(f"providers.{provider}.listing_per_year").value.median() > 0


def _there(world: World, row: int) -> Flags:
    """Return in which months a provider was there and not listed before, `[month, path]`."""
    ends = (world.history.exit_month[row], world.history.listed_month[row])
    return np.asarray(np.all([(end == NEVER) | (end >= _months(world)) for end in ends], axis=0))


def _happened(world: World, event: str, row: int) -> Flags:
    """Return in which months a round, an exit or a listing of a provider came, `[month, path]`."""
    if event == "round":
        return np.asarray(world.history.series["rounds"][row, 1:] > 0)
    if event == "ipo":
        return np.asarray(world.history.listed_month[row] == _months(world))
    this_way = np.isin(world.history.exit_kind[row], OUT[event])
    return np.asarray((world.history.exit_month[row] == _months(world)) & this_way)


def _by_group(count: NDArray[np.int_], months: NDArray[np.int_]) -> Values:
    """Return Σcount/Σmonths of each group of paths; `[path]` both."""
    pairs = zip(np.array_split(count, GROUPS), np.array_split(months, GROUPS), strict=True)
    return np.array([one.sum() / of.sum() if of.any() else np.nan for one, of in pairs])


def exits_correlation(world: World) -> Values:
    """Return the correlation of two firms' exits within a quarter, (D − 1)/(n − 1), as observed; mean of each group of paths."""
    rows = range(world.names.own_cash.stop)
    left = np.sum([_happened(world, event, row) & _there(world, row) for event in OUT for row in rows], axis=0)
    there = np.sum([_there(world, row) for row in rows], axis=0)
    quarters = (world.months // 3, 3, -1)
    years = there.reshape(quarters).sum(axis=1) / MONTHS_PER_YEAR
    firms = 4 * years.mean(axis=0)
    regime = world.history.series["regime"][0, 1::3]  # of a quarter's first month
    found = (dispersion(left.reshape(quarters).sum(axis=1).astype(float), years, regime) - 1) / (firms - 1)
    return np.array([np.nanmean(group) for group in np.array_split(found, GROUPS)])


def pair_correlation(history: History, names: Names, events: Collection[str]) -> float:
    """Return the mean correlation, over pairs of providers on their own cash, of leaving in one of some ways.

    Providers who do so on fewer than one path in two hundred, or on nearly all, are left out: their correlations are noise.
    """
    kinds = [kind for event in events for kind in OUT[event]]
    left = np.isin(history.exit_kind[names.own_cash], kinds).astype(float)
    likely = left[np.abs(left.mean(axis=1) - 0.5) < 0.495]
    return float(np.corrcoef(likely)[np.triu_indices(len(likely), 1)].mean())


def losing_frac(world: World) -> Values:
    """Return the part of provider-months, of living single firms, with an offer sold below its serving cost."""
    losing = world.history.series["provider_loss"][world.names.single] > 0
    alive = world.history.series["provider_tokens"][world.names.single] > 0
    return np.asarray((losing & alive).sum(axis=(0, 1)) / alive.sum(axis=(0, 1)), float)


def loss_over_raised(world: World) -> Values:
    """Return the greatest loss on tokens over the months that a provider makes, over all the money it had raised by then."""
    rows = (row for row in world.scenario.tables["provider_history"] if row["metric"] == "total_raised_usd")
    raised = {row["provider"]: row["value"] for row in sorted(rows, key=lambda row: row["date_on"])}
    own = {p: i for i, p in enumerate(world.names.providers[world.names.own_cash]) if p in raised}
    loss = world.history.series["provider_loss"][list(own.values()), 1:].sum(axis=1)
    return np.asarray((loss / np.array([raised[p] for p in own])[:, None]).max(axis=0), float)
