"""The workbook and the CSV dialects: read back equal, the same bytes for runs that agree, hostile text inert."""

import csv
import io
import shutil
import subprocess
import zipfile

import openpyxl
import pytest
from click.testing import CliRunner
from spoiling import HOSTILE, named

from forecast.cli.main import group
from forecast.delivery.answers import answers
from forecast.delivery.cell_text import csv_bytes, plain
from forecast.delivery.exports import export_forecast, sheet_files
from forecast.delivery.small_tables import UNITS, tables
from forecast.errors import InputError
from forecast.simulation import simulate
from forecast.summary import summarize_paths

SHEETS = [
    "summary",
    "runway",
    "prices",
    "consolidation",
    "convergence",
    "finances",
    "columns",
    "assumptions",
    "forecast",
    "chart_data",
]


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    place = tmp_path_factory.mktemp("made") / "out"
    export_forecast(made, place, ("csv", "xlsx", "parquet"))
    return place


@pytest.fixture(scope="module")
def book(folder):
    return openpyxl.load_workbook(folder / "forecast.xlsx")


def shown(cell):
    """Return a cell as the CSV file writes it."""
    return plain(float(cell)) if isinstance(cell, int | float) else cell or ""


def test_sheets_in_their_order(book):
    assert book.sheetnames == SHEETS


@pytest.mark.parametrize(
    "name", ["runway", "prices", "consolidation", "convergence", "finances", "columns", "assumptions", "forecast"]
)
def test_a_sheet_reads_back_as_the_csv(book, folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    found = [list(row) for row in book[name].iter_rows(values_only=True)]
    assert found[0] == header
    if name not in ("columns", "assumptions", "forecast"):
        units = found.pop(1)
        assert [unit or "" for unit in units] == [UNITS.get(column, "") for column in header]
    assert [[shown(cell) for cell in row] for row in found[1:]] == rows


def test_every_column_and_outcome_of_the_files_is_explained_beside_them(folder, made):
    """A reader of the files alone finds what each column means; empty cells of `assumptions` stay empty."""
    with (folder / "columns.csv").open(encoding="utf-8", newline="") as file:
        told = {(row["table"], row["column"]): row for row in csv.DictReader(file)}
    for path in folder.glob("*.csv"):
        header = path.read_text("utf-8").partition("\n")[0].split(",")
        assert path.stem == "columns" or {(path.stem, column) for column in header} <= set(told), path.stem
    units = {(fact.outcome, fact.unit) for fact in made.facts}  # a date has rows in months and rows of its chance
    assert {name for name, _ in units} == {
        name for name, _ in units if (name, told["forecast", f"outcome {name}"]["unit"]) in units
    }
    assert all(row["meaning"] for row in told.values())
    assert told["runway", "p90_months"]["unit"] == "months"


def test_numbers_are_numbers_and_censored_is_empty(book, made):
    cells = {row[0]: row for row in book["runway"].iter_rows(min_row=3, values_only=True)}
    for provider, _, _, _, _, p90, *_ in tables(made)["runway"][1]:
        assert (cells[provider][5] is None) == (p90 is None)
    prices = book["prices"]
    assert isinstance(prices["C3"].value, float) and prices["C3"].number_format == "0.0000"
    assert book["consolidation"]["B3"].number_format == "0.00%"


def test_panes_are_frozen_under_the_units(book):
    assert {name: book[name].freeze_panes for name in SHEETS[1:]} == {
        **dict.fromkeys(SHEETS[1:6], "B3"), "columns": "B2", "assumptions": "B2", "forecast": "B2", "chart_data": "B3"}  # fmt: skip


def test_charts_are_native_and_point_at_numbers(folder, book, tables):
    with zipfile.ZipFile(folder / "forecast.xlsx") as archive:
        charts = [archive.read(n).decode() for n in archive.namelist() if n.startswith("xl/charts/chart")]
    segments = len(tables["segments"].latest("segment"))
    assert len(charts) == 3 + segments  # runway, consolidation, convergence
    assert sum("lineChart" in c or "scatterChart" in c for c in charts) == 2 + segments
    data = book["chart_data"]
    names = [c.value for c in data[1]]
    for begun in ("of tokens", "of spend", "converged: commodity"):  # 12 months less the five whose rows pass the end
        values = [row[names.index(begun)] for row in data.iter_rows(min_row=3, max_row=15, values_only=True)]
        assert [value is None for value in values] == [False] * 8 + [True] * 5
    column = [c.value for c in data[1]].index("commodity price p50")
    prices = [r for r in book["prices"].iter_rows(min_row=3, values_only=True) if r[1] == "commodity"]
    assert [row[column] for row in data.iter_rows(min_row=3, max_row=15, values_only=True)] == [r[3] for r in prices]


def test_the_summary_says_which_run_and_answers_in_words(book, made):
    cells = [cell for row in book["summary"].iter_rows(values_only=True) for cell in row if cell is not None]
    assert {made.manifest["run_id"], "2026-10-31", 3, 400} <= set(cells)
    for question, sentences in answers(made):
        assert question in cells and set(sentences) <= set(cells)


def test_every_assumption_has_source_and_mark(made):
    assert {a.status for a in made.assumptions} >= {"assumption", "derived"}
    assert all(a.source and a.place and a.as_of for a in made.assumptions)
    marked = {a.key: a for a in made.assumptions}
    assert marked["provider_finances.together.cash_usd"].status == "assumption"
    assert not any(a.status == "measured" and isinstance(a.value, float) for a in made.assumptions)


def test_two_runs_that_agree_give_the_same_bytes(base, folder, made, tmp_path):
    again = summarize_paths(simulate(base, 400, seed=3))
    again.manifest["duration_s"] = 99.0
    export_forecast(again, tmp_path / "out", ("csv", "xlsx", "parquet"))
    for path in folder.iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (tmp_path / "out" / path.name).read_bytes(), path.name


def test_a_decimal_comma_reads_back_equal(made, folder, tmp_path):
    export_forecast(made, tmp_path / "out", ("csv",), decimal="comma")
    for name in ("runway", "prices", "forecast"):
        local = (tmp_path / "out" / f"{name}.csv").read_bytes()
        assert local.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(local.decode("utf-8-sig"), newline=""), delimiter=";"))
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            plain_rows = list(csv.reader(file))
        numbers = [
            [cell.replace(",", ".") if cell[:1].isdigit() or cell[:1] == "-" else cell for cell in r] for r in rows
        ]
        assert numbers == plain_rows


def test_a_decimal_comma_spares_text_and_whole_numbers():
    assert csv_bytes(["a", "b"], [["1.5", -0.5], [7, None]], "comma") == "\ufeffa;b\n1.5;-0,5\n7;\n".encode()


def test_the_option_writes_the_dialect(tmp_path):
    words = ["run", "--months", "6", "--paths", "50", "--quiet", "--decimal", "comma", "--out", str(tmp_path / "o")]
    assert CliRunner().invoke(group, words, catch_exceptions=False).exit_code == 0
    assert (tmp_path / "o" / "prices.csv").read_bytes().startswith("\ufeffmonth;segment;".encode())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_inert(small, tmp_path, name):
    export_forecast(named(small, name), tmp_path / "out", ("csv", "xlsx"))
    book = openpyxl.load_workbook(tmp_path / "out" / "forecast.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}  # no formula, no error
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert not [t for t in texts if t[0] in "=+-@" or any(ord(c) < 32 for c in t)]
    inert = name if name[0] in '<"x' else "'" + "".join(c for c in name if c.isprintable())
    assert inert in texts
    for path in (tmp_path / "out").glob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text("utf-8"), newline="")):
            assert not [c for c in row if c[:1] in ("=", "+", "@") or any(ord(x) < 32 for x in c)]


def test_a_sheet_that_is_too_long_is_refused():
    with pytest.raises(InputError, match="a sheet holds 1,048,575. Ask for csv or parquet."):
        sheet_files("long", ["a"], [[1]] * 2**20, ["xlsx"])


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_it_and_reads_the_same(folder, book, tmp_path):
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    words = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
        str(tmp_path),
        folder / "forecast.xlsx",
    ]
    subprocess.run(words, check=True, capture_output=True, timeout=300)
    opened = openpyxl.load_workbook(tmp_path / "forecast.xlsx")
    assert opened.sheetnames == SHEETS
    for name in SHEETS:
        ours = [[shown(c) for c in row] for row in book[name].iter_rows(values_only=True)]
        theirs = [[shown(c) for c in row] for row in opened[name].iter_rows(values_only=True, max_col=len(ours[0]))]
        assert theirs[: len(ours)] == ours, name
