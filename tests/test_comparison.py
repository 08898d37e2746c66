"""Scenarios under common chance: equal ones do not differ, the error is what repetition shows, pairing pays."""

import csv
import json
import re

import numpy as np
import pytest
from command import forecast

from forecast.comparison import check_comparable, compared_months, differences, finances_compared
from forecast.delivery.contrasts import PRINTED_FINANCES, contrast_figure, contrast_text
from forecast.delivery.words import apart
from forecast.errors import InputError
from forecast.monte_carlo import geometric_mean_influence, median_influence
from forecast.scenario import load_scenario
from forecast.simulation import simulate

MONTHS = 14


def run(tables, seed=7, n_paths=1_000, settings=()):
    scenario = load_scenario("base", tables, settings, months=MONTHS)
    return simulate(scenario, n_paths, seed, threads=1, keep_months=compared_months(scenario))


@pytest.fixture(scope="module")
def base(tables):
    return run(tables)


@pytest.fixture(scope="module")
def dearer(tables):
    return run(tables, settings=["electricity_usd_per_kwh=0.2"])


def find(found, outcome, month=MONTHS, **where):
    return [row for row in found if row.outcome == outcome and row.month == month
            and all(getattr(row, key) == value for key, value in where.items())]  # fmt: skip


def test_a_scenario_does_not_differ_from_itself(base, tables):
    for row in differences([base, run(tables)]):
        assert row.difference == 0 and row.standard_error == 0, row


def test_dearer_power_raises_the_floor_on_the_same_paths(base, dearer):
    row = find(differences([base, dearer]), "floor", segment="commodity")[0]
    assert row.difference > 5 * row.standard_error > 0
    assert row.value - row.value_against == row.difference
    assert row.paths_saved_ratio > 10


def test_the_error_is_the_scatter_of_repetitions(tables):
    """Twelve seeds: mean stated error against the scatter of the differences; paths are stratified, so it may be larger.

    Parasail ends otherwise on ten of 600 paths; of what happens on one in a thousand a scatter says nothing.
    """
    pairs = [(run(tables, seed, 600), run(tables, seed, 600, ["funding_ratio=0.3"])) for seed in range(12)]
    exits = [find(differences(pair), "exit", provider="parasail")[0] for pair in pairs]
    scatter = np.std([row.difference for row in exits], ddof=1)
    stated = np.mean([row.standard_error for row in exits])
    assert 0.6 < stated / scatter < 1.9  # a scatter of twelve is itself known to a fifth


def test_probabilities_and_means_by_hand(base, dearer):
    row = find(differences([base, dearer]), "runway_within_horizon", provider="groq")[0]
    at = base.names.providers.index("groq")
    values = [np.minimum(r.runway_months[at].astype(float), MONTHS) for r in (base, dearer)]
    assert row.difference == pytest.approx((values[1] - values[0]).mean(), abs=1e-12)
    assert row.standard_error == pytest.approx((values[1] - values[0]).std() / np.sqrt(1_000))


def test_finances_are_means_of_all_paths_at_the_horizon(tables):
    """Kept by path only when asked for; whose parent pays has no cash of its own."""
    settings = {"base": (), "rare": ["funding_ratio=0.3"]}
    runs = []
    for changes in settings.values():
        scenario = load_scenario("base", tables, changes, months=MONTHS)
        more = finances_compared(scenario)
        runs.append(simulate(scenario, 500, 7, threads=1, keep_months=compared_months(scenario), keep_more=more))
    found = differences(runs)
    for outcome, unit in (("revenue", "USD/year"), ("cash", "USD")):
        row = find(found, outcome, provider="groq")[0]
        before, after = (run.kept[f"{outcome}[groq]"][0, -1].astype(float) for run in runs)
        assert (row.statistic, row.unit, row.month) == ("mean", unit, MONTHS)
        assert (row.value_against, row.value) == pytest.approx((before.mean(), after.mean()))
        assert row.standard_error == pytest.approx((after - before).std() / np.sqrt(500))
    assert find(found, "cash", provider="groq")[0].difference < 0, "less money is raised"
    names = runs[0].names
    assert [row.provider for row in found if row.outcome == "revenue"] == names.providers
    assert [row.provider for row in found if row.outcome == "cash"] == names.providers[names.own_cash]
    printed = contrast_text(found, 500, "2026-10-31")
    shown = [line.split() for line in printed.splitlines() if line.startswith("  cash ")]
    assert len(shown) <= PRINTED_FINANCES and "0 for whoever has left" in printed
    most = max((row for row in found if row.outcome == "revenue"), key=lambda row: abs(row.difference))
    line = next(line for line in printed.splitlines() if line.startswith("  revenue "))
    assert line.split()[1:5] == [f"{most.provider},", "billion", "USD/year", f"{most.value_against / 1e9:.3g}"]
    assert f"{most.value / 1e9:.3g}" in line and apart(most.difference / 1e9, most.standard_error / 1e9)[0] in line


def test_geometric_means_by_hand(base, dearer):
    row = find(differences([base, dearer]), "rent")[0]
    logs = [np.log(r.kept["rent"][0, -1].astype(float)) for r in (base, dearer)]
    first, second = (np.exp(each.mean()) for each in logs)
    assert row.statistic == "geometric mean"
    assert row.difference == pytest.approx(second - first, rel=1e-9)
    influence = second * (logs[1] - logs[1].mean()) - first * (logs[0] - logs[0].mean())
    assert row.standard_error == pytest.approx(influence.std() / np.sqrt(1_000), rel=1e-9)


def test_a_median_forgets_what_pairing_knows():
    """Of two logs that correlate by ρ a mean saves 1/(1 − ρ) and a median, which sees signs, 1/(1 − 2·asin(ρ)/π)."""
    common, own = np.random.default_rng(1).standard_normal((2, 20_000))
    prices = np.exp(common), np.exp(0.95 * common + np.sqrt(1 - 0.95**2) * own)

    def saved(influence_of):
        one, other = (influence_of(values)[1] for values in prices)
        return (one.var() + other.var()) / (other - one).var()

    assert saved(median_influence) == pytest.approx(1 / (1 - 2 * np.arcsin(0.95) / np.pi), rel=0.1)
    assert saved(geometric_mean_influence) == pytest.approx(1 / (1 - 0.95), rel=0.1)


def test_kept_months_are_the_same_paths_on_any_number(base, tables):
    scenario = load_scenario("base", tables, months=MONTHS)
    more = simulate(scenario, 5_200, 7, threads=2, keep_months=(0, MONTHS))
    assert np.array_equal(more.kept["rent"][:, 1, :1_000], base.kept["rent"][:, -1])
    with pytest.raises(InputError, match="keep_months = 15: outside 0 to 14"):
        simulate(scenario, 10, 7, keep_months=(15,))


def test_what_cannot_be_compared_is_refused(tables):
    short, long = (load_scenario("base", tables, months=months) for months in (6, 7))
    with pytest.raises(InputError, match="at least two are needed"):
        check_comparable([short])
    with pytest.raises(InputError, match="runs 7 months.*Give --as-of and --months"):
        check_comparable([short, long])
    with pytest.raises(InputError, match="two scenarios are called base; a row names what it compares. Leave one out"):
        check_comparable([short, short])


def test_the_text_and_the_figure_name_what_differs(base, dearer):
    found = differences([base, dearer])
    text = contrast_text(found, 1_000, "2026-10-31")
    assert "floor commodity" in text and "paths saved" in text and "more than two standard errors" in text
    assert "market_price commodity, USD/Mtok" in text and f"month {MONTHS} from 2026-10-31 (" in text
    assert "independent runs would need" in text and not re.search(r"\binf\b", text)
    assert max(map(len, text.splitlines())) <= 120
    same = contrast_text(differences([base, base]), 1_000, "2026-10-31")
    assert "independent runs" not in same and "0 of " in same, "where nothing differs, no number of paths is saved"
    figure = contrast_figure([base, dearer], found)
    assert [axes.get_title() for axes in figure.axes[: len(base.names.segments)]] == list(base.names.segments)


def test_the_picture_draws_whose_fate_moves_and_counts_the_others(base, dearer):
    """Before, a third of the names stood on the line of zero: clouds and labs that hardly ever leave."""
    moves = {"groq": -0.2, "nebius": 0.3, "zai": 0.004}
    found = [
        row._replace(difference=moves.get(row.provider, 0.0)) if row.outcome == "exit" else row
        for row in differences([base, dearer])
    ]
    panel = contrast_figure([base, dearer], found).axes[-1]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["nebius", "groq"]
    others = len({row.provider for row in found if row.outcome == "exit"}) - 2
    assert panel.get_xlabel() == f"{others} others move by less than 0.5 points everywhere"


def test_the_verb(tmp_path):
    arguments = ["compare", "base", "capital-drought", "--paths", "200", "--months", "6", "--quiet"]
    done = forecast(*arguments, "--json", "--out", str(tmp_path / "o"), "--format", "csv,xlsx,parquet")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["differences"]
    assert {"market_price", "exit", "rent", "revenue", "cash"} <= {row["outcome"] for row in rows}
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == [
        *(f"comparison{what}.{ending}" for what in ("", "_columns") for ending in ("csv", "parquet", "xlsx"))
    ]  # fmt: skip
    assert len((tmp_path / "o" / "comparison.csv").read_text().splitlines()) == len(rows) + 1
    with (tmp_path / "o" / "comparison_columns.csv").open(encoding="utf-8", newline="") as file:
        told = {row["column"]: row["meaning"] for row in csv.DictReader(file)}
    assert set(rows[0]) | {f"outcome {row['outcome']}" for row in rows} == set(told) and all(told.values())
