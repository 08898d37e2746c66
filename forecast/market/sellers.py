"""Steps 4 and 5, sellers: what a token costs each provider, and the sticky price it asks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecast.arrays import REAL, SMALLEST, Array, Flags, Index, Spots, spots, spots_at
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import price
from forecast.inputs.inputs import OTHER_REVENUE, REVENUE
from forecast.market.names import Names
from forecast.market.regimes import COLD
from forecast.units import DAYS_PER_MONTH, MONTHS_PER_YEAR


class Books(NamedTuple):
    """What the tables know of today's sellers: volumes, prices and costs of each offer, `[offer, path]`."""

    tokens_mtok_per_month: Array
    usd_per_mtok: Array
    unit_cost_usd_per_mtok: Array
    other_usd_per_month: Array  # [provider, path] revenue that is not of tokens


def start_books(draws: Draws, names: Names) -> Books:
    """Return today's books; a provider's average price is split over its segments as the segments pay.

    Where all revenue of a provider is known, R, it bounds its tokens, V ≤ R/p, and its other business is what they leave
    of it: R − V·p.
    """

    def finance(column: str, providers: list[str] = names.providers) -> Array:
        return draws.column("provider_finances", column, providers)

    frac = draws.column("offers", "tokens_frac", names.offers)
    reference = draws.column("segments", "paid_usd_per_mtok", names.segments)[names.offer_segment]
    scale = finance("paid_usd_per_mtok") / names.provider_sum(frac * reference)
    usd_per_mtok = reference * scale[names.offer_provider]
    tokens = frac * (finance("tokens_mtok_per_day") * DAYS_PER_MONTH)[names.offer_provider]
    margin = np.clip(finance("gross_margin_frac"), -np.inf, 0.95)[names.offer_provider]
    by_path = (len(names.offers), BLOCK_PATHS), (len(names.providers), BLOCK_PATHS)  # also where nothing is uncertain
    other = np.broadcast_to(finance(OTHER_REVENUE), by_path[1]) / MONTHS_PER_YEAR
    known = [i for i, p in enumerate(names.providers) if f"provider_finances.{p}.{REVENUE}" in draws.scenario.inputs]
    whole = np.full(by_path[1], np.inf, REAL)
    whole[known] = finance(REVENUE, [names.providers[i] for i in known]) / MONTHS_PER_YEAR
    sold = names.provider_sum(tokens * usd_per_mtok)
    tokens = tokens * np.minimum(1.0, whole / sold)[names.offer_provider]
    other[known] = np.clip(whole - sold, 0.0, np.inf)[known]
    tokens, price, cost = (
        np.broadcast_to(x, by_path[0]).copy() for x in (tokens, usd_per_mtok, usd_per_mtok * (1 - margin))
    )
    return Books(tokens, price, cost, other)


class Resets(NamedTuple):
    """Offers whose price is set anew, and what is looked at for it: one value for each."""

    offers: Spots
    sellers: Spots
    segments: Spots
    log_price: Array  # of last month
    log_market: Array
    log_cost: Array  # of a token on busy machines, over what the month's mix brings
    subsidy_frac: Array


class NewPrices(NamedTuple):
    """The offers that have a new price, and in each of them how far prices moved, in logs."""

    offers: Spots
    segments: Spots  # of each
    change_log: Array
    model_change_log: Array  # of the list price of one model


KIND_COLUMNS = (
    "reprice_size_sd reprice_rise_prob renew_size_sd market_weight_frac markup_long_frac premium_kept_frac".split()
)


class Sellers:
    """Prices and costs of each offer `[offer, path]`, habits of each provider `[provider, path]`."""

    def __init__(
        self, draws: Draws, names: Names, books: Books, fleet_usd_per_mtok: Array, hire_ratio: Array, owner: Index
    ) -> None:
        """Start with today's sellers. Known margins fix today's unit cost, the roofline how it moves; overhead is their ratio.

        `hire_ratio` is what is paid for a busy hour over its owned cost, `[owner, path]`, and `owner` the row of each provider
        in it: those that own as much of their fleet pay alike.
        """

        def habit(column: str) -> Array:
            return draws.column("provider_kinds", column, names.kinds)

        self.names, self.theta, self.owner, self.hire_ratio = names, Parameters(draws), owner, hire_ratio
        self.log_price = np.log(books.usd_per_mtok)  # of today's mix of tokens
        self.usd_per_mtok = books.usd_per_mtok.copy()  # its exponential, kept because prices rarely move
        # Owned cost of the busy hours of a token: what it takes of the market's machines.
        self.machine_cost_usd_per_mtok = books.unit_cost_usd_per_mtok / hire_ratio[owner[names.offer_provider]]
        self.unit_cost_usd_per_mtok = books.unit_cost_usd_per_mtok  # idle hours included: what is paid
        # Own unit cost over the cost on the fleet: the part the roofline does not explain.
        self.overhead_ratio = self.machine_cost_usd_per_mtok / names.on_fleets(fleet_usd_per_mtok)
        self.reprice_per_month = habit("reprice_per_month")  # of the same model
        renew = habit("renew_per_month") * habit("authors_ratio") * self.theta["renew_ratio"]
        self.new_price_per_month = np.minimum(self.reprice_per_month + renew, 1.0)  # of the same or of newer models
        self.kind = {column: habit(column)[names.offer_provider] for column in KIND_COLUMNS}  # other habits, by offer
        self.kind["felt_frac"] = price.felt_frac(habit("repriced_frac"))[names.offer_provider]

    def use(self, fleet_usd_per_mtok: Array) -> Array:
        """Return the owned cost of the machine hours that a token takes, after fleets have moved, `[offer, path]`."""
        self.machine_cost_usd_per_mtok = self.names.on_fleets(fleet_usd_per_mtok)
        self.machine_cost_usd_per_mtok *= self.overhead_ratio
        return self.machine_cost_usd_per_mtok

    def cost(self, hire_ratio: Array, idle_ratio: Array) -> None:
        """Step 4: unit cost is fleet and own overhead, own and rented machines, and idle hours of the own."""
        self.hire_ratio = hire_ratio
        paid_ratio = (hire_ratio + idle_ratio).take(self.owner[self.names.offer_provider], axis=0)
        paid_ratio *= self.machine_cost_usd_per_mtok
        self.unit_cost_usd_per_mtok = paid_ratio

    def reprice(
        self, log_market: Array, log_mix: Array, tightness: Array, regime: Index, runway: Array, uniform: Array
    ) -> tuple[NewPrices, NewPrices]:
        """Step 5: now and then a provider reprices its models, or moves to newer ones; a subsidy needs cash and a warm market.

        Prices, of today's mix, are set by the cost of a token on busy machines; what the month's mix brings is e^`log_mix` of them.
        Return prices of the same models, and those of newer ones.
        """
        same = uniform < self.reprice_per_month
        newer = (uniform < self.new_price_per_month) & ~same
        depth_frac = self.theta["subsidy_depth_frac"] * (regime != COLD)
        repriced, renewed = (self._resets(cells, log_market, log_mix, depth_frac, runway) for cells in (same, newer))
        return self._repriced(repriced, uniform), self._renewed(renewed, price.slack_ratio(tightness), uniform)

    def _resets(self, who: Flags, log_market: Array, log_mix: Array, depth_frac: Array, runway: Array) -> Resets:
        """Return the offers of the providers that set prices anew, `[provider, path]`."""
        names = self.names
        offers = spots(who.take(names.offer_provider, axis=0))
        sellers, segments = (
            spots_at(axis.take(offers.row), offers.path, BLOCK_PATHS)
            for axis in (names.offer_provider, names.offer_segment)
        )
        owners = spots_at(self.owner.take(sellers.row), offers.path, BLOCK_PATHS)
        paid = offers.of(self.machine_cost_usd_per_mtok) * owners.of(self.hire_ratio)
        return Resets(
            offers,
            sellers,
            segments,
            offers.of(self.log_price),
            segments.of(log_market),
            np.log(paid) - segments.of(log_mix),
            price.allowed_subsidy_frac(offers.of(depth_frac), sellers.of(runway)),
        )

    def _repriced(self, these: Resets, uniform: Array) -> NewPrices:
        """Set prices of the same models: they follow the market's. Of models repriced apart the noise averages out, the drift does not."""
        size_sd, rise_prob, kept, felt = (
            these.offers.of(self.kind[column])
            for column in ("reprice_size_sd", "reprice_rise_prob", "premium_kept_frac", "felt_frac")
        )
        prob = these.sellers.of(self.reprice_per_month)
        again = price.uniform_again(these.sellers.of(uniform), 0.0, prob)
        shock = _shock(price.uniform_of_sign(again, rise_prob), size_sd)
        drift = price.mean_shock(rise_prob, size_sd)
        target = _target(these, np.zeros(1, REAL), np.ones(1, REAL), kept)
        return self._put(these, target + drift + felt * (shock - drift), target + shock)

    def _renewed(self, these: Resets, slack_ratio: Array, uniform: Array) -> NewPrices:
        """Set prices of newer models: they follow cost as well, and stand on another step of the ladder."""
        offers, before = these.offers, these.sellers.of(self.reprice_per_month)
        again = price.uniform_again(
            these.sellers.of(uniform), before, these.sellers.of(self.new_price_per_month) - before
        )
        markup, weight, kept, size_sd = (
            offers.of(self.kind[column])
            for column in ("markup_long_frac", "market_weight_frac", "premium_kept_frac", "renew_size_sd")
        )
        asked = _target(these, markup * offers.of(slack_ratio), weight, kept)
        asked += offers.of(self.theta["ladder_log"])
        asked += _shock(again, size_sd)
        return self._put(these, asked, asked)

    def _put(self, these: Resets, asked: Array, model_asked: Array) -> NewPrices:
        these.offers.put(self.log_price, asked)
        these.offers.put(self.usd_per_mtok, np.exp(asked))
        return NewPrices(these.offers, these.segments, asked - these.log_price, model_asked - these.log_price)


def _target(these: Resets, markup_frac: Array, weight_frac: Array, kept_frac: Array) -> Array:
    return price.target_log_price(
        these.log_market, these.log_cost, these.log_price, markup_frac, weight_frac, kept_frac, these.subsidy_frac
    )


def _shock(uniform: Array, size_sd: Array) -> Array:
    return price.logistic_shock(np.clip(uniform, SMALLEST, 1 - SMALLEST), size_sd)
