"""Repricing of a model and moves to newer ones: the fit by hand and on planted habits, and that the loop does what it says."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forecast.calibration.market import paid_observed, simulated
from forecast.distributions import parse
from forecast.draws import Draws
from forecast.equations.price import (
    MEAN_SIZE_RATIO,
    felt_frac,
    logistic_shock,
    mean_shock,
    uniform_again,
    uniform_of_sign,
)
from forecast.march import march
from forecast.market.names import market_names
from forecast.refresh.refitting import STAGES
from forecast.scenario import load_scenario
from forecast.trends.known import TooFew
from forecast.trends.list_price.series import PriceSeries
from forecast.trends.registry import GIVING
from forecast.trends.repricing import LEAST_STEPS, SELLERS, Habit, habit_of, numbers, repricing_trend

START = date(2025, 1, 1)
MONTH = 365 / 12


def day(months):
    return START + timedelta(days=round(months * MONTH))


def series(model, changes, last=24.0, provider="a"):
    """Return a series whose price changes at the months given, from 1 USD/Mtok up by a factor e each time."""
    return PriceSeries(
        provider, "host", model, tuple(day(m) for m in changes), tuple(np.exp(range(len(changes))).tolist()), day(last)
    )


def test_a_habit_by_hand():
    shown = [series("old", [0.0, 12.0]), series("new", [6.0]), series("missed", [0.5])]
    habit = habit_of(shown, dict.fromkeys((("a", "old"), ("a", "new"), ("a", "missed")), "list"))
    assert_allclose(habit.listed_months, 24 + 18 + 23.5, rtol=2e-3)
    assert_allclose(habit.steps_log, [1.0])
    assert habit.beside_count == 3  # in the month of the change the seller listed all three
    assert habit.added_count == 1  # the third came within a month of the first sight of the seller
    assert_allclose(habit.watched_months, 23 + 18 + 23, rtol=3e-3)


def test_models_that_a_second_catalogue_brings_are_not_new():
    shown = [series("old", [0.0]), series("other", [12.0])]
    apart = habit_of(shown, {("a", "old"): "first", ("a", "other"): "second"})
    together = habit_of(shown, {("a", "old"): "first", ("a", "other"): "first"})
    assert (apart.added_count, together.added_count) == (0, 1)


def test_planted_rates_are_found():
    rng = np.random.default_rng(3)
    rate, size_sd, months = 0.05, 0.4, 4000.0
    steps = logistic_shock(rng.random(rng.poisson(rate * months)), np.array(size_sd))
    reprice, size, rises, together, renew = numbers(
        Habit(months, tuple(steps.tolist()), 10 * len(steps), 100, 1000.0), []
    )
    assert_allclose(reprice.value, rate, rtol=0.2)  # 200 changes: three standard errors
    assert_allclose(size.value, size_sd, rtol=0.25)
    assert_allclose(rises.value, 0.5, atol=0.11)
    assert_allclose([together.value, renew.value], [0.1, 0.1005])


def test_few_changes_take_the_size_of_all_sellers():
    few, many = (0.1,) * (LEAST_STEPS - 1), (0.1,) * LEAST_STEPS
    every = [0.5]
    assert_allclose(numbers(Habit(100.0, few, 20, 1, 100.0), every)[1].value, 0.5 / MEAN_SIZE_RATIO)
    assert_allclose(numbers(Habit(100.0, many, 20, 1, 100.0), every)[1].value, 0.1 / MEAN_SIZE_RATIO)


def test_the_sign_is_that_of_the_kind_however_few_its_changes():
    few = numbers(Habit(100.0, (-0.1, -0.2, 0.1), 20, 1, 100.0), [0.5])
    assert_allclose(few[2].value, 1.5 / 4)


def test_each_kind_of_the_market_has_its_numbers(tables):
    trend = repricing_trend(tables)
    kinds = tables["provider_kinds"].latest("kind")
    assert {e.key.split(".")[1] for e in trend.estimates} == set(kinds) == {k for of in SELLERS.values() for k in of}
    assert all(0 < e.value.median() < 5 for e in trend.estimates)


def test_a_refresh_keeps_these_numbers():
    """A feed lists models that the tables never kept: they would count as added on its first day."""
    assert "repricing" in GIVING
    assert "repricing" not in [name for stage in STAGES for name in stage]


def test_too_few_model_months_are_named(tables):
    with pytest.raises(TooFew, match="model-months of each kind of seller known by 2024-06-01; a fit needs 100"):
        repricing_trend(tables.vintage(date(2024, 6, 1)))


def test_what_is_left_of_a_uniform_number_is_uniform():
    u = np.random.default_rng(1).random(200_000) * 0.3
    for again in (uniform_again(u[u < 0.1], 0.0, 0.1), uniform_again(u[u >= 0.1], 0.1, 0.2)):
        assert_allclose(np.quantile(again, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.01)


def test_a_shock_has_the_mean_size_that_the_fit_assumes():
    u = (np.arange(100_000) + 0.5) / 100_000
    assert_allclose(np.mean(np.abs(logistic_shock(u, np.array(0.4)))), 0.4 * MEAN_SIZE_RATIO, rtol=1e-3)


@pytest.mark.parametrize("rise_prob", [0.02, 0.5, 0.9])
def test_a_bent_shock_rises_as_often_as_asked_and_is_as_large(rise_prob):
    u, sd = (np.arange(100_000) + 0.5) / 100_000, np.array(0.4)
    shock, even = logistic_shock(uniform_of_sign(u, np.array(rise_prob)), sd), logistic_shock(u, sd)
    assert_allclose((shock > 0).mean(), rise_prob, atol=1e-5)
    for sign in (shock > 0, shock < 0):
        sizes = [np.quantile(np.abs(x), [0.1, 0.5, 0.9]) for x in (shock[sign], even)]
        assert_allclose(*sizes, rtol=1e-2)
    assert_allclose(shock.mean(), mean_shock(np.array(rise_prob), sd), atol=1e-3)


@pytest.mark.parametrize("rise_prob", [0.5, 0.1])
def test_a_mean_over_models_moves_as_much_in_a_long_time(rise_prob):
    """Twenty models, each repriced with chance 0.02 a month, a quarter of them together: the mean against the shortcut."""
    rng = np.random.default_rng(5)
    months, rate, frac, sd = 200_000, 0.02, 0.25, np.array(1.0)
    prob = np.array(rise_prob)
    drift = mean_shock(prob, sd)

    def shock(*shape):
        return logistic_shock(uniform_of_sign(rng.random(shape), prob), sd)

    groups = rng.random((months, 4)) < rate  # four groups of five models
    mean = (groups * shock(months, 4) * frac).sum(axis=1)
    alone = (rng.random(months) < rate) * (drift + felt_frac(frac) * (shock(months) - drift))
    assert_allclose(alone.mean(), mean.mean(), atol=4 * (alone.var() / months) ** 0.5)
    if rise_prob == 0.5:  # a drift felt wholly, now and then, is a coarser path to the same place
        assert_allclose(alone.var(), mean.var(), rtol=0.1)


OWN_OR_TWICE = [
    "renew_ratio=1",
    *(f"provider_kinds.{k}.authors_ratio=2" for k in ("host", "neocloud", "chip", "fringe")),
]


@pytest.fixture(scope="module")
def year(tables):
    scenario = replace(load_scenario("base", tables, settings=OWN_OR_TWICE), months=12)
    names = market_names(scenario)
    return march(scenario, names, Draws(scenario, 7, 0), watch=True), names, scenario


def test_the_loop_reprices_and_renews_as_often_as_its_inputs_say(year):
    history, names, scenario = year
    same = history.series["repriced_log"][:, 1:] != 0
    moved = np.diff(np.log(history.series["offer_price"]), axis=1) != 0
    kinds = np.array(names.kinds)[names.offer_provider]
    for kind in np.unique(kinds).tolist():
        reprice, renew, authors = (
            scenario.inputs[f"provider_kinds.{kind}.{name}"].value.median()
            for name in ("reprice_per_month", "renew_per_month", "authors_ratio")
        )
        assert authors == (1 if kind in ("lab", "cloud") else 2)
        said = [reprice, renew * authors]
        of_kind = kinds == kind
        found = [same[of_kind].mean(), (moved & ~same)[of_kind].mean()]
        assert_allclose(found, said, rtol=0.06)  # 60,000 provider-months: four standard errors of the rarest


def test_other_renewals_change_no_repricing(tables, year):
    """The chance of a new price of the same model is the lower part of one uniform number, whatever lies above it."""
    rarer = load_scenario("base", tables, settings=[*OWN_OR_TWICE, "provider_kinds.lab.renew_per_month=0.001"])
    rarer = replace(rarer, months=12)
    history = march(rarer, market_names(rarer), Draws(rarer, 7, 0), watch=True)
    assert np.array_equal(history.series["repriced_log"] != 0, year[0].series["repriced_log"] != 0)


HOSTS = [
    {
        "provider": p,
        "date_on": date(2026, 8, 29),
        "revenue_usd_per_day": r,
        "tokens_per_day": 1e6,
        "output_usd_per_mtok": 1.0,
        "cache_hit_frac": 0.5,
        "blended_usd_per_mtok": r,
    }
    for p, r in (("a", 0.05), ("b", 0.15))
]


class Listed(list):
    """Rows as a table gives them, one for each key."""

    def latest(self, *keys):
        one = keys[0]
        return {tuple(row[k] for k in keys) if keys[1:] else row[one]: row for row in self}


def test_paid_over_list_by_hand():
    recent, old, later = date(2026, 1, 1), date(2025, 8, 1), date(2026, 9, 1)
    prices = Listed(
        {"provider": p, "model": m, "changed_on": on, "input_usd_per_mtok": i, "output_usd_per_mtok": 1.0}
        for p, m, on, i in (
            ("a", "x", recent, 0.25),
            ("a", "one price", recent, 1.0),
            ("a", "used no more", old, 0.5),
            ("a", "used no more", recent, 0.6),  # another price makes it no newer
            ("a", "not yet known", later, 0.1),
            ("b", "x", recent, 0.25),
            ("c", "one price", recent, 1.0),
        )
    )
    tables = {"host_prices": HOSTS, "price_changes": prices}
    found = paid_observed.paid_over_list(tables)
    assert_allclose(found.p50, 0.2 / (2 * (0.04 + 0.96 / 4)))
    # Half of the input is cached at a tenth of the price of input, output costs four times it: (0.96·0.55 + 0.16)/1.12.
    ratio = {"parameters.output_price_ratio": "4", "parameters.cached_price_ratio": "0.1"}
    scenario = SimpleNamespace(input=lambda name: SimpleNamespace(value=parse(ratio[name])))
    world = SimpleNamespace(
        tables=tables, scenario=scenario, history=SimpleNamespace(series={"market_price": np.ones((1, 1, 3))})
    )
    assert_allclose(simulated.paid_over_list(world), [(0.96 * 0.55 + 0.16) / 1.12] * 3)


def test_the_router_weighed_by_the_market():
    sold = Listed(
        {"provider": p, "tokens_mtok_per_day": parse(f"lognormal(p10={low}, p90={high})")}
        for p, low, high in (("a", 0.5, 2.0), ("b", 1.5, 6.0))
    )
    found = paid_observed.paid_on_router({"host_prices": HOSTS, "provider_finances": sold})
    assert_allclose(found.p50, (0.05 * 1 + 0.15 * 3) / 4)


def test_price_over_cost_takes_known_margins_of_the_kind():
    providers = Listed({"provider": p, "kind": k} for p, k in (("a", "lab"), ("b", "host")))
    rows = [
        {"provider": p, "metric": "gross_margin_frac", "value": v, "status": s, "date_on": on, "averaged_months": None}
        for p, v, s, on in (
            ("a", 0.5, "measured", date(2025, 7, 1)),
            ("a", 0.9, "projection", date(2025, 7, 1)),
            ("a", 0.9, "measured", date(2025, 6, 30)),
            ("b", 0.75, "measured", date(2026, 1, 1)),
        )
    ]
    rows.append(rows[0] | {"metric": "token_margin_frac", "value": 0.8, "status": "claim"})
    rows.append(rows[0] | {"value": 0.9, "status": "claim"})  # of whole firms only what is published counts
    rows.append(rows[0] | {"metric": "platform_margin_frac", "value": 0.9})
    tables = {"provider_history": rows, "providers": providers}
    whole, tokens = paid_observed.WHOLE_FIRM, paid_observed.TOKENS_ALONE
    assert_allclose(paid_observed.price_over_cost("first", whole)(tables).p50, 2.0)
    assert_allclose(paid_observed.price_over_cost("first", tokens)(tables).p50, 5.0)
    assert_allclose(paid_observed.price_over_cost("host", whole)(tables).p50, 4.0)
