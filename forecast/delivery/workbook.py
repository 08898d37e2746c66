"""The workbook: a summary in words, the small tables with units and charts, what columns mean, what is assumed, the tidy table."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from forecast.assumptions import Assumption
from forecast.delivery.answers import answers, doubts
from forecast.delivery.cell_text import plain, safe_cell
from forecast.delivery.columns import HEADER, columns
from forecast.delivery.small_tables import UNITS, marked_months, segments, tables, three
from forecast.delivery.words import calendar, changed_by_hand, short
from forecast.delivery.workbook_charts import add_charts, chart_data
from forecast.outcomes.fans import FANS
from forecast.tidy_table import SAMPLE, Fact, Forecast

ROWS_A_STEP = 1_000  # of the progress told
CELL_CHARACTERS = 32_767  # a spreadsheet refuses longer text
WIDEST = 48
NUMBERS = {
    "USD": "#,##0",
    "months": "0.0",
    "probability": "0.00%",
    "USD/Mtok": "0.0000",
    "USD/year": "#,##0",
    "fraction": "0.0%",
    "ratio": "0.00",
    "": "General",
}


class Grid(NamedTuple):
    """A table as a sheet shows it; `units` stand in a row under the header, where a table has one."""

    header: Sequence[str]
    rows: Sequence[Sequence[Any]]
    units: Sequence[str] = ()


class Styles:
    """The formats of one workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.bold = book.add_format({"bold": True, "bottom": 1})
        self.text = book.add_format({"indent": 1})  # a number ends where the text beside it begins
        self.unit = book.add_format({"italic": True, "font_color": "#595959"})
        self.words = book.add_format({"text_wrap": True, "valign": "top"})
        self.number = {unit: book.add_format({"num_format": form}) for unit, form in NUMBERS.items()}


def workbook(forecast: Forecast, progress: Callable[[int], None] = lambda facts: None) -> bytes:
    """Return a forecast as an XLSX file; two runs that agree give the same bytes.

    `progress` is called with a number of facts twice for each: once it is in its sheet, and once the file is packed.
    """
    buffer = io.BytesIO()
    book = _book(buffer)
    styles = Styles(book)
    _summary(book.add_worksheet("summary"), forecast, styles)
    grids = {
        name: Grid(header, rows, [UNITS.get(column, "") for column in header])
        for name, (header, rows) in tables(forecast).items()
    }
    told = Grid(Assumption._fields, forecast.assumptions), Grid(Fact._fields, forecast.facts)  # units are a column
    headers = {name: grid.header for name, grid in grids.items()}
    grids["columns"] = Grid(
        HEADER, columns(headers | {"assumptions": told[0].header, "forecast": told[1].header, "sample_paths": SAMPLE})
    )
    grids["assumptions"], grids["forecast"] = told
    curves = chart_data(forecast)
    rows = list(zip_longest(*(curve.values for curve in curves)))
    grids["chart_data"] = Grid([curve.name for curve in curves], rows, [curve.unit for curve in curves])
    sheets = {name: book.add_worksheet(name) for name in grids}
    for name, grid in grids.items():
        _write(sheets[name], grid, styles, progress=progress if name == "forecast" else _untold)
    add_charts(book, sheets, curves)
    book.close()
    progress(len(forecast.facts))
    return buffer.getvalue()


def plain_workbook(name: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Return one table as an XLSX file with one sheet."""
    buffer = io.BytesIO()
    book = _book(buffer)
    _write(book.add_worksheet(name), Grid(header, rows), Styles(book))
    book.close()
    return buffer.getvalue()


def _book(buffer: io.BytesIO) -> Any:
    from datetime import datetime

    import xlsxwriter

    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "forecast", "created": datetime(2026, 1, 1)})  # same run, same bytes
    return book


def _untold(rows: int) -> None:
    """Tell nobody of rows that are done."""


def _write(sheet: Any, grid: Grid, styles: Styles, top: int = 0, progress: Callable[[int], None] = _untold) -> int:
    """Write a table from row `top` on and return the row after it; at the top of a sheet its header stays in sight."""
    first = top + 1 + bool(grid.units)
    sheet.write_row(top, 0, [safe_cell(name) for name in grid.header], styles.bold)
    sheet.write_row(top + 1, 0, grid.units, styles.unit)
    formats = [styles.number.get(unit, styles.number[""]) for unit in grid.units or [""] * len(grid.header)]
    for start in range(0, len(grid.rows), ROWS_A_STEP):
        step = grid.rows[start : start + ROWS_A_STEP]
        for number, row in enumerate(step, start=first + start):
            _write_cells(sheet, number, row, formats, styles.text)
        progress(len(step))
    if top == 0:
        sheet.freeze_panes(first, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for column, width in enumerate(_widths(grid)):
            sheet.set_column(column, column, width)
    return first + len(grid.rows)


def _write_cells(sheet: Any, number: int, row: Iterable[Any], formats: Sequence[Any], text: Any) -> None:
    for column, cell in enumerate(row):
        if isinstance(cell, float):
            sheet.write_number(number, column, float(plain(cell)), formats[column])  # the number that CSV shows
        elif isinstance(cell, int):
            sheet.write_number(number, column, cell)
        elif cell is not None and cell != "":
            sheet.write_string(number, column, safe_cell(cell)[:CELL_CHARACTERS], text)


def _widths(grid: Grid) -> list[int]:
    shown = [grid.header, grid.units or grid.header, *grid.rows[:200]]
    texts = ([plain(cell) if isinstance(cell, float) else str(cell or "") for cell in row] for row in shown)
    return [min(max(map(len, column)), WIDEST) + 2 for column in zip(*texts, strict=True)]


def _summary(sheet: Any, forecast: Forecast, styles: Styles) -> None:
    """Write what a person reads first: which run this is, the answers in words, prices in a small table."""
    manifest = forecast.manifest
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 8, 16)
    sheet.write_string(0, 0, safe_cell(manifest["title"])[:CELL_CHARACTERS], styles.title)
    about = {name: manifest[name] for name in ("run_id", "scenario", "as_of", "months", "seed", "paths")}
    about["version"] = manifest["versions"]["forecast"]
    for row, (name, value) in enumerate(about.items(), 2):
        sheet.write_string(row, 0, name, styles.unit)
        _write_cells(sheet, row, [None, value], [None, None], styles.text)
    if by_hand := changed_by_hand(manifest):
        sheet.write_string(9, 0, safe_cell(by_hand)[:CELL_CHARACTERS], styles.unit)
    row = _write(sheet, _marked_prices(forecast), styles, top=10) + 1
    for question, sentences in [*answers(forecast), ("How sure is this?", doubts(forecast))]:
        sheet.write_string(row, 0, question, styles.bold)
        for sentence in sentences:
            row += 1
            sheet.set_row(row, 32)
            sheet.merge_range(row, 0, row, 8, "", styles.words)
            sheet.write_string(row, 0, safe_cell(sentence)[:CELL_CHARACTERS], styles.words)
        row += 2
    sheet.write_string(row, 0, "The sheet called columns says what each column and outcome means.", styles.unit)


def _marked_prices(forecast: Forecast) -> Grid:
    """Return price and floor of each segment, and the rent, at a few months."""
    asked = [(what, segment) for segment in segments(forecast) for what in ("market_price", "floor")] + [("rent", None)]
    rows = [
        [f"{segment}: {what}" if segment else what, FANS[what].unit, calendar(forecast.manifest["as_of"], month),
         *(float(short(v or 0.0)) for v in three(forecast, what, segment, month))]
        for what, segment in asked
        for month in marked_months(forecast)
    ]  # fmt: skip
    return Grid(["quantity", "unit", "month", "p10", "p50", "p90"], rows)
