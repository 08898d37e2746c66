"""The mix of tokens: its law and worth by hand, what its drift does in the market, and its pace found in the tables."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast.distributions import Z_90
from forecast.draws import Draws
from forecast.equations.mix import drifted_frac
from forecast.march import march
from forecast.market.market import Market
from forecast.market.mix import Worth
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.trends import token_mix as law
from forecast.trends.known import TooFew

DAY = date(2026, 1, 1)
FRACTION = st.floats(0.01, 0.99)
SET = {"output_price_ratio": 4, "cached_price_ratio": 0.2, "mix_fade_months": 24, "output_drift_per_month": -0.05,
       "cached_drift_per_month": 0.1, "mix_market_ratio": 1}  # fmt: skip


def market_of(tables, months=6, **changed):
    """Return the history of a block, and its names, with a mix that drifts alike on all paths."""
    settings = [f"{name}={value}" for name, value in {**SET, **changed}.items()]
    scenario = load_scenario("base", tables, months=months, settings=settings)
    names = market_names(scenario)
    return march(scenario, names, Draws(scenario, 7, 0)).series, names, scenario


@pytest.fixture(scope="module")
def drifting(tables):
    return market_of(tables)


@pytest.fixture(scope="module")
def still(tables):
    return market_of(tables, mix_market_ratio=0)


# --- the equations --------------------------------------------------------------------------------


def test_a_mix_is_worth_its_parts():
    """5 % output at 4, of the rest a quarter at 1 and three quarters at 0.2: 0.2 + 0.95·0.4."""
    assert Worth(np.array(4.0), np.array(0.2)).of(np.array(0.05), np.array(0.75)) == pytest.approx(0.58)


@given(FRACTION, st.floats(-0.5, 0.5), st.floats(1, 100), st.integers(0, 120))
def test_a_share_stays_one_and_moves_one_way(start, pace, fade, month):
    now, later = (drifted_frac(np.array(start), np.array(pace), np.array(fade), m) for m in (month, month + 1))
    assert drifted_frac(np.array(start), np.array(pace), np.array(fade), 0) == pytest.approx(start)
    assert 0 <= now <= 1
    assert (later - now) * np.sign(pace) >= -1e-12


# --- the market -----------------------------------------------------------------------------------


def test_a_mix_that_stays_leaves_one_price(still):
    series = still[0]
    assert_allclose(series["market_price"], series["constant_mix_price"], rtol=1e-6)
    for kind in ("output_frac", "cached_frac"):
        assert_array_equal(series[kind], series[kind][:, :1].repeat(series[kind].shape[1], axis=1))


def test_what_is_paid_is_the_price_asked_times_the_worth_of_the_mix(drifting):
    series, _, _ = drifting
    worth = Worth(np.float32(4), np.float32(0.2)).of(series["output_frac"], series["cached_frac"])
    assert_allclose(series["market_price"], series["constant_mix_price"] * worth / worth[:, :1], rtol=1e-4)


def test_the_floor_follows_the_mix(drifting, still):
    """The same accelerators at the same prices: the floor falls by what the mix costs less."""
    (series, names, scenario), fixed = drifting, still[0]
    ratio = names.speed.output_cost_ratio[:, None, None].astype(np.float32)
    cached = np.float32(scenario.inputs["parameters.cached_cost_ratio"].value.median())
    cost = Worth(ratio, cached).of(series["output_frac"], series["cached_frac"])
    assert_allclose(series["floor"], fixed["floor"] * cost / cost[:, :1], rtol=1e-4)
    assert (series["floor"][:, 1:] < fixed["floor"][:, 1:]).all()
    assert_array_equal(series["capability_floor"], fixed["capability_floor"])  # of today's mix


def test_the_segment_of_open_weights_drifts_less_than_the_router(drifting):
    """The reference model of `commodity` kept its mix: 0.15 of the router's pace."""
    series, names, scenario = drifting
    odds = np.log(series["cached_frac"] / (1 - series["cached_frac"]))[:, :, 0]
    own = [scenario.inputs[f"segments.{s}.mix_drift_ratio"].value.median() for s in names.segments]
    moved = odds[:, -1] - odds[:, 0]
    assert_allclose(moved, np.array(own) * 0.1 * 24 * -np.expm1(-6 / 24), rtol=1e-3)


def test_sellers_follow_cost_over_what_the_mix_brings(tables):
    """A mix that costs half and brings half leaves the price asked where it was; one that only costs half lowers it."""
    scenario = load_scenario("base", tables, months=3)
    names = market_names(scenario)
    asked = []
    for cost, brings in ((1.0, 1.0), (0.5, 0.5), (0.5, 1.0)):
        market = Market(scenario, names, Draws(scenario, 7, 0))
        market.sellers.use(market.machines.fleet_usd_per_mtok * np.float32(cost))
        uniform = (market.sellers.reprice_per_month + market.sellers.new_price_per_month) / 2  # newer models
        log_mix = np.log(np.float32(brings)) * np.ones_like(market.log_price)
        state = market.treasury.regime, market.treasury.runway_months
        market.sellers.reprice(market.log_price, log_mix, market.rents.tightness, *state, uniform)
        asked.append(market.sellers.log_price)
    assert_allclose(asked[1], asked[0], atol=1e-5)
    assert (asked[2] <= asked[0] + 1e-6).all()
    assert (asked[2] < asked[0] - 1e-3).any()


# --- the trend ------------------------------------------------------------------------------------


def shares(values, days, scope="OpenRouter"):
    """Return rows of a share that a cache serves; a row has no share of output."""
    return [
        {"scope": scope, "date_on": DAY + timedelta(days=day), "completion_frac": None, "cached_of_input_frac": value}
        for day, value in zip(days, values, strict=True)
    ]


def test_steps_by_hand():
    """Odds 1, 2, 4 to 1: the middle day is no month from the first; another scope is another series; a stranger none."""
    rows = shares([1 / 2, 0.9, 4 / 5], [0, 10, 61]) + shares([1 / 2, 2 / 3], [0, 61], "OpenRouter hosts")
    rows += shares([0.1, 0.9], [0, 61], "DeepSeek") + shares([1 / 2, 3 / 4], [0, 61], law.ONE_MODEL + "a")
    steps = law.mix_steps({"token_mix": rows}, "cached_of_input_frac")
    assert_allclose(steps.change_log, np.log([4, 2]))
    assert_allclose(steps.months, 61 * 12 / 365)
    assert_allclose(law.mix_steps({"token_mix": rows}, "cached_of_input_frac", one_model=True).change_log, np.log(3))


def test_the_pace_of_a_made_walk_is_found_again():
    chance = np.random.default_rng(3)
    months = np.full(400, 1.5)
    pace = law.pace_of(law.Steps(months, 0.1 * months + 0.3 * np.sqrt(months) * chance.standard_normal(400)))
    assert pace.mean == pytest.approx(0.1, abs=3 * pace.error)
    assert pace.sd == pytest.approx(0.3, rel=0.1)


def test_within_a_model_the_mix_stays(tables):
    """Users move to models that are used otherwise; those who stay keep their mix: both intervals hold zero."""
    said = {d.name: d for d in law.token_mix_trend(tables).diagnostics}
    for kind in law.KINDS:
        pace = law.pace_of(law.mix_steps(tables, law.KINDS[kind], one_model=True))
        assert abs(pace.mean) < Z_90 * pace.error
        assert abs(pace.mean) < 0.1 * abs(said[f"{kind}_drift_per_month"].value)
        assert said[f"{kind}_drift_within_models"].value == pace.mean


def test_each_vintage_knows_its_own_series(tables):
    def given(vintage):
        return {e.key.split(".")[1] for e in law.token_mix_trend(tables.vintage(vintage)).estimates}

    assert given(date(2026, 10, 31)) == {"output_drift_per_month", "cached_drift_per_month"}
    assert given(date(2026, 1, 1)) == {"output_drift_per_month"}
    with pytest.raises(
        TooFew, match=r"token_mix.csv: no share of tokens known over 3 months by 2025-07-01. Choose a later"
    ):
        law.token_mix_trend(tables.vintage(date(2025, 7, 1)))
