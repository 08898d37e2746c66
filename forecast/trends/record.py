"""The table of fits: every trend fitted anew at each vintage, written to `fits.csv` or compared with it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from forecast.distributions import parse
from forecast.refits import Record, differences, rewrite
from forecast.tables import Tables
from forecast.trends.known import TooFew
from forecast.trends.registry import TRENDS

SOURCE = "own-fit-trends"
VINTAGES = (date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1), date(2026, 10, 31))
HEADER = "key,value,unit,trend,observations_count,status,confidence,as_of,source,note".split(",")
TOLERANCE = 2e-3  # other processors and libraries round the last digits


def refit(tables: Tables) -> list[Record]:
    """Return a row of `fits.csv` for every estimate of every trend at every vintage, by what was known then."""
    return [row for as_of in VINTAGES for name in TRENDS for row in _rows(name, tables.vintage(as_of), str(as_of))]


def _rows(name: str, tables: Tables, as_of: str) -> list[Record]:
    """Return the rows of one trend at one vintage; none where too little was known."""
    try:
        made = TRENDS[name](tables)
    except TooFew:
        return []
    return [
        {"key": found.key, "value": str(found.value), "unit": found.unit, "trend": name,
         "observations_count": found.observations_count, "status": "derived", "confidence": found.confidence,
         "as_of": as_of, "source": SOURCE, "note": found.note}
        for found in made.estimates
    ]  # fmt: skip


def write(path: Path, rows: list[Record]) -> None:
    """Rewrite the fitted rows of a `fits` file; rows of other sources stay as they are."""
    rewrite(path, HEADER, rows, lambda row: row["source"] == SOURCE, ["key", "as_of"])


def changes(tables: Tables, rows: list[Record]) -> list[str]:
    """Return how the rows of a refit differ from the stored ones, one sentence each."""
    stored = [row.values | {"as_of": str(row["as_of"])} for row in tables["fits"] if row["source"] == SOURCE]
    return differences(_numbers(rows), _numbers(stored), TOLERANCE)


def _numbers(rows: list[Record]) -> dict[str, float]:
    """Return each argument of each fitted distribution by key, vintage, form and place."""
    return {
        f"{row['key']} at {row['as_of']}, {made.name} {i}": number
        for row in rows
        for made in [parse(str(row["value"]))]
        for i, number in enumerate(made.arguments)
    }
