"""One whole run for each shipped scenario: it tells the story, and a number that moves must be explained in the changelog.

`pytest tests/test_baselines.py --update-baselines` writes them anew, and nothing else does.
"""

import json
from functools import cache
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

from forecast.delivery.small_tables import runway
from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios
from forecast.simulation import simulate
from forecast.summary import summarize_paths

FOLDER = Path(__file__).parent / "baselines"
LATER = 36


@pytest.fixture(scope="module")
def numbers(tables):
    """Return a function that gives a scenario's headline numbers, and by outcome, month and segment medians; each is run once."""

    @cache
    def of(name):
        made = summarize_paths(simulate(load_scenario(name, tables), 2_500, seed=7))
        told = ("rent", "floor", "market_price", "independent_providers")
        facts = [fact for what in told for month in (0, LATER) for fact in made.find(what, month=month, quantile=0.5)]
        return headline_numbers(made), {(fact.outcome, fact.month, fact.segment): fact.value for fact in facts}

    return of


def headline_numbers(made):
    numbers = {}
    for month in (0, 12, 60):
        for outcome in ("market_price", "floor", "tier_price", "rent", "top5_tokens_frac", "independent_providers"):
            for fact in made.find(outcome, month=month):
                if fact.quantile in (0.1, 0.5, 0.9):
                    key = f"{outcome} {fact.segment or 'market'} month {month} p{100 * fact.quantile:.0f}"
                    numbers[key] = float(f"{fact.value:.5g}")
    header, rows = runway(made)
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        for column in ("prob_out_of_cash_24m", "prob_exit_by_horizon"):
            if cells[column] is not None:
                numbers[f"{column} {cells['provider']}"] = round(cells[column], 4)
    return numbers


@pytest.mark.parametrize("name", list_scenarios())
def test_baseline(name, numbers, request):
    (found, _), path = numbers(name), FOLDER / f"{name}.json"
    if request.config.getoption("--update-baselines"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        return
    kept = json.loads(path.read_text())
    assert set(found) == set(kept)
    # Bits are the same on one machine; another processor's exponentials may move a path over a threshold or two.
    for key, value in kept.items():
        absolute = 0.004 if key.startswith("prob") else 0.0
        assert_allclose(found[key], value, rtol=0.005, atol=absolute, err_msg=f"{name}: {key}")


def test_every_baseline_has_its_scenario():
    """A scenario that is deleted or renamed leaves its baseline behind: it is part of what people call by name."""
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(list_scenarios())


@pytest.mark.parametrize(
    "name, outcome, segment, low, high",
    [
        ("scarcity", "rent", None, 1.5, 4),
        ("power-crunch", "rent", None, 1.3, 4),
        ("power-crunch", "floor", "commodity", 1.01, 1.5),
        ("blackwell-rubin-on-time", "floor", "commodity", 0.6, 0.97),
        ("blackwell-rubin-on-time", "rent", None, 0.5, 0.95),
        ("mi400-breaks-duopoly", "rent", None, 0.3, 0.8),
        ("mi400-breaks-duopoly", "floor", "open-frontier", 0.4, 0.9),
        ("capital-drought", "independent_providers", None, 0.5, 0.85),
        ("capital-drought", "market_price", "closed-frontier", 1.01, 1.2),
        ("accelerator-glut", "rent", None, 0.3, 0.7),
        ("lpu-floor", "floor", "commodity", 0.2, 0.7),
        ("lpu-floor", "market_price", "commodity", 0.6, 0.85),
        ("efficiency-leap", "floor", "commodity", 0.4, 0.9),
        ("efficiency-leap", "market_price", "commodity", 0.6, 0.98),
    ],
)
def test_the_run_tells_the_story(name, outcome, segment, low, high, numbers):
    later, today = (numbers(name)[1][outcome, m, segment] / numbers("base")[1][outcome, m, segment] for m in (LATER, 0))
    assert low < later < high
    assert today == pytest.approx(1.0, rel=0.005)


@pytest.mark.parametrize(
    "name, low", [("scarcity", 0.8), ("power-crunch", 0.75), ("base", 0.4), ("accelerator-glut", 0.2)]
)
def test_rents_of_three_years_on_are_such_a_part_of_todays(name, low, numbers):
    medians = numbers(name)[1]
    assert low < medians["rent", LATER, None] / medians["rent", 0, None] < low + 0.2
