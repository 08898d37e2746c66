"""Whole runs: the same bits on any number of threads, more paths keep the first, files that spreadsheets open."""

import csv
import io
import json
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from openpyxl import load_workbook

import forecast
from forecast.delivery.answers import answers
from forecast.delivery.cell_text import csv_bytes, csv_text, safe_cell
from forecast.delivery.exports import FORMATS, export_forecast, from_frame, sheet_files
from forecast.delivery.headline import headline
from forecast.delivery.small_tables import tables
from forecast.delivery.workbook import workbook
from forecast.errors import InputError
from forecast.outcomes.dates import RISE_MONTHS, RISE_RATIO, risen
from forecast.report.page import page
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.summary import summarize_paths
from forecast.tidy_table import PROBS


@pytest.fixture(scope="module")
def scenario(tables):
    return load_scenario("base", tables, months=7)


@pytest.fixture(scope="module")
def made(scenario):
    return summarize_paths(simulate(scenario, 2_600, seed=3))


def test_the_same_files_on_one_two_and_three_threads(scenario, tmp_path):
    contents = []
    for threads in (1, 2, 3):
        result = summarize_paths(simulate(scenario, 7_600, seed=3, threads=threads))
        files = export_forecast(result, tmp_path / str(threads), ("csv", "xlsx"))
        contents.append({file.name: file.read_bytes() for file in files})
    assert contents[0] == contents[1] == contents[2]


def test_another_seed_is_another_forecast(scenario, made):
    other = summarize_paths(simulate(scenario, 2_600, seed=4))
    assert other.manifest["run_id"] != made.manifest["run_id"]
    assert other.facts[5].value != made.facts[5].value


def test_more_paths_keep_the_first(scenario):
    few, many = simulate(scenario, 100, seed=3), simulate(scenario, 5_100, seed=3)
    assert np.array_equal(few.runway_months, many.runway_months[:, :100], equal_nan=True)
    assert np.array_equal(few.exit_month, many.exit_month[:, :100])


def test_every_fan_has_nine_quantiles_in_order(made):
    rows = made.find("market_price", segment="commodity", month=3)
    assert [f.quantile for f in rows] == list(PROBS)
    values = [f.value for f in rows]
    assert values == sorted(values)
    assert all(f.standard_error is not None and f.standard_error > 0 for f in rows)


def test_censored_is_never_the_horizon(made):
    runways = made.find("runway_months")
    assert any(f.beyond_horizon for f in runways)
    for fact in runways:
        assert (fact.value is None) == bool(fact.beyond_horizon)
        assert fact.value is None or fact.value <= 7


def test_every_value_is_finite_when_hardly_a_named_provider_is_left(tables):
    crowded = load_scenario("base", tables, ["entry_per_year=0.6", "entry_long_per_year=0.6"], months=240)
    late = summarize_paths(simulate(crowded, 60, seed=7))
    assert min(f.value for f in late.find("hhi_tokens")) == 0.0
    assert all(np.isfinite(n) for f in late.facts for n in (f.value, f.standard_error) if n is not None)


def test_a_rise_within_six_months_is_seen_whichever_of_them_it_took():
    month = np.arange(20)
    steady = np.ones(20)
    spike = np.where(month == 9, 1.3, 1.0)  # up in a month and down in the next
    slow = 1.3 ** np.minimum(month / 7, 1.0)  # 30 % in seven months are 25.2 % in six
    slower = 1.24 ** np.minimum(month / 6, 1.0)
    early = np.where(month >= 2, 1.3, 1.0)
    dip = np.where(month == 8, 0.75, 1.0)  # six months before the rise it stood as high as after it
    found = risen(np.array([steady, spike, slow, slower, early, dip], np.float32)[None].transpose(0, 2, 1))[0]
    assert found.any(axis=0).tolist() == [False, True, True, False, True, True]
    assert np.flatnonzero(found[:, 1]).tolist() == [9]
    assert np.flatnonzero(found[:, 4]).tolist() == [2, 3, 4, 5, 6, 7]


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_rises_against_every_pair_of_months(months, seed):
    price = np.exp(np.random.default_rng(seed).normal(0, 0.15, (2, months, 3)).cumsum(axis=1)).astype(np.float32)
    pairs = [
        (price[:, later] >= RISE_RATIO * price[:, before])[:, None] * (np.arange(months) == later)[None, :, None]
        for later in range(months)
        for before in range(max(0, later - RISE_MONTHS), later)
    ]
    assert_array_equal(risen(price), np.any(pairs, axis=0))


@pytest.mark.skipif(sys.platform == "win32", reason="a clock whose zone can be set")
def test_the_day_is_that_of_utc_wherever_the_clock_stands(scenario, monkeypatch):
    """At any hour it is another day in one of the two zones: the scheduled job writes UTC, and so does a run."""
    paths, days = simulate(scenario, 50), []
    with monkeypatch.context() as patch:
        for zone in ("Etc/GMT+12", "Etc/GMT-14"):
            patch.setenv("TZ", zone)
            time.tzset()
            days.append(summarize_paths(paths).facts[0].made_on)
    time.tzset()
    assert days[0] == days[1]


def test_a_table_in_another_order_is_the_same_and_a_part_of_one_is_refused(made, tmp_path):
    """Columns were read by their place: of a table in another order every cell lay under a wrong head."""
    table = made.frame()
    export_forecast(table[list(table.columns[::-1])], tmp_path / "turned")
    export_forecast(table, tmp_path / "out")
    assert (tmp_path / "turned" / "forecast.csv").read_bytes() == (tmp_path / "out" / "forecast.csv").read_bytes()
    with pytest.raises(InputError, match="export: no column unit. Give a table that summarize returned"):
        export_forecast(table.drop(columns="unit"), tmp_path / "part")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda made, _: forecast.simulate("base"), "scenario = 'base': what load_scenario returned is needed"),
        (lambda made, _: forecast.simulate(made, n_paths="10"), "paths = '10': a whole number is needed"),
        (lambda made, _: forecast.simulate(made, n_paths=True), "paths = True: a whole number is needed"),
        (lambda made, _: forecast.simulate(made, seed=1.5), "seed = 1.5: a whole number is needed"),
        (lambda made, _: forecast.simulate(made, threads=1.5), "threads = 1.5: a whole number is needed"),
        (lambda made, _: forecast.simulate(made, keep_months=3), "keep_months = 3: a list of months is needed"),
        (lambda made, _: forecast.simulate(made, keep_months=["3"]), "keep_months = '3': a whole number is needed"),
        (lambda made, _: forecast.simulate(made, keep_more=[3]), 'keep_more "3": one of '),
        (lambda made, _: forecast.summarize(3), "paths = 3: what simulate returned is needed"),
        (lambda _, table: forecast.export(3, "out"), "export: no column run_id, "),
        (lambda _, table: forecast.export(table, 3), "directory = 3: a folder is needed"),
        (lambda _, table: forecast.export(table, "out", formats="csv"), "formats = 'csv': a list such as "),
        (lambda _, table: forecast.export(table, "out", formats=[3]), "--format 3: one of csv, xlsx, parquet"),
        (
            lambda made, _: forecast.load_scenario("base", "data"),
            "tables = 'data': what load_tables returned is needed",
        ),
        (lambda made, _: forecast.load_scenario("base", as_of="2026-10-31"), "as_of = '2026-10-31': a date such as"),
        (lambda made, _: forecast.load_scenario("base", months="12"), "months = '12': a whole number is needed"),
        (lambda made, _: forecast.load_scenario("base", settings="a=1"), "settings = 'a=1': a list of KEY=VALUE texts"),
        (lambda made, _: forecast.load_tables(3), "directory = 3: a folder is needed"),
    ],
)
def test_an_argument_of_another_kind_is_refused_at_the_door(scenario, made, tmp_path, monkeypatch, call, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refused:
        call(scenario, made.frame())
    assert str(refused.value).startswith(said) and not list(tmp_path.iterdir())


def test_wide_cells_of_prices_stay_apart(made, monkeypatch):
    """Before, the floors of a small model read "(0.00071-0.0023)0.00061"."""
    monkeypatch.setattr("forecast.delivery.headline.band", lambda three: "0.00061 (0.00027-0.0012)")
    assert ") 0.00061" in headline(made) and ")0.00061" not in headline(made)


def test_what_was_set_by_hand_is_said_wherever_the_scenario_is_named():
    """Before, a run with `--set` was headed by the story of base: "Nothing is changed here"."""
    run = summarize_paths(simulate(load_scenario("base", settings=["pue_ratio=1.3"], months=3), 40, seed=3))
    assert run.manifest["settings"] == {"parameters.pue_ratio": "1.3"}
    said = "changed by --set: parameters.pue_ratio = 1.3"
    assert said in headline(run) and f"But {said}." in page(run)
    sheet = load_workbook(io.BytesIO(workbook(run)))["summary"]
    assert said in [row[0] for row in sheet.iter_rows(values_only=True)]


def test_files_of_the_contract(made, tmp_path):
    files = export_forecast(made, tmp_path / "out")
    assert sorted(f.name for f in files) == [
        "assumptions.csv", "columns.csv", "consolidation.csv", "convergence.csv", "finances.csv", "forecast.csv", "manifest.json",
        "prices.csv", "runway.csv"]  # fmt: skip
    header = next(csv.reader((tmp_path / "out" / "forecast.csv").read_text().splitlines()))
    assert header == (
        "run_id,made_on,as_of,scenario,outcome,kind,unit,segment,provider,month,quantile,value,standard_error,beyond_horizon"
    ).split(",")
    runway = list(csv.DictReader((tmp_path / "out" / "runway.csv").read_text().splitlines()))
    assert len(runway) == made.manifest["counts"]["providers"]
    assert list(runway[0])[:3] == ["provider", "kind", "cash_usd"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["paths"] == 2_600 and manifest["seed"] == 3
    assert {"data/parameters.csv", "data/provider_finances.csv", "scenarios/base.toml"} <= set(manifest["inputs"])


def test_a_second_export_replaces_the_first_and_keeps_strangers(made, tmp_path):
    export_forecast(made, tmp_path / "out", ("csv", "xlsx"))
    (tmp_path / "out" / "mine.txt").write_text("keep")
    (tmp_path / "out" / "folder").mkdir()
    (tmp_path / "out" / "folder" / "deep.txt").write_text("keep too")
    export_forecast(made, tmp_path / "out", ("csv",))
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"
    assert (tmp_path / "out" / "folder" / "deep.txt").read_text() == "keep too"
    assert not (tmp_path / "out" / "forecast.xlsx").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_the_api_of_the_contract(scenario, tmp_path):
    assert {"load_tables", "simulate", "summarize", "export"} <= set(
        dir(forecast)
    )  # fetched late, and there to be found
    with pytest.raises(forecast.InputError, match="Did you mean"):
        forecast.load_scenario("bose")
    paths = forecast.simulate(scenario, n_paths=50, seed=7)
    frame = forecast.summarize(paths)
    assert frame.shape[1] == 14
    files = forecast.export(frame, tmp_path / "api", formats=("csv", "parquet"))
    assert {f.name for f in files} >= {"forecast.csv", "forecast.parquet"}
    assert tables(from_frame(frame)) == tables(summarize_paths(paths))


def test_cells_no_spreadsheet_runs():
    assert csv_text(["a"], [["=cmd()"], ["@x"], ["+1"], ["-a"], [-1.5]]) == "a\n'=cmd()\n'@x\n'+1\n'-a\n-1.5\n"
    assert safe_cell("tab\there") == "'tabhere"
    for separator in ";,":  # where a spreadsheet of another country ends a cell, and takes what follows for the next
        for begun in ("=1+1", "@x", "+1", "-a", "-1+cmd|x", "\t=1"):
            cells = csv_text(["a"], [[f"x{separator}{begun}"]]).replace('"', "").split("\n")[1].split(separator)
            assert cells == ["'x", f"'{begun.strip()}"]
        assert safe_cell(f"1{separator}-2{separator}-3") == f"1{separator}-2{separator}-3"
    numbers, formulas = ("-1", "-0.25"), ("-1-1", "-1\n", "-A1", "-1 ", "--1", "-")
    assert [safe_cell(text) for text in numbers] == [*numbers]
    assert all(safe_cell(text).startswith("'") for text in formulas)


def test_numbers_in_cells_have_no_exponent():
    shown = {
        100.0: "100",
        -2e9: "-2000000000",
        -1.5e-5: "-0.000015",
        1e-5: "0.00001",
        0.10: "0.1",
        0.0: "0",
        1e20: "1" + 20 * "0",
    }
    assert {value: safe_cell(value) for value in shown} == shown
    assert csv_bytes(["a"], [[0.5, "x"]]) == b"a\n0.5,x\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_paths": 0}, "paths = 0: outside 1 to"),
        ({"seed": -1}, "seed = -1: below 0"),
        ({"threads": 0}, "threads = 0: outside 1"),
    ],
)
def test_impossible_numbers(scenario, options, message):
    with pytest.raises(InputError, match=message):
        simulate(scenario, **{"n_paths": 10, **options})


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_has_both_its_writers(made, tmp_path, ending):
    """One that lacked them would be accepted, and write nothing or another's file."""
    assert f"forecast.{ending}" in {path.name for path in export_forecast(made, tmp_path / "x", (ending,))}
    assert list(sheet_files("paths", ["month"], [[1]], [ending])) == [f"paths.{ending}"]


def test_what_a_short_horizon_or_one_path_cannot_tell_is_not_told(tables):
    """Six months in a row do not fit into four; one path has no spread: neither a chance of none nor a small error is claimed."""
    made = summarize_paths(simulate(load_scenario("base", tables, months=4), 1, seed=3))
    printed = headline(made)
    assert "; 1 paths" not in printed and "; 1 path, seed 3" in printed
    assert printed.count("cannot be told, six months in a row do not fit into the horizon") == 3  # and not a segment
    assert "not within the horizon" not in printed
    assert "Monte Carlo error: 1 path cannot tell it, nor a band or a chance; at least 30 can." in printed
    sentences = " ".join(s for answer in answers(made) for s in answer.sentences)
    assert sentences.count("cannot be told: six do not fit into the horizon.") == 5  # tokens, spend, segments


def test_a_drought_neither_lengthens_nor_shortens_cash_without_new_money(tables):
    """That cash has no rounds in any scenario: who cuts as it runs short does so in each."""
    made, usual = (
        summarize_paths(simulate(load_scenario("base", tables, chosen, months=24), 2_500, seed=3))
        for chosen in (("funding_drought_months=12",), ())
    )
    dry = [sum(f.value for f in one.find("out_of_cash", month=24)) for one in (made, usual)]
    assert dry[0] == pytest.approx(dry[1], rel=0.1)
    assert max(map(len, headline(made).splitlines())) < 160
