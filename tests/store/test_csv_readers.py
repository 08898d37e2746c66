"""Every reader of CSV that people save: what a spreadsheet does to a file changes nothing, or is refused in one sentence."""

import csv
import io
from datetime import date

import pytest
from feeds import DROP, RENTS

from forecast.cli.cost_verb import CASE_COLUMNS, _read_cases
from forecast.errors import ForecastError
from forecast.refits import rewrite
from forecast.report.stored import _table
from forecast.sources import drop, gpu_rents
from forecast.table_files import read_table
from forecast.trends.list_price.price_rows import read_rows
from forecast.trends.record import HEADER

POWER = "category,item,period,low,mid,high,unit\nprice,US,2026-08,,0.07,,USD/kWh\n"
FITS = f"{','.join(HEADER)}\n{','.join('b' for _ in HEADER)}\n{','.join('a' for _ in HEADER)}\n"
CASES = f"{','.join(CASE_COLUMNS)}\n{','.join('1' for _ in CASE_COLUMNS)}\n"


def of_table(path, tables):
    table, problems = read_table(path, "rents.csv", "rents", tables.schema["rents"])
    assert table.rows and not problems
    return table.rows


def refitted(path, _):
    rewrite(path, HEADER, [], lambda row: row[HEADER[0]] == "a", [HEADER[0]])
    return path.read_text("utf-8")


READERS = {  # by the content of a right file: what reads it
    "table": ("", of_table),
    "cases": (CASES, lambda path, _: _read_cases(str(path))),
    "prices": (DROP, lambda path, _: read_rows(path, date(2027, 1, 1))),
    "fits": (FITS, refitted),
    "drop of prices": (DROP, lambda path, _: drop.parse(path.read_bytes())),
    "drop of rents": (RENTS, lambda path, _: drop.parse(path.read_bytes())),
    "drop of electricity": (POWER, lambda path, _: drop.parse(path.read_bytes())),
    "feed of rents": (RENTS, lambda path, _: gpu_rents.parse(path.read_bytes())),
    "stored run": (DROP, lambda path, _: _table(path)),
}


def saved(text, quoting=csv.QUOTE_MINIMAL, separator=",", twice=False):
    """Return a CSV text as a spreadsheet saves it, its first column perhaps twice."""
    out = io.StringIO(newline="")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\n").writerows(
        [*row, row[0]] if twice else row for row in rows
    )
    return out.getvalue()


@pytest.fixture(params=READERS)
def reading(request, tables, tmp_path):
    """Return a right file's text, and what reads a content with the same reader."""
    text, reader = READERS[request.param]
    if not text:
        text = "".join(tables.file("rents").read_text("utf-8").splitlines(keepends=True)[:4])

    def read(content):
        path = tmp_path / "mine.csv"
        path.write_bytes(content)
        return reader(path, tables)

    return text, read


def test_how_a_spreadsheet_saves_a_file_changes_nothing(reading):
    text, read = reading
    right = read(text.encode())
    quoted = saved(text, csv.QUOTE_ALL)
    for same in (text, text.replace("\n", "\r\n"), text.rstrip("\n"), quoted, quoted.replace("\n", "\r\n")):
        for code in ("utf-8", "utf-8-sig"):
            assert read(same.encode(code)) == right


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"separator": ";"}, "its cells stand between semicolons"),
        ({"separator": "\t"}, "its cells stand between tabs"),
        ({"twice": True}, "stands twice. Delete one"),
    ],
)
# A stored run has two dialects of its own, and its columns are fixed.
@pytest.mark.parametrize("reading", [name for name in READERS if name != "stored run"], indirect=True)
def test_what_would_be_misread_is_refused(reading, wrong, said):
    text, read = reading
    with pytest.raises(ForecastError, match=said):
        read(saved(text, **wrong).encode("utf-8-sig"))
