"""Cells of a table as text that no spreadsheet runs, and tables of them as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from forecast.errors import CONTROL

# What begins a formula, as a plain negative number does not: first in a cell, or behind what a spreadsheet of another country
# takes for the end of one. Some skip control characters before it.
_BEGINS = r"(?!-[0-9]+(?:\.[0-9]+)?(?:[;,]|\Z))[=+@-]"
_BEHIND = re.compile(rf"[;,](?={_BEGINS})")
_RUNS = re.compile(rf"^{_BEGINS}|{_BEHIND.pattern}|{CONTROL.pattern}")


def safe_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula; numbers in a fixed, plain format, those of a text as they are.

    >>> safe_cell("=1+1"), safe_cell("-1"), safe_cell(0.25), safe_cell(None), safe_cell("a;=1+1")
    ("'=1+1", '-1', '0.25', '', "'a;'=1+1")
    """
    if isinstance(value, str):
        return _safe_text(value)
    if isinstance(value, float):
        return plain(value)
    return "" if value is None else value


@lru_cache(maxsize=4096)  # a column repeats a few words over thousands of rows
def _safe_text(value: str) -> str:
    return "'" + _BEHIND.sub(r"\g<0>'", CONTROL.sub("", value)) if _RUNS.search(value) else value


def plain(value: float) -> str:
    """Return eight significant digits without an exponent.

    >>> plain(123456789.0), plain(0.000012345), plain(3.0)
    ('123456790', '0.000012345', '3')
    """
    text = f"{value:.8g}"
    if "e" in text:
        text = f"{float(text):.20f}" if abs(value) < 1 else f"{float(text):.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def local_cell(value: Any) -> Any:
    """Return a safe cell whose number has a decimal comma.

    >>> local_cell(-0.25), local_cell("-1+1"), local_cell(3)
    ('-0,25', "'-1+1", 3)
    """
    return plain(value).replace(".", ",") if isinstance(value, float) else safe_cell(value)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]], comma: bool = False) -> str:
    """Return a table as CSV text, in the dialect of the decimal comma where that is asked for."""
    buffer, cell = io.StringIO(newline=""), local_cell if comma else safe_cell
    writer = csv.writer(buffer, delimiter=";" if comma else ",", lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]], decimal: str = "point") -> bytes:
    """Return a table as the bytes of a CSV file.

    Args:
        decimal: `point` is plain CSV in UTF-8; `comma` is what spreadsheets open where people write 1,5: cells divided by
            semicolons, decimal commas, and a byte order mark, without which they guess another encoding.

    >>> csv_bytes(["a", "b"], [[0.5, "x, y"]], "comma").decode("utf-8-sig")
    'a;b\\n0,5;x, y\\n'
    """
    comma = decimal == "comma"
    return csv_text(header, rows, comma).encode("utf-8-sig" if comma else "utf-8")
