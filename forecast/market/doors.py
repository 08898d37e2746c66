"""Step 8, exits and entry: who closes, who is bought and by whom, who is listed, and how the small ones come and go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL, Array, Flags, Index, Spots, spots, spots_at
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import cash, demand, exits
from forecast.market.customers import Customers
from forecast.market.names import Names
from forecast.market.regimes import COLD, REGIMES, in_regime
from forecast.market.treasury import Treasury
from forecast.units import HALF_A_MONTH

EXIT_KINDS = ("alive", "sold in distress", "bought", "people and licence bought", "shut", "left the market")
ALIVE, SOLD_IN_DISTRESS, BOUGHT, LICENSED, SHUT, LEFT = range(len(EXIT_KINDS))
WITHOUT_BUYER = (SHUT, LEFT)  # customers look for another seller each
NEVER = -1


def happened_by(when: NDArray[np.int16], month: int) -> Flags:
    """Return on which paths something that came in month `when`, or NEVER, has happened by the end of a month.

    >>> happened_by(np.array([NEVER, 3, 5], np.int16), 4).tolist()
    [False, True, False]
    """
    return np.asarray((when != NEVER) & (when <= month))


@dataclass
class Doors:
    """Who is in the market, `[provider, path]`, and how each of the others left it.

    Only providers on their own cash, the first rows, are sold, listed or closed. These leave when they give up selling
    tokens, clouds when their machines do not pay.
    """

    names: Names
    theta: Parameters
    by_regime: dict[str, Array]  # [regime, path] purchases and listings a year, and sales among those out of cash
    kind: dict[str, Array]
    acquirers: Index  # providers that may buy
    acquirer_weight: Array  # [acquirer, path]
    acquirable_ratio: Array
    listing_per_year: Array  # [provider, path or 1] of a listing that was filed for
    depreciation_usd_per_year: Array  # [cloud, path] in the as_of month
    other_revenue_start: Array  # [cloud, path] USD/month
    highest_going_prob: Array  # [own_cash, 1] of a purchase or of giving up in a month: bounds the draws worth a look
    highest_listing_prob: Array
    cloud_leave_prob: Array  # [path] in a month in which its machines do not pay
    alive: Flags
    present: Array  # 1 for the living, else 0
    absent: Array  # 0 for the living, else infinite
    exit_month: NDArray[np.int16]
    exit_kind: NDArray[np.int8]
    listed_month: NDArray[np.int16]
    purchases: Array  # providers that each has bought
    runway_months: Array  # [own_cash, path]; inf: cash never ends
    fringe_count: Array  # [path]

    def sustainability(self, revenue: Array, other_ratio: Array, capacity_ratio: Array) -> Array:
        """Return each hyperscaler's AI revenue over the cost of its machines, `[cloud, path]`."""
        yearly = 12 * (revenue[self.names.cloud_provider] + self.other_revenue_start * other_ratio)
        return cash.sustainability_ratio(
            yearly, self.depreciation_usd_per_year * capacity_ratio, self.theta["cloud_running_ratio"]
        )

    def step(
        self,
        month: int,
        horizon: int,
        treasury: Treasury,
        customers: Customers,
        token_revenue: Array,
        sustainability: Array,
        uniform: Array,
        bids: Array,
    ) -> None:
        """Close, sell, list and leave; customers and cash go where the exit says. `token_revenue` is of the month, `[provider, path]`."""
        cells = self._at_the_door(treasury, uniform)
        kind, lists, rescued = self._fates(cells, treasury, cells.of(token_revenue), cells.of(uniform))
        gone = kind != ALIVE
        self._note_runways(month, horizon, cells, gone, treasury)
        cells.among(lists).put(self.listed_month, month)
        treasury.raise_rounds(cells.among(lists))
        treasury.carry_on(cells.among(rescued))
        self._leave(month, cells.among(gone), kind[gone])
        self._leave(month, self._clouds_that_leave(sustainability, uniform), LEFT)
        self._hand_over(cells.among(gone & ~np.isin(kind, WITHOUT_BUYER)), treasury, customers, bids)

    def _at_the_door(self, treasury: Treasury, uniform: Array) -> Spots:
        """Return the living to whom something may happen: out of cash, or a draw that may mean that they go or are listed."""
        own_cash = self.names.own_cash
        drawn = uniform[own_cash]
        maybe = (treasury.cash_without_rounds_usd < 0) & np.isinf(self.runway_months)
        maybe |= treasury.cash_usd < 0
        maybe |= drawn < self.highest_going_prob
        maybe |= drawn > 1 - self.highest_listing_prob
        return spots(maybe & self.alive[own_cash])

    def _fates(
        self, cells: Spots, treasury: Treasury, token_revenue: Array, u: Array
    ) -> tuple[NDArray[np.int8], Flags, Flags]:
        """Return how each leaves, if it does, who is listed, and who is out of cash and carried on by its holders and lenders.

        One uniform decides. Whoever is out of cash is sold in distress or shut as a small firm is, or else carried on, the
        likelier the larger it is. Of the others low is bought (lower still: only people and licence), what follows gives up
        selling tokens, and high is listed.
        """
        state, theta = treasury.regime.take(cells.path), self.theta
        regime = {name: in_regime(values, state, cells.path) for name, values in self.by_regime.items()}
        small, size = cells.of(theta["small_firm_usd_per_year"]), 12 * cells.of(treasury.turnover_average)
        purchase = exits.monthly_prob(
            regime["acquired_per_year"]
            * cells.of(self.kind["acquired_ratio"])
            * cells.of(self.acquirable_ratio)
            * exits.small_part(size, small, cells.of(theta["bought_size_power"]))
        )
        giving_up = exits.monthly_prob(
            cells.of(theta["give_up_per_year"])
            * cells.of(self.kind["give_up_ratio"])
            * exits.small_part(12 * token_revenue, small, 1.0)
        )
        filed = cells.of(self.listing_per_year) * (state != COLD)  # a filing waits while the market is cold
        listing = exits.monthly_prob(regime["ipo_per_year"] * cells.of(self.kind["ipo_ratio"]) + filed)
        broke = cells.of(treasury.cash_usd) < 0
        known = np.minimum(size, cells.of(theta["rescue_size_most_usd_per_year"]))
        ends = exits.small_part(known, small, cells.of(theta["rescue_size_power"]))
        out = np.select([u < ends * regime["distressed_sale_prob"], u < ends], [SOLD_IN_DISTRESS, SHUT], ALIVE)
        kind = np.select(
            [broke, u < purchase * cells.of(theta["licence_frac"]), u < purchase, u < purchase + giving_up],
            [out, LICENSED, BOUGHT, LEFT],
            ALIVE,
        ).astype(np.int8)
        stays = kind == ALIVE
        lists = stays & ~broke & (u > 1 - listing) & (cells.of(self.listed_month) == NEVER)
        return kind, lists, stays & broke

    def _note_runways(self, month: int, horizon: int, cells: Spots, gone: Flags, treasury: Treasury) -> None:
        """Note when cash without rounds ends; whoever goes with some left has what it would have lasted at the last burn."""
        left_usd = cells.of(treasury.cash_without_rounds_usd)
        ends = month + cash.runway_months(left_usd, cells.of(treasury.net_flow_without_rounds))  # 0 below zero
        ends[ends > horizon] = np.inf
        new = np.isinf(cells.of(self.runway_months)) & ((left_usd < 0) | gone)
        cells.among(new).put(self.runway_months, ends[new])

    def _clouds_that_leave(self, sustainability: Array, uniform: Array) -> Spots:
        """Return the hyperscalers whose machines do not pay and that leave; the last stays, with the others' customers."""
        cloud = self.names.cloud_provider
        losing = sustainability < self.theta["cloud_leave_below_ratio"]
        tired = uniform[cloud] < self.cloud_leave_prob
        leaving = self.alive[cloud] & losing & tired
        leaving &= (self.alive[cloud] & ~leaving).any(axis=0)
        found = spots(leaving)
        return spots_at(cloud[found.row], found.path, BLOCK_PATHS)

    def _leave(self, month: int, gone: Spots, kind: NDArray[np.int8] | int) -> None:
        gone.put(self.exit_month, month)
        gone.put(self.exit_kind, kind)
        gone.put(self.alive, False)
        gone.put(self.present, 0.0)
        gone.put(self.absent, np.inf)

    def _hand_over(self, sold: Spots, treasury: Treasury, customers: Customers, bids: Array) -> None:
        """Find a buyer for each provider sold, by weight among the living; customers and cash follow.

        The buyer is the largest u^(1/w), which draws each with probability w/Σw whatever the order of the table.
        """
        if not len(sold.flat) or not len(self.acquirers):
            return
        bidders = self.acquirers[:, None] * BLOCK_PATHS + sold.path
        with np.errstate(divide="ignore"):  # no weight: no bid
            weight = self.acquirer_weight * self.present.reshape(-1).take(bidders)
            bid = np.log(bids.reshape(-1).take(bidders)) / weight
        real = np.isfinite(bid.max(axis=0))
        sold, buyer = sold.among(real), self.acquirers[bid.argmax(axis=0)[real]]
        buyers = spots_at(buyer, sold.path, BLOCK_PATHS)
        buyers.add(self.purchases, 1)
        customers.follow(sold.row, buyer, sold.path, sold.of(self.kind["retention_frac"]))
        paid = buyer < len(treasury.cash_usd)  # a parent's purse is not counted
        buyers.among(paid).add(treasury.cash_usd, np.clip(sold.of(treasury.cash_usd), 0.0, np.inf)[paid])

    def count_fringe(self, month: int, margin_ratio: Array, normal: Array) -> Array:
        """Move the number of small providers into a month and return its ratio to last month's, `[path]`.

        Entry fades as the growth of demand does: a market that grows no more draws few.
        """
        before, theta = np.maximum(self.fringe_count, 1.0), self.theta
        entry = demand.fading_rate(
            theta["entry_per_year"], theta["entry_long_per_year"], theta["demand_fade_months"], month - HALF_A_MONTH
        )
        self.fringe_count = exits.fringe_count_next(
            self.fringe_count, entry, theta["fringe_exit_per_year"], margin_ratio, normal
        )
        return np.maximum(self.fringe_count, 1.0) / before

    def independents(self) -> Array:
        """Return the number of living providers without a parent, the small ones included, `[path]`."""
        return self.present[self.names.own_cash].sum(axis=0) + self.fringe_count


def start_doors(draws: Draws, names: Names, other_usd_per_month: Array) -> Doors:
    """Return the doors of the as_of month: everyone is in."""
    shape = (len(names.providers), BLOCK_PATHS)
    kinds = ("acquired_ratio", "ipo_ratio", "give_up_ratio", "retention_frac")
    kind = {name: draws.column("provider_kinds", name, names.kinds) for name in kinds}
    private = [not draws.scenario.rows["providers"][provider]["listed"] for provider in names.providers]
    kind["ipo_ratio"] = kind["ipo_ratio"] * np.array(private, REAL)[:, None]  # nobody is listed twice
    acquirer_weight = draws.column("providers", "acquirer_weight", names.providers)
    acquirers = np.flatnonzero(acquirer_weight.max(axis=1) > 0)
    acquirable = draws.column("providers", "acquirable_ratio", names.providers)
    filed = draws.column("providers", "listing_per_year", names.providers)
    rates = ("acquired_per_year", "ipo_per_year", "distressed_sale_prob")
    by_regime = {name: draws.column("regimes", name, list(REGIMES)) for name in rates}
    theta = Parameters(draws)
    purchases = (
        by_regime["acquired_per_year"].max() * kind["acquired_ratio"] * acquirable
    )  # of a small firm, as what follows
    going = exits.monthly_prob(purchases) + exits.monthly_prob(theta["give_up_per_year"].max() * kind["give_up_ratio"])
    listings = by_regime["ipo_per_year"].max() * kind["ipo_ratio"] + filed
    return Doors(
        names=names,
        theta=theta,
        by_regime=by_regime,
        kind=kind,
        acquirers=acquirers,
        acquirer_weight=acquirer_weight[acquirers],
        acquirable_ratio=acquirable,
        listing_per_year=filed,
        depreciation_usd_per_year=draws.column("cloud_finances", "ai_depreciation_usd_per_year", names.clouds),
        other_revenue_start=other_usd_per_month[names.cloud_provider],
        highest_going_prob=going[names.own_cash].max(axis=1, keepdims=True),
        highest_listing_prob=exits.monthly_prob(listings[names.own_cash].max(axis=1, keepdims=True)),
        cloud_leave_prob=exits.monthly_prob(draws.parameter("cloud_leave_per_year")),
        alive=np.ones(shape, dtype=bool),
        present=np.ones(shape, REAL),
        absent=np.zeros(shape, REAL),
        exit_month=np.full(shape, NEVER, np.int16),
        exit_kind=np.full(shape, ALIVE, np.int8),
        listed_month=np.full(shape, NEVER, np.int16),
        purchases=np.zeros(shape, REAL),
        runway_months=np.full((len(names.providers[names.own_cash]), BLOCK_PATHS), np.inf, REAL),
        fringe_count=draws.parameter("fringe_count_start"),
    )
