"""The sections that cost seconds: why, what to watch, how past forecasts did, the article; and runs from the store."""

import re
import subprocess
import sys
from copy import copy
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from spoiling import HOSTILE
from test_report import TAGS, Page

from forecast.cli.main import group
from forecast.delivery.exports import export_forecast
from forecast.errors import InputError
from forecast.hindcast.checks import Check, Event, Hindcast
from forecast.market.names import market_names
from forecast.refresh.scores import Tally, scores_of
from forecast.report.drivers import AtStake, drivers_section, tornado_chart, watch_section
from forecast.report.further import KINDS, further_sections, wanted_kinds, what_to_keep
from forecast.report.markup import Section
from forecast.report.page import page
from forecast.report.past import audit_section, past_section, predictions_section, stored_section
from forecast.report.stored import read_kept
from forecast.sensitivity.analysis import analyse
from forecast.sensitivity.asked import parse_asked
from forecast.sensitivity.sample import Sample
from forecast.sensitivity.signals import Signal, is_open, meanings, question_of, telling_signals, usual_answers
from forecast.simulation import simulate
from forecast.store.database import insert, open_store, transaction
from forecast.store.places import place_of
from forecast.store.runs import Run, add_forecast, add_run, mark_published
from forecast.trends.rolling import Scores

RUN = Run("abc123", "abc123def", "2026-11-02T03:00:00", None, "2026-11-01", {"paths": 40}, {}, 1, 0.5, [])
CLAIM = {"statement": "It costs a dollar", "printed": "$1", "recomputed": [0.5, 2.0], "unit": "USD", "factor": 1.5,
         "verdict": "holds"}  # fmt: skip
PREDICTION = {"statement": "Prices fall", "confidence": "low", "note": "of list prices", "due_on": "2027-01-31", "no_query": None, "happened": None, "brier": None,
              "probabilities": [{"probability": 0.25, "standard_error": 0.01, "reason": None}]}  # fmt: skip


@pytest.fixture(scope="module")
def rent(base):
    return parse_asked("rent@6", market_names(base), base.months)


@pytest.fixture(scope="module")
def sample(rent):
    """Rent is exp(two thirds of one input, a third of another, nothing of the last)."""
    rng = np.random.default_rng(5)
    scores = (rng.permuted(np.tile(np.arange(2000), (3, 1)), axis=1) + 0.5) / 2000
    outcome = np.exp(2 * scores[0] + scores[1])
    return Sample(("parameters.strong", "parameters.weak", "parameters.none"), scores, scores, {str(rent): outcome},
                  {str(rent): outcome * np.exp(0.1 * rng.standard_normal(2000))})  # fmt: skip


@pytest.fixture(scope="module")
def driven(sample, rent):
    return analyse(sample, rent)


def said(section: Section) -> str:
    read = Page(section.content)
    assert set(read.tags) <= TAGS
    return " ".join(read.said).replace("\u00a0", " ")


def test_what_drives_it_names_inputs_in_their_order_with_words_and_numbers(driven):
    section = drivers_section([driven], "2026-10-31")
    text = said(section)
    assert "Leading: strong" in text and "It lies above" in text and "Rent, 2027-04" in text
    assert text.index("strong") < text.index("weak") < text.index("none")
    assert section.content.count("<svg") == section.content.count("<summary") == section.content.count("<desc") == 2
    assert re.search(rf"{100 * driven.shapley.index[0]:.1f} ± {200 * driven.shapley.error[0]:.1f} %", text)


def test_a_tornado_spans_the_tails_of_each_input(driven):
    rows = tornado_chart("t", "t", driven).rows
    assert rows[0] == ["strong", f"{driven.low_tail[0]:.3g}", f"{driven.high_tail[0]:.3g}"]
    assert float(rows[0][1]) < driven.mean < float(rows[0][2])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_inputs_signals_and_claims_are_inert(made, driven, rent, name):
    hostile = copy(driven)
    hostile.inputs, hostile.box_limits = (name,) * 3, {name: (0.1, 0.2)}
    signal = Signal(name, 0.5, 0.01, 1.0, 2.0, True, 0.6, 0.2, True)
    check = Check(name, "count", 0.0, 1.0, 2.0, 5.0, name, None)
    found = Hindcast(name, date(2025, 1, 1), 100, 7, (check,), (), (), ())
    scores = {name: {3: Scores(9, 0.1, 0.2, 0.5, 0.6, 0.0, None, 0.8, 0.4)}}
    more = [
        drivers_section([hostile], "2026-10-31"),
        watch_section([AtStake(rent, 0.4, [signal])], 6, "2026-10-31", {name: name}),
        past_section(scores, found),
        predictions_section([PREDICTION | {"statement": name, "no_query": name}]),
        audit_section([CLAIM | {"statement": name, "verdict": name, "printed": name}]),
    ]
    shown = page(made, more)
    read = Page(shown)
    assert set(read.tags) <= TAGS and not [key for key, _ in read.attributes if key.startswith("on")]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", shown)
    ids = read.values("id")
    assert len(ids) == len(set(ids)) and {"drivers", "watch", "past", "predictions", "audit"} <= set(ids)


def test_what_to_watch_gives_level_and_latest_value(rent, tables):
    told = Signal("market_price:commodity@6", 0.2, 0.01, 0.085, 0.113, True, 0.53, 0.18, True)
    text = said(watch_section([AtStake(rent, 0.36, [told])], 6, "2026-10-31", meanings([told.name], tables)))
    for part in (
        "chance 36 %",
        "Market price, commodity, 2027-04, USD/Mtok",
        "> 0.113",
        "0.085",
        "53 %",
        "18 %",
        "yes",
        "market_price: price paid over all tokens of the month's mix",
    ):
        assert part in text
    assert "Nothing that will be seen" in said(watch_section([AtStake(rent, 0.36, [])], 6, "2026-10-31", {}))
    assert watch_section([], 6, "2026-10-31", {}).content == ""


def test_an_answer_that_is_settled_is_not_open(rent):
    settled = Sample((), np.empty((0, 2)), np.empty((0, 2)), {"rent@6": np.ones(2), "rent@0": np.zeros(2)}, {})
    assert not is_open(question_of(rent, settled))


def test_usual_answers_end_at_the_horizon(base):
    assert {asked.month for asked in usual_answers(market_names(base), base.months)} == {base.months}


def test_signals_that_tell_no_more_than_chance_are_left_out(base, sample, rent):
    names = SimpleNamespace(labels=lambda: {axis: [] for axis in ("segment", "market", "cloud", "provider")})
    question = question_of(replace(rent, unit="probability"), replace(sample, outcomes={"rent@6": sample.scores[0]}))
    assert [signal.name for signal in telling_signals(question, sample, names, 6)] == ["parameters.strong"]


def test_how_past_forecasts_did_by_hand():
    checks = [Check("rent h100", "ratio", 0.5, 1.0, 2.0, value, "s", 0.3) for value in (1.0, 1.9, 4.0)]
    found = Hindcast("base", date(2025, 11, 1), 100, 7, tuple(checks), (Event("e", 0.5, True, "s"),), (), ())
    text = said(past_section({"rent": {6: Scores(70, 0.1, 0.12, 0.16, 0.59, 0.0, None, 0.83, 0.1)}}, found))
    assert "+16 %" in text and "+59 %" in text and "83 %" in text
    assert "2 of 3 checks, 67 %" in text and "Brier score 0.250" in text
    assert "0.5" in text.split("Worst misses")[1]  # log 4 lies log 2 above log 2, the interval is log 4 wide
    assert past_section({}, None).content == ""


def test_predictions_and_verdicts_are_counted():
    true = {
        "happened": True,
        "resolved_on": "2026-01-02",
        "resolution": "it did",
        "brier": 0.04,
        "probability_when_made": 0.8,
    }
    text = said(predictions_section([PREDICTION, PREDICTION | true, PREDICTION | {"no_query": "not kept"}]))
    assert "3 predictions, 1 resolved; mean Brier score of the 1 scored 0.040" in text
    assert "open; low confidence in the reading: of list prices" in text
    assert "25.0 ± 2.0 %" in text and "Came true, 2026-01-02: it did. Engine when made: 80.0 %, Brier 0.040." in text
    assert "not computed" in text and "not kept" in text
    text = said(audit_section([CLAIM, CLAIM, CLAIM | {"verdict": "untestable", "recomputed": None, "factor": None}]))
    assert "Verdicts on 3 claims" in text and re.search(r"holds\s+2", text) and "0.5 to 2 USD" in text
    assert predictions_section([]).content == audit_section([]).content == ""


def test_every_kind_makes_its_sections(tables, base):
    one_month = replace(base, months=1)
    made = simulate(one_month, 40, seed=3, **what_to_keep(["predictions"], one_month, tables))
    done = []
    found = further_sections(made, tables, list(KINDS), progress=done.append)
    assert done == [1] * len(KINDS)
    assert [section.key for section in found] == ["drivers", "watch", "past", "predictions", "audit"]
    assert "a year before" in found[2].content and all(section.content for section in found)
    assert what_to_keep(["audit"], base, tables) == {} and further_sections(made, tables, []) == []


FORKING = """
import os, sys
from forecast.report import further
from forecast.report.markup import Section
for kind in further.KINDS:
    further.KINDS[kind] = lambda paths, tables, kind=kind: [Section(kind, paths + tables, str(os.getpid()))]
found = further.further_sections("paths", "tables", list(further.KINDS), threads=int(sys.argv[1]))
print([s.key for s in found] == list(further.KINDS), {s.title for s in found}, {s.content for s in found} == {str(os.getpid())})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
@pytest.mark.parametrize(("threads", "in_this_process"), [("1", "True"), ("2", "False")])
def test_kinds_made_side_by_side_keep_their_order(threads, in_this_process):
    done = subprocess.run([sys.executable, "-c", FORKING, threads], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == f"True {{'pathstables'}} {in_this_process}"


def test_kinds_are_chosen_by_name():
    assert (
        wanted_kinds("all") == list(KINDS)
        and wanted_kinds("none") == []
        and wanted_kinds("past, audit") == ["past", "audit"]
    )
    with pytest.raises(
        InputError, match='--with pasta: no "pasta"; all, none, or any of drivers, .* Did you mean "past"?'
    ):
        wanted_kinds("pasta")


@pytest.fixture
def store(made, tmp_path):
    """Return a store with one published run of two scenarios, one of whose forecasts has been scored."""
    place = place_of(str(tmp_path / "s.sqlite"))
    due = [f"2027-{month:02d}-28" for month in range(13)]
    other = replace(made, manifest=made.manifest | {"scenario": "other", "title": "Another market"})
    score = {"run_id": "abc123", "scenario": "base", "outcome": "rent", "segment": "", "value": 2.0, "evidence": "e"}
    with transaction(open_store(place)) as connection:
        add_run(connection, RUN)
        add_forecast(connection, RUN.run_id, made, due)
        add_forecast(connection, RUN.run_id, other, due)
        insert(connection, "scores", [
            score | {"due_on": due[1], "crps_log": 0.1, "inside_80": 1}, score | {"due_on": due[2], "crps_log": 0.3, "inside_80": 0}
        ])  # fmt: skip
        assert scores_of(connection, "base") == [Tally("rent", 2, pytest.approx(0.2), 0.5)]
        assert scores_of(connection, "other") == []
        mark_published(connection, RUN.run_id, "2026-11-02T03:01:00")
    return place


def report(*words: str) -> str:
    done = CliRunner().invoke(group, ["report", *words, "--out", "-", "--quiet"], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("name", ["latest", "abc123", "abc"])
def test_a_run_of_the_store_is_shown_as_it_is(made, store, name, monkeypatch):
    monkeypatch.setenv("FORECAST_STORE", str(store.file))
    assert report(name) == page(made, [stored_section([Tally("rent", 2, 0.2, 0.5)])])


def test_another_scenario_of_a_stored_run(store):
    shown = report("latest", "--store", str(store.file), "--scenario", "other")
    assert "<h1>Another market</h1>" in shown and 'id="past"' not in shown


def test_a_folder_wins_over_a_run_of_its_name(made, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    export_forecast(replace(made, manifest=made.manifest | {"title": "Of the folder"}), "latest")
    assert "<h1>Of the folder</h1>" in report("latest", "--store", str(store.file))
    with pytest.raises(InputError, match="report latest --scenario: a stored run is shown as it is"):
        report("latest", "--scenario", "base")


def test_runs_and_scenarios_that_are_not_there(store):
    match = 'xyz: no such folder, and in the store .*s.sqlite: run "xyz": no such run in the store'
    with pytest.raises(InputError, match=match):
        read_kept("xyz", store, None)
    with pytest.raises(InputError, match="run abc123: no scenario others; it has base, other."):
        read_kept("abc", store, "others")
    with pytest.raises(
        InputError, match="a stored run is shown as it is, not simulated again. Drop --with, or drop abc"
    ):
        report("abc", "--store", str(store.file), "--with", "none")
