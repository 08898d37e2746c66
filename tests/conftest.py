"""Shared fixtures: the shipped tables, a short base scenario, its paths and forecast, and data to spoil."""

import gc
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import spoiling
from hypothesis import settings

from forecast.draws import Draws
from forecast.march import march
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.summary import summarize_paths
from forecast.tables import load_tables, shipped_directory

settings.register_profile("house", deadline=None, max_examples=60, derandomize=True, database=None)
settings.load_profile("house")


def pytest_collection_finish():
    """Look for cycles seldom, and not among modules and tests: that took a quarter of the processor's time. Commands do so too."""
    gc.freeze()
    gc.set_threshold(50_000)


@pytest.fixture(autouse=True)
def _shipped_data(monkeypatch):
    """No test reads the tables that the developer's environment may point at."""
    monkeypatch.delenv("FORECAST_DATA", raising=False)


@pytest.fixture(scope="session")
def tables():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FORECAST_DATA", raising=False)
        return load_tables()


@pytest.fixture(scope="session")
def base(tables):
    return load_scenario("base", tables, months=12)


@pytest.fixture(scope="session")
def run_block() -> Callable:
    """Return a function that marches one block of a scenario: (history, names, draws)."""

    def run(scenario, seed=7, block=0):
        names, draws = market_names(scenario), Draws(scenario, seed, block)
        return march(scenario, names, draws), names, draws

    return run


@pytest.fixture(scope="session")
def block(base, run_block):
    return run_block(base)


@pytest.fixture(scope="session")
def paths(base):
    return simulate(base, 400, seed=3)


@pytest.fixture(scope="session")
def made(paths):
    return summarize_paths(paths)


@pytest.fixture(scope="session")
def small(tables):
    return summarize_paths(simulate(load_scenario("base", tables, months=1), 50, seed=3))


@pytest.fixture
def data_copy(tmp_path) -> Path:
    """Return a copy of the shipped tables, free to be spoiled."""
    return Path(shutil.copytree(shipped_directory("data"), tmp_path / "data"))


@pytest.fixture
def overlay(tmp_path) -> Callable:
    """Return a function that rewrites a shipped table's rows into an overlay folder, and returns the folder."""
    folder = tmp_path / "overlay"
    folder.mkdir()

    return partial(spoiling.written, folder)


@pytest.fixture
def written(tmp_path) -> Callable:
    """Return a function that writes a scenario file and returns its path."""

    def write(content, name="mine"):
        path = tmp_path / f"{name}.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def pytest_addoption(parser):
    parser.addoption("--update-baselines", action="store_true", help="write the whole-run baselines anew")
