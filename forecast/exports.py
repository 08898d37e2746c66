"""Writers: the tidy table and the five small ones, as CSV, XLSX or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import InputError
from forecast.folders import publish_files
from forecast.summary import Fact, Forecast

if TYPE_CHECKING:
    import pandas

FORMATS = ("csv", "xlsx", "parquet")
OUR_FILES = (
    "forecast.csv runway.csv prices.csv consolidation.csv convergence.csv forecast.xlsx forecast.parquet manifest.json "
    "sample_paths.csv sample_paths.xlsx sample_paths.parquet"
).split()
SHEET_ROWS = 2**20
Rows = Sequence[Sequence[Any]]


def export_forecast(
    forecast: Forecast | pandas.DataFrame,
    directory: str | Path,
    formats: Iterable[str] = ("csv",),
    more: Mapping[str, bytes] | None = None,
) -> list[Path]:
    """Write a forecast into a folder and return the files; a killed run leaves the old files or the new, no mix.

    Args:
        forecast: what `summarize` returned, as a Forecast or as its DataFrame.
        directory: folder, made when missing; files of the same name are replaced together.
        formats: any of csv, xlsx, parquet.
        more: content of further files by name, published with the others.

    Raises:
        InputError: an unknown format, or a place that cannot be written.
    """
    made = forecast if isinstance(forecast, Forecast) else from_frame(forecast)
    return publish_files(directory, _files(made, checked_formats(formats)) | dict(more or {}), OUR_FILES)


def checked_formats(formats: Iterable[str]) -> list[str]:
    """Return the formats as a list, without blanks.

    Raises:
        InputError: one of them is unknown.
    """
    wanted = [name.strip() for name in formats if name.strip()]
    if wrong := [f for f in wanted if f not in FORMATS]:
        raise InputError(f"--format {', '.join(wrong)}: one of {', '.join(FORMATS)} is allowed. Correct it.")
    return wanted


def from_frame(frame: pandas.DataFrame) -> Forecast:
    """Return the forecast that a tidy DataFrame holds."""
    blank = frame.astype(object).where(frame.notna(), None)
    facts = [
        Fact(*row)._replace(month=None if row[9] is None else int(row[9]))
        for row in blank.itertuples(index=False, name=None)
    ]
    return Forecast(facts, dict(frame.attrs.get("manifest", {})), dict(frame.attrs.get("provider_kinds", {})))


def tables(forecast: Forecast) -> dict[str, tuple[list[str], Rows]]:
    """Return the small tables by name: header and rows, all read from the tidy table."""
    return {
        "runway": runway(forecast),
        "prices": prices(forecast),
        "consolidation": consolidation(forecast),
        "convergence": convergence(forecast),
    }


def runway(forecast: Forecast) -> tuple[list[str], Rows]:
    """Return one row a provider: cash, runway quantiles, chances of running dry and of leaving."""
    header = (
        "provider kind cash_usd p10_months p50_months p90_months prob_out_of_cash_12m prob_out_of_cash_24m "
        "prob_exit_by_horizon most_likely_exit"
    ).split()
    found: dict[str, dict[str, Any]] = {}
    for fact in forecast.facts:
        if fact.provider is not None and fact.kind in ("quantity", "event"):
            key = f"{fact.outcome}@{fact.quantile if fact.kind == 'quantity' else fact.month}"
            found.setdefault(fact.provider, {})[key] = fact.value
    horizon = forecast.manifest.get("months")
    rows: list[Sequence[Any]] = []
    for provider, cell in found.items():
        exits = {k[5:].partition("@")[0]: v for k, v in cell.items() if k.startswith("exit_")}
        likely = max(exits, key=lambda name: exits[name]) if exits and max(exits.values()) > 0 else "none"
        rows.append([
            provider, forecast.provider_kinds.get(provider, ""), cell.get("cash_usd@0.5"),
            *(cell.get(f"runway_months@{q}") for q in (0.1, 0.5, 0.9)),
            *(cell.get(f"out_of_cash@{m}") for m in (12, 24)), cell.get(f"exit@{horizon}"), likely.replace("_", " "),
        ])  # fmt: skip
    return header, rows


def prices(forecast: Forecast) -> tuple[list[str], Rows]:
    """Return one row a month and segment: price and floor at 10, 50 and 90 %, and their median ratio."""
    header = "month segment price_p10 price_p50 price_p90 floor_p10 floor_p50 floor_p90 ratio_p50".split()
    cell = {
        (f.outcome, f.segment, f.month, f.quantile): f.value
        for f in forecast.facts
        if f.outcome in ("market_price", "floor", "price_to_floor_ratio")
    }
    keys = sorted({(month, segment) for _, segment, month, _ in cell if month is not None and segment})
    rows: Rows = [
        [m, s, *(cell[o, s, m, q] for o in ("market_price", "floor") for q in (0.1, 0.5, 0.9)), cell["price_to_floor_ratio", s, m, 0.5]]
        for m, s in keys
    ]  # fmt: skip
    return header, rows


def consolidation(forecast: Forecast) -> tuple[list[str], Rows]:
    """Return the cumulative probability of consolidation by month, for tokens and for spend."""
    tokens, spend = (
        {f.month: f for f in forecast.find(o) if f.quantile is None}
        for o in ("consolidation_month", "consolidation_spend_month")
    )
    rows: Rows = [
        [m, tokens[m].value, tokens[m].standard_error, spend[m].value, spend[m].standard_error] for m in tokens
    ]
    return ["month", "prob_tokens", "prob_tokens_standard_error", "prob_spend", "prob_spend_standard_error"], rows


def convergence(forecast: Forecast) -> tuple[list[str], Rows]:
    """Return the cumulative probability of convergence by month and segment."""
    facts = [f for f in forecast.find("convergence_month") if f.quantile is None]
    facts.sort(key=lambda f: (f.month or 0, f.segment or ""))
    return ["month", "segment", "prob", "prob_standard_error"], [
        [f.month, f.segment, f.value, f.standard_error] for f in facts
    ]


def safe_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula; numbers in a fixed, plain format.

    >>> safe_cell("=1+1"), safe_cell(0.25), safe_cell(None)
    ("'=1+1", '0.25', '')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return plain(value)
    if isinstance(value, str) and value and (value[0] in "=+-@" or any(ord(c) < 32 for c in value)):
        return "'" + "".join(c for c in value if ord(c) >= 32)
    return value


def plain(value: float) -> str:
    """Return eight significant digits without an exponent.

    >>> plain(123456789.0), plain(0.000012345), plain(3.0)
    ('123456790', '0.000012345', '3')
    """
    text = f"{value:.8g}"
    if "e" in text:
        text = f"{float(text):.20f}" if abs(value) < 1 else f"{float(text):.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table as CSV text."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def sheet_files(name: str, header: Sequence[str], rows: Rows, formats: Sequence[str]) -> dict[str, bytes]:
    """Return one table as a file of each format, by file name; `formats` are checked ones.

    Raises:
        InputError: more rows than a sheet holds.
    """
    if "xlsx" in formats and len(rows) >= SHEET_ROWS:
        raise InputError(f"{name}.xlsx: {len(rows):,} rows, a sheet holds {SHEET_ROWS - 1:,}. Ask for csv or parquet.")
    import pandas

    buffer, files = io.BytesIO(), {}
    for ending in formats:
        if ending == "csv":
            files["csv"] = csv_text(header, rows).encode()
        elif ending == "xlsx":
            files["xlsx"] = _workbook({name: (header, rows)})
        else:
            pandas.DataFrame(rows, columns=list(header)).to_parquet(buffer, index=False)
            files["parquet"] = buffer.getvalue()
    return {f"{name}.{ending}": content for ending, content in files.items()}


def _files(forecast: Forecast, formats: list[str]) -> dict[str, bytes]:
    small = tables(forecast)
    files: dict[str, bytes] = {}
    if "csv" in formats:
        files["forecast.csv"] = csv_text(Fact._fields, forecast.facts).encode()
        files |= {f"{name}.csv": csv_text(header, rows).encode() for name, (header, rows) in small.items()}
    if "xlsx" in formats:
        files["forecast.xlsx"] = _workbook({**small, "forecast": (Fact._fields, forecast.facts)})
    if "parquet" in formats:
        buffer = io.BytesIO()
        forecast.frame().to_parquet(buffer, index=False)
        files["forecast.parquet"] = buffer.getvalue()
    files["manifest.json"] = (json.dumps(forecast.manifest, indent=2, sort_keys=True) + "\n").encode()
    return files


def _workbook(sheets: Mapping[str, tuple[Sequence[str], Iterable[Sequence[Any]]]]) -> bytes:
    from datetime import datetime

    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "forecast", "created": datetime(2026, 1, 1)})  # same run, same bytes
    bold = book.add_format({"bold": True})
    for name, (header, rows) in sheets.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, header, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if cell is not None:
                    sheet.write(number, column, cell if isinstance(cell, int | float) else safe_cell(cell))
    book.close()
    return buffer.getvalue()
