"""What moved the answer between two runs: parts by hand for a product, parts that add up, and only what changed is named."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from command import forecast
from feeds import DROP
from sqlalchemy import text

from forecast.refresh.explanation import PATHS_TOO, REST, _shapley
from forecast.refresh.influences import Influences
from forecast.refresh.job import refresh
from forecast.refresh.planning import Request
from forecast.store.database import open_store, transaction
from forecast.tables import load_tables

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SMALL = Request(sources=("drop",), months=3, n_paths=400)


@pytest.fixture
def explained(place):
    """Return a function that refreshes twice within a second, something done between, and explains the second run."""

    def run(first, between, second):
        ids = [refresh(place, first, NOW).run_id]
        between()
        ids.append(refresh(place, second, NOW.replace(microsecond=5000)).run_id)
        done = forecast("explain", ids[-1], "--store", place.label, "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert [found["from"], found["to"]] == ids
        for row in found["headlines"]:
            total = sum(part["difference"] for part in row["parts"].values())
            assert total == pytest.approx(row["after"] - row["before"], rel=1e-9, abs=1e-12), row
        return found

    return run


def test_a_product_is_split_by_hand():
    """v = x·y from (2, 3) to (4, 5): x's part is 2·(3 + 5)/2 = 8, y's 2·(2 + 4)/2 = 6, together 20 − 6 = 14."""
    x, y = np.array([2.0, 4.0]), np.array([3.0, 5.0])
    ones = np.array([[-1.0, 1.0]])
    made = {
        frozenset(name for name, on in (("x", i), ("y", j)) if on): Influences(
            [], np.array([x[i] * y[j]]), (x[i] * y[j] * ones).astype(np.float32), 2, 7
        )
        for i in (0, 1)
        for j in (0, 1)
    }
    assert _shapley("x", ["x", "y"], made)[0] == 8.0 and _shapley("y", ["x", "y"], made)[0] == 6.0
    assert _shapley("x", ["x", "y"], made)[1] == pytest.approx(8.0 / np.sqrt(2)), "the influence is 8·(−1, 1)"


def test_a_file_and_a_setting_share_the_difference(explained, tmp_path):
    path = tmp_path / "mine.toml"
    mine = 'extends = "base"\n[parameters]\npue_ratio = {}\n'
    path.write_text(mine.format(1.1))
    request = replace(SMALL, scenarios=(str(path),))
    dear = replace(request, settings=("electricity_usd_per_kwh=0.4",))
    found = explained(request, lambda: path.write_text(mine.format(1.9)), dear)
    assert found["changed"] == ["scenario", "settings"]
    floors = [row for row in found["headlines"] if row["outcome"] == "floor"]
    assert len(floors) == len(load_tables()["segments"].latest("segment"))
    for row in floors:
        parts = row["parts"]
        assert parts["settings"]["difference"] > parts["scenario"]["difference"] > 0
        assert parts["settings"]["standard_error"] < 0.1 * parts["settings"]["difference"]
        assert parts[REST]["difference"] == 0


@pytest.mark.usefixtures("electricity_only")
def test_a_new_price_is_named_with_its_date(explained, place):
    def news():
        place.drop.mkdir()
        (place.drop / "prices.csv").write_text(DROP)

    assert explained(SMALL, news, SMALL)["changed"] == ["price_changes", "as_of"]


def test_other_chance_is_called_chance(explained):
    assert explained(SMALL, lambda: None, replace(SMALL, seed=8))["changed"] == ["chance"]


def test_more_paths_are_not_laid_on_the_code(explained):
    """Reruns have the paths of the smaller run: what the larger run's differ by is no change of code or tables."""
    found = explained(replace(SMALL, n_paths=100), lambda: None, SMALL)
    assert found["headlines"] and found["changed"] == []
    assert all(set(row["parts"]) == {PATHS_TOO} for row in found["headlines"])
    assert {"probability", "geometric mean"} <= {row["statistic"] for row in found["headlines"]}


def test_what_the_code_moved_starts_from_what_was_said_then(place):
    """The first run's settings are struck from its record, as if code of then had given its numbers without them."""
    first = refresh(place, replace(SMALL, settings=("electricity_usd_per_kwh=0.4",)), NOW).run_id
    report = refresh(place, SMALL, NOW.replace(hour=4))
    struck = (
        """UPDATE runs SET recipe = replace(recipe, '["electricity_usd_per_kwh=0.4"]', '[]') WHERE run_id = :first"""
    )
    with transaction(open_store(place)) as connection:
        connection.execute(text(struck), {"first": first})
    found = json.loads(forecast("explain", "latest", "--store", place.label, "--json").stdout)
    assert found["changed"] == []
    said = {(row["outcome"], row["segment"]): row for row in report.drift if row["month"] == 3}
    floors = [row for row in found["headlines"] if row["outcome"] == "floor"]
    assert len(floors) == len(load_tables()["segments"].latest("segment"))
    for row in floors:
        was = said["floor", row["segment"]]
        assert row["after"] == pytest.approx(was["after"], rel=1e-9) and row["before"] > 1.2 * row["after"]
        assert row["before"] == pytest.approx(was["before"], rel=0.05)  # by medians, the other by geometric means
        assert list(row["parts"]) == [REST] and row["parts"][REST]["standard_error"] == 0
        assert row["parts"][REST]["difference"] == pytest.approx(row["after"] - row["before"])


def test_firms_that_a_vintage_does_not_know_are_no_hindrance(explained):
    """Some have a runway of their own at one vintage only: what both have is explained."""
    found = explained(replace(SMALL, as_of=date(2026, 4, 20)), lambda: None, replace(SMALL, as_of=date(2026, 10, 31)))
    assert found["changed"] == ["as_of"] and found["headlines"]


def test_more_paths_are_named_among_what_changed(place):
    for count in (50, 60):
        refresh(place, replace(SMALL, n_paths=count), NOW + timedelta(minutes=count))
    head = forecast("explain", "latest", "--store", place.label).stdout.splitlines()[0]
    assert head.endswith(", base; changed: paths 50 → 60")


def test_what_cannot_be_explained_says_why(place):
    first = refresh(place, SMALL, NOW).run_id
    alone = forecast("explain", first, "--store", place.label).stderr
    assert alone == f"forecast: run {first}: no run was published before it. Name two runs.\n"
    refresh(place, replace(SMALL, months=4), NOW.replace(hour=4))
    other = forecast("explain", "latest", "--store", place.label).stderr
    assert other == "forecast: explain: the runs have 3 and 4 months; both must agree. Choose others.\n"
    assert "no store there" in forecast("explain", "latest", "--store", "nowhere.sqlite").stderr
