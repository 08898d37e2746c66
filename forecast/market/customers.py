"""Steps 2 and 6, customers: how many tokens they want, and from whom."""

from __future__ import annotations

import numpy as np

from forecast.arrays import REAL, Array, Index, Spots, spots_at
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import demand, exits, shares
from forecast.market.names import Names
from forecast.units import HALF_A_MONTH, MONTHS_PER_YEAR


class Customers:
    """Volume `[segment, path]`, and what draws it to offers `[offer, path]` and providers `[provider, path]`."""

    def __init__(self, draws: Draws, names: Names, wanted: Array, share: Array, revenue_usd_per_year: Array) -> None:
        """Take the volumes and shares of the as_of month, and all revenue, `[provider, path]`."""
        self.names, theta = names, Parameters(draws)
        self.theta = theta
        self.wanted_mtok_per_month = wanted
        self.elasticity = draws.column("segments", "price_elasticity", names.segments)
        self.sensitivity = draws.column("segments", "share_price_sensitivity", names.segments)  # to prices
        self.shock_sd = draws.column("provider_kinds", "share_shock_sd", names.kinds)
        shape = (len(names.providers), BLOCK_PATHS)
        # [path] part of a provider's own growth that is left after a month, and what chance adds to it in a young market
        self.apart_kept = np.exp(-1 / theta["growth_apart_fade_months"])
        self.apart_renewal_sd = theta["growth_apart_sd_per_month"] * np.sqrt(1 - self.apart_kept**2)
        # Growth in logs beyond the market's, were the firm of typical size. Half a month before today: so the middles of
        # months add up to the growth that the fit integrates.
        apart = draws.column("providers", "growth_apart_per_month", names.providers) / np.sqrt(self.apart_kept)
        self.apart_if_typical_per_month = np.broadcast_to(apart, shape).copy()
        # All revenue over the typical firm's.
        size_ratio = np.broadcast_to(revenue_usd_per_year / theta["growth_apart_typical_usd_per_year"], shape)
        self.firm_size_log = np.log(size_ratio, dtype=REAL)
        self.apart_of_size = shares.apart_of_size(self.firm_size_log, theta["growth_apart_size_power"])
        self.apart_per_month = apart * self.apart_of_size  # at the middle of the month
        self.log_weight = np.log(share)
        self.pending_log = np.zeros_like(share)  # what prices will yet make of log_weight
        self.attraction = np.zeros(shape, REAL)  # passing shocks: free launches, hits, outages

    def want(self, month: int, spend_usd_per_month: Array, log_price_change: Array, normal: Array) -> None:
        """Step 2: tokens wanted at last month's price; less and less more of them as spending nears all that budgets hold."""
        theta = self.theta
        growth = demand.fading_rate(
            theta["demand_growth_start_per_year"],
            theta["demand_growth_long_per_year"],
            theta["demand_fade_months"],
            month - HALF_A_MONTH,
        )
        growth = demand.braked_growth(growth, spend_usd_per_month * MONTHS_PER_YEAR, theta["spend_limit_usd_per_year"])
        self.wanted_mtok_per_month = demand.demand_next(
            self.wanted_mtok_per_month, growth, self.elasticity, log_price_change, theta["demand_shock_sd"] * normal
        )

    def notice(self, offers: Spots, segments: Spots, log_price_change: Array) -> None:
        """Step 6: a new price will move an offer's weight; `segments` are those of the offers."""
        change = shares.log_pending_change(log_price_change, segments.of(self.sensitivity))
        offers.put(self.pending_log, offers.of(self.pending_log) + change)

    def reconsider(self, month: int, normal: Array, share: Array) -> None:
        """Step 6: lasting weights move slowly, shocks pass, firms grow apart and revert, ever less as they settle.

        `share` is that of last month, `[offer, path]`: it says who sells the typical token by now.
        """
        names, theta = self.names, self.theta
        self.attraction *= theta["share_shock_persistence"]
        shock = shares.heavy_tailed(normal, theta["share_shock_tail"])
        shock *= self.shock_sd
        self.attraction += shock
        unsettled = self.unsettled_ratio(month)
        self.apart_if_typical_per_month *= self.apart_kept
        np.multiply(normal, unsettled * self.apart_renewal_sd, out=shock)  # memory that is at hand
        self.apart_if_typical_per_month += shock
        self.apart_of_size = shares.apart_of_size(self.firm_size_log, theta["growth_apart_size_power"])
        self.apart_per_month = self.apart_if_typical_per_month * self.apart_of_size
        self.firm_size_log += self.apart_per_month
        typical, size = names.segment_dot(share, self.log_weight), np.empty_like(share)
        for offers, of_segment in zip(names.offers_of_segment, typical, strict=True):
            np.subtract(self.log_weight[offers], of_segment, out=size[offers])
        size = shares.size_of_seller(size, self.firm_size_log.take(names.offer_provider, axis=0))
        size[names.fringe_offers] = 0.0  # typical for ever: their number follows entry and exit
        apart = self.apart_per_month.take(names.offer_provider, axis=0)
        self.log_weight += shares.lasting_growth(apart, size, unsettled * theta["share_reversion_per_month"])
        moved = np.multiply(self.pending_log, theta["share_inertia_per_month"], out=size)
        self.log_weight += moved
        self.pending_log -= moved

    def unsettled_ratio(self, month: int) -> Array:
        """Return how much is left of what sorts firms in a young market, `[path]`: it fades as the market's growth does."""
        theta = self.theta
        long, fade_months = theta["growth_apart_renewal_ratio"], theta["demand_fade_months"]
        return demand.fading_rate(1.0, long, fade_months, month - HALF_A_MONTH)

    def apart_with_luck_per_month(self, month: int, normal: Array) -> Array:
        """Step 7: return growth beyond the market's of revenue beside tokens: own growth, and luck that stays but does not go on."""
        grown = normal * (self.unsettled_ratio(month) * self.theta["growth_apart_luck_log"])
        grown *= self.apart_of_size
        grown += self.apart_per_month
        return grown

    def share(self, absent: Array) -> Array:
        """Return each offer's share of its segment, `[offer, path]`; an infinite absence weighs nothing."""
        names = self.names
        weight = (self.attraction - absent).take(names.offer_provider, axis=0)
        weight += self.log_weight
        for offers in names.offers_of_segment:
            part = weight[offers]
            part -= part.max(axis=0)  # cancels in the shares, and keeps the exponential within single precision
            np.exp(part, out=part)
            part /= part.sum(axis=0)
        return weight

    def grow_fringe(self, ratio: Array) -> None:
        """Scale the weight of the small ones with their number."""
        self.log_weight[self.names.fringe_offers] += np.log(ratio)

    def follow(self, seller: Index, buyer: Index, path: Index, kept: Array) -> None:
        """Move the customers of bought providers to their buyers, segment by segment, where the buyer sells there."""
        there, here = (self.names.offer_at.take(of, axis=0).reshape(-1) for of in (buyer, seller))
        both = np.flatnonzero((there >= 0) & (here >= 0))
        deal = both // self.names.offer_at.shape[1]
        buyers, sellers = (spots_at(of.take(both), path.take(deal), BLOCK_PATHS) for of in (there, here))
        # One buyer may take two sellers on one path: ratios multiply, so that none is lost.
        before = buyers.of(self.log_weight)
        grown = exits.merged_log_weight(before, sellers.of(self.log_weight), kept.take(deal))
        buyers.add(self.log_weight, grown - before)
