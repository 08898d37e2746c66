"""The market of today and what is reported of it, against sums offer by offer."""

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS
from forecast.market.finances import Finances
from forecast.market.market import LEAST_MARGIN_FRAC, start_market
from forecast.market.records import noted, reported, subsidy_usd_per_month
from forecast.market.sellers import start_books


def test_the_market_of_today_against_brute_force(base, block):
    """Tokens, prices and costs of the books, summed offer by offer in double precision."""
    _, names, draws = block
    market, books = start_market(base, names, draws), start_books(draws, names)
    tokens, price, cost = (
        np.asarray(values, float)
        for values in (books.tokens_mtok_per_month, books.usd_per_mtok, books.unit_cost_usd_per_mtok)
    )

    def by(axis, of_offer, values):
        total = np.zeros((len(axis), BLOCK_PATHS))
        np.add.at(total, of_offer, values)
        return total

    wanted, spend, paid_out = (
        by(names.segments, names.offer_segment, v) for v in (tokens, tokens * price, tokens * cost)
    )
    close = {"rtol": 1e-4}  # sums of tens of terms of seven digits
    assert_allclose(market.share, tokens / wanted[names.offer_segment], **close)
    assert_allclose(np.exp(market.log_price), spend / wanted, **close)
    assert_array_equal(market.log_price_before, market.log_price)
    margin = 1 - paid_out.sum(axis=0) / spend.sum(axis=0)
    assert_allclose(market.margin_start_frac, np.maximum(margin, LEAST_MARGIN_FRAC), rtol=1e-3)
    assert_allclose(market.load_start, (tokens * market.sellers.machine_cost_usd_per_mtok).sum(axis=0), **close)
    assert_allclose(market.treasury.demand_start, wanted.sum(axis=0), **close)
    assert_allclose(market.customers.wanted_mtok_per_month, wanted, **close)
    named = slice(len(names.providers[names.single]))
    income = by(names.providers, names.offer_provider, tokens * price)
    earned = income - by(names.providers, names.offer_provider, tokens * cost)
    clouds = [names.providers[c] for c in names.cloud_provider]
    other = draws.column("provider_finances", "other_revenue_usd_per_year", clouds)
    machines = market.doors.depreciation_usd_per_year * (1 + draws.parameter("cloud_running_ratio"))
    assert_allclose(market.sustainability, (12 * income[names.cloud_provider] + other) / machines, **close)
    own, treasury = names.own_cash, market.treasury
    flow = earned[own] + treasury.other_profit_start - treasury.fixed_cost - treasury.debt_service
    burn = draws.column("provider_finances", "burn_usd_per_year", names.providers[own]) / 12
    off = np.abs(flow + burn) / (income[own] + treasury.other_start + treasury.fixed_cost + treasury.debt_service)
    assert off[treasury.fixed_cost > 0].max() < 1e-5
    # What is reported of it.
    found = reported(market)
    assert_allclose(found["market_price"], spend / wanted, **close)
    assert_allclose(found["unit_cost"], paid_out / wanted, **close)
    assert_allclose(found["volume"], wanted, **close)
    cheapest = [price[offers].min(axis=0) for offers in names.offers_of_segment]
    assert_allclose(found["cheapest_price"], cheapest, **close)
    for what, amount in (("tokens", by(names.providers, names.offer_provider, tokens)), ("spend", income)):
        share = np.sort(amount[named] / amount.sum(axis=0), axis=0)
        assert_allclose(found[f"hhi_{what}"][0], (share**2).sum(axis=0), rtol=1e-3)
        assert_allclose(found[f"top5_{what}_frac"][0], share[-5:].sum(axis=0), **close)
    assert_array_equal(
        found["independent_providers"][0], len(names.providers[own]) + draws.parameter("fringe_count_start")
    )
    hour = market.machines.reference_owned_usd_per_hour() * np.exp(market.rents.scarcity)
    assert_allclose(found["rent"][0], hour, **close)


def test_what_is_noted_is_of_those_that_are_there(block):
    _, names, draws = block
    market = start_market(draws.scenario, names, draws)
    market.doors.absent[1] = np.inf
    market.mix.price_ratio = 2 * market.mix.price_ratio
    found = noted(market, Finances(draws, names))
    there = (names.offer_provider != 1)[:, None]
    for name, expected in (
        ("asked_price", 2 * market.sellers.usd_per_mtok), ("serving_cost", market.sellers.unit_cost_usd_per_mtok),
    ):  # fmt: skip
        assert_allclose(found[name], np.where(there, expected, np.nan), rtol=1e-6)
    other = draws.column("provider_finances", "other_revenue_usd_per_year", names.providers)
    assert_allclose(found["revenue"], 12 * market.trade.revenue + other, rtol=1e-5)


def test_selling_below_cost_is_a_subsidy_and_above_it_none(base, block):
    _, names, draws = block
    market = start_market(base, names, draws)
    spend, cost = np.zeros((2, len(names.offers), BLOCK_PATHS), REAL)
    first, second = (names.offer_at[names.providers.index("groq")][:2]).tolist()
    spend[first], cost[first], spend[second], cost[second] = 3, 5, 9, 4
    lost = subsidy_usd_per_month(replace(market, trade=market.trade._replace(spend=spend, cost=cost)))
    assert_array_equal(lost, 2.0 * (np.array(names.providers) == "groq")[:, None] * np.ones(BLOCK_PATHS))
