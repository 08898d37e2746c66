"""The store: what goes in comes out, in SQLite and in PostgreSQL; old files are upgraded, refusals are one sentence."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from command import forecast
from sqlalchemy import text

from forecast.delivery.exports import export_forecast
from forecast.errors import ForecastError, InputError
from forecast.store.database import open_store, rows, transaction
from forecast.store.facts import packed, unpacked
from forecast.store.lock import Locked, locked
from forecast.store.migrations import MIGRATIONS, migrate
from forecast.store.observations import (
    Observation,
    Suspect,
    add_observations,
    add_quarantine,
    feed_state,
    last_observation,
    observations,
    quarantine,
    save_feed_state,
)
from forecast.store.places import place_of
from forecast.store.runs import (
    Failure,
    Run,
    add_failures,
    add_forecast,
    add_run,
    failures,
    find_run,
    forecast_of,
    last_published,
    mark_published,
    run_before,
    run_with_key,
    runs,
    scenarios_of,
)

SEEN = Observation(
    "drop", "price_changes", "together", "glm-5", "", "host", (0.5, 2.25), "2026-11-01", "2026-11-02T03:00:00"
)
RECIPE = {"paths": 60, "seed": 7, "version": "0.2.0"}
RUN = Run("abc123", "abc123def", "2026-11-02T03:00:00", None, "2026-11-01", RECIPE, {"data/x.csv": "12"}, 1, 0.5, [])
DUE = ["2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31"]


def fill(engine, made):
    with transaction(engine) as connection:
        add_observations(connection, [SEEN])
        add_run(connection, RUN)
        add_forecast(connection, RUN.run_id, made, DUE)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, place):
    """A fresh store in each kind of database."""
    if request.param == "sqlite":
        made = open_store(place)
    else:
        address = place_of(request.getfixturevalue("server_url"))
        made = open_store(address)
        with transaction(made) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        made.dispose()
        made = open_store(address)
    yield made
    made.dispose()


def test_records_are_added_in_batches_and_only_the_new_ones_count(place, monkeypatch):
    monkeypatch.setattr("forecast.store.database.BATCH_ROWS", 2)
    engine, found = open_store(place), [SEEN._replace(item=f"model-{number}") for number in range(5)]
    with transaction(engine) as connection:
        assert add_observations(connection, found[:1]) == 1
        assert add_observations(connection, found) == 4
        assert [one.item for one in observations(connection)] == [one.item for one in found]
    engine.dispose()


def test_observations_are_added_once_and_never_changed(engine):
    with transaction(engine) as connection:
        assert add_observations(connection, [SEEN]) == 1
        later = SEEN._replace(observed_at="2026-11-03T03:00:00")
        assert add_observations(connection, [later, SEEN._replace(amounts=(0.4, 2.25))]) == 1
        assert observations(connection) == [SEEN, SEEN._replace(amounts=(0.4, 2.25))]
        assert observations(connection, through=1) == [SEEN]
        assert add_observations(connection, []) == 0
        assert last_observation(connection) >= 2


def test_a_run_and_its_forecast_come_back_whole(engine, small, tmp_path):
    fill(engine, small)
    with transaction(engine) as connection:
        assert runs(connection) == [RUN] and find_run(connection, "abc") == RUN
        assert find_run(connection, small.manifest["run_id"][:9]) == RUN  # of the files of a scenario
        assert scenarios_of(connection, "abc123") == ["base"]
        back = forecast_of(connection, "abc123", "base")
        assert back == small
        fans = rows(connection, "SELECT * FROM fans WHERE outcome = 'rent' ORDER BY due_on")
        assert [fan.due_on for fan in fans] == DUE[1:]
        assert json.loads(fans[0].quantiles) == [f.value for f in small.find("rent", month=1)]
        mark_published(connection, "abc123", "2026-11-02T03:01:00")
        mark_published(connection, "abc123", "2026-11-09T03:01:00")
        assert find_run(connection, "latest").published_at == "2026-11-09T03:01:00", "when it was last made the latest"
    for one, name in ((small, "before"), (back, "after")):
        export_forecast(one, tmp_path / name)
    for path in (tmp_path / "before").iterdir():
        assert path.read_bytes() == (tmp_path / "after" / path.name).read_bytes()


def test_runs_are_found_by_id_by_key_and_by_time(place):
    """Three runs, the second of which was never published."""
    with transaction(open_store(place)) as connection:
        assert last_published(connection) is None and run_with_key(connection, "one-key") is None
        with pytest.raises(InputError, match='run "latest": no such run in the store'):
            find_run(connection, "latest")
        for day, run_id in ((3, "two"), (1, "one"), (2, "once")):
            add_run(connection, RUN._replace(run_id=run_id, run_key=f"{run_id}-key", made_at=f"2026-11-0{day}"))
        add_run(connection, RUN._replace(run_id="one", run_key="one-key", made_at="2026-11-09"))
        for run_id in ("one", "two"):
            mark_published(connection, run_id, "2026-11-10")
        assert [run.run_id for run in runs(connection)] == ["one", "once", "two"]
        one, once, two = runs(connection)
        assert (one.made_at, one.published_at, once.published_at) == ("2026-11-01", "2026-11-10", None)
        assert find_run(connection, "latest") == last_published(connection) == two
        assert run_with_key(connection, "once-key") == find_run(connection, "onc") == once
        assert run_before(connection, two) == run_before(connection, once) == one
        with pytest.raises(InputError, match="run one: no run was published before it. Name two runs"):
            run_before(connection, one)
        with pytest.raises(InputError, match='run "on": several runs begin so'):
            find_run(connection, "on")
        for nobody in ("", "onces"):
            with pytest.raises(InputError, match=f'run "{nobody}": no such run in the store'):
                find_run(connection, nobody)


def test_failures_quarantine_and_feeds(engine):
    held = Suspect("litellm", "price_changes", "openai", "gpt-9", "0, 0", "price of zero")
    failed = Failure("key", "2026-11-02T03:00:00", "fetch", "litellm", "no answer", {"a": "b"}, 1.5)
    with transaction(engine) as connection:
        assert add_quarantine(connection, [held], "2026-11-02") == 1
        assert add_quarantine(connection, [held], "2026-11-03") == 0
        assert quarantine(connection)[0]["reason"] == "price of zero"
        add_failures(connection, [failed])
        assert failures(connection) == [failed._asdict()]
        assert feed_state(connection, "eia") == {}
        state = {
            "source": "eia",
            "address": "x",
            "etag": "1",
            "last_modified": None,
            "checked_at": "t",
            "newest_on": None,
        }
        save_feed_state(connection, state)
        save_feed_state(connection, state | {"etag": "2"})
        assert feed_state(connection, "eia") == state | {"etag": "2"}


def test_a_transaction_is_whole_or_nothing(engine):
    with pytest.raises(RuntimeError, match="half way"), transaction(engine) as connection:
        add_observations(connection, [SEEN])
        raise RuntimeError("half way")
    with transaction(engine) as connection:
        assert observations(connection) == []


def test_what_refers_to_nothing_is_refused(engine, small):
    with pytest.raises(ForecastError, match="the store refuses .*(?i:foreign key)"), transaction(engine) as connection:
        add_forecast(connection, "nobody", small, DUE)


def test_an_old_file_is_upgraded_and_keeps_its_rows(place, small):
    engine = open_store(place)
    fill(engine, small)
    with transaction(engine) as connection:  # back to how version 1 left it
        scored = """INSERT INTO scores SELECT run_id, scenario, outcome, segment, due_on, 2.0, 'e', 0.1, 1 FROM fans"""
        connection.execute(text(scored))
        connection.execute(text("DROP TABLE influences"))
        connection.execute(text("ALTER TABLE forecasts DROP COLUMN assumptions"))
        connection.execute(text("DELETE FROM migrations WHERE number > 1"))
    engine.dispose()
    with transaction(open_store(place)) as connection:
        assert rows(connection, "SELECT max(number) FROM migrations")[0][0] == len(MIGRATIONS)
        assert rows(connection, "SELECT * FROM influences") == []
        # All are scored anew: some had been compared with the level of another day, or with what their own day knew.
        assert rows(connection, "SELECT * FROM scores") == []
        assert {row.outcome for row in rows(connection, "SELECT outcome FROM fans")} == {"rent", "tier_price"}
        assert forecast_of(connection, "abc123", "base") == replace(small, assumptions=[])


def test_a_broken_migration_leaves_the_old_store(place):
    engine = open_store(place)
    steps = (*MIGRATIONS, ("CREATE TABLE new_things (id {id})", "NONSENSE"))
    with pytest.raises(ForecastError, match="the store refuses"), transaction(engine) as connection:
        migrate(connection, steps)
    with transaction(engine) as connection:
        assert rows(connection, "SELECT name FROM sqlite_master WHERE name = 'new_things'") == []


def test_a_newer_store_is_refused(place):
    with transaction(open_store(place)) as connection:
        connection.execute(text("INSERT INTO migrations VALUES (99)"))
    with pytest.raises(
        InputError, match=f"has migration 99; this version knows {len(MIGRATIONS)}. Install a newer forecast."
    ):
        open_store(place)


def test_the_file_is_in_wal_mode_with_foreign_keys(place):
    with transaction(open_store(place)) as connection:
        assert rows(connection, "PRAGMA journal_mode")[0][0] == "wal"
        assert rows(connection, "PRAGMA foreign_keys")[0][0] == 1
        assert rows(connection, "PRAGMA synchronous")[0][0] == 2


def test_facts_keep_every_bit(small):
    content = packed(small.facts)
    assert [tuple(fact) for fact in small.facts] == list(unpacked(content))
    assert content == packed(small.facts)


def test_places(tmp_path, monkeypatch):
    monkeypatch.setenv("FORECAST_STORE", str(tmp_path / "mine.sqlite"))
    place = place_of()
    assert place.file == tmp_path / "mine.sqlite" and place.runs == tmp_path / "mine.runs"
    assert place.drop == tmp_path / "drop"
    monkeypatch.setenv("FORECAST_DROP", str(tmp_path / "elsewhere"))
    server = place_of("postgresql://me:secret@host/db")
    assert "secret" not in server.label and "secret" in server.url and server.drop == tmp_path / "elsewhere"
    assert (server.url, server.label) == ("postgresql+psycopg://me:secret@host/db", "postgresql://me:***@host/db")
    assert place_of("postgres://me:secret@host/db") == server
    other = place_of("postgresql://me:another@host/db")
    assert (server.runs, server.lock) == (other.runs, other.lock), "a new password is no new store"
    assert place_of("postgresql://me:secret@host/two").runs != server.runs
    with pytest.raises(InputError, match="store mysql://…: an SQLite file or a postgresql:// URL is allowed"):
        place_of("mysql://me:secret@host/db")
    with pytest.raises(InputError, match="a folder; a store is a file"):
        place_of(str(tmp_path))


def test_the_lock_is_freed_when_its_holder_dies(place):
    code = (
        "import sys, time\nfrom forecast.store.lock import locked\nfrom forecast.store.places import place_of\n"
        "with locked(place_of(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, place.label], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked, match="another refresh holds the lock"), locked(place):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with locked(place):
        pass


def test_the_lock_of_a_server_holds_on_other_machines(server_url, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "one"))
    here = place_of(server_url)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "two"))
    there = place_of(server_url)
    with locked(here), pytest.raises(Locked, match="another refresh holds the lock"), locked(there):
        pass
    with locked(there):
        pass


def test_history_and_export(place, small, tmp_path):
    assert json.loads(forecast("history", "--store", place.label, "--json").stdout)["runs"] == []
    assert not place.file.exists(), "asking makes no store"
    fill(open_store(place), small)
    found = json.loads(forecast("history", "--store", place.label, "--json").stdout)["runs"]
    assert [(run["run_id"], run["scenarios"], run["paths"]) for run in found] == [("abc123", ["base"], 60)]
    done = forecast("export", "abc", "--store", place.label, "--out", str(tmp_path / "o"), "--format", "csv,parquet")
    assert done.returncode == 0 and (tmp_path / "o" / "forecast.parquet").is_file()
    for words, said in (
        (("xyz", "--store", place.label), 'run "xyz": no such run in the store.'),
        (("abc", "--scenario", "bse", "--store", place.label), 'no scenario bse; it has base. Did you mean "base"?'),
        (("abc", "--store", str(tmp_path / "none")), "no store there"),
    ):
        assert said in forecast("export", *words).stderr


@pytest.mark.parametrize("opened", [lambda place: locked(place).__enter__(), open_store])
def test_a_server_without_its_driver_is_one_sentence(tmp_path, monkeypatch, opened):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"PostgreSQL needs psycopg. Install inference-forecast\[postgres\]."):
        opened(place_of("postgresql://nobody@localhost:1/none"))


def test_a_store_of_an_older_version_that_may_only_be_read(place, monkeypatch):
    """Without the last step, which but deletes rows, it is read; where tables are missing it says what to do."""
    open_store(place).dispose()
    for step in (len(MIGRATIONS), 2):
        with transaction(open_store(place)) as connection:
            connection.execute(text(f"DELETE FROM migrations WHERE number >= {step}"))
        with monkeypatch.context() as readers:
            readers.setattr("forecast.store.database.os.access", lambda path, mode: mode != os.W_OK)
            if step == len(MIGRATIONS):
                with transaction(open_store(place)) as connection:
                    assert rows(connection, "SELECT max(number) FROM migrations")[0][0] == step - 1
            else:
                with pytest.raises(InputError, match="an older version wrote it. Open it once with the right to write"):
                    open_store(place)


def test_a_store_that_may_only_be_read_is_read_and_left_as_it_is(place, monkeypatch):
    with transaction(open_store(place), place.label) as connection:
        add_observations(connection, [SEEN])
    monkeypatch.setattr("forecast.store.database.os.access", lambda path, mode: mode != os.W_OK)
    before = {path.name: path.read_bytes() for path in place.file.parent.iterdir()}
    engine = open_store(place)
    with transaction(engine, place.label) as connection:
        assert len(observations(connection)) == 1
    with pytest.raises(ForecastError, match="readonly database"), transaction(engine, place.label) as connection:
        add_observations(connection, [SEEN._replace(item="another")])
    assert {path.name: path.read_bytes() for path in place.file.parent.iterdir()} == before


def test_a_server_that_does_not_answer_is_one_message_of_any_verb():
    pytest.importorskip("psycopg")
    for verb in (["history"], ["export", "latest"], ["score"], ["refresh", "--source", "drop"]):
        done = forecast(*verb, "--store", "postgresql://tester:secret@127.0.0.1:1/x")
        assert done.returncode == 1
        (said,) = done.stderr.splitlines()
        assert said.startswith("forecast: postgresql://tester:***@127.0.0.1:1/x: no connection (")
        assert said.endswith("is needed: start it, correct --store, or name an SQLite file.") and "step" not in said
