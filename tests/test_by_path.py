"""Outcomes by path: they agree with what the march reports of the whole market, and change nothing else."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.errors import InputError
from forecast.market.doors import BOUGHT, LICENSED, NEVER, SOLD_IN_DISTRESS
from forecast.market.names import market_names
from forecast.outcomes.by_path import BY_PATH, entities
from forecast.outcomes.fans import FANS
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.summary import summarize_paths

KEPT = (0, 6, 12)


@pytest.fixture(scope="module")
def scenario(tables):
    return load_scenario("base", tables, ["regimes.hot.acquired_per_year=0.9"], months=12)


@pytest.fixture(scope="module")
def everything(scenario):
    names = market_names(scenario)
    return tuple(f"{outcome}[{entity}]" for outcome, each in BY_PATH.items() for entity in entities(names, each.axis))


@pytest.fixture(scope="module")
def paths(scenario, everything):
    return simulate(scenario, 5_100, 7, threads=1, keep_months=KEPT, keep_more=everything)  # more than a block


def kept(paths, outcome):
    """An outcome of all its entities, `[entity, month, path]`."""
    return np.concatenate([paths.kept[f"{outcome}[{e}]"] for e in entities(paths.names, BY_PATH[outcome].axis)])


def by_segment(paths, outcome):
    return [kept(paths, outcome)[offers] for offers in paths.names.offers_of_segment]


def test_the_cheapest_offer_is_the_cheapest_price(paths):
    for asked, rank, cheapest in zip(
        by_segment(paths, "asked_price"), by_segment(paths, "price_rank"), paths.kept["cheapest_price"], strict=True
    ):
        assert_array_equal(np.nanmin(asked, axis=0), cheapest)
        assert_array_equal(np.where(rank == 1, asked, np.inf).min(axis=0), cheapest)
        assert_array_equal(np.nanmax(rank, axis=0), (~np.isnan(asked)).sum(axis=0))  # no two ask the same


def test_whoever_is_gone_has_no_price_rank_or_cost(paths):
    exit_month = paths.exit_month[paths.names.offer_provider][:, None]
    gone = (exit_month != NEVER) & (exit_month <= np.array(KEPT)[None, :, None])
    assert gone.any()
    for outcome in ("asked_price", "price_rank", "price_to_market_ratio", "serving_cost"):
        assert_array_equal(np.isnan(kept(paths, outcome)), gone)


def test_prices_and_costs_of_a_segment_lie_around_its_mean(paths):
    for ratio, cost, mean in zip(
        by_segment(paths, "price_to_market_ratio"), by_segment(paths, "serving_cost"), paths.kept["unit_cost"], strict=True
    ):  # fmt: skip
        today = (slice(None), 0)  # in month 0 nobody is gone
        assert (ratio[today].min(axis=0) <= 1).all() and (ratio[today].max(axis=0) >= 1).all()
        assert (cost[today].min(axis=0) <= mean[0]).all() and (cost[today].max(axis=0) >= mean[0]).all()


def test_the_floor_is_the_least_cost_of_all_families(paths):
    names = entities(paths.names, "family:segment")
    ratio = kept(paths, "cost_to_gpu_ratio").reshape(-1, len(paths.names.segments), len(KEPT), paths.n_paths)
    gpus = [names.index(f"{family}:commodity") // len(paths.names.segments) for family in ("nvidia", "amd")]
    assert_array_equal(ratio[gpus].min(axis=0), 1)
    assert (ratio.min(axis=0) <= 1).all() and np.isfinite(ratio.min(axis=0)).all()


def test_every_purchase_has_a_buyer_and_is_counted_once(paths):
    bought = np.isin(paths.exit_kind, (SOLD_IN_DISTRESS, BOUGHT, LICENSED))
    for place, month in enumerate(KEPT):
        assert_array_equal(
            kept(paths, "purchases")[:, place].sum(axis=0), (bought & (paths.exit_month <= month)).sum(axis=0)
        )
    never = [
        i for i, name in enumerate(paths.names.providers) if name in ("groq", "deepseek")
    ]  # of no weight as buyers
    assert (kept(paths, "purchases")[never] == 0).all() and kept(paths, "purchases").sum() > 100


def test_asking_changes_nothing_else_and_workers_nothing_at_all(scenario, paths, everything):
    usual = simulate(scenario, 5_100, 7, threads=1, keep_months=KEPT)
    assert set(usual.kept) == set(FANS) and usual.note_months() == ()
    for name, values in usual.kept.items():
        assert_array_equal(values, paths.kept[name])
    for name, counts in usual.counts.items():
        assert_array_equal(counts, paths.counts[name])
    two = simulate(scenario, 5_100, 7, threads=2, keep_months=KEPT, keep_more=everything)
    for name in everything:
        assert_array_equal(two.kept[name], paths.kept[name])


def test_what_the_market_does_not_have_is_not_kept(scenario):
    made = simulate(scenario, 10, keep_months=(1,), keep_more=("price_rank[groq:closed-frontier]", "purchases[groq]"))
    assert set(made.kept) - set(FANS) == {"purchases[groq]"}


def test_what_cannot_be_kept_is_said(scenario):
    with pytest.raises(InputError, match='keep_more "price_rnk.groq:commodity.": one of .* Did you mean "price_rank"'):
        simulate(scenario, 10, keep_months=(1,), keep_more=("price_rnk[groq:commodity]",))


def test_a_family_twice_as_dear_has_twice_the_ratio(tables):
    def ratio(change):
        made = load_scenario("base", tables, [f"accelerator_prices.{name}={v}" for name, v in change.items()], months=1)
        wanted = "cost_to_gpu_ratio[wafer:commodity]"
        return simulate(made, 200, 7, threads=1, keep_months=(0,), keep_more=(wanted,)).kept[wanted][0, 0]

    price = "cerebras-wse-3.price_{}_usd"
    cheap, dear = (ratio({price.format(end): usd for end in ("low", "high")}) for usd in (2_000_000, 2_000_000.5))
    assert_allclose(dear, cheap, rtol=1e-4)
    assert (ratio({price.format(end): 4_000_000 for end in ("low", "high")}) > 1.5 * cheap).all()


def test_revenue_starts_at_what_is_known_and_ends_with_the_firm(paths):
    """OpenAI's and Anthropic's is tokens and other business; the tokens of all are the market's spend."""
    revenue, names = kept(paths, "revenue"), paths.names
    for provider in ("openai", "anthropic"):
        known = paths.scenario.inputs[f"provider_finances.{provider}.revenue_usd_per_year"].value.median()
        assert 0.6 < np.median(revenue[names.providers.index(provider), 0]) / known < 1.4
    left = np.where(paths.exit_month == NEVER, 99, paths.exit_month)[:, None]  # in that month tokens are still sold
    assert_array_equal(revenue == 0, left < np.array(KEPT)[None, :, None])
    spend = 12 * (paths.kept["market_price"] * paths.kept["volume"]).sum(axis=0)
    assert (revenue.sum(axis=0) > 0.999 * spend).all()


def test_margin_and_cash_are_those_that_a_run_counts_and_end_with_the_firm(paths):
    """The medians of the living agree with the yearly fans; whoever has left has no margin and no cash."""
    made, names = summarize_paths(paths), paths.names
    margin, cash = kept(paths, "margin"), kept(paths, "cash")
    left = np.where(paths.exit_month == NEVER, 99, paths.exit_month)[:, None] <= np.array(KEPT)[None, :, None]
    assert left.any()
    assert_array_equal(np.isnan(margin), left)
    own = ~names.backed[:, 0]
    assert np.isnan(cash[~own]).all() and (cash[own][left[own]] == 0).all() and (cash[own][~left[own]] >= 0).all()
    for provider in ("together", "openai"):
        row = names.providers.index(provider)
        for place, month in ((0, 0), (-1, 12)):
            here = ~left[row, place]
            wanted = made.value("firm_margin_frac", provider, month, 0.5)
            assert_allclose(np.median(margin[row, place][here]), wanted, atol=2.0**-6)
            wanted = made.value("cash_with_rounds_usd", provider, month, 0.5)
            assert_allclose(np.median(cash[row, place][here]), wanted, rtol=2.0**-6)
