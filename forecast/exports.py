"""Writers: the tidy table and the five small ones, as CSV, XLSX or Parquet, moved into place whole."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import InputError
from forecast.summary import Fact, Forecast

if TYPE_CHECKING:
    import pandas

FORMATS = ("csv", "xlsx", "parquet")
OUR_FILES = (
    "forecast.csv runway.csv prices.csv consolidation.csv convergence.csv forecast.xlsx forecast.parquet manifest.json"
).split()
Rows = list[Sequence[Any]]


def export_forecast(
    forecast: Forecast | pandas.DataFrame, directory: str | Path, formats: Iterable[str] = ("csv",)
) -> list[Path]:
    """Write a forecast into a folder and return the files; a killed run leaves the old files or the new, no mix.

    Args:
        forecast: what `summarize` returned, as a Forecast or as its DataFrame.
        directory: folder, made when missing; files of the same name are replaced together.
        formats: any of csv, xlsx, parquet.

    Raises:
        InputError: an unknown format, or a place that cannot be written.
    """
    made = forecast if isinstance(forecast, Forecast) else from_frame(forecast)
    wanted = list(formats)
    if wrong := [f for f in wanted if f not in FORMATS]:
        raise InputError(f"format {', '.join(wrong)}: one of {', '.join(FORMATS)} is allowed. Correct --format.")
    target = Path(directory)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
            made_in = Path(temporary, "new")
            made_in.mkdir()
            files = _files(made, wanted)
            for name, content in files.items():
                with open(made_in / name, "wb") as file:
                    file.write(content)
                    os.fsync(file.fileno())
            _publish(made_in, target, Path(temporary, "old"))
            return sorted(target / name for name in files)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error}). Choose another --out.") from None


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
    rows: Rows = []
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


def write_whole(path: str | Path, text: str) -> None:
    """Write a text file so that a reader, or a kill, finds the old file or the new, never a part.

    Raises:
        InputError: a place that cannot be written.
    """
    target = Path(path)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
            made = Path(temporary, target.name)
            with open(made, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            made.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error}). Choose another --out.") from None


def _files(forecast: Forecast, formats: list[str]) -> dict[str, bytes]:
    small = tables(forecast)
    files: dict[str, bytes] = {}
    if "csv" in formats:
        files["forecast.csv"] = csv_text(Fact._fields, forecast.facts).encode()
        files |= {f"{name}.csv": csv_text(header, rows).encode() for name, (header, rows) in small.items()}
    if "xlsx" in formats:
        files["forecast.xlsx"] = _workbook(forecast, small)
    if "parquet" in formats:
        buffer = io.BytesIO()
        forecast.frame().to_parquet(buffer, index=False)
        files["forecast.parquet"] = buffer.getvalue()
    files["manifest.json"] = (json.dumps(forecast.manifest, indent=2, sort_keys=True) + "\n").encode()
    return files


def _workbook(forecast: Forecast, small: dict[str, tuple[list[str], Rows]]) -> bytes:
    from datetime import datetime

    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "forecast", "created": datetime(2026, 1, 1)})  # same run, same bytes
    bold = book.add_format({"bold": True})
    sheets: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        **small,
        "forecast": (Fact._fields, forecast.facts),
    }
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


def _publish(made: Path, target: Path, old: Path) -> None:
    """Put a finished folder in the place of the target by renaming whole folders; what else lay there is kept.

    Between the two renames the target is missing for an instant; it never holds a mix of two runs.
    """
    if target.is_dir():
        for path in target.iterdir():
            if path.name not in OUR_FILES:
                _link(path, made / path.name)
        target.rename(old)
    try:
        made.rename(target)
    except OSError:
        if old.is_dir():
            old.rename(target)
        raise


def _link(source: Path, place: Path) -> None:
    """Give a file or a folder a second place without copying a byte of it."""
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, place, symlinks=True, copy_function=os.link)
    else:
        os.link(source, place, follow_symlinks=False)
