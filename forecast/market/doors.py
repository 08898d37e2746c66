"""Step 8, exits and entry: who closes, who is bought and by whom, who is listed, and how the small ones come and go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import cash, exits
from forecast.market.customers import Customers
from forecast.market.names import REGIMES, Names, at, where
from forecast.market.treasury import Treasury

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

EXIT_KINDS = ("alive", "sold in distress", "bought", "people and licence bought", "shut", "left the market")
ALIVE, SOLD_IN_DISTRESS, BOUGHT, LICENSED, SHUT, LEFT = range(len(EXIT_KINDS))
NEVER = -1


@dataclass
class Doors:
    """Who is in the market, `[provider, path]`, and how each of the others left it."""

    names: Names
    theta: dict[str, Array]
    regime_rate: dict[str, Array]  # [regime, path] purchases and listings a year
    distressed_sale_prob: Array  # [regime, path]
    kind: dict[str, Array]
    acquirer_weight: Array
    acquirable_ratio: Array
    depreciation_usd_per_year: Array  # [cloud, path] in the as_of month
    highest_ratio: float  # of a purchase or a listing to the regime's rate: bounds the draws worth a look
    alive: Flags
    exit_month: NDArray[np.int16]
    exit_kind: NDArray[np.int8]
    listed_month: NDArray[np.int16]
    runway_months: Array  # inf: cash never ends; nan: a parent pays
    fringe_count: Array  # [path]

    def sustainability(self, treasury: Treasury, capacity_ratio: Array) -> Array:
        """Return each hyperscaler's AI revenue over the cost of its machines, `[cloud, path]`."""
        cloud = self.names.cloud_provider
        revenue = 12 * (treasury.revenue[cloud] + treasury.other_revenue[cloud])
        return cash.sustainability_ratio(
            revenue, self.depreciation_usd_per_year * capacity_ratio, self.theta["cloud_running_ratio"]
        )

    def step(
        self,
        month: int,
        horizon: int,
        treasury: Treasury,
        customers: Customers,
        capacity_ratio: Array,
        uniform: Array,
        bids: Array,
    ) -> None:
        """Close, sell, list and leave; customers and cash go where the exit says."""
        private = self.alive & ~self.names.backed
        ended = (treasury.cash_without_rounds_usd < 0) & self.alive & np.isinf(self.runway_months)
        self.runway_months[ended] = month
        broke = (treasury.cash_usd < 0) & private

        # One uniform decides: low is bought (lower still: only people and licence), high is listed.
        highest = exits.monthly_prob(max(rate.max() for rate in self.regime_rate.values()) * self.highest_ratio)
        provider, path = where(private & ~broke & ((uniform < highest) | (uniform > 1 - highest)))
        rate = {name: at(values, treasury.regime[path], path) for name, values in self.regime_rate.items()}
        kind = {name: at(values, provider, path) for name, values in self.kind.items()}
        purchase = exits.monthly_prob(
            rate["acquired_per_year"] * kind["acquired_ratio"] * at(self.acquirable_ratio, provider, path)
        )
        listing = exits.monthly_prob(rate["ipo_per_year"] * kind["ipo_ratio"])
        u = uniform[provider, path]
        taken = u < purchase
        kind_of_sale = np.where(u < purchase * self.theta["licence_frac"][path], LICENSED, BOUGHT)
        self.exit_kind[provider[taken], path[taken]] = kind_of_sale[taken]
        bought = np.zeros_like(broke)
        bought[provider[taken], path[taken]] = True
        lists = ~taken & (u > 1 - listing) & (self.listed_month[provider, path] == NEVER)
        provider, path = provider[lists], path[lists]
        self.listed_month[provider, path] = month
        treasury.cash_usd[provider, path] += treasury.round_size(provider, path)

        # Out of cash: sold in distress or shut.
        provider, path = where(broke)
        sale = uniform[provider, path] < at(self.distressed_sale_prob, treasury.regime[path], path)
        self.exit_kind[provider, path] = np.where(sale, SOLD_IN_DISTRESS, SHUT)
        sold = np.zeros_like(broke)
        sold[provider[sale], path[sale]] = True

        # A hyperscaler whose machines do not pay may leave.
        cloud = self.names.cloud_provider
        losing = self.sustainability(treasury, capacity_ratio) < self.theta["cloud_leave_below_ratio"]
        left = np.zeros_like(broke)
        left[cloud] = (
            self.alive[cloud] & losing & (uniform[cloud] < exits.monthly_prob(self.theta["cloud_leave_per_year"]))
        )
        self.exit_kind[left] = LEFT

        gone = broke | bought | left
        self.exit_month[gone] = month
        # Whoever goes with cash left has the runway it would have lasted at the last burn.
        stopped = where(gone & np.isinf(self.runway_months))
        lasting = month + cash.runway_months(treasury.cash_without_rounds_usd[stopped], treasury.net_flow[stopped])
        self.runway_months[stopped] = np.where(lasting <= horizon, lasting, np.inf)
        self.alive = self.alive & ~gone
        self._hand_over(sold | bought, treasury, customers, bids)

    def _hand_over(self, flags: Flags, treasury: Treasury, customers: Customers, bids: Array) -> None:
        """Find a buyer for each provider sold, by weight among the living; customers and cash follow.

        The buyer is the largest u^(1/w), which draws each with probability w/Σw whatever the order of the table.
        """
        seller, path = where(flags)
        if not len(seller):
            return
        weight = self.acquirer_weight * self.alive[:, path]
        with np.errstate(divide="ignore"):
            bid = np.where(weight > 0, np.log(bids[:, path]) / weight, -np.inf)
        buyer = bid.argmax(axis=0)
        real = np.isfinite(bid.max(axis=0))
        seller, path, buyer = seller[real], path[real], buyer[real]
        customers.follow(seller, buyer, path, at(self.kind["retention_frac"], seller, path))
        np.add.at(treasury.cash_usd, (buyer, path), np.maximum(treasury.cash_usd[seller, path], 0.0))

    def count_fringe(self, margin_ratio: Array, normal: Array) -> Array:
        """Move the number of small providers one month and return its ratio to last month's, `[path]`."""
        before = np.maximum(self.fringe_count, 1.0)
        self.fringe_count = exits.fringe_count_next(
            self.fringe_count, self.theta["entry_per_year"], self.theta["fringe_exit_per_year"], margin_ratio, normal
        )
        return np.maximum(self.fringe_count, 1.0) / before

    def independents(self) -> Array:
        """Return the number of living providers without a parent, the small ones included, `[path]`."""
        return (self.alive & ~self.names.backed).sum(axis=0) + self.fringe_count


def start_doors(draws: Draws, names: Names) -> Doors:
    """Return the doors of the as_of month: everyone is in."""
    shape = (len(names.providers), BLOCK_PATHS)
    runway = np.full(shape, np.inf)
    runway[names.backed[:, 0]] = np.nan
    rates = ("acquired_per_year", "ipo_per_year")
    kinds = ("acquired_ratio", "ipo_ratio", "retention_frac")
    parameters = (
        "licence_frac entry_per_year fringe_exit_per_year cloud_running_ratio cloud_leave_below_ratio "
        "cloud_leave_per_year"
    ).split()
    kind = {name: draws.column("provider_kinds", name, names.kinds) for name in kinds}
    acquirable = draws.column("providers", "acquirable_ratio", names.providers)
    return Doors(
        names=names,
        theta={name: draws.parameter(name) for name in parameters},
        regime_rate={name: draws.column("regimes", name, list(REGIMES)) for name in rates},
        distressed_sale_prob=draws.column("regimes", "distressed_sale_prob", list(REGIMES)),
        kind=kind,
        acquirer_weight=draws.column("providers", "acquirer_weight", names.providers),
        acquirable_ratio=acquirable,
        depreciation_usd_per_year=draws.column("cloud_finances", "ai_depreciation_usd_per_year", names.clouds),
        highest_ratio=float(max((kind["acquired_ratio"] * acquirable).max(), kind["ipo_ratio"].max())),
        alive=np.ones(shape, dtype=bool),
        exit_month=np.full(shape, NEVER, np.int16),
        exit_kind=np.full(shape, ALIVE, np.int8),
        listed_month=np.full(shape, NEVER, np.int16),
        runway_months=runway,
        fringe_count=draws.parameter("fringe_count_start"),
    )
