"""Today's state of the base scenario against today's market: prices, rents, shares, revenues, costs.

Each band is the range of the public observations named beside it; revenue bands allow for the growth between
the last publication and the as_of month (the market has grown two- to sixfold a year).
"""

import numpy as np
import pytest

from forecast.draws import Draws
from forecast.market.machines import Machines
from forecast.market.names import market_names
from forecast.market.sellers import start_books
from forecast.scenario import load_scenario
from forecast.serving.token_cost import owned_cost
from forecast.simulation import simulate
from forecast.summary import summarize_paths


@pytest.fixture(scope="module")
def today(tables):
    return summarize_paths(simulate(load_scenario("base", tables, months=1), 2_500, seed=7))


@pytest.fixture(scope="module")
def five_years(tables):
    return simulate(load_scenario("base", tables), 2_500, seed=7)


def median_today(today, outcome, **where):
    (fact,) = today.find(outcome, month=0, quantile=0.5, **where)
    return fact.value


@pytest.mark.parametrize(
    ("outcome", "segment", "low", "high", "why"),
    [
        ("market_price", "commodity", 0.04, 0.25, "host_prices.csv: hosts of 70B-class models 0.04-0.37"),
        (
            "market_price",
            "open-frontier",
            0.06,
            0.25,
            "host_prices.csv: DeepInfra 0.07, DeepSeek 0.10, Novita 0.16, z-ai 0.10",
        ),
        (
            "market_price",
            "closed-frontier",
            0.5,
            2.3,
            "host_prices.csv: OpenAI 0.29 to Anthropic 1.91; usage-weighted mean list 2.29",
        ),
        ("floor", "commodity", 0.005, 0.06, "tier prices of 70B-class quality settle at 0.015-0.06"),
        ("floor", "open-frontier", 0.005, 0.06, "half of DeepSeek's published 0.11 of 2025 on newer chips"),
        ("rent", None, 3.1, 4.4, "rents.csv: H100 index 3.79 (2026-09), 3.16-4.32 in 2026-09/10"),
        ("top5_tokens_frac", None, 0.45, 0.65, "concentration.csv: top five 49-60 % of router tokens in 2026"),
        ("hhi_tokens", None, 0.06, 0.13, "concentration.csv: HHI 0.07-0.10 by host, 0.10-0.125 by author"),
        ("hhi_spend", None, 0.18, 0.36, "concentration.csv: 0.21-0.31 in surveys of spend"),
        ("independent_providers", None, 50, 80, "demand.csv: about 70 providers on the largest router"),
    ],
)
def test_state_of_the_market(today, outcome, segment, low, high, why):
    assert low <= median_today(today, outcome, segment=segment) <= high, why


def test_known_revenues(tables):
    """Brought forward where a figure of the last nine months is public; elsewhere the tables' volumes are of today."""
    scenario = load_scenario("base", tables)
    names = market_names(scenario)
    books = start_books(Draws(scenario, 7, 0), names)
    tokens = names.provider_sum(books.tokens_mtok_per_month * books.usd_per_mtok)
    revenue = dict(zip(names.providers, 12 * np.median(tokens + books.other_usd_per_month, axis=1), strict=True))
    brought, judged = {}, {}
    for provider, found in revenue.items():
        if today := scenario.inputs.get(f"provider_finances.{provider}.revenue_usd_per_year"):
            brought[provider] = found / today.value.median()
        elif known := scenario.inputs.get(f"provider_finances.{provider}.known_revenue_usd_per_year"):
            judged[provider] = found / known.value.median()
    assert len(brought) >= 10 and all(abs(ratio - 1) < 0.06 for ratio in brought.values()), brought
    assert judged and all(0.8 <= ratio <= 3.0 for ratio in judged.values()), judged


@pytest.mark.parametrize(
    ("provider", "least", "most", "why"),
    [
        (
            "cerebras",
            0.84,
            1.4,
            "sold at that rate in the second quarter; 0.89 guided for 2026 leaves a half year of 0.48",
        ),
        ("coreweave", 10.3, 22, "the same; 13 guided for 2026 leaves a half year of 8.3"),
        ("nebius", 3.0, 9, "the rate of June; the most it guided for the end of the year"),
        ("mistral", 0.4, 1.2, "the rate of February; more than one expected at the end of the year"),
        ("alibaba", 7.3, 20.9, "the June quarter; of all that its cloud sold outside in it this was 35 %"),
        ("bedrock", 25, 60, "the second quarter, and twice what AWS grows in four months"),
        ("azure", 37, 81, "the end of March, and what Microsoft Cloud grows in seven months"),
    ],
)
def test_revenue_heeds_what_its_seller_has_said(tables, provider, least, most, why):
    """80 % band, billion USD a year: not below what was already sold, nor above what guidance or all sales leave room for."""
    revenue = load_scenario("base", tables).input(f"provider_finances.{provider}.revenue_usd_per_year").value
    low, high = revenue.quantile(np.array([0.1, 0.9])) / 1e9
    assert least <= low and high <= most, why


def test_overhead_that_known_margins_imply_is_believable(tables):
    """Unit cost from margins over unit cost from the roofline: near one for hosts on GPUs, or one of them is wrong."""
    scenario = load_scenario("base", tables)
    names, draws = market_names(scenario), Draws(scenario, 7, 0)
    books = start_books(draws, names)
    fleet = names.on_fleets(Machines(scenario, names, draws).fleet_usd_per_mtok)
    ratio = np.median(books.unit_cost_usd_per_mtok / fleet, axis=1)
    hosts = [r for r, o in zip(ratio, names.offer_provider, strict=True) if names.kinds[o] == "host"]
    # Some sell mostly smaller models than the reference, some sell machines with the tokens.
    assert 0.8 <= np.median(hosts) <= 2.5
    assert min(hosts) > 0.4 and max(hosts) < 8.0


@pytest.mark.parametrize(
    ("accelerator", "published", "within"),
    [("h100", 1.17, 0.10), ("b200", 1.73, 0.10), ("gb200", 1.86, 0.10), ("gb300", 2.31, 0.10), ("mi355x", 1.50, 0.10),
     ("vr200", 3.61, 0.10), ("h200", 1.22, 0.18), ("b300", 2.26, 0.16), ("mi300x", 0.95, 0.16)],
)  # fmt: skip
def test_owned_cost_against_published_models(base, accelerator, published, within):
    """TPU v7 stands in test_deployments.py: its published cost is an outside buyer's, not its maker's."""
    ours = owned_cost(base, accelerator).total_usd_per_accelerator_hour
    assert abs(ours / published - 1) <= within


def test_nobody_dies_in_month_one_and_nobody_is_immortal(five_years):
    paths = five_years
    first_month = (paths.exit_month == 1).mean(axis=1)
    assert first_month.max() < 0.06
    free = ~paths.names.backed[:, 0]
    assert (paths.exit_month[free] >= 0).mean(axis=1).min() > 0.0
    assert np.isfinite(paths.runway_months[free]).mean(axis=1).min() > 0.0


def test_bands_are_neither_absurdly_wide_nor_narrow(five_years):
    forecast = summarize_paths(five_years)
    for segment in ("commodity", "open-frontier", "closed-frontier"):
        low, high = (forecast.find("market_price", segment=segment, month=60, quantile=q)[0].value for q in (0.1, 0.9))
        assert 1.5 < high / low < 10
        power = forecast.find("floor", segment=segment, month=60, quantile=0.01)[0].value
        assert low > power > 0
