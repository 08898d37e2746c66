"""One whole-run baseline for each shipped scenario: a number that moves must be explained in the changelog.

`pytest tests/test_baselines.py --update-baselines` writes them anew, and nothing else does.
"""

import json
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

from forecast.delivery.small_tables import runway
from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios
from forecast.simulation import simulate
from forecast.summary import summarize_paths

FOLDER = Path(__file__).parent / "baselines"


def headline_numbers(name, tables):
    made = summarize_paths(simulate(load_scenario(name, tables), 2_500, seed=7))
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
def test_baseline(name, tables, request):
    found, path = headline_numbers(name, tables), FOLDER / f"{name}.json"
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
