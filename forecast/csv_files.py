"""CSV files of whatever origin: their cells, or a sentence that says why they cannot be read."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

from forecast.errors import InputError, header_problem

LARGEST_FILE_BYTES = 200_000_000


def csv_records(path: Path) -> list[list[str]]:
    """Return the cells of a CSV file, or of a pipe; `-` is stdin.

    Raises:
        InputError: it cannot be read, is no UTF-8 text, too large, empty, not separated by commas, or names a column twice.
    """
    if str(path) == "-":
        if sys.stdin is None:  # closed by the caller (<&-)
            raise InputError("stdin is closed. Open it, or give a file.")
        return csv_cells(sys.stdin.buffer.read(), "stdin")
    try:
        return csv_cells(csv_content(path, str(path)), str(path))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}. Correct the path.") from None


def csv_content(path: Path, label: str) -> bytes:
    """Return the bytes of a CSV file, refused where it is too large."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise InputError(f"{label}: larger than {LARGEST_FILE_BYTES // 10**6} MB. Split or shorten the file.")
    return path.read_bytes()


def csv_cells(content: bytes, label: str) -> list[list[str]]:
    """Return the cells of the content of a CSV file; what is wrong is refused as in `csv_records`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{label}: byte {error.start} is not UTF-8; tables are UTF-8 text. Save the file as UTF-8 CSV."
        ) from None
    if "\0" in text:
        raise InputError(f"{label}: holds a NUL byte; tables are UTF-8 text. Save the file as UTF-8 CSV.")
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InputError(f"{label}: {error}; tables are comma-separated CSV. Correct the quoting.") from None
    if not records:
        raise InputError(f"{label}: the file is empty; a header row is required. Restore the file.")
    if problem := header_problem(records[0]):
        raise InputError(f"{label}: {problem}")
    return records
