"""`forecast trend`: the table, the page, the picture, JSON, and what it says when it cannot."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose

from forecast.cli.main import group
from forecast.cli.trend_verb import page, plain, table
from forecast.distributions import parse
from forecast.errors import InputError
from forecast.scenario import load_scenario
from forecast.scenario_files import scenario_chain, settings_of
from forecast.trends.picture import trend_picture
from forecast.trends.registry import TRENDS
from forecast.trends.trend import Band, Diagnostic, Estimate, Fan, FormScore, Trend


@pytest.fixture(scope="module", autouse=True)
def _each_trend_fitted_once():
    """What a fit says follows from the folders and the vintage: verbs that ask for the same need it once."""

    def once(fit):
        made = {}

        def remembered(tables):
            key = tables.directories, tables.as_of
            if key not in made:
                made[key] = fit(tables)
            return made[key]

        return remembered

    with pytest.MonkeyPatch.context() as patch:
        for name, fit in TRENDS.items():
            patch.setitem(TRENDS, name, once(fit))
        yield


def trend(*words):
    return CliRunner().invoke(group, ["trend", *words])


@pytest.fixture(scope="module")
def example():
    return Trend(
        name="example",
        title="An example",
        unit="USD",
        form="walk",
        why="it scored best",
        annual_change=Band(0.5, 0.8, 1.25),
        floor_ratio=Band(1.0, 2.0, 4.0),
        diagnostics=(Diagnostic("ljung_box_prob", 0.4, "above 0.05: nothing is left in the residuals"),),
        scores=lambda: (FormScore("walk", 12, 30, 0.4, 0.1, 0.8), FormScore("line", 12, 30, 0.8, -1.0, 0.5)),
        estimates=(
            Estimate("parameters.rent_shock_sd", parse("fitted(mean=0.1, se=0.01)"), "log", 30, "high", "rows"),
        ),
        observed=((date(2025, 1, 1), 2.0), (date(2025, 2, 1), 20.0)),
        fitted=((date(2025, 1, 1), 2.0), (date(2025, 2, 1), 20.0)),
        fan=Fan((0.1, 0.5, 0.9), np.array([[15.0, 14.0], [20.0, 20.0], [25.0, 30.0]])),
        more={"beware": "two points"},
    )


def test_every_trend_has_a_line():
    done = trend()
    assert done.exit_code == 0, done.output
    header, *lines = done.output.splitlines()
    assert header.split() == ["name", "a", "year", "on", "half-life", "skill", "unit", "form"]
    assert list(dict.fromkeys(line.split()[0].partition("-")[0] for line in lines)) == list(TRENDS)
    assert "tier-0.49" in done.output


def test_without_a_vintage_it_prints_what_the_model_reads():
    """What `trend` says is given to the model is what `show` says of the same input."""
    (estimate,) = json.loads(trend("demand", "--json").output)["estimates"]
    read = load_scenario("base").inputs["parameters.demand_growth_start_per_year"].value
    assert_allclose(
        parse(estimate["value"]).arguments, read.arguments, rtol=2e-3
    )  # other libraries round the last digits


def test_a_vintage_that_knows_too_little_says_so_and_the_rest_is_done():
    done = trend("--as-of", "2025-01-01")
    assert done.exit_code == 0
    assert "1 entities with two token volumes known by 2025-01-01; a fit needs 3." in done.output
    assert "a level that walks" in done.output


def test_rounds_of_firms_that_the_vintage_does_not_know_are_left_out():
    """A round may be known before the first row that says what kind of firm it was."""
    done = trend("funding", "--as-of", "2024-06-01")
    assert isinstance(done.exception, InputError), done.exception
    assert "0 regimes with five provider-years known by 2024-06-01; a fit needs 1." in str(done.exception)


def test_before_all_data_every_line_says_so():
    done = trend("--as-of", "2000-01-01")
    assert done.exit_code == 0, done.exception
    assert done.output.count("by 2000-01-01") == len(TRENDS)


def test_the_page_says_all(example):
    money = Estimate("provider_finances.ada.revenue_usd_per_year", parse("760000000"), "USD/year", 3, "low", "two")
    example = replace(example, estimates=(*example.estimates, money))
    said = page(example, {found.key for found in example.estimates})
    assert "not read" not in said and "not read: the model keeps its table's own" in page(example, set())
    for text in (
        "example: An example, USD",
        "a year on, over today: ×0.8 (0.5 to 1.25)",
        "today over its floor: ×2 (1 to 4)",
        "parameters.rent_shock_sd = 0.1 (0.0872 to 0.113) log",
        "provider_finances.ada.revenue_usd_per_year = 760M (760M to 760M) USD/year",
        "30 observations · high confidence · rows",
        "ljung_box_prob = 0.4: above 0.05: nothing is left in the residuals",
        "walk                                  12     30   0.400   +10 %             80 %",
        "beware: two points",
    ):
        assert text in said
    assert "half-life" not in said  # there is none


def test_the_skill_shown_is_that_of_the_chosen_form(example):
    assert table({"example": example}).splitlines()[1].endswith("+10 %  USD   walk")


def test_a_narrow_terminal_gets_the_first_columns(example):
    wide, narrow = (table({"example": example}, columns).splitlines() for columns in (1000, 55))
    assert narrow[1] == wide[1].removesuffix("walk").rstrip() and narrow[2] == "`forecast trend NAME` has form"


def test_json_is_one_document(example, monkeypatch):
    made = json.loads(json.dumps(plain(example)))
    assert made["annual_change"] == {"p10": 0.5, "p50": 0.8, "p90": 1.25}
    assert made["estimates"][0]["value"] == "fitted(mean=0.1, se=0.01)"
    assert made["observed"][0] == ["2025-01-01", 2.0]
    assert made["fan"]["quantiles"] == [[15.0, 14.0], [20.0, 20.0], [25.0, 30.0]]
    monkeypatch.setattr("forecast.cli.trend_verb.TRENDS", {"exits": None, "tier": None})  # the rest takes longer
    found = json.loads(trend("--json").output)["trends"]
    assert {"exits", "tier-0.49", "tier-0.85"} < set(found)
    assert json.loads(trend("launch_slips", "--json").output)["form"].startswith("normal around a level that walks")


def test_the_picture_shows_data_fit_and_fan(example):
    series, given = trend_picture(example).axes
    assert [text.get_text() for text in series.get_legend().get_texts()] == [
        "data", "fit", "80 % inside", "median ahead",
    ]  # fmt: skip
    assert series.get_yscale() == "log"
    assert [label.get_text() for label in given.get_yticklabels()] == ["rent_shock_sd\n0.1 log"]


def test_inputs_around_zero_are_drawn_as_they_are(example):
    near = Estimate("parameters.rent_shock_sd", parse("normal(mean=0.001, sd=0.1)"), "log", 30, "high", "rows")
    for estimates, title in ((example.estimates, "over the median"), ((near, near), "80 % interval")):
        (given,) = trend_picture(replace(example, observed=(), estimates=estimates)).axes
        assert given.get_title().endswith(title)
    assert trend_picture(replace(example, estimates=(near,) * 30)).get_figheight() > 10, "every label has its room"
    with pytest.raises(InputError, match="example: neither a series nor a fitted input to draw"):
        trend_picture(replace(example, observed=(), estimates=()))


def test_a_picture_is_written(tmp_path):
    path = tmp_path / "demand.png"
    assert trend("demand", "--picture", str(path)).exit_code == 0
    assert path.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demnd"], 'no trend "demnd"; known: '),
        (["demnd"], 'Did you mean "demand"?'),
        (["--picture", "a.png"], "--picture a.png: a picture shows one SERIES. Name it: "),
        (["tier-0.5"], 'no trend "tier-0.5"; known: tier, tier-0.4, '),
        (["tier", "--picture", "a.png"], "--picture a.png: a picture shows one trend. Name one: tier-0.4, "),
        (["rent", "--as-of", "2023-01-01"], "data/rents.csv: no index of the H100 known by 2023-01-01. Choose a later"),
        (["exits", "--picture", "a.gif"], "a.gif: a picture ends in .png or .svg. Correct the name."),
        (["exits", "--picture", "/dev/null/a.png"], "/dev/null/a.png: cannot be written (Not a directory)."),
        (["demand", "--as-of", "2024-01-01"], "known by 2024-01-01; a fit needs 3. Choose a later vintage."),
        (["exits", "--as-of", "2000-01-01"], "data/events.csv: 0 rows known by 2000-01-01; a fit needs 1."),
    ],
)
def test_bad_usage_is_one_message(words, message):
    done = trend(*words)
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)


def test_the_vintage_is_that_of_base_and_base_is_not_loaded_for_it(monkeypatch):
    """Its date stands in its file; the tables it reads, and their draws, are of no use to a fit."""
    assert settings_of(scenario_chain("base"))["as_of"] == load_scenario("base").as_of == date(2026, 10, 31)

    def refuse(*_):
        raise AssertionError("inputs were read")

    monkeypatch.setattr("forecast.inputs.changed.table_inputs", refuse)
    dated = trend("rent", "--as-of", "2026-10-31", "--json").stdout
    assert trend("rent", "--json").stdout == dated != trend("rent", "--as-of", "2026-01-01", "--json").stdout
    with pytest.raises(AssertionError, match="inputs were read"):
        load_scenario("base")
