"""The market of a month: all rooms that keep state, and what was traded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.arrays import Array
from forecast.draws import Draws
from forecast.market.clouds import Clouds, start_clouds
from forecast.market.customers import Customers, start_customers
from forecast.market.doors import Doors, start_doors
from forecast.market.fringe import Fringe, start_fringe
from forecast.market.machines import Machines, start_machines
from forecast.market.mix import Mix, start_mix
from forecast.market.names import Names
from forecast.market.rents import Rents, start_rents
from forecast.market.sellers import NewPrices, Sellers, start_books, start_sellers
from forecast.market.tiers import Tiers, start_tiers
from forecast.market.trade import Trade, trade_of
from forecast.market.treasury import Treasury, start_treasury
from forecast.scenario import Scenario
from forecast.units import MONTHS_PER_YEAR


@dataclass
class Market:
    """The state of a block of paths in a month. `own_frac` has a row for each distinct mix of owned and rented machines."""

    names: Names
    mix: Mix
    machines: Machines
    rents: Rents
    sellers: Sellers
    customers: Customers
    treasury: Treasury
    clouds: Clouds
    doors: Doors
    fringe: Fringe
    tiers: Tiers
    own_frac: Array
    other_cost_frac: Array  # of revenue not of tokens, what it costs
    share: Array  # of a segment's tokens, [offer, path]
    load_start: Array  # of the machines in the as_of month, [path]
    trade: Trade
    log_price: Array  # of today's mix of tokens, volume-weighted, [segment, path]
    log_price_before: Array  # a month ago
    new_prices: NewPrices | None = None  # of this month


def start_market(scenario: Scenario, names: Names, draws: Draws) -> Market:
    """Return the market of the as_of month."""
    books = start_books(draws, names)
    wanted = names.segment_sum(books.tokens_mtok_per_month)
    machines = start_machines(scenario, names, draws)
    fleet = Sellers.fleet_of_offer(names, machines.fleet_usd_per_mtok)
    rents = start_rents(draws)
    # Providers that own as much of their fleet pay alike: few distinct rows.
    own_frac, owner = np.unique(draws.column("providers", "own_frac", names.providers), axis=0, return_inverse=True)
    sellers = start_sellers(draws, names, books, fleet, rents.hire_ratio(own_frac), owner)
    share = names.segment_scaled(books.tokens_mtok_per_month, 1 / wanted)
    mix = start_mix(draws, names)
    trade = trade_of(names, share, wanted, books.usd_per_mtok, sellers.unit_cost_usd_per_mtok, mix.price_ratio)
    revenue, profit = (flow[names.own_cash] for flow in (trade.revenue, trade.revenue - trade.serving_cost))
    other = books.other_usd_per_month
    other_cost_frac = 1 - draws.column("provider_finances", "other_margin_frac", names.providers)
    customers = start_customers(draws, names, wanted, share, MONTHS_PER_YEAR * (trade.revenue + other))
    apart = customers.apart_per_month[names.own_cash]
    treasury = start_treasury(scenario, draws, names, revenue, profit, other, apart)
    log_price = np.log(trade.segment_spend / wanted)
    return Market(
        names=names,
        mix=mix,
        machines=machines,
        rents=rents,
        sellers=sellers,
        customers=customers,
        treasury=treasury,
        clouds=start_clouds(draws, names, trade, other, other_cost_frac),
        doors=start_doors(draws, names),
        fringe=start_fringe(draws, trade.margin_frac(names.fringe_offers)),
        tiers=start_tiers(draws, names, machines.floor_usd_per_mtok),
        own_frac=own_frac,
        other_cost_frac=other_cost_frac,
        share=share,
        load_start=(books.tokens_mtok_per_month * sellers.machine_cost_usd_per_mtok).sum(axis=0),
        trade=trade,
        log_price=log_price,
        log_price_before=log_price,
    )
