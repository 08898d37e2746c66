"""Steps 4 and 5, sellers: what a token costs each provider, and the sticky price it asks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Draws
from forecast.equations import price
from forecast.market.names import Names, at, where
from forecast.units import DAYS_PER_MONTH

Array = NDArray[np.float64]


@dataclass
class Books:
    """What the tables know of today's sellers: volumes, prices and costs of each offer, `[offer, path]`."""

    tokens_mtok_per_month: Array
    usd_per_mtok: Array
    unit_cost_usd_per_mtok: Array


def start_books(draws: Draws, names: Names) -> Books:
    """Return today's books; a provider's average price is split over its segments as the segments pay."""

    def finance(column: str) -> Array:
        return draws.column("provider_finances", column, names.providers)

    frac = draws.column("offers", "tokens_frac", names.offers)
    reference = draws.column("segments", "paid_usd_per_mtok", names.segments)[names.offer_segment]
    scale = finance("paid_usd_per_mtok") / names.provider_sum(frac * reference)
    usd_per_mtok = reference * scale[names.offer_provider]
    tokens = frac * (finance("tokens_mtok_per_day") * DAYS_PER_MONTH)[names.offer_provider]
    margin = np.minimum(finance("gross_margin_frac"), 0.95)[names.offer_provider]
    return Books(tokens, usd_per_mtok, usd_per_mtok * (1 - margin))


@dataclass
class Sellers:
    """Prices and costs of each offer `[offer, path]`, habits of each provider `[provider, path]`."""

    names: Names
    log_price: Array
    usd_per_mtok: Array  # its exponential, kept because prices rarely move
    overhead_ratio: Array  # own unit cost over the cost on the fleet: the part the roofline does not explain
    machine_cost_usd_per_mtok: Array  # owned cost of the busy hours of a token: what it takes of the market's machines
    busy_cost_usd_per_mtok: Array  # of a token on busy machines: what prices are set by
    unit_cost_usd_per_mtok: Array  # idle hours included: what is paid
    kind: dict[str, Array]
    subsidy_depth_frac: Array  # [path]
    subsidy_runway_months: Array
    regime_subsidy_ratio: Array  # [regime, path]

    def use(self, fleet_usd_per_mtok: Array) -> Array:
        """Return the owned cost of the machine hours that a token takes, after fleets have moved, `[offer, path]`."""
        self.machine_cost_usd_per_mtok = self.fleet_of_offer(self.names, fleet_usd_per_mtok) * self.overhead_ratio
        return self.machine_cost_usd_per_mtok

    def cost(self, hire_ratio: Array, idle_ratio: Array) -> None:
        """Step 4: unit cost is fleet and own overhead, own and rented machines, and idle hours."""
        offer = self.names.offer_provider
        self.busy_cost_usd_per_mtok = self.machine_cost_usd_per_mtok * hire_ratio[offer]
        self.unit_cost_usd_per_mtok = self.busy_cost_usd_per_mtok * idle_ratio[offer]

    @staticmethod
    def fleet_of_offer(names: Names, fleet_usd_per_mtok: Array) -> Array:
        """Return the cost on the fleet that serves each offer, `[offer, path]`."""
        return fleet_usd_per_mtok[names.provider_family[names.offer_provider], names.offer_segment]

    def reprice(
        self, log_market: Array, tightness: Array, regime: NDArray[np.int8], runway: Array, uniform: Array
    ) -> None:
        """Step 5: now and then a provider resets all its prices; a subsidy needs cash and a warm market."""
        names = self.names
        provider, path = where(uniform < self.kind["reprice_per_month"])
        kind = {column: at(values, provider, path) for column, values in self.kind.items()}
        allowed = price.allowed_subsidy_frac(
            self.subsidy_depth_frac[path],
            at(self.regime_subsidy_ratio, regime[path], path),
            np.where(names.backed[provider, 0], np.inf, runway[provider, path]),
            self.subsidy_runway_months[path],
        )
        again = uniform[provider, path] / kind["reprice_per_month"]  # uniform again, given a reset
        markup = price.markup_when_slack(kind["markup_long_frac"], tightness[path])
        noise = price.logistic_shock(again, kind["reprice_size_sd"])
        for segment, sells in enumerate(names.offer_at.T):
            here = np.flatnonzero(sells[provider] >= 0)
            offer, p = sells[provider[here]], path[here]
            target = price.target_log_price(
                log_market[segment, p],
                np.log(self.busy_cost_usd_per_mtok[offer, p]),
                self.log_price[offer, p],
                markup[here],
                kind["market_weight_frac"][here],
                kind["premium_kept_frac"][here],
                allowed[here],
            )
            self.log_price[offer, p] = target + noise[here]
            self.usd_per_mtok[offer, p] = np.exp(self.log_price[offer, p])


KIND_COLUMNS = ("reprice_per_month", "reprice_size_sd", "market_weight_frac", "markup_long_frac", "premium_kept_frac")


def start_sellers(draws: Draws, names: Names, books: Books, fleet_of_offer: Array, hire_ratio: Array) -> Sellers:
    """Return today's sellers. Known margins fix today's unit cost, the roofline how it moves; overhead is their ratio."""
    return Sellers(
        names=names,
        log_price=np.log(books.usd_per_mtok),
        usd_per_mtok=books.usd_per_mtok.copy(),
        overhead_ratio=books.unit_cost_usd_per_mtok / (fleet_of_offer * hire_ratio[names.offer_provider]),
        machine_cost_usd_per_mtok=books.unit_cost_usd_per_mtok / hire_ratio[names.offer_provider],
        busy_cost_usd_per_mtok=books.unit_cost_usd_per_mtok,
        unit_cost_usd_per_mtok=books.unit_cost_usd_per_mtok,
        kind={column: draws.column("provider_kinds", column, names.kinds) for column in KIND_COLUMNS},
        subsidy_depth_frac=draws.parameter("subsidy_depth_frac"),
        subsidy_runway_months=draws.parameter("subsidy_runway_months"),
        regime_subsidy_ratio=draws.column("regimes", "subsidy_ratio", ["hot", "normal", "cold"]),
    )
