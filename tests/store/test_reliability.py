"""A refresh that is killed, crowded or out of room: the store is whole, the next refresh completes, nothing is published twice."""

import json
import random
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecast.delivery.exports import export_forecast
from forecast.refresh.job import refresh
from forecast.refresh.planning import Request
from forecast.refresh.publishing import latest_folder
from forecast.store.database import open_store, transaction
from forecast.store.runs import forecast_of, runs, scenarios_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills and limits are those of POSIX")
KILLS, CROWD = 2, 3
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SMALL = Request(sources=("drop",), months=3, n_paths=60, threads=1)
HEADER = "date,provider,provider_kind,model,input_usd_per_mtok,output_usd_per_mtok\n"


def words(place):
    """The command of the same refresh, in a process of its own."""
    small = "refresh --source drop --months 3 --paths 60 --threads 1 --quiet --store".split()
    return [sys.executable, "-m", "forecast", *small, place.label]


def drop_price(place, number):
    """Put one more price into the drop folder: a file of its own, so that each refresh has news."""
    place.drop.mkdir(exist_ok=True)
    price = f"2026-11-01,together,host,model-{number},{0.5 + 0.001 * number},1.0\n"
    (place.drop / f"{number:05d}.csv").write_text(HEADER + price)


def wrong_with(place, tmp_path):
    """Return what is wrong with a store and its published run: nothing, if all is well."""
    wrong = []
    if sqlite3.connect(place.file).execute("PRAGMA integrity_check").fetchone() != ("ok",):
        wrong.append("the database is damaged")
    folder = latest_folder(place.runs)
    with transaction(open_store(place)) as connection:
        for name in scenarios_of(connection, folder.name):
            for path in export_forecast(forecast_of(connection, folder.name, name), Path(tmp_path, "again", name)):
                twin = folder / name / path.name
                if not twin.is_file() or twin.read_bytes() != path.read_bytes():
                    wrong.append(f"{twin} is not what the store holds")
    if json.loads((folder / "run.json").read_text())["run_id"] != folder.name:
        wrong.append("run.json is another run's")
    if doubles := [path.name for path in place.runs.iterdir() if "." in path.name.lstrip(".") and path.is_dir()]:
        wrong.append(f"published twice: {doubles}")
    return wrong


def test_kill_9_at_any_instant_loses_nothing(place, tmp_path):
    chance = random.Random(7)
    refresh(place, SMALL, NOW)
    drop_price(place, 0)
    began = time.perf_counter()
    subprocess.run(words(place), check=True, timeout=120)
    usual_s = time.perf_counter() - began
    for number in range(1, KILLS + 1):
        drop_price(place, number)
        child = subprocess.Popen(words(place))
        time.sleep(chance.uniform(0.3, 1.1) * usual_s)
        child.kill()
        child.communicate()
        assert wrong_with(place, tmp_path) == []
        assert refresh(place, SMALL, NOW).exit_code(False) == 0
        assert wrong_with(place, tmp_path) == []
    with transaction(open_store(place)) as connection:
        every = runs(connection)
    assert len(every) == len({run.run_key for run in every}) == KILLS + 2, "one a price, and the first"
    assert all(run.published_at for run in every)


def test_of_many_at_once_one_works_and_the_others_wait(place, tmp_path):
    waiting = [*words(place), "--if-locked", "wait"]
    started = [subprocess.Popen(waiting, stderr=subprocess.PIPE, text=True) for _ in range(CROWD)]
    assert [(one.communicate(timeout=120)[1], one.returncode) for one in started] == [("", 0)] * CROWD
    with transaction(open_store(place)) as connection:
        assert len(runs(connection)) == 1
    assert wrong_with(place, tmp_path) == []


def test_no_room_is_one_sentence_and_is_made_up_for(place, tmp_path):
    import resource

    refresh(place, SMALL, NOW)
    drop_price(place, 1)
    for room_bytes in (1_000, 300_000):
        done = subprocess.run(
            words(place), capture_output=True, text=True, timeout=120, check=False,
            preexec_fn=lambda room=room_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        )  # fmt: skip
        assert done.returncode == 1 and done.stderr.startswith("forecast: ") and done.stderr.count("\n") == 1
        assert wrong_with(place, tmp_path) == []
    assert refresh(place, SMALL, NOW).exit_code(False) == 0
