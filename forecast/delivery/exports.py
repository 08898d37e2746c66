"""Writers: the tidy table, the small ones and what is assumed, as CSV, XLSX or Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.assumptions import Assumption
from forecast.delivery.cell_text import csv_bytes
from forecast.delivery.columns import HEADER, columns
from forecast.delivery.folders import publish_files
from forecast.delivery.small_tables import Rows, tables
from forecast.errors import InputError, check_kind
from forecast.tidy_table import SAMPLE, Fact, Forecast

if TYPE_CHECKING:
    import pandas

FORMATS = ("csv", "xlsx", "parquet")  # a further one is an entry here, in `_files` and in `sheet_files`
OUR_FILES = (
    *"runway.csv finances.csv prices.csv consolidation.csv convergence.csv assumptions.csv columns.csv manifest.json".split(),
    *(f"{name}.{ending}" for name in ("forecast", "sample_paths") for ending in FORMATS),
)
COMPARISON_FILES = tuple(  # those of `forecast compare`
    f"{name}.{ending}" for name in ("comparison", "comparison_columns") for ending in FORMATS
)
SHEET_ROWS = 2**20


def export_forecast(
    forecast: Forecast | pandas.DataFrame,
    directory: str | Path,
    formats: Iterable[str] = ("csv",),
    more: Mapping[str, bytes] | None = None,
    decimal: str = "point",
    progress: Callable[[int], None] = lambda facts: None,
) -> list[Path]:
    """Write a forecast into a folder and return the files; a killed run leaves the old files or the new, no mix.

    Args:
        forecast: what `summarize` returned, as a Forecast or as its DataFrame.
        directory: folder, made when missing; files of the same name are replaced together.
        formats: any of csv, xlsx, parquet.
        more: content of further files by name, published with the others.
        decimal: how CSV writes numbers, `point` or `comma` (see `csv_bytes`).
        progress: of the workbook, the only file that takes seconds (see `workbook`).

    Raises:
        InputError: an unknown format, or a place that cannot be written.
    """
    check_kind("directory", directory, (str, Path), "a folder")
    made = forecast if isinstance(forecast, Forecast) else from_frame(forecast)
    files = _files(made, checked_formats(formats), decimal, progress)
    return publish_files(directory, files | dict(more or {}), OUR_FILES)


def checked_formats(formats: Iterable[str]) -> list[str]:
    """Return the formats as a list, without blanks and capitals.

    Raises:
        InputError: one of them is unknown, there is none, or a text stands where a list is needed.
    """
    if isinstance(formats, str) or not isinstance(formats, Iterable):
        raise InputError(f'formats = {formats!r}: a list such as ["csv", "xlsx"] is needed. Correct it.')
    wanted = [name for each in formats if (name := str(each).strip().lower())]
    if (wrong := [f for f in wanted if f not in FORMATS]) or not wanted:
        raise InputError(f"--format {', '.join(wrong)}: one of {', '.join(FORMATS)} is allowed. Correct it.")
    return wanted


def from_frame(frame: pandas.DataFrame) -> Forecast:
    """Return the forecast that a tidy DataFrame holds, its columns in any order.

    Raises:
        InputError: a column of the tidy table is missing.
    """
    if missing := [name for name in Fact._fields if name not in getattr(frame, "columns", ())]:
        raise InputError(f"export: no column {', '.join(missing)}. Give a table that summarize returned.")
    frame = frame[list(Fact._fields)]
    blank = frame.astype(object).where(frame.notna(), None)
    facts = [
        Fact(*row)._replace(month=None if row[9] is None else int(row[9]))
        for row in blank.itertuples(index=False, name=None)
    ]
    assumed = [Assumption(*row) for row in frame.attrs.get("assumptions", [])]
    return Forecast(facts, dict(frame.attrs.get("manifest", {})), dict(frame.attrs.get("provider_kinds", {})), assumed)


def sheet_files(
    name: str, header: Sequence[str], rows: Rows, formats: Sequence[str], decimal: str = "point"
) -> dict[str, bytes]:
    """Return one table as a file of each format, by file name; `formats` are checked ones.

    Raises:
        InputError: more rows than a sheet holds.
    """
    if "xlsx" in formats and len(rows) >= SHEET_ROWS:
        raise InputError(f"{name}.xlsx: {len(rows):,} rows, a sheet holds {SHEET_ROWS - 1:,}. Ask for csv or parquet.")
    files = {}
    if "csv" in formats:
        files[f"{name}.csv"] = csv_bytes(header, rows, decimal)
    if "xlsx" in formats:
        from forecast.delivery.workbook import plain_workbook

        files[f"{name}.xlsx"] = plain_workbook(name, header, rows)
    if "parquet" in formats:
        import pandas

        files[f"{name}.parquet"] = _parquet(pandas.DataFrame(rows, columns=list(header)))
    return files


def tidy_csv(forecast: Forecast, decimal: str = "point") -> bytes:
    """Return the tidy table as the bytes of a CSV file."""
    return csv_bytes(Fact._fields, forecast.facts, decimal)


def _files(forecast: Forecast, formats: list[str], decimal: str, progress: Callable[[int], None]) -> dict[str, bytes]:
    small = {**tables(forecast), "assumptions": (Assumption._fields, forecast.assumptions)}
    files: dict[str, bytes] = {}
    if "csv" in formats:
        headers = {name: header for name, (header, _) in small.items()}
        small["columns"] = HEADER, columns(headers | {"forecast": Fact._fields, "sample_paths": SAMPLE})
        files = {f"{name}.csv": csv_bytes(header, rows, decimal) for name, (header, rows) in small.items()}
        files["forecast.csv"] = tidy_csv(forecast, decimal)
    if "xlsx" in formats:
        from forecast.delivery.workbook import workbook  # six modules: only for those who ask

        files["forecast.xlsx"] = workbook(forecast, progress)
    if "parquet" in formats:
        files["forecast.parquet"] = _parquet(forecast.frame())
    files["manifest.json"] = (json.dumps(forecast.manifest, indent=2, sort_keys=True) + "\n").encode()
    return files


def _parquet(frame: pandas.DataFrame) -> bytes:
    frame.attrs, buffer = {}, io.BytesIO()  # the manifest tells how long the run took: two runs that agree would differ
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
