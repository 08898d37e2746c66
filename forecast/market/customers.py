"""Steps 2 and 6, customers: how many tokens they want, and from whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import demand, exits, shares
from forecast.market.names import Names

Array = NDArray[np.float64]


@dataclass
class Customers:
    """Volume `[segment, path]`, and what draws it to offers `[offer, path]` and providers `[provider, path]`."""

    names: Names
    theta: dict[str, Array]
    wanted_mtok_per_month: Array
    elasticity: Array  # [segment, path]
    sensitivity: Array  # [offer, path]
    shock_sd: Array  # [provider, path]
    drift_per_month: Array  # [offer, path]
    log_price_start: Array
    log_weight: Array
    log_base: Array
    attraction: Array  # [provider, path] passing shocks: free launches, hits, outages

    def want(self, month: int, log_price_change: Array, normal: Array) -> None:
        """Step 2: tokens wanted at last month's price."""
        theta = self.theta
        growth = demand.fading_rate(
            theta["demand_growth_start_per_year"],
            theta["demand_growth_long_per_year"],
            theta["demand_fade_months"],
            month,
        )
        self.wanted_mtok_per_month = demand.demand_next(
            self.wanted_mtok_per_month, growth, self.elasticity, log_price_change, theta["demand_shock_sd"] * normal
        )

    def reconsider(self, log_price: Array, normal: Array) -> None:
        """Step 6: price acts slowly on lasting weights, shocks act at once and pass."""
        theta = self.theta
        self.attraction = theta["share_shock_persistence"] * self.attraction
        self.attraction += self.shock_sd * shares.heavy_tailed(normal, theta["share_shock_tail"])
        self.log_base = self.log_base + self.drift_per_month
        self.log_weight = shares.log_weight_next(
            self.log_weight,
            self.log_base,
            log_price - self.log_price_start,
            self.sensitivity,
            theta["share_inertia_per_month"],
        )

    def share(self, alive: NDArray[np.bool_]) -> Array:
        """Return each offer's share of its segment, `[offer, path]`; the dead weigh nothing."""
        names = self.names
        weight = np.exp(self.log_weight + self.attraction[names.offer_provider]) * alive[names.offer_provider]
        return weight / names.segment_sum(weight)[names.offer_segment]

    def grow_fringe(self, ratio: Array) -> None:
        """Scale the weight of the small ones with their number."""
        rows = self.names.fringe[self.names.offer_provider, 0]
        self.log_base[rows] += np.log(ratio)
        self.log_weight[rows] += np.log(ratio)

    def follow(self, seller: NDArray[np.intp], buyer: NDArray[np.intp], path: NDArray[np.intp], kept: Array) -> None:
        """Move the customers of bought providers to their buyers, segment by segment, where the buyer sells there."""
        for sells in self.names.offer_at.T:
            deals = np.flatnonzero((sells[seller] >= 0) & (sells[buyer] >= 0))
            there, here, p = sells[buyer[deals]], sells[seller[deals]], path[deals]
            for weight in (self.log_weight, self.log_base):
                # One buyer may take two sellers on one path: ratios multiply, so that none is lost.
                grown = exits.merged_log_weight(weight[there, p], weight[here, p], kept[deals])
                np.add.at(weight, (there, p), grown - weight[there, p])


def start_customers(draws: Draws, names: Names, wanted: Array, share: Array, log_price: Array) -> Customers:
    """Return the customers of the as_of month: the volumes and shares of the books."""
    parameters = (
        "demand_growth_start_per_year demand_growth_long_per_year demand_fade_months demand_shock_sd "
        "share_shock_persistence share_shock_tail share_inertia_per_month"
    ).split()
    drift_sd = draws.entity_parameter("share_drift_sd_per_month", names.providers)
    drift = [draws.stream(f"provider:{p}", "drift").standard_normal(BLOCK_PATHS) for p in names.providers]
    return Customers(
        names=names,
        theta={name: draws.parameter(name) for name in parameters},
        wanted_mtok_per_month=wanted,
        elasticity=draws.column("segments", "price_elasticity", names.segments),
        sensitivity=draws.column("segments", "share_price_sensitivity", names.segments)[names.offer_segment],
        shock_sd=draws.column("provider_kinds", "share_shock_sd", names.kinds),
        drift_per_month=(drift_sd * np.stack(drift))[names.offer_provider],
        log_price_start=log_price.copy(),
        log_weight=np.log(share),
        log_base=np.log(share),
        attraction=np.zeros((len(names.providers), BLOCK_PATHS)),
    )
