"""The month loop: eight numbered steps, the same for every block of paths.

Arrays are `[provider, path]`, `[offer, path]` (a provider in a segment), `[segment, path]` or `[path]`, the path
axis last. Each entity has its own streams, and the dead keep drawing: whoever leaves changes no other draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import REAL, Array, Few
from forecast.chance import Chance
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import price, shares
from forecast.equations.cost import rented_usd_per_accelerator_hour
from forecast.market.customers import start_customers
from forecast.market.doors import start_doors
from forecast.market.machines import start_machines
from forecast.market.names import Names
from forecast.market.rents import start_rents
from forecast.market.router import start_router
from forecast.market.sellers import Sellers, start_books, start_sellers
from forecast.market.treasury import start_treasury
from forecast.scenario import Scenario

FEW = ("subsidy_usd_per_month",)  # quantities of a provider that are zero almost everywhere


@dataclass
class History:
    """What a block remembers: monthly series `[entity, month, path]`, and how each provider fared."""

    series: dict[str, NDArray[np.float32]]
    few: dict[str, Few]  # the quantities named in FEW
    exit_month: NDArray[np.int16]  # [provider, path]
    exit_kind: NDArray[np.int8]
    listed_month: NDArray[np.int16]
    runway_months: Array
    available_month: Array  # [accelerator, path]
    noted: dict[str, NDArray[np.float32]]  # `[entity, noted month, path]`: what `outcomes.by_path` is found from


def march(
    scenario: Scenario,
    names: Names,
    draws: Draws,
    memory: dict[str, NDArray[np.float32]] | None = None,
    watch: bool = False,
    note_months: Sequence[int] = (),
) -> History:
    """Return the history of one block: the market of the as_of month, then `scenario.months` steps of it.

    `memory` holds the series of an earlier block that are no longer needed: they are written over, not made anew.
    `watch` keeps what a forecast does not report and a hindcast or a buyer asks for: tokens, spend, cost, revenue and
    rounds of each provider, shares as the router would show them, the mean price at each offer, how far that of one
    of its models has just moved, and the funding regime. In `note_months` single offers, families and buyers are noted.
    """
    chance = Chance(draws, names)
    own_cash = names.own_cash
    books = start_books(draws, names)
    wanted = names.segment_sum(books.tokens_mtok_per_month)
    machines = start_machines(scenario, names, draws)
    fleet = Sellers.fleet_of_offer(names, machines.fleet_usd_per_mtok)
    rents = start_rents(draws)
    # Providers that own as much of their fleet pay alike: few distinct rows.
    own_frac, owner = np.unique(draws.column("providers", "own_frac", names.providers), axis=0, return_inverse=True)
    sellers = start_sellers(draws, names, books, fleet, rents.hire_ratio(own_frac), owner)
    share = names.segment_scaled(books.tokens_mtok_per_month, 1 / wanted)
    load_start = (books.tokens_mtok_per_month * sellers.machine_cost_usd_per_mtok).sum(axis=0)
    customers = start_customers(draws, names, wanted, share)
    tokens, spend = books.tokens_mtok_per_month, books.tokens_mtok_per_month * books.usd_per_mtok
    cost = tokens * sellers.unit_cost_usd_per_mtok
    revenue, serving_cost = names.provider_sum(spend), names.provider_sum(cost)
    treasury = start_treasury(scenario, draws, names, revenue[own_cash], (revenue - serving_cost)[own_cash], wanted)
    doors = start_doors(draws, names)
    segment_tokens, segment_spend, segment_cost = (names.segment_sum(x) for x in (tokens, spend, cost))
    margin_start = 1 - segment_cost.sum(axis=0) / segment_spend.sum(axis=0)
    sustainability = doors.sustainability(revenue, treasury.other_ratio, rents.growth_ratio())
    log_market = previous_log_market = np.log(segment_spend / wanted)
    tier_log_price = np.log(draws.column("segments", "tier_price_usd_per_mtok", names.segments))
    tier_floor_ratio, tier_reversion = draws.parameter("tier_floor_ratio"), draws.parameter("tier_reversion_per_month")
    tier_shock_sd, tier_far_ratio = draws.parameter("tier_shock_sd"), draws.parameter("tier_shock_far_ratio")
    fade = draws.parameter("capability_fade_months")
    shrink = draws.column("segments", "capability_shrink_per_year", names.segments)

    other_revenue = draws.column("provider_finances", "other_revenue_usd_per_year", names.providers) / 12
    noted: dict[str, NDArray[np.float32]] = {}
    router = start_router(draws, names) if watch else None
    series, subsidies = {} if memory is None else memory, Few((len(names.providers), BLOCK_PATHS))
    repriced_log = np.zeros_like(sellers.log_price)  # this month's change of the list price of one model
    for month in range(scenario.months + 1):
        normal, (reprice_uniform, funding_uniform, exit_uniform) = chance.providers()
        if month:
            # 1. Hardware: what is available, what it costs to own, how fleets follow.
            machines.step(month)
            # 2. Demand: tokens wanted at last month's price.
            customers.want(month, log_market - previous_log_market, chance.segment_normal("demand"))
            wanted = customers.wanted_mtok_per_month
            # 3. Scarcity: load over capacity moves rents.
            use = sellers.use(machines.fleet_usd_per_mtok)
            load_ratio = (names.segment_dot(share, use) * wanted).sum(axis=0) / load_start
            rents.step(month, load_ratio, chance.normal("rent"))
            # 4. Unit cost: each provider's fleet, own and rented machines, idle hours.
            sellers.cost(rents.hire_ratio(own_frac), rents.idle_ratio(own_frac))
            # 5. Prices: sticky, between the market's and cost plus markup.
            new = sellers.reprice(log_market, rents.tightness, treasury.regime, treasury.runway_months, reprice_uniform)
            if watch:
                repriced_log[:] = 0.0
                new.offers.put(repriced_log, np.where(new.same_model, new.model_change_log, 0))
            # 6. Shares: a logit over the living, with inertia and passing shocks.
            customers.notice(new.offers, new.change_log)
            customers.reconsider(normal)
            share = customers.share(doors.absent)
            tokens = names.segment_scaled(share, wanted * rents.served_frac(load_ratio))
            spend = tokens * sellers.usd_per_mtok
            cost = tokens * sellers.unit_cost_usd_per_mtok
            segment_tokens, segment_spend, segment_cost = (names.segment_sum(x) for x in (tokens, spend, cost))
            # 7. Cash: profit, fixed cost, rounds under the shared regime.
            revenue, serving_cost = names.provider_sum(spend), names.provider_sum(cost)
            treasury.turn_regime(month, chance.regime())
            treasury.step(
                revenue[own_cash],
                serving_cost[own_cash],
                wanted,
                customers.apart_per_month[own_cash],
                doors.present[own_cash],
                funding_uniform[own_cash],
            )
            # 8. Exits and entry.
            sustainability = doors.sustainability(revenue, treasury.other_ratio, rents.growth_ratio())
            doors.step(month, scenario.months, treasury, customers, sustainability, exit_uniform, chance.bids())
            margin = 1 - segment_cost.sum(axis=0) / segment_spend.sum(axis=0)
            customers.grow_fringe(doors.count_fringe(margin / margin_start, chance.normal("fringe")))

        previous_log_market, log_market = log_market, np.log(segment_spend / segment_tokens)
        floor = machines.floor_usd_per_mtok
        capability_floor = price.capability_floor(floor, shrink, fade, month)
        if month:
            settles = np.log(capability_floor * tier_floor_ratio) + rents.contract_scarcity
            scale = price.tier_shock_scale(tier_log_price - settles, tier_shock_sd, tier_far_ratio)
            shock = scale * chance.segment_normal("tier")
            tier_log_price = price.tier_log_price_next(tier_log_price, settles, tier_reversion, shock)
        provider_tokens = names.provider_sum(tokens)
        all_tokens, all_spend = segment_tokens.sum(axis=0), segment_spend.sum(axis=0)
        single_tokens, single_spend = provider_tokens[names.single], revenue[names.single]
        subsidies.add(names.provider_sum(np.clip(cost - spend, 0.0, np.inf)))
        if month in note_months:
            gone = doors.absent.take(names.offer_provider, axis=0) > 0
            _record(
                noted,
                note_months.index(month),
                len(note_months) - 1,
                asked_price=np.where(gone, REAL(np.nan), sellers.usd_per_mtok),
                serving_cost=np.where(gone, REAL(np.nan), sellers.unit_cost_usd_per_mtok),
                market_price=np.exp(log_market),
                family_cost=machines.best_usd_per_mtok.reshape(-1, BLOCK_PATHS),
                purchases=doors.purchases,
            )
        watched = {}
        if router is not None:
            if month:
                router.step()
            watched = {
                "router_share": router.share(provider_tokens, all_tokens),
                "provider_tokens": provider_tokens,
                "provider_spend": revenue,
                "provider_cost": serving_cost,
                "rounds": treasury.closes,
                "offer_price": sellers.usd_per_mtok,
                "repriced_log": repriced_log,
                "regime": treasury.regime[None].astype(REAL),
            }
            watched["provider_revenue"] = revenue + other_revenue * treasury.other_ratio
            watched["provider_revenue"][own_cash] += other_revenue[own_cash] * (
                treasury.other_growth() - treasury.other_ratio
            )
        _record(
            series,
            month,
            scenario.months,
            **watched,
            market_price=np.exp(log_market),
            cheapest_price=names.segment_min(sellers.usd_per_mtok + doors.absent.take(names.offer_provider, axis=0)),
            tier_price=np.exp(tier_log_price),
            floor=floor,
            capability_floor=capability_floor,
            price_to_floor_ratio=np.exp(log_market) / floor,
            unit_cost=segment_cost / segment_tokens,
            volume=segment_tokens,
            rent=np.atleast_2d(
                rented_usd_per_accelerator_hour(machines.reference_owned_usd_per_hour(), rents.scarcity)
            ),
            hhi_tokens=shares.herfindahl(single_tokens, all_tokens)[None],
            hhi_spend=shares.herfindahl(single_spend, all_spend)[None],
            top5_tokens_frac=(shares.top_sum(single_tokens, 5) / all_tokens)[None],
            top5_spend_frac=(shares.top_sum(single_spend, 5) / all_spend)[None],
            independent_providers=doors.independents()[None],
            sustainability_ratio=sustainability,
        )
    runway = np.full((len(names.providers), BLOCK_PATHS), np.nan, REAL)
    runway[own_cash] = doors.runway_months
    few = dict(zip(FEW, (subsidies,), strict=True))
    return History(
        series, few, doors.exit_month, doors.exit_kind, doors.listed_month, runway, machines.available_month(), noted
    )


def _record(series: dict[str, NDArray[np.float32]], month: int, months: int, **values: Array) -> None:
    if not series:
        series.update(_memory({name: len(value) for name, value in values.items()}, months))
    for name, value in values.items():
        assert value.dtype == REAL, f"{name} is {value.dtype}"
        series[name][:, month] = value


def _memory(rows: dict[str, int], months: int) -> dict[str, NDArray[np.float32]]:
    """Return room for series with so many rows each: one array, which the system gives in large pages, in parts."""
    whole = np.empty((sum(rows.values()), months + 1, BLOCK_PATHS), REAL)
    return dict(zip(rows, np.split(whole, np.cumsum(list(rows.values()))[:-1]), strict=True))
