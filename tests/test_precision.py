"""Paths until an error is met, and whole paths: the error printed is the error there is."""

import csv

import numpy as np
import pytest
from command import forecast

from forecast.errors import InputError
from forecast.monte_carlo import mean_error, median_influence
from forecast.precision import Target, parse_target, simulate_until, worst_error
from forecast.samples import sample_paths
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.tidy_table import SAMPLE


@pytest.fixture(scope="module")
def scenario(tables):
    return load_scenario("base", tables, months=5)


def test_the_error_of_a_median_is_the_scatter_of_medians():
    rng = np.random.default_rng(1)
    samples = rng.lognormal(0, 1, (400, 1_000))
    stated = np.mean([mean_error(median_influence(row)[1]) for row in samples])
    assert stated == pytest.approx(np.median(samples, axis=1).std(), rel=0.1)  # 400 scatter by 3.5 %
    assert stated == pytest.approx(np.sqrt(np.pi / 2) / np.sqrt(1_000), rel=0.05)  # 1/(2·f(1)·√n), f(1) = 1/√(2π)


def test_a_median_beyond_the_horizon_has_no_error():
    median, influence = median_influence(np.array([1.0] * 52 + [np.inf] * 48))
    assert median == 1.0 and np.isinf(influence).all()  # the tenth around it reaches beyond


def test_paths_are_added_until_the_error_is_met(scenario):
    asked = []

    def run(n):
        asked.append(n)
        return simulate(scenario, n, seed=3, threads=1)

    first = worst_error(run(500), "rent")
    paths = simulate_until(Target("rent", first / 2), 500, run)
    assert worst_error(paths, "rent") <= first / 2
    assert 4 * 500 <= paths.n_paths == asked[-1] < 12 * 500


def test_an_error_that_is_met_at_once_costs_nothing_more(scenario):
    paths = simulate_until(Target("market_price", 10.0), 300, lambda n: simulate(scenario, n, threads=1))
    assert paths.n_paths == 300


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rnt=0.1", 'no outcome "rnt". Did you mean "rent"'),
        ("rent=-1", "a number above 0, or OUTCOME=NUMBER"),
        ("rent=nan", "a number above 0, or OUTCOME=NUMBER"),
        ("soon", "a number above 0, or OUTCOME=NUMBER"),
    ],
)
def test_a_target_that_is_none(text, says):
    with pytest.raises(InputError, match=says):
        parse_target(text)


def test_what_no_number_of_paths_can_reach(scenario):
    run = lambda n: simulate(scenario, n, threads=1)  # noqa: E731
    with pytest.raises(InputError, match="every median of convergence_month lies beyond the horizon of 5 months"):
        simulate_until(parse_target("0.25"), 300, run)
    with pytest.raises(InputError, match="paths would be needed, 100,000,000 are allowed"):
        simulate_until(Target("rent", 1e-9), 300, run)


def test_whole_paths_are_those_of_the_run(scenario):
    paths = simulate(scenario, 400, seed=3, threads=1, keep_months=(4,))
    rows = [dict(zip(SAMPLE, row, strict=True)) for row in sample_paths(paths, 3)]
    for path in range(3):
        mine = [row for row in rows if row["path"] == path]
        rent = next(row["value"] for row in mine if row["outcome"] == "rent" and row["month"] == 4)
        assert rent == paths.kept["rent"][0, 0, path]
        runways = [row["value"] for row in mine if row["outcome"] == "runway_months"]
        kept = paths.runway_months[~paths.names.backed[:, 0], path].astype(float)
        assert runways == [None if np.isinf(months) else months for months in kept]
    with pytest.raises(InputError, match="--sample-paths 401: outside 1 to 400"):
        sample_paths(paths, 401)


def test_the_options_of_run(tmp_path):
    done = forecast("run", "--paths", "200", "--months", "4", "--precision", "rent=0.05", "--sample-paths", "2",
                    "--out", str(tmp_path / "o"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "o" / "sample_paths.csv").read_text("utf-8").splitlines()))
    assert {row["path"] for row in rows} == {"0", "1"}
    done = forecast("run", "--paths", "50", "--months", "2", "--sample-paths", "2")
    assert done.returncode == 2 and "Add --out FOLDER" in done.stderr
