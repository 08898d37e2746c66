"""A store in a folder of its own, a small forecast to keep, and a PostgreSQL server where one is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.store.places import place_of
from forecast.summary import summarize_paths


@pytest.fixture(autouse=True)
def _no_store_of_the_developer(monkeypatch):
    for name in ("FORECAST_STORE", "FORECAST_DROP"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def place(tmp_path):
    return place_of(str(tmp_path / "store.sqlite"))


@pytest.fixture(scope="session")
def small(tables):
    """A forecast of three months from sixty paths."""
    return summarize_paths(simulate(load_scenario("base", tables, months=3), 60, seed=7))


def _server_program() -> Path | None:
    places = [Path(found).resolve().parent for name in ("pg_ctl",) if (found := shutil.which(name))]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").is_file()), None)


@pytest.fixture(scope="session")
def server_url():
    """The URL of a PostgreSQL server that lives as long as the tests; skipped where none is installed."""
    programs = _server_program()
    runuser = shutil.which("runuser")
    if programs is None or (os.getuid() == 0 and runuser is None):
        pytest.skip("no PostgreSQL server is installed")
    as_user = [runuser, "-u", "postgres", "--"] if os.getuid() == 0 else []  # PostgreSQL refuses to run as root
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="forecast-pg-", ignore_cleanup_errors=True) as folder:
        if as_user:
            shutil.chown(folder, "postgres")

        def call(program, *arguments):
            done = subprocess.run(
                [*as_user, str(programs / program), *arguments],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, timeout=60,
            )  # fmt: skip
            if done.returncode:
                pytest.skip(f"{program} does not work here")

        data = f"{folder}/data"
        call("initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        call("pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield f"postgresql://tester:secret@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")


@pytest.fixture
def electricity_only(monkeypatch):
    """Fit only what is quick; that all are fitted is tested in test_refitting."""
    monkeypatch.setattr("forecast.refresh.refitting.STAGES", (("electricity",),))


@pytest.fixture
def feeds():
    """A loopback server of feeds."""
    from feeds import Feeds

    server = Feeds()
    yield server
    server.shutdown()
    server.server_close()
