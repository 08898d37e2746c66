"""Rows that a fit writes into a table: written over the old ones, or compared with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from forecast.csv_files import csv_records
from forecast.delivery.folders import publish_file
from forecast.errors import InputError

Record = dict[str, Any]


def differences(found: Mapping[str, float], kept: Mapping[str, float], tolerance: float) -> list[str]:
    """Return how fitted values differ from stored ones by more than `tolerance`, one sentence each.

    >>> differences({"a": 1.0, "b": 2.0}, {"a": 1.5, "c": 3.0}, 0.1)
    ['b: not stored', 'c: stored but not fitted', 'a: fitted 1.0000, stored 1.5000']
    """
    said = [f"{name}: not stored" for name in found if name not in kept]
    said += [f"{name}: stored but not fitted" for name in kept if name not in found]
    apart = (name for name in found if name in kept and abs(found[name] - kept[name]) > tolerance)
    return said + [f"{name}: fitted {found[name]:.4f}, stored {kept[name]:.4f}" for name in apart]


def rewrite(
    path: Path, header: list[str], rows: Iterable[Record], ours: Callable[[Record], bool], order: list[str]
) -> None:
    """Replace the rows of a CSV file that are `ours` by `rows`, all sorted by the columns in `order`.

    Raises:
        InputError: there is no such file, or no CSV with commas.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such table. Correct the path.")
    csv_records(path)  # refuses what would be misread
    with path.open(encoding="utf-8-sig", newline="") as file:
        others = [row for row in csv.DictReader(file) if not ours(row)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted([*others, *rows], key=lambda row: [row[column] for column in order]))
    publish_file(path, text.getvalue().encode())
