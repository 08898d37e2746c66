"""Does what a year of nights may do to `forecast refresh`, and prints how often it held.

    python tests/reliability/refresh_reliability.py [--kills 200] [--crowd 20] [--mutations 500] [--days 365] [--few-fits]

Refreshes are small (60 paths, 3 months), since it is the store and the publishing that are tried. pytest runs a small
version, in which one trend is fitted anew instead of all.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parent.parent / "store"))
from feeds import SAMPLES, Feeds
from test_sources import mutated

from forecast.delivery.exports import export_forecast
from forecast.refresh import refitting
from forecast.refresh.job import refresh
from forecast.refresh.known import LAYOUTS, Known, comparable
from forecast.refresh.planning import Request
from forecast.refresh.plausible import LARGEST_JUMP_RATIO
from forecast.refresh.publishing import latest_folder
from forecast.renting import RENT_INDEX
from forecast.simulation import simulate
from forecast.sources.fetch import Limits
from forecast.store.database import open_store, transaction
from forecast.store.observations import observations
from forecast.store.places import Place, place_of
from forecast.store.runs import forecast_of, runs, scenarios_of
from forecast.tables import load_tables

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SMALL = Request(sources=("drop",), months=3, n_paths=60, threads=1)
HEADER = "date,provider,provider_kind,model,input_usd_per_mtok,output_usd_per_mtok\n"
WORDS = [sys.executable, "-m", "forecast", *"refresh --source drop --months 3 --paths 60 --quiet".split()]


@contextlib.contextmanager
def new_place() -> Iterator[Place]:
    """Give a store in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="forecast-reliability-") as folder:
        place = place_of(f"{folder}/store.sqlite")
        place.drop.mkdir()
        yield place


def drop_price(place: Place, number: int, day: date = date(2026, 11, 1)) -> None:
    """Put one more price into the drop folder: a file of its own, so that each refresh has news."""
    price = 0.5 + 0.001 * number
    (place.drop / f"{number:05d}.csv").write_text(f"{HEADER}{day},together,host,model-{number},{price},{2 * price}\n")


def whole(place: Place) -> list[str]:
    """Return what is wrong with a store and its published run: nothing, if all is well."""
    wrong = []
    if sqlite3.connect(place.file).execute("PRAGMA integrity_check").fetchone() != ("ok",):
        wrong.append("the database is damaged")
    folder = latest_folder(place.runs)
    with transaction(open_store(place)) as connection:
        known = {run.run_id: run for run in runs(connection)}
        if folder is None:
            return wrong if not any(run.published_at for run in known.values()) else ["published, but no latest"]
        with tempfile.TemporaryDirectory() as again:
            for name in scenarios_of(connection, folder.name):
                for path in export_forecast(forecast_of(connection, folder.name, name), Path(again, name)):
                    twin = folder / name / path.name
                    if not twin.is_file() or twin.read_bytes() != path.read_bytes():
                        wrong.append(f"{twin} is not what the store holds")
    if json.loads((folder / "run.json").read_text())["run_id"] != folder.name:
        wrong.append("run.json is another run's")
    if doubles := [path.name for path in place.runs.iterdir() if "." in path.name.lstrip(".") and path.is_dir()]:
        wrong.append(f"published twice: {doubles}")
    return wrong


def killed_in_a_child(place: Place, after_s: float) -> bool:
    """Start a refresh in a forked process, kill it after a time, and return whether it was still at work."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            refresh(place, SMALL, NOW)
        os._exit(0)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def kills(count: int, chance: random.Random) -> None:
    """kill -9 at random instants: the store opens, the last run is whole, the next refresh completes, none twice."""
    with new_place() as place:
        refresh(place, SMALL, NOW)
        drop_price(place, 0)
        began = time.perf_counter()
        refresh(place, SMALL, NOW)
        usual_s = time.perf_counter() - began
        found: Counter[str] = Counter()
        for number in range(1, count + 1):
            drop_price(place, number)
            found["killed at work"] += killed_in_a_child(place, chance.uniform(0, 1.2 * usual_s))
            found["store or run damaged"] += bool(whole(place))
            with transaction(open_store(place)) as connection:
                before = {run.run_id: run.published_at for run in runs(connection)}
            report = refresh(place, SMALL, NOW)
            left = {None: "stored, not yet published"}.get(before.get(report.run_id, ""), "published")
            found[f"left behind: {left if report.run_id in before else 'no run'}"] += 1
            found["next refresh completes"] += report.exit_code(False) == 0 and not whole(place)
        with transaction(open_store(place)) as connection:
            every = runs(connection)
        found["runs in the store"], found["distinct keys"] = len(every), len({run.run_key for run in every})
        found["marked published"] = sum(run.published_at is not None for run in every)
        say(f"kill -9 at {count} random instants of {usual_s:.2f} s", found)


def crowd(count: int) -> None:
    """Many refreshes at once: one works, the others are refused, skip or wait as asked."""
    for mode in ("fail", "skip", "wait"):
        with new_place() as place:
            words = [*WORDS, "--store", place.label, "--if-locked", mode]
            started = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(count)]
            errors = [process.communicate()[1] for process in started]
            found = Counter(f"exit {process.returncode}" for process in started)
            found["tracebacks"] = sum("Traceback" in text for text in errors)
            with transaction(open_store(place)) as connection:
                found["runs"] = len(runs(connection))
            found["store or run damaged"] = int(bool(whole(place)))
            say(f"{count} refreshes at once, --if-locked {mode}", found)


def full_disk(chance: random.Random, count: int = 20) -> None:
    """No room at a random size of file: one sentence, the old run stays, and with room the next refresh completes."""
    found: Counter[str] = Counter()
    with new_place() as place:
        refresh(place, SMALL, NOW)
        for number in range(count):
            drop_price(place, number)
            limit = int(chance.uniform(1_000, 600_000))
            done = subprocess.run(
                [*WORDS, "--store", place.label], capture_output=True, text=True,
                preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
            )  # fmt: skip
            found[f"exit {done.returncode}"] += 1
            found["tracebacks"] += "Traceback" in done.stderr
            found["one sentence"] += done.stderr.startswith("forecast: ") and done.stderr.count("\n") == 1
            found["store or run damaged"] += bool(whole(place))
            found["next refresh completes"] += refresh(place, SMALL, NOW).exit_code(False) == 0
        say(f"no room for files, {count} times at a random size", found)


def read_only() -> None:
    """A store on a file system that is mounted read-only."""
    with new_place() as place:
        refresh(place, SMALL, NOW)
        drop_price(place, 1)
        folder, words = place.file.parent, shlex.join([*WORDS, "--store", place.label])
        script = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder} || exit 99; exec {words}"
        if not shutil.which("unshare"):
            print("read-only store: cannot be tried here")
            return
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
        if done.returncode == 99 or "unshare" in done.stderr:
            print("read-only store: cannot be tried here")
            return
        found = {
            f"exit {done.returncode}": 1,
            "tracebacks": int("Traceback" in done.stderr),
            "damaged": len(whole(place)),
        }
        say("read-only store", found)
        print(f"    {done.stderr.strip()}")


def mutations(count: int, chance: random.Random) -> None:
    """Feeds with bytes changed, cut and doubled: no traceback, and no price that is out of range or jumped."""
    server, found, tables, made = Feeds(), Counter[str](), load_tables(), {}
    try:
        with new_place() as place:

            def simulator(scenario, **how):  # type: ignore[no-untyped-def]
                from dataclasses import replace

                if scenario.digest not in made:
                    made[scenario.digest] = simulate(scenario, **how)
                return replace(made[scenario.digest], scenario=scenario)

            for number in range(count):
                name = list(SAMPLES)[number % len(SAMPLES)]
                content = mutated(SAMPLES[name], chance)
                (place.drop / "feed.csv").write_bytes(content if name == "drop" else SAMPLES["drop"])
                os.environ[f"FORECAST_SOURCE_{name.upper().replace('-', '_')}"] = server.serve(name, content)
                report = refresh(
                    place,
                    Request(sources=(name,), months=3, n_paths=60),
                    NOW,
                    limits=Limits(tries=1),
                    simulator=simulator,
                )
                found["refused whole"] += report.sources[0].status == "failed"
                found["rows newly held"] += report.sources[0].quarantined
                found["runs published"] += report.status == "published"
            with transaction(open_store(place)) as connection:
                seen = observations(connection)
            found["observations"] = len(seen)
            found["bad prices published"] = sum(is_bad(one, Known(tables, [])) for one in seen)
            found["store or run damaged"] = int(bool(whole(place)))
    finally:
        server.shutdown()
        server.server_close()
    say(f"{count} mutated feeds, 0 tracebacks", found)


def is_bad(one, known: Known) -> bool:  # type: ignore[no-untyped-def]
    """Whether a price is no price: out of its column's range, or far from the shipped one of its series."""
    before = known.all.in_force(comparable(one.series), one.as_of)
    far = before and any(
        not 1 / LARGEST_JUMP_RATIO <= n / o <= LARGEST_JUMP_RATIO for n, o in zip(one.amounts, before, strict=True)
    )
    limits = {"price_changes": (0.0005, 1500.0), "rents": (0.1, 30.0), "electricity": (0.005, 2.0)}[one.target]
    return bool(far) or not all(limits[0] <= amount <= limits[1] for amount in one.amounts) or one.target not in LAYOUTS


def year(days: int) -> None:
    """A refresh a night on a moving clock, news on each day: store and time grow by the same amount every day."""
    with new_place() as place:
        seconds, sizes, found = [], [], Counter[str]()
        for number in range(days):
            day = date(2026, 11, 1) + timedelta(days=number)
            drop_price(place, number, day)
            if (day + timedelta(days=1)).day == 1:
                rent = f"{day},{RENT_INDEX},H100,{3.8 + 0.01 * (number % 30)},on-demand\n"
                with (place.drop / "rents.csv").open("a") as file:
                    file.write(
                        rent if file.tell() else f"date,provider,accelerator,usd_per_accelerator_hour,channel\n{rent}"
                    )
            now = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
            began = time.perf_counter()
            report = refresh(place, Request(sources=("drop",), months=12, n_paths=60, threads=1), now)
            seconds.append(time.perf_counter() - began)
            sizes.append(place.file.stat().st_size / 1e6)
            found["exit 0"] += report.exit_code(False) == 0
            found["published"] += report.status == "published"
            found["headlines moved"] += len(report.drift)
            found["forecasts scored"] += report.scored
        found["store or run damaged"] = int(bool(whole(place)))
        say(f"{days} nights", found)
        quarter = max(days // 4, 1)
        for name, amounts, unit in (("a refresh", seconds, "s"), ("the store", sizes, "MB")):
            parts = [mean(amounts[start : start + quarter]) for start in range(0, days, quarter)]
            print(f"    {name}, mean of each quarter: {', '.join(f'{part:.3g}' for part in parts[:4])} {unit}")


def say(title: str, found: Counter[str] | dict[str, int]) -> None:
    """Print counts under a title."""
    print(f"{title}: {', '.join(f'{name} {number}' for name, number in found.items())}", flush=True)


def main() -> None:
    """Run what is asked for."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, number in (("kills", 200), ("crowd", 20), ("full", 20), ("mutations", 500), ("days", 365)):
        options.add_argument(f"--{name}", type=int, default=number)
    options.add_argument("--few-fits", action="store_true", help="fit only the price of electricity anew")
    asked, chance = options.parse_args(), random.Random(7)
    if asked.few_fits:
        refitting.STAGES = (("electricity",),)
        few = "from forecast.refresh import refitting; refitting.STAGES = (('electricity',),); "
        WORDS[1:3] = ["-c", f"{few}from forecast.cli.main import main; main()"]
    if asked.kills:
        kills(asked.kills, chance)
    if asked.crowd:
        crowd(asked.crowd)
    if asked.full:
        full_disk(chance, asked.full)
        read_only()
    if asked.mutations:
        mutations(asked.mutations, chance)
    if asked.days:
        year(asked.days)


if __name__ == "__main__":
    main()
