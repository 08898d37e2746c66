"""The scheduled job: idempotent by content, published whole, recorded when it fails, scored, compared, alone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import pytest
from command import forecast
from feeds import DROP, SAMPLES
from sqlalchemy import text

from forecast.comparison import Key, compared_months
from forecast.delivery.folders import publish_files
from forecast.errors import ForecastError, InputError
from forecast.refresh import job, running
from forecast.refresh.influences import Influences, drift, influences_of, packed_influences, unpacked_influences
from forecast.refresh.job import refresh
from forecast.refresh.observed import Truth, answer_to, due_on, truths, value_by
from forecast.refresh.overlay import overlaid_tables, overlay_files
from forecast.refresh.planning import Request
from forecast.refresh.publishing import latest_folder, publish_run
from forecast.refresh.refitting import refitted
from forecast.refresh.scores import Score, due_scores, scores_of, summary
from forecast.scenario import load_scenario
from forecast.scoring import crps_of_quantiles
from forecast.simulation import simulate
from forecast.sources.fetch import Limits
from forecast.store.database import open_store, rows, transaction
from forecast.store.lock import Locked, locked
from forecast.store.observations import observations, quarantine
from forecast.store.places import place_of
from forecast.store.runs import failures, find_run, runs
from forecast.table_rules import table_problems
from forecast.tables import Tables, load_tables
from forecast.tidy_table import PROBS

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
A_YEAR_LATER = datetime(2027, 11, 25, tzinfo=UTC)
SMALL = Request(sources=("drop",), months=3, n_paths=60)
TABLES = "observations quarantine feeds runs forecasts fans scores failures influences".split()
QUICK = Limits(silence_s=0.3, tries=1)
MADE, FITTED = {}, {}


@pytest.fixture(autouse=True)
def _each_simulation_and_fit_once(monkeypatch, electricity_only):
    """The same scenario gives the same paths and the same tables the same fits: tests that ask twice need them once."""

    def remembered(scenario, *arguments, **how):
        key = (scenario.digest, arguments, tuple(how.items()))
        if key not in MADE:
            MADE[key] = simulate(scenario, *arguments, **how)
        return replace(MADE[key], scenario=scenario)

    def fits_remembered(tables, seen, vintages):
        if not seen:
            return refitted(tables, seen, vintages)
        overlay, first = tables.directories[0], min(one.as_of for one in seen)
        news = sorted({str(as_of) for as_of in vintages if str(as_of) >= first})
        key = (*news, *(path.read_bytes() for path in sorted(overlay.glob("*.csv"))))
        if key not in FITTED:
            made, warned = refitted(tables, seen, vintages)
            FITTED[key] = made.file("fits").read_bytes(), warned
        text, warned = FITTED[key]
        (overlay / "fits.csv").write_bytes(text)
        return Tables(tables.directories), warned

    monkeypatch.setattr(job, "simulate", remembered)
    monkeypatch.setattr(job, "refitted", fits_remembered)


@pytest.fixture
def content(place):
    """Return a function that gives every row of the store and every file of the published runs."""

    def read():
        with transaction(open_store(place)) as connection:
            found = {name: [tuple(row) for row in rows(connection, f"SELECT * FROM {name}")] for name in TABLES}
        files = {str(p): p.read_bytes() for p in place.runs.rglob("*") if p.is_file()} if place.runs.is_dir() else {}
        return found, files

    return read


def drop(place, name, text):
    place.drop.mkdir(exist_ok=True)
    (place.drop / name).write_text(text)


def test_the_first_refresh_publishes_and_the_second_adds_nothing(place, content):
    first = refresh(place, SMALL, NOW)
    assert first.status == "published" and first.exit_code(True) == 0
    assert latest_folder(place.runs).name == first.run_id
    assert (place.runs / "latest" / "base" / "forecast.csv").is_file()
    before = content()
    second = refresh(place, SMALL, NOW + timedelta(days=1))
    assert (second.status, second.run_id, second.exit_code(True)) == ("up to date", first.run_id, 0)
    assert content() == before


def test_a_pipe_or_a_folder_among_the_dropped_files_is_held(place):
    """Before, a pipe was waited for with the lock held, and a folder kept all other files from being read."""
    drop(place, "prices.csv", DROP)
    os.mkfifo(place.drop / "pipe.csv")
    (place.drop / "folder.csv").mkdir()
    (report,) = refresh(place, SMALL, NOW).sources
    assert report.observations_added and not report.message
    assert {one.item for one in report.suspects} == {"pipe.csv", "folder.csv"}


def test_a_dropped_file_has_the_limit_of_a_feed(place):
    """Before, 83 MB of two million rows took 2.6 GB of memory."""
    drop(place, "prices.csv", DROP)
    drop(place, "large.csv", DROP + "\n" * 10_000)
    (report,) = refresh(place, SMALL, NOW, limits=Limits(size_bytes=10_000)).sources
    assert report.observations_added
    assert [(one.item, one.reason) for one in report.suspects] == [
        ("large.csv", "the file is larger than 10,000 bytes")
    ]


def test_what_was_observed_after_the_vintage_needs_no_word(place, overlay, monkeypatch):
    """Before, even with --quiet, a catch-up was told to fit its own temporary tables anew, in a folder that was gone by then."""
    monkeypatch.setattr(job, "refitted", refitted)  # nothing was known by then, so that nothing is fitted
    drop(place, "prices.csv", DROP)
    words = ("refresh", "--source", "drop", "--store", str(place.file), "--paths", "60", "--months", "3")
    done = forecast(*words, "--as-of", "2026-09-30", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    own = overlay("tier_prices", list)
    monkeypatch.setenv("FORECAST_DATA", str(own))
    said = forecast(*words, "--as-of", "2026-09-30").stderr
    assert said.startswith(f"note: {own / 'tier_prices.csv'} moved nothing") and "price_changes" not in said


def test_a_drop_folder_that_was_named_and_is_missing(tmp_path, monkeypatch):
    """Before, the job of a mistyped one ended well for ever; only the default one may be missing."""
    assert refresh(place_of(str(tmp_path / "usual.sqlite")), SMALL, NOW).sources[0].suspects == []
    monkeypatch.setenv("FORECAST_DROP", str(tmp_path / "mistyped"))
    report = refresh(place_of(str(tmp_path / "store.sqlite")), SMALL, NOW)
    assert report.status == "published" and report.exit_code(False) == 1  # which `--quiet` does not hide
    assert report.sources[0].message.endswith("mistyped: no such folder. Make it, or correct FORECAST_DROP")


def test_a_run_of_the_past_or_of_other_settings_does_not_stay_the_latest(place):
    """Before, `latest` showed it, and the next run was compared with it, until the data changed."""
    usual = refresh(place, SMALL, NOW)
    past = refresh(place, replace(SMALL, as_of=date(2026, 6, 30)), NOW + timedelta(hours=1))
    assert past.status == "published" and latest_folder(place.runs).name == past.run_id
    dear = refresh(place, replace(SMALL, settings=("electricity_usd_per_kwh=0.9",)), NOW + timedelta(hours=2))
    assert any(cause.startswith("settings [] ") for cause in dear.causes), (
        "compared with the usual run, not with June's"
    )
    assert not any(cause.startswith("as_of") for cause in dear.causes)
    again = refresh(place, SMALL, NOW + timedelta(days=1))
    assert (again.status, again.run_id) == ("up to date", usual.run_id)
    assert latest_folder(place.runs).name == usual.run_id
    with transaction(open_store(place)) as connection:
        assert find_run(connection, "latest").run_id == usual.run_id
        assert len(runs(connection)) == 3
    drop(place, "prices.csv", DROP)
    news = refresh(place, SMALL, NOW + timedelta(days=2))
    assert any(cause.startswith("settings ['electricity") for cause in news.causes), "the drift is against that run"


def test_a_new_price_makes_a_new_run_at_its_date(place):
    before = refresh(place, SMALL, NOW)
    drop(place, "prices.csv", DROP)
    after = refresh(place, SMALL, NOW)
    assert after.run_id != before.run_id and after.as_of == "2026-11-21"
    assert after.sources[0].observations_added == 2
    assert after.causes == ["data/fits.csv", "data/price_changes.csv", "as_of 2026-10-31 → 2026-11-21"]
    assert refresh(place, SMALL, NOW).status == "up to date"


def test_the_shipped_table_dropped_is_no_news(place, tables):
    drop(place, "prices.csv", tables.file("price_changes").read_text("utf-8"))
    report = refresh(place, SMALL, NOW)
    assert report.sources[0].observations_added > 3_000 and report.sources[0].quarantined == 0
    with transaction(open_store(place)) as connection:
        assert overlay_files(tables, observations(connection)) == {}
    assert refresh(place, SMALL, NOW).status == "up to date"


def test_a_scenario_with_its_own_vintage_keeps_it(place, tmp_path):
    path = tmp_path / "past.toml"
    path.write_text('extends = "base"\nas_of = 2026-06-30\n')
    drop(place, "prices.csv", DROP)
    request = Request(("base", str(path)), ("drop",), months=3, n_paths=60)
    refresh(place, request, NOW)
    with transaction(open_store(place)) as connection:
        recipe = runs(connection)[0].recipe["scenarios"]
    assert (recipe["base"][0], recipe["past"][0]) == ("2026-11-21", "2026-06-30")


def test_what_is_held_is_written_down(place):
    drop(place, "prices.csv", DROP.replace("0.9,3.1", "0,3.1"))
    drop(place, "notes.csv", "hello\nworld\n")
    drop(place, "half.csv", DROP.split("\n")[0] + "\n2026-11-21,newhost,host,gpt-oss-20b,0.1")
    report = refresh(place, SMALL, NOW)
    assert report.sources[0].quarantined == 3 and report.exit_code(False) == 0
    assert any(one.found.endswith(" in 'half.csv'") for one in report.sources[0].suspects)
    assert "held: together glm-5 0, 3.1 in 'prices.csv': a price of zero" in report.text()
    held = json.loads(json.dumps(report.document()))["sources"][0]["suspects"]
    assert ("glm-5", "0, 3.1 in 'prices.csv'") in [(one["item"], one["found"]) for one in held]
    with transaction(open_store(place)) as connection:
        assert sorted(one["item"] for one in quarantine(connection)) == ["glm-5", "gpt-oss-20b", "notes.csv"]
        assert [one.item for one in observations(connection)] == ["gpt-oss-120b"]


def test_one_scenario_that_fails_does_not_lose_the_other(place, tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text('extends = "base"\n[parameters]\nnonsense = 1\n')
    request = Request((str(path), "base"), ("drop",), months=3, n_paths=60)
    report = refresh(place, request, NOW)
    assert report.status == "published" and report.exit_code(False) == 1
    with transaction(open_store(place)) as connection:
        (failure,) = failures(connection)
    assert failure["step"] == "plan" and 'no parameter "nonsense"' in failure["message"]
    assert "data/parameters.csv" in failure["inputs"]
    with pytest.raises(InputError, match='no parameter "nonsense"'):
        refresh(place, Request((str(path),), ("drop",), months=3, n_paths=60), NOW)
    with pytest.raises(InputError, match='no parameter "nonsense"'):
        refresh(place, Request((str(path),), ("drop",), months=3, n_paths=60, dry_run=True), NOW)
    with transaction(open_store(place)) as connection:
        assert len(failures(connection)) == 2, "written down before the error is raised"


@pytest.mark.parametrize(
    "wrong", [{"scenarios": ("nosuch",)}, {"settings": ("nonsense=1",)}, {"n_paths": 0}, {"threads": 0}, {"months": 0}]
)
def test_a_first_refresh_that_is_refused_makes_no_store(place, wrong):
    with pytest.raises(InputError):
        refresh(place, replace(SMALL, **wrong), NOW)
    assert list(place.file.parent.iterdir()) == []


def test_a_scenario_that_failed_is_made_up_for(place):
    def half(scenario, **how):
        if scenario.name == "accelerator-glut":
            raise MemoryError("too big")
        return simulate(scenario, **how)

    request = Request(("base", "accelerator-glut"), ("drop",), months=3, n_paths=60)
    first = refresh(place, request, NOW, simulator=half)
    assert [f["message"] for f in first.failures] == ["MemoryError: too big"] and first.exit_code(False) == 1
    asked = []
    second = refresh(place, request, NOW, simulator=lambda s, **how: asked.append(s.name) or simulate(s, **how))
    assert second.run_id == first.run_id and asked == ["accelerator-glut"]
    assert {p.name for p in latest_folder(place.runs).iterdir()} == {"base", "accelerator-glut", "run.json"}
    assert refresh(place, request, NOW).status == "up to date"


def test_a_refresh_that_dies_before_publishing_is_finished_by_the_next(place, monkeypatch):
    refresh(place, SMALL, NOW)
    drop(place, "prices.csv", DROP)
    with monkeypatch.context() as patch:
        patch.setattr(running, "publish_run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            refresh(place, SMALL, NOW)
    old = latest_folder(place.runs).name

    def never(scenario, **how):
        raise AssertionError("computed twice")

    report = refresh(place, SMALL, NOW, simulator=never)
    assert report.status == "published" and latest_folder(place.runs).name == report.run_id != old
    with transaction(open_store(place)) as connection:
        assert [bool(run.published_at) for run in runs(connection)] == [True, True]


def test_a_run_left_behind_is_published_before_the_next(place, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(running, "publish_run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            refresh(place, SMALL, NOW)
    drop(place, "prices.csv", DROP)
    report = refresh(place, SMALL, NOW + timedelta(days=1))
    assert latest_folder(place.runs).name == report.run_id and len(list(place.runs.iterdir())) == 3
    with transaction(open_store(place)) as connection:
        assert all(run.published_at for run in runs(connection))


@pytest.mark.parametrize(
    ("error", "said"),
    [(KeyboardInterrupt(), "ended by Ctrl-C"), (ZeroDivisionError("of ours"), "ZeroDivisionError: of ours")],
)
def test_whatever_ends_a_refresh_is_recorded(place, monkeypatch, error, said):
    with monkeypatch.context() as patch:
        patch.setattr(running, "publish_run", lambda *_: (_ for _ in ()).throw(error))
        with pytest.raises(type(error)):
            refresh(place, SMALL, NOW)
    with transaction(open_store(place)) as connection:
        assert [(one["step"], one["message"]) for one in failures(connection)] == [("publish", said)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize(
    ("number", "code", "word", "said"),
    [
        (signal.SIGTERM, 143, "terminated", "ended by SIGTERM"),
        (signal.SIGINT, 130, "interrupted", "ended by Ctrl-C"),
    ],
)
def test_a_signal_ends_a_refresh_with_a_record_and_frees_the_lock(place, number, code, word, said):
    words = ["refresh", "--source", "drop", "--store", str(place.file), "--paths", "4000000", "--quiet"]
    # A shell in the background has its children ignore Ctrl-C, and they hand that on.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    at_work = subprocess.Popen(
        [sys.executable, "-m", "forecast", *words], stderr=subprocess.PIPE, text=True, preexec_fn=heard
    )
    while not place.exists:
        assert at_work.poll() is None, at_work.stderr.read()
        time.sleep(0.01)
    time.sleep(1)  # into the run, or before it: any moment will do
    at_work.send_signal(number)
    _, err = at_work.communicate(timeout=60)
    assert (at_work.returncode, err) == (code, f"forecast: {word}\n")
    with locked(place), transaction(open_store(place)) as connection:
        assert [one["message"] for one in failures(connection)] == [said] and runs(connection) == []
    assert not place.runs.exists()


def test_a_folder_that_cannot_be_written_is_recorded(place):
    place.runs.write_text("in the way")
    with pytest.raises(ForecastError, match="cannot be written .* the last published run stays"):
        refresh(place, SMALL, NOW)
    with transaction(open_store(place)) as connection:
        assert [one["step"] for one in failures(connection)] == ["publish"]
    place.runs.unlink()
    assert refresh(place, SMALL, NOW).status == "published"


def test_a_trial_changes_nothing(place, content):
    trial = replace(SMALL, dry_run=True)
    drop(place, "prices.csv", DROP)
    assert refresh(place, trial, NOW).status == "would run"
    assert not place.file.exists() and not place.runs.exists()
    done = refresh(place, SMALL, NOW)
    before = content()
    assert refresh(place, trial, NOW).status == "up to date"
    drop(place, "more.csv", DROP.replace("glm-5", "glm-5-air"))
    report = refresh(place, trial, NOW)
    assert report.status == "would run" and report.run_id != done.run_id and report.sources[0].observations_added == 1
    assert content() == before


def test_sources_fail_alone_and_grow_old(place, feeds, monkeypatch):
    monkeypatch.setenv("FORECAST_SOURCE_OPENROUTER", feeds.serve("o", (200, {"ETag": "1"}, SAMPLES["openrouter"])))
    monkeypatch.setenv("FORECAST_SOURCE_LITELLM", feeds.serve("l", (500, {}, b"")))
    request = Request(sources=("openrouter", "litellm"), months=3, n_paths=60)
    report = refresh(place, request, NOW, limits=QUICK)
    assert [(s.source, s.status, s.age_days) for s in report.sources] == [
        ("openrouter", "new", 0),
        ("litellm", "failed", None),
    ]
    assert report.status == "published" and report.exit_code(True) == 1
    again = refresh(place, request, NOW, limits=QUICK)
    assert again.sources[0].status == "unchanged", "304"
    feeds.serve("o", (404, {}, b""))
    ages = {days: refresh(place, request, NOW + timedelta(days=days), limits=QUICK) for days in (3, 4, 10, 11)}
    assert [r.sources[0].staleness for r in ages.values()] == ["fresh", "warn", "warn", "error"]
    assert [r.exit_code(False) for r in ages.values()] == [1, 1, 1, 3]
    with transaction(open_store(place)) as connection:
        assert {one["message"] for one in failures(connection)} == {
            "the answer is 500 Internal Server Error", "the answer is 404 Not Found"
        }  # fmt: skip


def test_every_source_brings_its_rows_into_the_tables(place, feeds, monkeypatch, tables, tmp_path):
    for name, answer in SAMPLES.items():
        monkeypatch.setenv(f"FORECAST_SOURCE_{name.upper().replace('-', '_')}", feeds.serve(name, answer))
    drop(place, "prices.csv", DROP)
    report = refresh(place, Request(months=3, n_paths=60), NOW, limits=QUICK)
    assert {one.source: one.status for one in report.sources} == dict.fromkeys(SAMPLES, "new")
    with transaction(open_store(place)) as connection:
        seen, held = observations(connection), quarantine(connection)
    made = overlaid_tables(tables, seen, tmp_path / "made")
    assert table_problems(made) == []
    added = {
        (row["provider"], row["model"], row["input_usd_per_mtok"]) for row in made["price_changes"] if row["as_of"] >= NOW.date()
    }  # fmt: skip
    assert ("openrouter", "z-ai/glm-5", 0.6) in added
    assert ("fireworks", "glm-4.6") in {(one.provider, one.item) for one in seen}, (
        "and not in added: it is the price known"
    )
    assert {row["provider"] for row in made["rents"] if str(row["as_of"]) > "2026-11"} == {"lambda", "newcloud"}
    assert [row["mid"] for row in made["electricity"]][-1] == 0.0871
    assert {one["item"] for one in held} >= {"some/model:free", "openrouter/auto"}


def test_keys_and_addresses_are_not_stored(place, feeds, monkeypatch):
    monkeypatch.setenv("FORECAST_SOURCE_EIA", feeds.serve("e", SAMPLES["eia"]) + "?api_key=verysecret")
    refresh(place, Request(sources=("eia",), months=3, n_paths=60), A_YEAR_LATER, limits=QUICK)
    assert feeds.requests, "it was asked"
    assert b"verysecret" not in b"".join(p.read_bytes() for p in place.file.parent.rglob("*") if p.is_file())


def paths(settings=(), seed=7):
    scenario = load_scenario("base", settings=settings, months=3)
    return influences_of(simulate(scenario, 2_000, seed=seed, keep_months=compared_months(scenario)))


def test_drift_is_more_than_noise_and_more_than_trifles():
    before = paths()
    assert drift(before, unpacked_influences(packed_influences(before)), "base") == []
    dear = drift(before, paths(["electricity_usd_per_kwh=0.30"]), "base")
    assert {row["outcome"] for row in dear} >= {"floor", "price_to_floor_ratio"}
    assert all(row["paired"] and abs(row["difference"]) > 3 * row["standard_error"] for row in dear)
    assert all(row["difference"] > 0 for row in dear if row["outcome"] == "floor")


def one_headline(value, unit="USD", influence=0.0, seed=7, name="rent"):
    """A headline of a hundred paths, half of them with that influence, the others with its opposite."""
    ways = np.where(np.arange(100) % 2, influence, -influence)[None]
    return Influences([Key(name, "median", unit, None, None, 1)], np.array([value]), ways.astype(np.float32), 100, seed)


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        *(
            (one_headline(5.0, unit), one_headline(5.0 + by, unit), by in (matters, -matters))
            for unit, trifle, matters in (
                ("fraction", 0.0199, 0.0201),
                ("index", 0.0199, 0.0201),
                ("months", 0.99, 1.01),
            )
            for by in (trifle, matters, -matters)
        ),
        (one_headline(0.5, "probability"), one_headline(0.519, "probability"), False),  # 0.02 matters
        (one_headline(0.5, "probability"), one_headline(0.479, "probability"), True),
        (one_headline(10.0), one_headline(10.49), False),  # a twentieth matters
        (one_headline(10.0), one_headline(10.51), True),
        (one_headline(1.0), one_headline(1.29, influence=1.0), False),  # paired: three times 1/√100
        (one_headline(1.0), one_headline(1.31, influence=1.0), True),
        (one_headline(1.0, influence=1.0), one_headline(1.06, influence=1.0), True),  # the same chance cancels
        (one_headline(1.0, influence=1.0), one_headline(1.42, influence=1.0, seed=8), False),  # three times √2/√100
        (one_headline(1.0, influence=1.0), one_headline(1.43, influence=1.0, seed=8), True),
        (one_headline(1.0), one_headline(9.0, name="floor"), False),  # not there before
    ],
)
def test_drift_by_hand(before, after, moved):
    found = drift(before, after, "base")
    assert len(found) == moved
    for row in found:
        assert row["difference"] == pytest.approx(after.estimates[0] - before.estimates[0])
        assert (row["outcome"], row["paired"]) == ("rent", after.seed == 7)


def test_the_surest_move_comes_first_with_all_that_is_known_of_it():
    """Errors of 0.1, 0.2 and 0.05: moves by 1, −4 and 0.3 are 10, 20 and 6 of them."""
    keys = [Key(name, "mean", "USD", "s", None, 12) for name in "abc"]
    ways = np.where(np.arange(100) % 2, 1.0, -1.0)[None] * np.array([[1.0], [2.0], [0.5]])
    before = Influences(keys, np.array([5.0, 9.0, 2.0]), np.zeros((3, 100), np.float32), 100, 7)
    after = Influences(keys, np.array([6.0, 5.0, 2.3]), ways.astype(np.float32), 100, 7)
    found = drift(before, after, "base")
    assert [row["outcome"] for row in found] == ["b", "a", "c"]
    assert found[0] == {
        "scenario": "base", "outcome": "b", "statistic": "mean", "unit": "USD", "segment": "s", "provider": None, "month": 12,
        "before": 9.0, "after": 5.0, "difference": -4.0, "standard_error": pytest.approx(0.2), "paired": True,
    }  # fmt: skip


def test_a_summary_of_scores_by_hand():
    def score(scenario, outcome, crps_log, inside_80, no_change=None, in_advance=1):
        found = (1.0, np.e, "row 1", crps_log, inside_80, 0.5, 2.0, no_change, in_advance)
        return Score("r", scenario, outcome, "", "2026-08-31", 3, *found)

    found = summary([
        score("b", "rent", 0.1, 1), score("a", "rent", 0.4, 0), score("b", "rent", 0.3, 0, no_change=1.0),
        score("b", "rent", 9.0, 1, in_advance=0),
    ])  # fmt: skip
    assert [tuple(row.values()) for row in found] == [
        ("a", "rent", True, 1, 0.4, None, None, 0.0),
        ("b", "rent", False, 1, 9.0, None, None, 1.0),
        ("b", "rent", True, 2, pytest.approx(0.2), pytest.approx(1.0), pytest.approx(0.7), 0.5),
    ]


def test_other_chance_alone_is_no_drift():
    found = drift(paths(), paths(seed=8), "base")
    assert len(found) <= 2 and not any(row["paired"] for row in found)


def test_drift_is_reported_with_its_causes(place):
    refresh(place, SMALL, NOW)
    later = NOW + timedelta(hours=1)  # runs are ordered by time
    report = refresh(place, replace(SMALL, settings=("electricity_usd_per_kwh=0.5",)), later)
    assert report.exit_code(True) == 4 and report.exit_code(False) == 0
    assert report.causes == ["settings [] → ['electricity_usd_per_kwh=0.5']"]
    assert "headlines moved by more than noise" in report.text() and "floor" in report.text()
    with transaction(open_store(place)) as connection:
        assert report.drift in [run.drift for run in runs(connection)]  # both began at NOW: their order is chance
        assert len(rows(connection, "SELECT * FROM influences")) == 1, "only the last run's are kept"


def test_forecasts_are_scored_once_their_month_is_known(place, tables):
    request = Request(sources=("drop",), months=3, n_paths=200, as_of=datetime(2026, 5, 31).date())
    report = refresh(place, request, NOW)
    assert report.scored > 0
    with transaction(open_store(place)) as connection:
        (row,) = rows(connection, "SELECT * FROM scores WHERE outcome = 'rent' AND due_on = '2026-08-31'")
        (fan,) = rows(connection, "SELECT * FROM fans WHERE outcome = 'rent' AND due_on = '2026-08-31'")
        assert scores_of(connection, "base") == []  # nothing was said in advance
    (truth,) = (one for one in truths(tables)["rent", ""] if one.on == "2026-08-31")
    quantiles = np.array(json.loads(fan.quantiles))
    assert (row.value, row.evidence) == truth[1:]
    expected = crps_of_quantiles(np.log(quantiles)[:, None], np.array(PROBS), np.log([truth.value]))[0]
    assert row.crps_log == pytest.approx(expected, rel=1e-12)
    assert row.inside_80 == (quantiles[2] <= truth.value <= quantiles[6])
    found = json.loads(forecast("score", "--store", place.label, "--json").stdout)
    assert len(found["scores"]) == report.scored
    (rent,) = (one for one in found["summary"] if one["outcome"] == "rent")
    assert rent["n"] == 3 and not rent["in_advance"]  # a catch-up run of November says what August brought
    (start,) = (one.value for one in truths(tables)["rent", ""] if one.on == "2026-05-31")
    ahead = [one for one in found["scores"] if one["outcome"] == "rent"]
    assert {one["no_change"] for one in ahead} == {start}
    rival = np.mean([abs(np.log(one["value"] / start)) for one in ahead])
    assert rent["skill"] == pytest.approx(1 - np.mean([one["crps_log"] for one in ahead]) / rival)
    said = forecast("score", "--store", place.label).stdout
    assert "CRPS (log)" in said and "afterwards" in said and "in advance" not in said
    assert refresh(place, request, NOW).status == "up to date"


def test_a_tier_is_scored_at_the_level_that_its_segment_stood_for_then(place, tables):
    """From 2026-01 on the open segment asks for GPQA 0.75; a forecast made for 0.65 is of another price."""
    was, now = (
        tables.vintage(date(*day))["segments"].latest("segment")["open-frontier"]["gpqa_at_least"]
        for day in ((2025, 7, 1), (2026, 10, 31))
    )
    assert was < now
    refresh(place, Request(sources=("drop",), months=2, n_paths=60, as_of=date(2025, 7, 1)), NOW)
    with transaction(open_store(place)) as connection:
        found = due_scores(connection, tables, unscored=False)
    assert {one.outcome for one in found} == {"rent", "tier_price"}
    assert [one.due_on for one in found] == sorted(one.due_on for one in found)
    values = {one.due_on: one.value for one in found if one.segment == "open-frontier"}
    prices = [
        {
            str(row["date_on"]): row["third_cheapest_usd_per_mtok"]
            for row in tables["tier_prices"]
            if row["gpqa_at_least"] == level
        }
        for level in (was, now)
    ]
    assert values == {day: prices[0][day] for day in ("2025-07-31", "2025-08-31")}
    assert all(values[day] != prices[1][day] for day in values)


def test_a_forecast_is_due_at_the_month_end_nearest_to_its_day(place):
    """Never before a day later than its own, nor more than sixteen days off; at a month's end on the day itself."""
    for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365)):
        for months in (1, 3):
            year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
            exact = date(year, month + 1, 1) + timedelta(days=day.day - 1)
            due = date.fromisoformat(due_on(day, months))
            assert day < due and abs((due - exact).days) <= 16
            assert (due + timedelta(days=1)).day == 1
    early = Request(sources=("drop",), months=3, n_paths=60, as_of=date(2026, 6, 5))
    refresh(place, early, NOW)
    with transaction(open_store(place)) as connection:
        found = rows(connection, "SELECT due_on, horizon_months FROM fans WHERE outcome = 'rent' ORDER BY due_on")
        scored = rows(connection, "SELECT due_on FROM scores WHERE outcome = 'rent' ORDER BY due_on")
    assert [tuple(row) for row in found] == [("2026-06-30", 1), ("2026-07-31", 2), ("2026-08-31", 3)]
    assert [row.due_on for row in scored] == [row.due_on for row in found]


def test_what_a_forecast_knew_is_no_answer_to_it_nor_is_a_month_that_is_not_over():
    """Seen on 11-15 and 12-20: November is over with the second sighting, and answers whoever did not know the first."""
    seen = [Truth("2026-10-31", 3.8, "a"), Truth("2026-11-15", 3.9, "b"), Truth("2026-12-20", 4.0, "c")]
    assert answer_to(seen, "2026-11-30", "2026-10-31") == seen[1]
    assert answer_to(seen, "2026-11-30", "2026-11-15") is None, "its own start"
    assert answer_to(seen, "2027-01-31", "2026-11-15") is None, "not seen"
    assert [value_by(seen, day) for day in ("2026-10-30", "2026-11-14", "2026-11-15")] == [None, 3.8, 3.9]


def test_a_rent_of_early_november_starts_a_forecast_and_scores_none_yet(place):
    """The run of 11-15 is due at the month's end: its own rent is no answer, and the month is not over for the run before."""
    index = "index: normalised SXM median of rate cards"
    header = "date,provider,accelerator,usd_per_accelerator_hour,channel"
    refresh(place, SMALL, NOW)
    drop(place, "a.csv", f"{header}\n2026-11-15,{index},H100,4.1,on-demand\n")
    assert refresh(place, SMALL, datetime(2026, 11, 16, tzinfo=UTC)).scored == 0
    drop(place, "b.csv", f"{header}\n2026-12-20,{index},H100,4.2,on-demand\n")
    assert refresh(place, SMALL, datetime(2026, 12, 21, tzinfo=UTC)).scored == 1
    with transaction(open_store(place)) as connection:
        assert [tuple(row) for row in rows(connection, "SELECT due_on, value FROM scores")] == [("2026-11-30", 4.1)]


def test_a_rent_of_the_drop_folder_scores_a_forecast(place):
    shipped = len(load_tables()["rents"])
    refresh(place, SMALL, NOW)
    index = "index: normalised SXM median of rate cards"
    drop(
        place,
        "rents.csv",
        f"date,provider,accelerator,usd_per_accelerator_hour,channel\n2026-11-30,{index},H100,4.1,on-demand\n",
    )
    report = refresh(place, SMALL, datetime(2026, 12, 1, tzinfo=UTC))
    assert report.scored == 1
    (row,) = json.loads(forecast("score", "--store", place.label, "--json").stdout)["summary"]
    assert row["in_advance"] and row["n"] == 1 and row["skill"] is not None
    with transaction(open_store(place)) as connection:
        assert [(row.due_on, row.value, row.evidence) for row in rows(connection, "SELECT * FROM scores")] == [
            ("2026-11-30", 4.1, f"store/rents.csv row {shipped + 2}")
        ]


def test_another_refresh_is_refused_or_skipped(place):
    arguments = ["refresh", "--store", place.label, "--source", "drop", "--paths", "60", "--months", "3"]
    with locked(place):
        with pytest.raises(Locked, match="another refresh holds the lock"):
            refresh(place, SMALL, NOW)
        assert forecast(*arguments).returncode == 5
        skipped = forecast(*arguments, "--if-locked", "skip", "--json")
        assert skipped.returncode == 0 and json.loads(skipped.stdout)["status"] == "skipped"
        assert forecast(*arguments, "--if-locked", "skip").stdout == ""
    found = json.loads(forecast(*arguments, "--json").stdout)
    assert found["status"] == "published" and found["sources"][0]["source"] == "drop"
    said = forecast(*arguments, "--set", "nonsense=1").stderr
    assert said.startswith("forecast: --set nonsense=1: no parameter")


def test_one_that_waits_gets_its_turn(place):
    code = (
        "import sys, time\nfrom forecast.store.lock import locked\nfrom forecast.store.places import place_of\n"
        "with locked(place_of(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(0.4)"
    )
    with subprocess.Popen([sys.executable, "-c", code, place.label], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        assert refresh(place, SMALL, NOW, wait=True).status == "published"


def test_postgresql_holds_a_whole_refresh(server_url, tmp_path, monkeypatch):
    from forecast.store.places import place_of

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    place = place_of(server_url)
    with transaction(open_store(place)) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    place.drop.parent.mkdir(parents=True)
    drop(place, "prices.csv", DROP)
    assert refresh(place, SMALL, NOW).status == "published"
    assert refresh(place, SMALL, NOW).status == "up to date"
    assert (place.runs / "latest" / "base" / "forecast.csv").is_file()


def test_no_room_for_the_tables_is_recorded(place, monkeypatch):
    refresh(place, SMALL, NOW)
    drop(place, "prices.csv", DROP)
    with monkeypatch.context() as patch:
        patch.setattr(
            "pathlib.Path.write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(
            ForecastError, match=r"cannot be written \(No space left on device\). Give it room, or set TMPDIR."
        ):
            refresh(place, SMALL, NOW)
    with transaction(open_store(place)) as connection:
        assert [one["step"] for one in failures(connection)] == ["plan"]


def test_publishing_keeps_the_last_folders_and_what_readers_hold(tmp_path):
    for number in range(12):
        publish_run(tmp_path / "runs", f"r{number:02d}", lambda folder: (folder / "a").write_text("x"))
    folders = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert folders == ["latest", *(f"r{number:02d}" for number in range(5, 12))]
    same = publish_run(tmp_path / "runs", "r11", lambda folder: (folder / "a").write_text("x"))
    other = publish_run(tmp_path / "runs", "r11", lambda folder: (folder / "a").write_text("y"))
    assert (same.name, other.name, latest_folder(tmp_path / "runs").name) == ("r11", "r11.2", "r11.2")


def test_what_a_killed_refresh_left_half_made_goes_and_others_may_read(tmp_path):
    runs, fill = tmp_path / "runs", lambda folder: (folder / "a").write_text("x")
    publish_run(runs, "old", fill)
    (runs / ".making-1" / "base").mkdir(parents=True)
    (runs / ".latest-99").write_text("old")
    made = publish_run(runs, "new", fill)
    assert sorted(path.name for path in runs.iterdir()) == ["latest", "new", "old"]
    assert made.stat().st_mode & 0o777 == 0o755 and latest_folder(runs) == made
    assert publish_run(runs, "new", fill) == made, "the same is not made twice, and nothing half made stays"
    assert sorted(path.name for path in runs.iterdir()) == ["latest", "new", "old"]


def test_where_links_are_refused_the_pointer_is_a_file(tmp_path, monkeypatch):
    def refuse(*words, **how):
        raise OSError("no links here")

    runs = tmp_path / "runs"
    assert latest_folder(runs) is None
    monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    for name in ("one", "two"):
        publish_run(runs, name, lambda folder: (folder / "a").write_text("x"))
        assert (runs / "latest").is_file() and latest_folder(runs) == runs / name


def test_a_run_that_cannot_be_filled_leaves_the_last_one(tmp_path, monkeypatch):
    runs = tmp_path / "runs"
    publish_run(runs, "old", lambda folder: (folder / "a").write_text("x"))

    def fail(error):
        def fill(*_):
            raise error

        return fill

    full = OSError(28, "No space left on device")
    monkeypatch.setattr("forecast.delivery.folders._write_durably", fail(full))
    for fill, said in (
        (fail(full), "No space left on device"),
        (fail(ForecastError("why")), "why"),
        (lambda folder: publish_files(folder / "base", {"a": b"x"}, ["a"]), "No space left on device"),
    ):
        with pytest.raises(
            ForecastError, match=rf"runs/new: cannot be written \({said}\); the last published run stays"
        ):
            publish_run(runs, "new", fill)
    assert latest_folder(runs).name == "old" and not (runs / "new").exists()


def test_only_refresh_opens_a_socket(place, monkeypatch, tmp_path):
    assert refresh(place, SMALL, NOW).status == "published"

    def forbidden(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    small, store = ["--paths", "60", "--months", "3"], ["--store", place.label]
    for arguments in (
        ["run", *small, "--out", str(tmp_path / "o")], ["compare", "base", "capital-drought", *small], ["list"], ["show"],
        ["check"], ["cost", "--model", "glm-5", "--accelerator", "b200"], ["history", *store], ["score", *store],
        ["export", "latest", *store, "--out", str(tmp_path / "e")], ["refresh", *small, *store, "--source", "drop"],
    ):  # fmt: skip
        done = forecast(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    with pytest.raises(AssertionError, match="a socket was opened"):
        refresh(place, Request(sources=("litellm",), months=3, n_paths=60), NOW, limits=QUICK)
