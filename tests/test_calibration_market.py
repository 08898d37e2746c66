"""Simulated against observed: each reader by hand on planted rows and histories, and the page is what the command writes."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.calibration.market import (
    firms_observed,
    firms_simulated,
    foreseen,
    router_observed,
    router_simulated,
    simulated,
)
from forecast.calibration.market.band import clustered_rate, poisson_rate, sd_band, spread
from forecast.calibration.market.compared import Compared, Together, compare
from forecast.calibration.market.comparisons import COMPARISONS
from forecast.calibration.market.page import page
from forecast.calibration.market.world import World
from forecast.cli.main import group
from forecast.distributions import parse
from forecast.errors import InputError
from forecast.market.doors import BOUGHT, NEVER, SHUT
from forecast.market.regimes import REGIMES
from forecast.tables import load_tables
from forecast.trends.regimes import SELLERS
from forecast.trends.router_shares import HOSTS
from forecast.trends.trend import Band

PAGE = Path(__file__).parent.parent / "docs" / "market.md"
APART = Together(60, {"failing": 0.058})


@pytest.fixture(scope="module")
def commanded(tmp_path_factory):
    """Return what the command compared, what it said, and the folder of its page."""
    made, told, folder = [], [], tmp_path_factory.mktemp("market")

    def watched(tables, comparisons, scenario, progress):
        made.extend(compare(tables, comparisons, scenario, lambda count: (told.append(count), progress(count))))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecast.calibration.market.compared.compare", watched)
        done = CliRunner().invoke(group, ["calibrate", "market", "--page", str(folder)], catch_exceptions=False)
    assert told == [1] * len(COMPARISONS)
    return made, done, folder


@pytest.fixture(scope="module")
def found(commanded):
    return commanded[0]


def planted(filed="", **series):
    """Return a world of two paths, a lab and two hosts on their own cash, in one segment; one is bought on the second.

    The other is listed on the first; `filed` is the address of the rate of a firm that filed for it.
    """
    names = SimpleNamespace(
        providers=["lab", "near", "far"],
        kinds=["lab", "host", "host"],
        offer_provider=np.array([0, 1, 2]),
        offers_of_segment=[slice(0, 3)],
        own_cash=slice(1, 3),
        single=slice(3),
    )
    history = SimpleNamespace(
        series={name: np.asarray(values, np.float32) for name, values in series.items()},
        exit_month=np.array([[NEVER, NEVER], [NEVER, 3], [NEVER, NEVER]]),
        exit_kind=np.array([[0, 0], [0, BOUGHT], [0, 0]]),
        listed_month=np.array([[NEVER, NEVER], [NEVER, NEVER], [5, NEVER]]),
    )
    scenario = SimpleNamespace(
        tables={"events": [{"kind": "funding-round", "actors": "far"}]},
        rows={"providers": {name: {"listed": False} for name in names.providers}},
        input=lambda key: SimpleNamespace(value=parse("2" if key == filed else "0")),
    )
    return World(history, names, scenario, {})


def prices(near):
    """Return prices `[offer, month, path]`, both paths alike: only `near` is repriced."""
    months = [[1.0] * len(near), near, [2.0] * len(near)]
    return np.repeat(np.array(months)[:, :, None], 2, axis=2)


def test_every_comparison_is_of_numbers_in_order(found):
    assert len(found) == len(COMPARISONS) > 20
    for one in found:
        for band in (one.observed, one.simulated):
            assert band.p10 <= band.p50 <= band.p90, one.comparison.quantity


def test_a_misfit_is_stated_with_its_size_and_a_fit_is_not():
    asked = replace(COMPARISONS[0], quantity="planted", unit="per year", mends="more rows")
    wrong = Compared(asked, Band(1.0, 2.0, 3.0), Band(3.0, 4.0, 5.0), 1.0)
    right = Compared(asked, Band(1.0, 2.0, 3.0), Band(0.0, 2.5, 9.0), 0.5)
    assert not wrong.inside and right.inside
    text = page([wrong, right], APART, "base")
    assert "1 of 2 quantities" in text
    assert "- *planted*: simulated less observed +2 per year, a ratio of 2. What bears on it: more rows.\n" in text
    assert text.count("- *planted*") == 1
    assert "Mean correlation of two providers within 60 months: 0.058 of failing." in text


def test_what_came_once_must_lie_within_the_paths():
    asked = replace(COMPARISONS[0], quantity="planted", one_draw=True)
    came = Band(3.0, 3.0, 3.0)
    assert Compared(asked, came, Band(0.0, 1.0, 3.0), 0.1).inside
    assert not Compared(asked, came, Band(0.0, 1.0, 2.0), 0.03).inside
    assert not Compared(replace(asked, one_draw=False), came, Band(0.0, 1.0, 3.0), 0.1).inside
    text = page([Compared(asked, came, Band(0.0, 1.0, 2.0), 0.03)], APART, "base")
    assert "| planted | fraction | 3 | 1 (0 to 2) |" in text
    assert "-2 fraction, a ratio of 0.33; 3% of paths reach it." in text


def test_a_rate_needs_two_clusters():
    with pytest.raises(
        InputError, match=r"a rate of 1 over 10 in 1 clusters: two clusters and sums above 0 are needed"
    ):
        clustered_rate([("a", 1, 10)])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 9), st.floats(0.1, 9)), min_size=1))
def test_a_cluster_counts_once_however_its_rows_are_cut(rows):
    rows = [("d", 1.0, 2.0), *rows]
    halves = [(name, y / 2, x / 2) for name, y, x in rows for _ in range(2)]
    assert_allclose(clustered_rate(halves), clustered_rate(rows))


def test_intervals_hold_what_they_say():
    rng = np.random.default_rng(3)
    counts = [poisson_rate(int(k), 10.0).holds(0.5) for k in rng.poisson(5.0, 400)]
    sds = [sd_band(float(np.sqrt(np.mean(x * x))), 8).holds(1.0) for x in rng.standard_normal((400, 8))]
    assert 0.8 <= np.mean(counts) <= 0.95  # exact intervals of counts hold at least as much
    assert 0.75 <= np.mean(sds) <= 0.85


def test_repricing_by_hand():
    moved = np.diff(np.log(prices([1.0, 1.0, np.e, 1.0, 2.0])), axis=1, prepend=0.0)
    moved[:, 4] = 0.0  # newer models, not a new price of the same one
    world = planted(offer_price=prices([1.0, 1.0, np.e, 1.0, 2.0]), repriced_log=moved)
    assert_allclose(simulated.reprices_per_month("host")(world), 2 / 8)
    assert_allclose(simulated.reprices_per_month("first")(world), 0.0)
    assert_allclose(simulated.renewed_frac("host", 1)(world), 1 / 8)
    assert_allclose(simulated.renewed_frac("host", 3)(world), 1 / 4)  # in one of the two windows of three months
    assert_allclose(simulated.reprice_size_log("host")(world), 1.0, rtol=1e-6)
    assert np.isnan(simulated.reprice_size_log("first")(world)).all()
    assert_allclose(simulated.rises_frac(world), 0.5)


def test_prices_over_cost_by_hand():
    def twice(values):
        return np.repeat(np.array(values, float)[:, None, None], 2, axis=2)

    world = planted(
        provider_spend=twice([4.0, 3.0, 1.0]),
        provider_cost=twice([2.0, 1.0, 3.0]),
        provider_tokens=twice([2.0, 1.0, 1.0]),
        provider_margin=twice([0.8, 0.5, 0.75]),
        hhi_tokens=np.ones((1, 2, 1)),
    )
    tables = {"host_prices": [{"provider": "lab"}, {"provider": "far"}, {"provider": "unknown"}]}
    scenario = SimpleNamespace(tables=tables, as_of=date(2025, 7, 1))
    margin = {"status": "measured", "date_on": date(2025, 7, 1), "averaged_months": None, "value": 0.5}
    kinds = {"lab": {"kind": "lab"}, "near": {"kind": "host"}, "far": {"kind": "host"}}
    known = {
        "provider_history": [
            margin | {"provider": provider, "metric": metric}
            for provider, metric in (
                ("lab", "token_margin_frac"),
                ("near", "token_margin_frac"),  # nobody knows far's
                ("lab", "gross_margin_frac"),
                ("near", "gross_margin_frac"),
                ("far", "gross_margin_frac"),
            )
        ],
        "providers": SimpleNamespace(latest=lambda key: kinds),
    }
    world = World(world.history, world.names, scenario, known)
    assert_allclose(simulated.price_over_cost("first")(world), 2.0)
    assert_allclose(simulated.price_over_cost("host")(world), 3.0)
    assert_allclose(simulated.revenue_over_cost("first")(world), 5.0)
    assert_allclose(simulated.revenue_over_cost("host")(world), 3.0)
    assert_allclose(simulated.paid_at_hosts(world), 5 / 3)


@pytest.mark.parametrize(("day", "averaged", "ratio"), [
    (date(2025, 9, 30), 2, 3.0),  # months 1 to 3
    (date(2025, 9, 30), None, 4.0),
    (date(2025, 8, 31), 4, 2.0),  # of its months those that paths have
    (date(2026, 6, 30), None, 4.0),  # after the last month: that one
])  # fmt: skip
def test_a_margin_is_compared_in_its_own_months(day, averaged, ratio):
    earned = np.stack([np.broadcast_to(values, (2, 4)).T for values in ([1, 2, 3, 4], [9] * 4, [9] * 4)])
    world = planted(provider_spend=earned, provider_cost=np.ones((3, 4, 2)), hhi_tokens=np.ones((1, 4, 2)))
    row = {"provider": "lab", "metric": "token_margin_frac", "value": 0.5, "status": "measured"}
    row |= {"date_on": day, "averaged_months": averaged}
    known = {
        "provider_history": [row],
        "providers": SimpleNamespace(latest=lambda key: {"lab": {"kind": "lab"}}),
    }
    world = World(world.history, world.names, SimpleNamespace(as_of=date(2025, 7, 1)), known)
    assert_allclose(simulated.price_over_cost("first")(world), ratio)


def test_shares_by_hand():
    # One leaves, and falls to the least share that counts; the last is too small to count.
    share = np.array([[0.25, 0.1875], [0.5, 0.125], [0.25, 0.6875], [0.0075, 0.0], [0.004, 0.9]])
    world = planted(router_share=np.repeat(share[:, :, None], 2, axis=2))
    steps = np.log([3 / 4, 1 / 4, 11 / 4, 2 / 3])
    assert_allclose(router_simulated.share_change_size_log(world), np.abs(steps).mean(), rtol=1e-6)
    assert_allclose(router_simulated.large_share_changes_frac(world), 2 / 4)
    apart = np.log([0.25, 0.5, 0.25, 0.0075])
    apart -= apart.mean()
    assert_allclose(router_simulated.share_reversion(world), -(apart @ steps) / (apart @ apart), rtol=1e-5)
    before, after = ((share[:, month] ** 2).sum() for month in (0, 1))
    assert_allclose(router_simulated.concentration_swing_log(1)(world), abs(np.log(after / before)), rtol=1e-6)
    assert_allclose(router_simulated.herfindahl(world), (before + after) / 2, rtol=1e-6)
    assert_allclose(router_simulated.top5(world), share.sum(axis=0).mean(), rtol=1e-6)


def test_swings_by_hand():
    world = planted(rent=np.repeat(np.exp([[0.0, 0.1, 0.0, 0.1]])[:, :, None], 2, axis=2))
    assert_allclose(simulated.swing_over_log("rent", 1)(world), 0.1, rtol=1e-6)
    assert_allclose(simulated.swing_over_log("rent", 2)(world), 0.0, atol=1e-6)


def hot_until(month):
    """Return the regime of a year `[1, month, path]`: hot on the first path, hot until a month and then normal on the second."""
    of_path = [
        [REGIMES.index("hot" if first or m <= month else "normal") for first in (True, False)] for m in range(13)
    ]
    return np.array([of_path])


def test_exits_by_regime_by_hand():
    """Two hosts: on the first path both stay hot for a year, on the second one is bought in the third, last hot month."""
    world = planted(hhi_tokens=np.ones((1, 13, 2)), regime=hot_until(3))
    assert_allclose(firms_simulated.per_year("acquired", "hot")(world)[:2], [0.0, 12 / 6])
    assert_allclose(firms_simulated.per_year("acquired", "normal")(world)[:2], [np.nan, 0.0])
    assert_allclose(firms_simulated.per_year("failed", "hot")(world)[:2], 0.0)
    assert_allclose(firms_simulated.per_year("ipo", "hot")(world)[:2], [12 / 17, 0.0])  # followed until it is listed
    filed = planted("providers.far.listing_per_year", hhi_tokens=np.ones((1, 13, 2)), regime=hot_until(3))
    assert_allclose(firms_simulated.per_year("ipo", "hot")(filed)[:2], 0.0)
    assert_allclose(firms_simulated.per_year("acquired", "hot")(filed)[:2], [0.0, 12 / 6])
    world.scenario.rows["providers"]["far"]["listed"] = True
    assert_allclose(firms_simulated.per_year("acquired", "hot")(world)[:2], [0.0, 12 / 3])
    assert np.isnan(firms_simulated.per_year("acquired", "hot", ("chip",))(world)).all()


def test_rounds_are_counted_of_firms_whose_rounds_are_recorded():
    rounds = np.zeros((3, 13, 2))
    rounds[1:, 2] = 1.0  # near is not in the table of events
    world = planted(hhi_tokens=np.ones((1, 13, 2)), regime=hot_until(12), rounds=rounds)
    assert_allclose(firms_simulated.per_year("round", "hot")(world)[:2], [12 / 5, 1.0])  # until it is listed


def leaving(month, hot_until=13):
    """Return a world of a year whose firms leave in these months, `[firm, path]`; NEVER: they stay. From a month on it is normal."""
    names = SimpleNamespace(own_cash=slice(0, len(month)))
    kind = np.where(month == NEVER, 0, SHUT)
    never, months = np.full_like(month, NEVER), np.ones((1, 13, 1))
    history = SimpleNamespace(exit_month=month, exit_kind=kind, listed_month=never, series={"hhi_tokens": months})
    history.series["regime"] = np.repeat(1.0 * (np.arange(13) >= hot_until)[None, :, None], month.shape[1], axis=2)
    return World(history, names, None, None)


def test_independent_exits_do_not_go_together_and_common_ones_do():
    rng = np.random.default_rng(5)
    apart = np.where(rng.random((20, 4000)) < 0.2, rng.integers(1, 13, (20, 4000)), NEVER)
    common = np.where(rng.random((20, 4000)) < 0.9, rng.integers(1, 13, (1, 4000)), NEVER)
    assert_allclose(np.mean(firms_simulated.exits_correlation(leaving(apart))), 0.0, atol=0.01)
    assert np.mean(firms_simulated.exits_correlation(leaving(common))) > 0.4
    # What comes of two rates in two markets is not of the firms.
    hot = np.where(rng.random((20, 4000)) < 0.4, rng.integers(1, 7, (20, 4000)), NEVER)
    assert_allclose(np.mean(firms_simulated.exits_correlation(leaving(hot, 7))), 0.0, atol=0.02)
    assert np.mean(firms_simulated.exits_correlation(leaving(hot))) > 0.05


def test_pairs_go_together_when_their_firms_do():
    rng = np.random.default_rng(6)
    apart = np.where(rng.random((8, 4000)) < 0.3, 1, NEVER)
    alike = leaving(np.repeat(apart[:1], 8, axis=0))
    one = leaving(apart)
    assert_allclose(firms_simulated.pair_correlation(one.history, one.names, ["failed"]), 0.0, atol=0.02)
    assert_allclose(firms_simulated.pair_correlation(alike.history, alike.names, ["failed"]), 1.0)


def shown(shares, scope=HOSTS):
    """Return tables of weekly shares on the router from rows of (day, seller, share), all named by the market but "other"."""
    rows = [{"scope": scope, "entity": who, "date_on": day, "share_frac": share} for day, who, share in shares]
    named = [{"provider": who, "kind": "host"} for _, who, _ in shares if who != "other"]
    return {"token_shares": rows, "providers": named}


FIRST, WEEK_LATER, LATER = date(2026, 1, 4), date(2026, 1, 11), date(2026, 2, 1)


def test_shares_of_the_router_four_weeks_apart():
    """Of the tokens of the named; who leaves the list fell to half a per cent; a week later is not four."""
    tables = shown([
        (FIRST, "big", 0.36), (FIRST, "gone", 0.04), (FIRST, "other", 0.6),
        (WEEK_LATER, "big", 0.9),
        (LATER, "big", 0.1), (LATER, "tiny", 0.0003), (LATER, "other", 0.8997),
    ])  # fmt: skip
    found = {seller: (log, step) for seller, log, step in router_observed.share_changes_log(tables)}
    assert_allclose(found["big"], np.log([0.9, (0.1 / 0.1003) / 0.9]))
    assert_allclose(found["gone"], np.log([0.1, 0.005 / 0.1]))
    assert set(found) == {"big", "gone"}


def test_observed_shares_that_revert_by_hand():
    """Two hosts swap sizes: each unit of log is lost whole and once more."""
    sizes = {"big": (0.4, 0.1), "small": (0.1, 0.4)}
    rows = [(day, host, share) for host, of in sizes.items() for day, share in zip((FIRST, LATER), of, strict=True)]
    assert_allclose(router_observed.share_reversion(shown(rows)).p50, 2.0)


def test_what_an_author_loses_to_others_or_gets_back_is_no_renewal():
    def lists(later):
        days = {FIRST: {"a/old": 30, "a/back": 10, "b/one": 60}, LATER: later}
        rows = [
            {"scope": router_observed.MODEL_SCOPE, "entity": model, "date_on": day, "tokens": tokens}
            for day, models in days.items()
            for model, tokens in models.items()
        ]
        return {"token_shares": rows}

    renewed = router_observed.renewed_frac(1)
    assert_allclose(renewed(lists({"a/new": 20, "a/back": 20, "b/one": 60})).p50, 0.2)  # 0.1 went to its other model
    assert_allclose(renewed(lists({"a/new": 50, "b/one": 50})).p50, 0.4)
    assert_allclose(renewed(lists({"c/new": 40, "b/one": 40, "b/more": 20, "a/new": 10})).p50, 1 / 11)


def test_exits_observed_together_by_hand(monkeypatch):
    """Purchases and failures 0 and 2 each, of 40 firms: dispersion 4, so (4 − 1)/(40 − 1)."""
    monkeypatch.setattr(
        firms_observed, "quarterly", lambda spells, last: (np.array([0.0, 2.0]), np.array([10.0, 10.0]))
    )
    assert_allclose(firms_observed.exits_correlation(load_tables()).p50, 3 / 39)
    # A year of a normal market without exits, and then eight a quarter: the market's turn is not of the firms.
    turned = np.array([0.0] * 4 + [8.0] * 3)
    monkeypatch.setattr(firms_observed, "quarterly", lambda spells, last: (turned / 2, np.full(7, 10.0)))
    assert_allclose(firms_observed.exits_correlation(load_tables()).p50, -1 / 39)


@pytest.mark.parametrize("event", ["acquired", "failed", "ipo"])
def test_kinds_of_firm_add_up(monkeypatch, event):
    monkeypatch.setattr(firms_observed, "poisson_rate", lambda count, years: (count, years))
    monkeypatch.setattr("forecast.trends.regimes.LEAST_YEARS", 0.0)
    tables = load_tables()
    parts = [firms_observed.per_year(event, "hot", (kind,))(tables) for kind in SELLERS]
    assert_allclose(firms_observed.per_year(event, "hot")(tables), np.sum(parts, axis=0))


def test_what_came_is_what_the_events_say():
    """In 2025 Groq alone of the firms then named: its people and licence went; and fifteen rounds closed."""
    tables, start = load_tables(), date(2025, 1, 1)
    assert foreseen.happened("departures_count", start, 12)(tables).p50 == 1.0
    assert foreseen.happened("rounds_count", start, 12)(tables).p50 == 15.0
    with pytest.raises(ValueError, match=r"events.csv ends on 2026-10"):
        foreseen.happened("rounds_count", start, 24)(tables)


def test_margins_known_by_hand():
    def row(value, status, on=date(2026, 1, 1), months=None):
        known = {"metric": "gross_margin_frac", "value": value, "status": status}
        return known | {"date_on": on, "averaged_months": months}

    rows = [*(row(v, "measured") for v in (-0.9, 0.4, 0.5, 0.6)), row(-2.0, "projection")]
    rows.append(row(-2.0, "measured", date(2024, 12, 31)))
    rows.append(row(-2.0, "measured", date(2025, 9, 30), 9))  # most of these months came before the paths
    tables = {"provider_history": rows}
    assert firms_observed.losing_frac(tables) == poisson_rate(1, 4)


def test_no_loss_exceeds_what_was_raised(found):
    (bound,) = (one for one in found if "money raised" in one.comparison.quantity)
    assert bound.simulated.p90 < 1


def test_rows_that_are_missing_are_named():
    (swing,) = (
        one for one in COMPARISONS if one.quantity == "change of the Herfindahl index on the router in 1 months"
    )
    lacking = replace(swing, observed=lambda tables: {}[HOSTS])
    with pytest.raises(
        InputError, match=r"change of the Herfindahl index on the router in 1 months: .* lack rows it is read from"
    ):
        compare(load_tables(), [lacking])
    with pytest.raises(InputError, match="a spread of no values: at least one number is needed"):
        spread(np.array([np.nan]))


def test_the_market_has_nothing_to_write(tmp_path):
    result = CliRunner().invoke(group, ["calibrate", "market", "--write", str(tmp_path / "x.csv")])
    assert isinstance(result.exception, InputError)
    assert "calibrate market: nothing is fitted, so --write has no table. Leave it out." in str(result.exception)


def test_the_command_writes_the_page(commanded):
    _, done, folder = commanded
    assert done.exit_code == 0
    said = "forecast calibrate market --page docs, and commit"
    assert (folder / "market.md").read_text("utf-8") == PAGE.read_text("utf-8"), said
    assert "OUTSIDE" in done.output
