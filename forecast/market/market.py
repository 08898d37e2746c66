"""The market of a month: all rooms that keep state, and what was traded."""

from __future__ import annotations

import numpy as np

from forecast.draws import Draws
from forecast.market.clouds import Clouds
from forecast.market.customers import Customers
from forecast.market.doors import Doors
from forecast.market.fringe import Fringe
from forecast.market.machines import Machines
from forecast.market.mix import Mix
from forecast.market.names import Names
from forecast.market.rents import Rents
from forecast.market.sellers import NewPrices, Sellers, start_books
from forecast.market.tiers import Tiers
from forecast.market.trade import Trade
from forecast.market.treasury import Treasury
from forecast.scenario import Scenario
from forecast.units import MONTHS_PER_YEAR


class Market:
    """The state of a block of paths in a month: at first that of the as_of month."""

    def __init__(self, scenario: Scenario, names: Names, draws: Draws) -> None:
        books, own_cash = start_books(draws, names), names.own_cash
        wanted = names.segment_sum(books.tokens_mtok_per_month)
        self.names, self.mix, self.rents = names, Mix(draws, names), Rents(draws)
        self.machines = Machines(scenario, names, draws)
        # A row for each distinct mix of owned and rented machines: providers that own as much of their fleet pay alike.
        own_frac = draws.column("providers", "own_frac", names.providers)
        self.own_frac, owner = np.unique(own_frac, axis=0, return_inverse=True)
        hire_ratio = self.rents.hire_ratio(self.own_frac)
        self.sellers = Sellers(draws, names, books, self.machines.fleet_usd_per_mtok, hire_ratio, owner)
        # Of a segment's tokens, [offer, path].
        self.share = names.segment_scaled(books.tokens_mtok_per_month, 1 / wanted)
        self.trade = trade = Trade(
            names, self.share, wanted, books.usd_per_mtok, self.sellers.unit_cost_usd_per_mtok, self.mix.price_ratio
        )
        load = books.tokens_mtok_per_month * self.sellers.machine_cost_usd_per_mtok
        self.load_start = load.sum(axis=0)  # of the machines in the as_of month, [path]
        other = books.other_usd_per_month  # not of tokens, [provider, path]
        self.customers = Customers(draws, names, wanted, self.share, MONTHS_PER_YEAR * (trade.revenue + other))
        revenue, profit = trade.revenue[own_cash], (trade.revenue - trade.serving_cost)[own_cash]
        # Customers start from growth half a month before today.
        apart = (self.customers.apart_per_month * np.sqrt(self.customers.apart_kept))[own_cash]
        self.treasury = Treasury(scenario, draws, names, revenue, profit, other, apart)
        self.clouds = Clouds(draws, names, trade, other, self.treasury.other.cost_usd_per_month())
        self.doors = Doors(draws, names)
        self.fringe = Fringe(draws, trade.margin_frac(names.fringe_offers))
        self.tiers = Tiers(draws, names, self.machines.floor_usd_per_mtok)
        # Of today's mix of tokens, volume-weighted, [segment, path]; and a month ago.
        self.log_price = self.log_price_before = np.log(trade.segment_spend / wanted)
        self.repriced: NewPrices | None = None  # of the same models this month
