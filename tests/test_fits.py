"""The table of fits: a cell that says `fitted` finds the fit its vintage knew, and a refit gives what is stored."""

import csv
from datetime import date

import numpy as np
import pytest
from click.testing import CliRunner

from forecast.cli.main import group
from forecast.distributions import SEE_FITS, parse
from forecast.errors import ForecastError, InputError
from forecast.inputs.fitted import awaited_fits, fit_problems, settled
from forecast.refits import rewrite
from forecast.scenario import load_scenario
from forecast.tables import load_tables
from forecast.trends.record import HEADER, REFITS, SOURCE, VINTAGES, changes, refit, write

KEY = "parameters.launch_cancel_prob"


@pytest.fixture(scope="module")
def refitted(tables):
    told = []
    made = refit(tables, told.append)
    assert told == [1] * REFITS  # so that the bar ends where it should
    return made


def changed(overlay, change):
    """Return tables whose fits of KEY went through `change`, a function of the rows' dictionary."""

    def rewrite_rows(rows):
        return [change(dict(row)) if row["key"] == KEY else row for row in rows]

    return load_tables(overlay("fits", rewrite_rows))


def test_a_cell_that_says_fitted_shows_its_fit(tables):
    found = load_scenario("base", tables).inputs[KEY]
    row = tables["fits"].latest("key")[KEY]
    assert found.value == row["value"]
    assert found.origin.place == f"data/fits.csv row {row.number}"
    assert (found.origin.source, found.origin.as_of, found.origin.status) == (SOURCE, "2026-10-31", "derived")
    assert found.persistence == "path"  # from the table that owns the input


def test_a_vintage_sees_the_fit_it_knew(tables):
    found = load_scenario("base", tables, as_of=date(2025, 12, 31)).inputs[KEY]
    assert found.origin.as_of == "2025-07-01"
    assert str(found.value) != str(load_scenario("base", tables).inputs[KEY].value)


def test_a_fit_that_nobody_knew_yet_is_missed(overlay):
    later = changed(overlay, lambda row: row | {"as_of": "2026-10-30", "note": row["as_of"]})
    with pytest.raises(InputError) as caught:
        load_scenario("base", later, as_of=date(2025, 7, 1))
    (said,) = caught.value.problems
    assert said.startswith("data/parameters.csv row ")
    assert said.endswith(
        f"{KEY} says fitted, but overlay/fits.csv holds no fit of it known by 2025-07-01. Fit it with "
        "`forecast calibrate trends --write`, choose a later vintage, or write the distribution into the cell."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": "uniform(low=0.9, high=2)"}, "is above the maximum 1 probability. Correct the row."),
        ({"value": "fitted"}, "a distribution is required here, not the word that points at it. Correct the row."),
        ({"unit": "months"}, "its unit is months, the input's probability. Correct the row."),
        ({"key": "parameters.launch_cancel_prop"}, 'Did you mean "parameters.launch_cancel_prob"? Correct the key.'),
    ],
)
def test_a_fit_out_of_bounds_is_named_at_every_vintage(overlay, change, message):
    bad = changed(overlay, lambda row: row | change if row["as_of"] == "2025-07-01" else row)
    (said,) = fit_problems(bad)
    assert said.startswith("overlay/fits.csv row ")
    assert said.endswith(message)


def test_check_reports_a_bad_fit(data_copy):
    path = data_copy / "fits.csv"
    path.write_text(
        path.read_text("utf-8").replace('launch_cancel_prob,"empirical(0', 'launch_cancel_prob,"empirical(3', 1)
    )
    done = CliRunner().invoke(group, ["check", str(data_copy)])
    assert isinstance(done.exception, InputError)
    assert "parameters.launch_cancel_prob = empirical(3" in str(done.exception)


def test_a_setting_beats_the_fit_and_may_not_say_fitted(tables):
    made = load_scenario("base", tables, settings=["launch_cancel_prob=0.5"])
    assert str(made.inputs[KEY].value) == "0.5"
    with pytest.raises(InputError, match=r"only a table may point at fits.csv. Write the distribution."):
        load_scenario("base", tables, settings=["launch_cancel_prob=fitted"])


def test_the_word_alone_has_no_quantiles():
    assert str(SEE_FITS) == "fitted"
    with pytest.raises(ValueError, match="fitted without numbers has no quantiles: they stand in fits.csv"):
        SEE_FITS.quantile(np.array([0.5]))
    with pytest.raises(ValueError, match='"fitted" is not a number'):
        parse("fitted")


def test_show_prints_the_row_of_the_fit():
    done = CliRunner().invoke(group, ["show", "base", "--match", "launch_cancel_prob"])
    assert "data/fits.csv row " in done.output
    assert "own-fit-trends · 2026-10-31 · derived" in done.output


def test_every_fit_is_used_and_dated_by_a_vintage(tables):
    """No number stands in two places: a stored fit is one that a cell points at."""
    for as_of in VINTAGES:
        used = {k for k, i in load_scenario("base", tables, as_of=as_of).inputs.items() if "fits.csv" in i.origin.place}
        assert used == {row["key"] for row in tables["fits"] if row["as_of"] == as_of}


def test_refitting_gives_the_stored_rows(tables, refitted):
    assert changes(tables, refitted) == []


def test_a_changed_number_is_noticed(tables, refitted):
    spoilt = [row | {"value": row["value"].replace(")", ", 0.9)")} if row["key"] == KEY else row for row in refitted]
    assert f"{KEY} at 2026-10-31, empirical 20: not stored" in changes(tables, spoilt)


def test_rows_written_are_read_back_and_others_kept(data_copy, refitted):
    path = data_copy / "fits.csv"
    foreign = refitted[0] | {"source": "own-assumption", "as_of": "2024-01-01"}
    path.write_text("")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerow(foreign)
    write(path, refitted)
    tables = load_tables(data_copy)
    assert changes(tables, refitted) == []
    assert sum(row["source"] == "own-assumption" for row in tables["fits"]) == 1
    assert len(tables["fits"]) == len(refitted) + 1


def test_a_missing_table_is_not_written(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.csv: no such table. Correct the path."):
        rewrite(tmp_path / "nowhere.csv", HEADER, [], bool, ["key"])


def test_the_command_checks_what_is_stored(monkeypatch, refitted):
    monkeypatch.setattr("forecast.trends.record.refit", lambda tables, progress: refitted)
    done = CliRunner().invoke(group, ["calibrate", "trends"])
    assert done.exit_code == 0, done.output
    assert "the stored values are reproduced" in done.output
    monkeypatch.setattr("forecast.trends.record.refit", lambda tables, progress: refitted[1:])
    done = CliRunner().invoke(group, ["calibrate", "trends"])
    assert isinstance(done.exception, ForecastError)
    assert "stored but not fitted\n" in str(done.exception)
    assert str(done.exception).endswith("stored values differ: run with --write data/fits.csv, and commit.")


def test_the_command_writes_what_it_fits(monkeypatch, refitted, data_copy):
    monkeypatch.setattr("forecast.trends.record.refit", lambda tables, progress: refitted)
    path = data_copy / "fits.csv"
    before = path.read_bytes()
    path.write_bytes(before.split(b"\n")[0] + b"\n")
    done = CliRunner().invoke(group, ["calibrate", "trends", "--write", str(path)])
    assert done.exit_code == 0, done.output
    assert path.read_bytes() == before


def test_a_folder_of_ones_own_need_not_hold_the_fits_before(monkeypatch, refitted, tmp_path):
    monkeypatch.setattr("forecast.trends.record.refit", lambda tables, progress: refitted)
    done = CliRunner().invoke(group, ["calibrate", "trends", "--write", str(tmp_path / "fits.csv")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "fits.csv").read_bytes() == load_tables().file("fits").read_bytes()
    done = CliRunner().invoke(group, ["calibrate", "trends", "--write", str(tmp_path / "fit.csv")])
    assert str(done.exception).endswith("fit.csv: fits.csv in a folder that exists is allowed. Correct the path.")


def test_options_of_the_other_calibration_are_refused():
    done = CliRunner().invoke(group, ["calibrate", "trends", "--page", "docs"])
    assert isinstance(done.exception, InputError)
    assert (
        str(done.exception)
        == "calibrate trends: --page and --scenario belong to throughput and market. Leave them out."
    )


def test_what_is_stored_is_what_cells_await(tables, refitted):
    assert {row["key"] for row in refitted if row["as_of"] == str(VINTAGES[-1])} == awaited_fits(tables)


def test_one_input_is_settled_whatever_the_others_lack(tables, overlay):
    later = changed(overlay, lambda row: row | {"as_of": "2026-10-30", "note": row["as_of"]}).vintage(date(2025, 7, 1))
    key = "parameters.launch_slip_months"
    assert settled(later, key, SEE_FITS) == later["fits"].latest("key")[key]["value"]
    assert str(settled(later, key, 3.0)) == "3"
    with pytest.raises(InputError, match=r"launch_cancel_prob says fitted, but overlay/fits.csv holds no fit of it"):
        settled(later, KEY, SEE_FITS)


def test_a_provider_without_a_fit_is_named(overlay):
    def added(rows):
        return [*rows, *(r | {"provider": "aardvark"} for r in rows if r["provider"] == "together")]

    for table in ("provider_finances", "offers"):
        overlay(table, added)
    with pytest.raises(InputError) as caught:
        load_scenario("base", load_tables(overlay("providers", added)))
    said = "providers.aardvark.growth_apart_per_month says fitted, but data/fits.csv holds no fit of it known by "
    assert any(
        said in problem and "write the distribution into the cell" in problem for problem in caught.value.problems
    )
