"""Hindcasts: a planted forecast scored by hand, the engine on a vintage, and controls that must fail."""

import csv
import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal

from forecast.cli.hindcast_verb import command, hindcast_json, hindcast_text
from forecast.cli.shown import json_text
from forecast.errors import InputError
from forecast.hindcast.checks import Asked, Event, Hindcast, Observed, Quantity
from forecast.hindcast.list_prices import QUANTITY
from forecast.hindcast.quantities import QUANTITIES
from forecast.hindcast.run import HINDSIGHT, Question, hindcast, sample
from forecast.hindcast.scores import grade
from forecast.march import march
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.tables import load_tables

MID_2025 = date(2025, 7, 1)


@pytest.fixture(scope="module")
def found():
    return hindcast(MID_2025, load_tables(), n_paths=1000, threads=1)


@pytest.fixture
def engine_only(overlay):
    """Tables that ask for no list price: those are fitted anew each time, which takes seconds."""
    return load_tables(overlay("hindcast_checks", lambda rows: [r for r in rows if r["quantity"] != QUANTITY]))


def planted(*checks, events=()):
    return Hindcast("planted", MID_2025, 100, 7, checks, tuple(events), (), ())


# --- scores by hand ---------------------------------------------------------------------------------


def test_an_event_that_hardly_any_path_has_is_not_called_impossible():
    events = [Event("rare", 0.004, False, "a"), Event("never", 0.0, False, "b"), Event("likely", 0.31, True, "c")]
    said = {line.split()[0]: line for line in hindcast_text(planted(events=events)).splitlines() if line.strip()}
    assert " <1 %  no " in said["rare"] and " 0 %  no " in said["never"] and " 31 %  yes " in said["likely"]


def test_shrunken_bands_hold_less(found):
    """The control: the same forecast with a quarter of its spread must lose checks, and widened ones win."""

    def scaled(check, factor):
        spread = [check.p50 + factor * (end - check.p50) for end in (check.p10, check.p90)]
        return replace(check, p10=spread[0], p90=spread[1])

    checks = [check for check in found.checks if check.form == "ratio"]
    whole, narrow, wide = (grade(planted(*(scaled(c, f) for c in checks))).coverage_80 for f in (1.0, 0.25, 4.0))
    assert narrow < whole - 0.1
    assert wide > whole


# --- the engine on a vintage ------------------------------------------------------------------------


def test_at_least_25_checks_from_each_of_three_dates(engine_only, found):
    others = [hindcast(as_of, engine_only, n_paths=100, threads=1) for as_of in (date(2025, 1, 1), date(2026, 1, 1))]
    for made in (found, *others):
        assert len(made.checks) >= 25, made.as_of
        assert all(check.source for check in made.checks)


def test_values_come_from_the_tables(found, tables):
    level = {row["date_on"]: row["third_cheapest_usd_per_mtok"] for row in tables["tier_prices"]
             if row["gpqa_at_least"] == 0.65}  # fmt: skip
    check = next(c for c in found.checks if c.name == "tier_price open-frontier, 6 months")
    ends = [
        np.log(level[date(*a)]) * (1 - w) + np.log(level[date(*b)]) * w
        for a, b, w in (((2025, 6, 30), (2025, 7, 31), 1 / 31), ((2025, 12, 31), (2026, 1, 31), 1 / 31))
    ]
    assert_allclose(check.value, np.exp(ends[1] - ends[0]), rtol=1e-12)
    b300 = next(c for c in found.checks if c.name == "launch b300")
    assert_allclose(b300.value, (date(2025, 10, 31) - MID_2025).days * 12 / 365)


def test_samples_are_the_paths_of_the_engine(run_block):
    """What a question reads is what the loop computed: a ratio of the rent, path by path."""
    scenario = load_scenario("base", load_tables(), as_of=MID_2025, months=3)
    names = market_names(scenario)
    asked = Asked("h100", MID_2025, 3, date(2025, 10, 1), frozenset())
    question = Question("rent", QUANTITIES["rent"], asked, Observed(1.0, "a"))
    drawn = sample(scenario, names, [question], 200, seed=7, workers=1)
    history, _, draws = run_block(scenario)
    assert_allclose(drawn[0], (history.series["rent"][0, 3] / history.series["rent"][0, 0])[:200])
    watched = march(scenario, names, draws, watch=True)
    assert_allclose(watched.series["provider_tokens"].sum(axis=0), watched.series["volume"].sum(axis=0), rtol=1e-5)
    of_providers = {
        "provider_tokens",
        "provider_spend",
        "provider_cost",
        "provider_margin",
        "provider_revenue",
        "rounds",
    }
    assert set(watched.series) - set(history.series) == {
        *of_providers,
        "offer_price",
        "provider_loss",
        "repriced_log",
        "regime",
        "router_share",
    }
    for name, values in history.series.items():
        assert_array_equal(watched.series[name], values, err_msg=name)  # watching moves nothing


def test_workers_change_nothing(engine_only):
    one, two = (hindcast(MID_2025, engine_only, n_paths=6000, threads=threads) for threads in (1, 2))
    assert one == two


def test_no_future_row_moves_an_interval(overlay, found):
    def change(rows):
        later = [r | {"as_of": str(MID_2025 + timedelta(days=1))} for r in rows if r["as_of"] == str(MID_2025)]
        for item in later:
            item["cash_usd"], item["paid_usd_per_mtok"] = "1", "90"
        return rows + later

    overlay("provider_finances", change)
    later_price = lambda rows: [*rows, rows[-1] | {"changed_on": "2025-07-02", "as_of": "2025-07-02"}]  # noqa: E731
    moved = hindcast(MID_2025, load_tables(overlay("price_changes", later_price)), n_paths=1000, threads=1)
    assert [(c.name, c.p10, c.p50, c.p90) for c in moved.checks] == [
        (c.name, c.p10, c.p50, c.p90) for c in found.checks
    ]
    assert moved.events == found.events


def test_a_check_is_one_row(overlay):
    def change(rows):
        return [rows[0] | {"quantity": "rent", "entity_kind": "accelerator", "entity": "h100", "months_ahead": "7"}]

    made = hindcast(MID_2025, load_tables(overlay("hindcast_checks", change)), n_paths=100, threads=1)
    assert [check.name for check in made.checks] == ["rent h100, 7 months"]
    assert made.left_out == ()


def test_inputs_set_with_hindsight_are_named(found, tables):
    assert "parameters.network_frac" in found.hindsight
    assert not any(key.startswith("provider_finances.") for key in found.hindsight)
    today = load_scenario("base", tables).inputs  # the same inputs rest on what is known now
    assert HINDSIGHT not in {today[key].origin.source for key in found.hindsight}
    text = hindcast_text(found)
    assert f"SET WITH HINDSIGHT, {len(found.hindsight)} inputs" in text and "parameters.network_frac" in text
    assert hindcast_json(found)["hindsight"] == list(found.hindsight)


def test_what_has_no_answer_is_named_with_the_reason(found):
    reasons = dict(found.left_out)
    assert reasons["launch vr200"] == "has not come yet"
    assert reasons["launch b200"] == "was on the market already"
    assert reasons["rent h100, 18 months"] == "no observation near 2027-01-01"
    with open(load_tables().directories[0] / "hindcast_checks.csv", encoding="utf-8", newline="") as file:
        asked = len(list(csv.DictReader(file)))
    assert len(found.checks) + len(found.events) + len(found.left_out) == asked


def test_every_quantity_has_a_check(tables):
    assert {row["quantity"] for row in tables["hindcast_checks"]} == {*QUANTITIES, QUANTITY}
    assert all(isinstance(quantity, Quantity) and quantity.meaning for quantity in QUANTITIES.values())


# --- the verb ---------------------------------------------------------------------------------------


def test_json_has_the_shape_that_others_rely_on(found):
    document = json.loads(json_text(hindcast_json(found)))
    assert document["as_of"] == "2025-07-01"
    assert {"name", "p10", "p50", "p90", "value", "inside", "source"} <= set(document["checks"][0])
    inside = [check["inside"] for check in document["checks"]]
    assert_allclose(document["coverage_80"], sum(inside) / len(inside))
    assert {"name", "prob", "happened", "source"} <= set(document["events"][0])
    by_quantity = {one["quantity"]: one for one in document["by_quantity"]}
    assert sum(one["checks_count"] for one in by_quantity.values()) == len(found.checks)
    assert sum(one["inside_count"] for one in by_quantity.values()) == document["inside_count"]
    assert by_quantity["rounds_count"]["width_log"] is None


def test_text_shows_every_check_and_the_figures(found):
    text = hindcast_text(found)
    assert all(check.name in text for check in found.checks)
    assert f"80 % intervals hold {sum(c.inside for c in found.checks)} of {len(found.checks)} checks" in text


def test_the_verb_prints_the_same_document_again(engine_only, monkeypatch):
    monkeypatch.setenv("FORECAST_DATA", str(engine_only.directories[0]))
    runs = [CliRunner().invoke(command, ["--as-of", "2025-07-01", "--paths", "100", "--json"]) for _ in range(2)]
    assert runs[0].exit_code == 0
    assert runs[0].stdout == runs[1].stdout


@pytest.mark.parametrize(
    ("as_of", "text"),
    [
        (date(2024, 6, 1), "no provider's finances are known before 2025-01-01. Choose that date or a later one."),
        (date(2026, 10, 31), "as of 2026-10-31: nothing that is checked has happened since. Choose an earlier date; the first is 2025-01-01."),
    ],
)  # fmt: skip
def test_dates_outside_the_data_are_refused(as_of, text):
    with pytest.raises(InputError) as refused:
        hindcast(as_of, load_tables(), n_paths=100)
    assert text in refused.value.problems[0]


def test_too_few_paths_are_refused():
    with pytest.raises(InputError, match="paths = 10: outside 100 to 1000000. Choose a number in that range."):
        hindcast(MID_2025, load_tables(), n_paths=10)
