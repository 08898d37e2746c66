"""CSV that other people wrote, as a header and rows of texts."""

from __future__ import annotations

import csv
import io

from forecast.errors import separator_problem
from forecast.sources.quotes import SourceError, shown


def csv_rows(content: bytes) -> tuple[list[str], list[dict[str, str]]]:
    """Return the header of a CSV file and its rows by column; short rows lack their last columns.

    Raises:
        SourceError: it is not UTF-8 CSV with a header.
    """
    try:
        text = content.decode("utf-8-sig")
        records = list(csv.reader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"not UTF-8 CSV ({shown(str(error))}). Save it so.") from None
    if not records:
        raise SourceError("the file is empty; a header row is required.")
    header = [name.strip() for name in records[0]]
    if problem := separator_problem(header):
        raise SourceError(problem)
    return header, [dict(zip(header, map(str.strip, cells), strict=False)) for cells in records[1:] if any(cells)]
