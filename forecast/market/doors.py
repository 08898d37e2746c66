"""Step 8, exits: who closes, who is carried on, who is bought and by whom, who is listed and who gives up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL, Array, Flags, Spots, spots, spots_at
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import cash, exits
from forecast.market.clouds import Clouds
from forecast.market.customers import Customers
from forecast.market.names import Names
from forecast.market.regimes import COLD, REGIMES, in_regime
from forecast.market.treasury import Treasury

EXIT_KINDS = ("alive", "sold in distress", "bought", "people and licence bought", "shut", "left the market")
ALIVE, SOLD_IN_DISTRESS, BOUGHT, LICENSED, SHUT, LEFT = range(len(EXIT_KINDS))
WITHOUT_BUYER = (SHUT, LEFT)  # customers look for another seller each
HAS_BUYER = np.array([kind not in (ALIVE, *WITHOUT_BUYER) for kind in range(len(EXIT_KINDS))])
NEVER = -1


def happened_by(when: NDArray[np.int16], month: int) -> Flags:
    """Return on which paths something that came in month `when`, or NEVER, has happened by the end of a month.

    >>> happened_by(np.array([NEVER, 3, 5], np.int16), 4).tolist()
    [False, True, False]
    """
    return np.asarray((when != NEVER) & (when <= month))


class Doors:
    """Who is in the market, `[provider, path]`, and how each of the others left it.

    Only providers on their own cash, the first rows, are sold, listed or closed. These leave when they give up selling
    tokens, clouds when their machines do not pay.
    """

    def __init__(self, draws: Draws, names: Names) -> None:
        self.names, theta, own_cash = names, Parameters(draws), names.own_cash
        self.theta, shape = theta, (len(names.providers), BLOCK_PATHS)
        # [regime, path] purchases and listings a year, and sales among those out of cash
        rates = ("acquired_per_year", "ipo_per_year", "distressed_sale_prob")
        self.by_regime = {name: draws.column("regimes", name, list(REGIMES)) for name in rates}
        kinds = ("acquired_ratio", "give_up_ratio", "retention_frac")
        self.kind = {name: draws.column("provider_kinds", name, names.kinds) for name in kinds}
        listed = [draws.scenario.rows["providers"][provider]["listed"] for provider in names.providers]
        self.private = 1 - np.array(listed, REAL)[:, None]  # nobody is listed twice
        weight = draws.column("providers", "acquirer_weight", names.providers)
        self.acquirers = np.flatnonzero(weight.max(axis=1) > 0)  # providers that may buy
        self.acquirer_weight = weight[self.acquirers]
        self.acquirable_ratio = draws.column("providers", "acquirable_ratio", names.providers)
        self.listing_per_year = draws.column("providers", "listing_per_year", names.providers)  # that was filed for
        # Only draws below the chance of a month to go, that of a small firm, or above what lists a large one are worth a look,
        # [own_cash, path].
        purchases = self.by_regime["acquired_per_year"].max(axis=0) * self.kind["acquired_ratio"]
        giving_up = theta["give_up_per_year"] * self.kind["give_up_ratio"]
        going = exits.monthly_prob(purchases * self.acquirable_ratio) + exits.monthly_prob(giving_up)
        self.highest_going_prob = going[own_cash]
        listings = self.by_regime["ipo_per_year"].max(axis=0) * self._listing_part(np.inf) * self.private
        self.least_listing_draw = 1 - exits.monthly_prob(np.maximum(listings, self.listing_per_year)[own_cash])
        self.alive = np.ones(shape, dtype=bool)
        self.present = np.ones(shape, REAL)  # 1 for the living, else 0
        self.absent = np.zeros(shape, REAL)  # 0 for the living, else infinite
        self.exit_month, self.exit_kind = np.full(shape, NEVER, np.int16), np.full(shape, ALIVE, np.int8)
        self.listed_month = np.full(shape, NEVER, np.int16)
        self.purchases = np.zeros(shape, REAL)  # providers that each has bought
        self.runway_months = np.full((own_cash.stop, BLOCK_PATHS), np.inf, REAL)  # inf: cash never ends

    def step(
        self,
        month: int,
        horizon: int,
        treasury: Treasury,
        customers: Customers,
        token_revenue: Array,
        clouds: Clouds,
        uniform: Array,
        bids: Array,
    ) -> None:
        """Close, sell, list and leave; customers and cash go where the exit says. `token_revenue` is of the month, `[provider, path]`."""
        cells = self._at_the_door(treasury, uniform)
        kind, lists, rescued = self._fates(cells, treasury, cells.of(token_revenue), cells.of(uniform))
        gone = kind != ALIVE
        self._note_runways(month, horizon, cells, gone, treasury)
        cells.among(lists).put(self.listed_month, month)
        treasury.give_money(cells.among(lists))
        treasury.carry_on(cells.among(rescued))
        self._leave(month, cells.among(gone), kind[gone])
        self._leave(month, clouds.leaving(self.alive, uniform), LEFT)
        self._hand_over(cells.among(HAS_BUYER.take(kind)), treasury, customers, bids)

    def _at_the_door(self, treasury: Treasury, uniform: Array) -> Spots:
        """Return the living to whom something may happen: out of cash, or a draw that may mean that they go or are listed."""
        own_cash = self.names.own_cash
        drawn = uniform[own_cash]
        maybe = (treasury.cash_without_rounds_usd < 0) & np.isinf(self.runway_months)
        maybe |= treasury.cash_usd < 0
        maybe |= drawn < self.highest_going_prob
        maybe |= drawn > self.least_listing_draw
        return spots(maybe & self.alive[own_cash])

    def _fates(
        self, cells: Spots, treasury: Treasury, token_revenue: Array, u: Array
    ) -> tuple[NDArray[np.int8], Flags, Flags]:
        """Return how each leaves, if it does, who is listed, and who is out of cash and carried on by its holders and lenders.

        One uniform decides. Whoever is out of cash is sold in distress or shut as a small firm is, or else carried on, the
        likelier the larger it is. Of the others low is bought (lower still: only people and licence), what follows gives up
        selling tokens, and high is listed.
        """
        bought, gives_up, listed, ends, sold_if_ends = self._chances(cells, treasury, token_revenue)
        broke, licence = cells.of(treasury.cash_usd) < 0, bought * cells.of(self.theta["licence_frac"])
        # By how many bounds the draw lies below.
        out = np.array([ALIVE, SHUT, SOLD_IN_DISTRESS], np.int8).take((u < ends) + 1 * (u < ends * sold_if_ends))
        own = np.array([ALIVE, LEFT, BOUGHT, LICENSED], np.int8).take(
            (u < bought + gives_up) + 1 * (u < bought) + (u < licence)
        )
        kind = np.where(broke, out, own)
        stays = kind == ALIVE
        lists = stays & ~broke & (u > 1 - listed) & (cells.of(self.listed_month) == NEVER)
        return kind, lists, stays & broke

    def _chances(self, cells: Spots, treasury: Treasury, token_revenue: Array) -> tuple[Array, ...]:
        """Return the chances of a month of some providers, by their regime, kind and size.

        With cash left: to be bought, to give up selling tokens, to be listed. Out of it: to end, else it is carried on, and
        then to be sold, else it is shut.
        """
        state, theta = treasury.regime.take(cells.path), self.theta
        regime = {name: in_regime(values, state, cells.path) for name, values in self.by_regime.items()}
        small, size = cells.of(theta["small_firm_usd_per_year"]), 12 * cells.of(treasury.turnover_average)
        purchases = (
            regime["acquired_per_year"] * cells.of(self.kind["acquired_ratio"]) * cells.of(self.acquirable_ratio)
        )
        giving_up = cells.of(theta["give_up_per_year"]) * cells.of(self.kind["give_up_ratio"])
        listings = regime["ipo_per_year"] * self._listing_part(size, cells) * cells.of(self.private)
        filed = cells.of(self.listing_per_year) * (state != COLD)  # a filing waits while the market is cold
        known = np.minimum(size, cells.of(theta["rescue_size_most_usd_per_year"]))
        return (
            exits.monthly_prob(purchases * exits.small_part(size, small, cells.of(theta["bought_size_power"]))),
            exits.monthly_prob(giving_up * exits.small_part(12 * token_revenue, small, 1.0)),
            exits.monthly_prob(np.maximum(listings, filed)),
            exits.small_part(known, small, cells.of(theta["rescue_size_power"])),
            regime["distressed_sale_prob"],
        )

    def _listing_part(self, usd_per_year: Array | float, cells: Spots | None = None) -> Array:
        """Return how often a firm of some revenue is listed over one of the cohort, on all paths or in some cells."""
        names = ("listing_size_usd_per_year", "listing_size_most_usd_per_year", "listing_size_power")
        of = (self.theta[name] if cells is None else cells.of(self.theta[name]) for name in names)
        return exits.large_part(usd_per_year, *of)

    def _note_runways(self, month: int, horizon: int, cells: Spots, gone: Flags, treasury: Treasury) -> None:
        """Note when cash without rounds ends; whoever goes with some left has what it would have lasted at the last burn."""
        left_usd = cells.of(treasury.cash_without_rounds_usd)
        ends = month + cash.runway_months(left_usd, cells.of(treasury.net_flow_without_rounds))  # 0 below zero
        ends[ends > horizon] = np.inf
        new = np.isinf(cells.of(self.runway_months)) & ((left_usd < 0) | gone)
        cells.among(new).put(self.runway_months, ends[new])

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
