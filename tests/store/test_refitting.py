"""Trends fitted anew in the job: a new rent moves the forecast, nothing is fitted twice, a fit that fails loses nothing."""

import csv
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from command import forecast

from forecast.errors import ForecastError
from forecast.manifest import short_id
from forecast.refresh import job, refitting
from forecast.refresh.job import refresh
from forecast.refresh.overlay import overlaid_tables
from forecast.refresh.planning import Request
from forecast.refresh.refitting import refitted
from forecast.store.database import open_store, transaction
from forecast.store.observations import Observation
from forecast.store.runs import failures
from forecast.tables import DISTANT, load_tables, shipped_directory
from forecast.trends import record
from forecast.trends.registry import trends_of
from forecast.trends.trend import Diagnostic

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 20)
SMALL = Request(sources=("drop",), months=3, n_paths=200)
INDEX = "index: normalised SXM median of rate cards"
HEADER = "date,provider,accelerator,usd_per_accelerator_hour,channel\n"


def quote(provider, usd, as_of="2026-11-20"):
    return Observation("drop", "rents", provider, "h100", "on-demand", "", (usd,), as_of, "2026-11-25T03:00:00+00:00")


def fits(tables, seen, folder, vintages=(DAY,)):
    """Return the fits as text and as records after a refit to some observations, and its warnings."""
    folder.mkdir()
    made, warned = refitted(overlaid_tables(tables, seen, folder / "store"), seen, vintages)
    text = made.file("fits").read_text("utf-8")
    return text, {(row["key"], row["as_of"]): row["value"] for row in csv.DictReader(text.splitlines())}, warned


OF_RENT = (("electricity",), ("rent",))


def drop_rent(place, provider, usd):
    place.drop.mkdir(exist_ok=True)
    (place.drop / "rents.csv").write_text(f"{HEADER}2026-11-20,{provider},h100,{usd},on-demand\n")


def rent_today(place):
    with (place.runs / "latest" / "base" / "forecast.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if (r["outcome"], r["month"], r["quantile"]) == ("rent", "0", "0.5")]
    return float(rows[0]["value"])


def test_a_new_index_of_rents_moves_the_rent_of_today_and_is_named(place, monkeypatch):
    monkeypatch.setattr(refitting, "STAGES", OF_RENT)  # that all are fitted is tested below
    first = refresh(place, SMALL, NOW)
    before = rent_today(place)
    drop_rent(place, INDEX, 4.5)
    second = refresh(place, SMALL, NOW.replace(hour=4))
    assert second.exit_code(False) == 0 and second.warnings == []
    assert second.causes == ["data/fits.csv", "data/rents.csv", "as_of 2026-10-31 → 2026-11-20"]
    assert before < 3.9 and 4.2 < rent_today(place) < 4.6, "near the index of the month"
    with monkeypatch.context() as patch:
        patch.setattr(job, "refitted", None)  # called, it would raise
        assert refresh(place, SMALL, NOW.replace(hour=5)).status == "up to date"
    done = forecast("explain", first.run_id, second.run_id, "--store", place.label, "--json")
    assert done.returncode == 0, done.stderr
    (rent,) = [row for row in json.loads(done.stdout)["headlines"] if row["outcome"] == "rent"]
    parts = {name: part["difference"] for name, part in rent["parts"].items()}
    assert parts.keys() == {"rents", "as_of", "code and shipped tables"} and parts["rents"] > 0.25
    assert parts["rents"] == pytest.approx(parts["as_of"], abs=0.05), "neither the row nor its day moves it alone"
    assert abs(parts["code and shipped tables"]) < 1e-9


def test_rows_of_the_vintage_are_added_and_all_others_stay(tables, tmp_path, monkeypatch):
    _, shipped, _ = fits(tables, [], tmp_path / "none")
    _, made, warned = fits(tables, [quote(INDEX, 4.5)], tmp_path / "index")
    assert warned == [] and {key: made[key] for key in shipped} == shipped
    added = made.keys() - shipped.keys()
    assert {as_of for _, as_of in added} == {"2026-11-20"}
    newest = {key for key, as_of in shipped if as_of == "2026-10-31"}
    kept = {key for key in newest if key.startswith("provider_kinds.")}  # registry.KEPT
    assert kept and {key for key, _ in added} == newest - kept
    monkeypatch.setattr(refitting, "STAGES", OF_RENT)
    _, again, _ = fits(tables, [quote(INDEX, 4.5)], tmp_path / "again")
    assert len(again) > len(shipped) and again.items() <= made.items()


def test_what_one_seller_asks_is_no_index(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(refitting, "STAGES", (("rent",),))
    dear, cheap = (fits(tables, [quote("lambda", usd)], tmp_path / str(usd))[0] for usd in (5.5, 2.0))
    assert dear == cheap


def test_a_vintage_before_the_news_keeps_its_fits(tables, tmp_path):
    _, shipped, _ = fits(tables, [], tmp_path / "none")
    _, made, _ = fits(tables, [quote(INDEX, 4.5)], tmp_path / "old", [date(2026, 10, 31)])
    assert made == shipped


@pytest.mark.usefixtures("electricity_only")
def test_the_row_of_the_same_vintage_is_replaced(tables, tmp_path):
    on = "2026-10-31"
    found = Observation("drop", "electricity", "", "US industrial", "2026-10", "", (0.6,), on, f"{on}T03:00:00+00:00")
    _, shipped, _ = fits(tables, [], tmp_path / "none")
    _, made, _ = fits(tables, [found], tmp_path / "same", [date(2026, 10, 31)])
    assert made.keys() == shipped.keys()
    changed = {key for key in made if made[key] != shipped[key]}
    assert changed <= {("parameters.electricity_usd_per_kwh", on)}


@pytest.mark.usefixtures("electricity_only")
def test_a_region_that_a_feed_brings_every_month_counts_once(tables, tmp_path):
    def price(month):
        day = f"2026-{month:02d}-28"
        item = "US Total (industrial)"  # "US total" in the shipped table
        return Observation("eia", "electricity", "", item, day[:7], "", (0.05,), day, "2026-11-25T03:00:00+00:00")

    _, once, _ = fits(tables, [price(9)], tmp_path / "once")
    _, often, _ = fits(tables, [price(month) for month in range(1, 10)], tmp_path / "often")
    assert once == often and "parameters.electricity_usd_per_kwh" in {key for key, as_of in once if as_of == str(DAY)}


def giving(gives):
    """Return what stands for a fit: it raises, or gives these rows."""

    def rows_of(name, tables, as_of):
        if isinstance(gives, Exception):
            raise gives
        return [{"key": "parameters.electricity_usd_per_kwh", "as_of": as_of, **row} for row in gives]

    return rows_of


@pytest.mark.usefixtures("electricity_only")
@pytest.mark.parametrize(
    ("gives", "why"),
    [
        (RuntimeError("no convergence"), "RuntimeError: no convergence"),
        (ForecastError("4.0 points carry the fit"), "4.0 points carry the fit"),
        ([], "the fit gives no such number"),
        ([{"value": "fixed(-3)", "unit": "USD/kWh"}], "below the minimum"),
        ([{"value": "fixed(0.1)", "unit": "EUR/kWh"}], "its unit is EUR/kWh, the input's USD/kWh"),
    ],
)
def test_the_last_fit_stays_in_force_and_why(tables, tmp_path, monkeypatch, gives, why):
    monkeypatch.setattr(refitting, "rows_of", giving(gives))
    _, shipped, _ = fits(tables, [], tmp_path / "none")
    _, made, (warned,) = fits(tables, [quote("lambda", 3.0)], tmp_path / "failed")
    assert made == shipped and warned.trend == "electricity" and why in warned.message


@pytest.mark.usefixtures("electricity_only")
def test_a_fit_that_fails_is_a_warning_and_the_run_is_published(place, monkeypatch):
    monkeypatch.setattr(refitting, "rows_of", giving(RuntimeError("no convergence")))
    drop_rent(place, "lambda", 3.0)
    report = refresh(place, replace(SMALL, n_paths=60), NOW)
    assert (report.status, report.exit_code(True), report.failures) == ("published", 0, [])
    (warned,) = report.document()["warnings"]
    assert (warned["step"], warned["subject"]) == ("refit", "electricity")
    said = "at 2026-11-20 the last fit stays of parameters.electricity_usd_per_kwh: RuntimeError: no convergence"
    assert warned["message"] == said and f"warning: refit electricity: {said}" in report.text()
    with transaction(open_store(place)) as connection:
        (recorded,) = failures(connection)
    assert (recorded["step"], recorded["message"]) == ("refit", warned["message"])
    assert short_id(recorded["run_key"]) == report.run_id and "data/fits.csv" in recorded["inputs"]


def test_a_fit_that_its_prior_misses_is_refused(tables, monkeypatch):
    (made,) = trends_of("electricity", tables)
    lost = replace(made, diagnostics=(Diagnostic("effective_points", 4.0, ""),))
    monkeypatch.setattr(record, "trends_of", lambda name, tables: (lost,))
    with pytest.raises(ForecastError, match="electricity: 4.0 points of the prior carry the fit, at least 10 must"):
        record.rows_of("electricity", tables, "2026-10-31")


def test_without_observations_nobodys_data_is_written(tmp_path):
    """Before, a vintage on the last day there is rewrote the fits of the data themselves."""
    fits = tmp_path / "fits.csv"
    fits.write_bytes((shipped_directory("data") / "fits.csv").read_bytes())
    before, own = fits.read_bytes(), load_tables(tmp_path)
    assert refitted(own, [], [DISTANT]) == (own, []) and fits.read_bytes() == before
