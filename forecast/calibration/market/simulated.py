"""What the engine says of the same quantities: from the watched history of a block, one value a path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.calibration.market.band import Values
from forecast.calibration.market.paid_observed import (
    OUTPUT_FRAC,
    TOKENS_ALONE,
    WHOLE_FIRM,
    Margins,
    at_list_prices,
    known_margins,
)
from forecast.calibration.market.world import Statistic, World
from forecast.market.doors import NEVER
from forecast.market.mix import Worth
from forecast.trends.repricing import SELLERS
from forecast.units import months_between

GROUP_PATHS = 100
ENGINE_KINDS = {kind: tuple(of for of in kinds if of != "fringe") for kind, kinds in SELLERS.items()}  # of one firm
ENGINE_KINDS["all"] = tuple(kind for kinds in ENGINE_KINDS.values() for kind in kinds)


def reprices_per_month(kind: str) -> Statistic:
    """Return a reader of the chance that the price of the same model at an offer of a kind of provider moves in a month."""
    return lambda world: np.asarray((_groups(_repriced(world, kind)) != 0).mean(axis=1), float)


def renewed_frac(kind: str, months: int) -> Statistic:
    """Return a reader of the chance that an offer of a kind of provider moves to newer models at least once in so many months."""

    def read(world: World) -> Values:
        price = np.diff(np.log(world.history.series["offer_price"][_offers(world, kind)]), axis=1)
        moved = (price != 0) & (_repriced(world, kind) == 0)
        windows = range(moved.shape[1] - months + 1)
        return np.mean([moved[:, month : month + months].any(axis=1).mean(axis=0) for month in windows], axis=0)

    return read


def reprice_size_log(kind: str) -> Statistic:
    """Return a reader of the mean |Δ ln price| of the repricings of the same model of a kind of provider."""

    def read(world: World) -> Values:
        sizes = np.abs(_groups(_repriced(world, kind)))
        return np.array([np.mean(group[group > 0]) if group.any() else np.nan for group in sizes], float)

    return read


def rises_frac(world: World) -> Values:
    """Return the share of repricings of the same model that are rises."""
    steps = _groups(_repriced(world, "all"))
    return _ratio((steps > 0).sum(axis=1), (steps != 0).sum(axis=1))


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


def _repriced(world: World, kind: str) -> NDArray[np.float32]:
    """Return Δ ln price of the same model at each offer of a kind of provider in each month, `[offer, month, path]`."""
    return world.history.series["repriced_log"][_offers(world, kind), 1:]


def _groups(steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the steps of a hundred paths together, `[group, step]`: on one path a year brings a few changes or none."""
    return np.moveaxis(steps, -1, 0).reshape(max(1, steps.shape[-1] // GROUP_PATHS), -1)


def _offers(world: World, kind: str) -> NDArray[np.bool_]:
    return np.isin(np.array(world.names.kinds)[world.names.offer_provider], ENGINE_KINDS[kind])


def _ratio(above: NDArray[np.int_], below: NDArray[np.int_]) -> Values:
    return np.where(below > 0, above / np.maximum(below, 1), np.nan)


def paid_at_hosts(world: World) -> Values:
    """Return the mean price paid in the as_of month at the hosts of the router that the market names."""
    hosts = {row["provider"] for row in world.scenario.tables["host_prices"]}
    known = np.isin(world.names.providers, list(hosts))
    spend, tokens = (world.history.series[name][known, 0].sum(axis=0) for name in ("provider_spend", "provider_tokens"))
    return np.asarray(spend / tokens, float)


def paid_over_list(world: World) -> Values:
    """Return what the prices of kinds of token make of the router's hosts: paid with their caching over list without it."""
    inputs = [world.scenario.input(f"parameters.{name}").value for name in ("output_price_ratio", "cached_price_ratio")]
    paths = world.history.series["market_price"].shape[-1]
    cached_ratio = inputs[1].quantile((np.arange(paths) + 0.5) / paths)
    worth = Worth(np.asarray(inputs[0].median()), cached_ratio)
    hosts = at_list_prices(world.tables)
    listed = np.array([value for _, value in hosts])
    cached_frac = np.array([row["cache_hit_frac"] for row, _ in hosts])[:, None]
    output_frac = np.asarray(OUTPUT_FRAC)
    paid = worth.of(output_frac, cached_frac) / worth.of(output_frac, np.asarray(0.0))
    return np.asarray(listed @ paid / listed.sum(), float)


def price_over_cost(kind: str) -> Statistic:
    """Return a reader of the price of tokens over their serving cost, where margins of a kind of provider are known.

    The median of the figures, each of its own firm and months: those that published are not the typical ones of a kind.
    """

    def read(world: World) -> Values:
        spend, cost = (world.history.series[name] for name in ("provider_spend", "provider_cost"))
        return _median_figure(world, kind, TOKENS_ALONE, _over(spend, cost))

    return read


def revenue_over_cost(kind: str) -> Statistic:
    """Return a reader of all revenue over its cost, as `price_over_cost`: what the margin of a whole firm is compared with."""

    def read(world: World) -> Values:
        margin = world.history.series["provider_margin"]
        return _median_figure(world, kind, WHOLE_FIRM, _over(np.ones_like(margin), 1 - margin))

    return read


def _over(earned: NDArray[np.float32], cost: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.divide(earned, cost, out=np.full_like(earned, np.nan), where=cost > 0)  # the dead sell nothing


def _median_figure(world: World, kind: str, which: Margins, ratio: NDArray[np.float32]) -> Values:
    """Return the median, over the figures known, of the mean ratio of their firm in their months; `ratio[provider, month, path]`."""
    found = []
    for row in known_margins(world.tables, kind, which):
        if row["provider"] in world.names.providers:
            last = min(round(months_between(world.scenario.as_of, row["date_on"])), world.months)
            first = max(0, last - int(row["averaged_months"] or 0))
            found.append(ratio[world.names.providers.index(row["provider"]), first : last + 1].mean(axis=0))
    known = np.array(found, float)
    return np.asarray(np.nanmedian(known[:, np.isfinite(known).any(axis=0)], axis=0))  # where one of them still sells


def spend_concentration_ratio(world: World) -> Values:
    """Return the Herfindahl index of spend over that of tokens, mean of the months."""
    series = world.history.series
    return np.asarray((series["hhi_spend"][0] / series["hhi_tokens"][0]).mean(axis=0), float)


def swing_over_log(series: str, months: int) -> Statistic:
    """Return a reader of the root mean square of Δ ln over so many months of a series of the whole market."""
    return lambda world: rms_change_log(world.history.series[series][0].astype(float), months)


def rms_change_log(values: Values, months: int) -> Values:
    """Return the root mean square of Δ ln over so many months of `[month, path]` values, `[path]`."""
    log = np.log(values)
    return np.asarray(np.sqrt(((log[months:] - log[:-months]) ** 2).mean(axis=0)), float)
