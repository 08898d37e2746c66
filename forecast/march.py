"""The month loop: eight numbered steps, the same for every block of paths.

Arrays are `[provider, path]`, `[offer, path]` (a provider in a segment), `[segment, path]` or `[path]`, the path
axis last. Each entity has its own streams, and the dead keep drawing: whoever leaves changes no other draw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.arrays import REAL
from forecast.chance import Chance
from forecast.draws import BLOCK_PATHS, Draws
from forecast.history import History, Series, record, year_months
from forecast.market.market import Market
from forecast.market.names import Names
from forecast.market.records import noted, of_the_living, reported, seen
from forecast.market.router import Router
from forecast.market.trade import Trade
from forecast.scenario import Scenario


def march(
    scenario: Scenario,
    names: Names,
    draws: Draws,
    memory: Series | None = None,
    watch: bool = False,
    note_months: Sequence[int] = (),
) -> History:
    """Return the history of one block: the market of the as_of month, then `scenario.months` steps of it.

    `memory` holds the series of an earlier block that are no longer needed: they are written over, not made anew.
    `watch` also keeps what `market.records.seen` shows; in `note_months` single offers, families and buyers are noted.
    """
    chance, market = Chance(draws, names), Market(scenario, names, draws)
    router, years = Router(draws, names) if watch else None, year_months(scenario.months)
    series, in_months, yearly = {} if memory is None else memory, Series(), Series()
    for month in range(scenario.months + 1):
        if month:
            step(market, chance, month, scenario.months)
            if router:
                router.step()
        if month in years or month in note_months:
            firms = of_the_living(market)
            if month in years:
                record(yearly, years.index(month), len(years), firms)
            if month in note_months:
                record(in_months, note_months.index(month), len(note_months), noted(market, firms))
        values = seen(market, router) if router else {}
        record(series, month, scenario.months + 1, values | reported(market))
    doors = market.doors
    runway = np.full((len(names.providers), BLOCK_PATHS), np.nan, REAL)
    runway[names.own_cash] = doors.runway_months
    available = market.machines.available_month()
    return History(series, doors.exit_month, doors.exit_kind, doors.listed_month, runway, available, in_months, yearly)


def step(market: Market, chance: Chance, month: int, months: int) -> None:
    """Move the market into a month, of so many.

    Args:
        market: the market of the month before; it becomes that of this month.
        chance: the streams of the block.
        month, months: this month, from 1, and the last one.
    """
    names, own_cash, mix = market.names, market.names.own_cash, market.mix
    machines, rents, sellers, customers = market.machines, market.rents, market.sellers, market.customers
    treasury, doors = market.treasury, market.doors
    # 1. Hardware: what is available, what it costs to own, how fleets follow.
    machines.step(month, rents.build(month))
    # 2. Demand: tokens wanted at last month's price, and of which kinds.
    mix.step(month)
    price_change, spend = market.log_price - market.log_price_before, market.trade.segment_spend.sum(axis=0)
    customers.want(month, spend, price_change, chance.normals("demand"))
    wanted = customers.wanted_mtok_per_month
    # 3. Scarcity: load over capacity moves rents.
    use = sellers.use(machines.fleet_usd_per_mtok * mix.cost_ratio)
    load_ratio = (names.segment_dot(market.share, use) * wanted).sum(axis=0) / market.load_start
    rents.step(load_ratio, chance.normals("rent")[0])
    # 4. Unit cost: each provider's fleet, own and rented machines, idle hours.
    sellers.cost(rents.hire_ratio(market.own_frac), rents.idle_ratio(market.own_frac))
    # 5. Prices: sticky, between the market's and cost plus markup.
    market.repriced, renewed = sellers.reprice(
        market.log_price,
        np.log(mix.price_ratio),
        rents.tightness,
        treasury.regime,
        treasury.runway_months,
        chance.uniforms("reprice"),
    )
    # 6. Shares: a logit over the living, with inertia and passing shocks.
    for new in (market.repriced, renewed):
        customers.notice(new.offers, new.segments, new.change_log)
    customers.reconsider(month, chance.normals("attraction"), market.share)
    market.share = customers.share(doors.absent)
    served = wanted * rents.served_frac(load_ratio)
    trade = market.trade = Trade(
        names, market.share, served, sellers.usd_per_mtok, sellers.unit_cost_usd_per_mtok, mix.price_ratio
    )
    # 7. Cash: profit, fixed cost, rounds under the shared regime.
    treasury.turn_regime(month, chance.uniforms("regime")[0])
    treasury.step(
        month,
        trade.revenue[own_cash],
        trade.serving_cost[own_cash],
        customers.apart_with_luck_per_month(month, chance.normals("luck")),
        rents.contract_fall_log(),
        doors.present[own_cash],
        chance.uniforms("funding"),
    )
    # 8. Exits and entry.
    market.clouds.weigh(trade, treasury.other.ratio)
    doors.step(
        month,
        months,
        treasury,
        customers,
        trade.revenue,
        market.clouds,
        chance.uniforms("exit"),
        chance.uniforms("bid"),
    )
    fringe_margin_frac = trade.margin_frac(names.fringe_offers)
    customers.grow_fringe(market.fringe.step(month, fringe_margin_frac, chance.normals("fringe")[0]))
    # What the month leaves: the market's price, and that of a fixed capability.
    market.log_price_before = market.log_price
    market.log_price = np.log(trade.segment_spend / (trade.segment_tokens * mix.price_ratio))
    market.tiers.step(month, machines.floor_usd_per_mtok, rents.contract_scarcity, chance.normals("tier"))
