"""The table of fits: every trend fitted anew at each vintage, written to `fits.csv` or compared with it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from forecast.distributions import parse
from forecast.inputs import awaited_fits
from forecast.refits import Record, differences, rewrite
from forecast.tables import Tables
from forecast.trends.known import TooFew
from forecast.trends.registry import EVIDENCE_ONLY, TRENDS, trends_of

SOURCE = "own-fit-trends"
VINTAGES = (date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1), date(2026, 10, 31))
HEADER = "key,value,unit,trend,observations_count,status,confidence,as_of,source,note".split(",")
TOLERANCE = 2e-3  # other processors and libraries round the last digits


def refit(tables: Tables) -> list[Record]:
    """Return a row of `fits.csv` for every input that says `fitted` at a vintage, by what was known then.

    A trend may read what another one gave (the rent reads the price of electricity): as stored in `tables`.
    """
    found = []
    giving = [name for name in TRENDS if name not in EVIDENCE_ONLY]
    for as_of in VINTAGES:
        known = tables.vintage(as_of)
        awaited = awaited_fits(known)
        found += [row for name in giving for row in _rows(name, known, str(as_of)) if row["key"] in awaited]
    return found


def _rows(name: str, tables: Tables, as_of: str) -> list[Record]:
    """Return the rows of one entry of the list at one vintage; none where too little was known."""
    try:
        made = trends_of(name, tables)
    except TooFew:
        return []
    return [
        {"key": found.key, "value": str(found.value), "unit": found.unit, "trend": trend.name,
         "observations_count": found.observations_count, "status": "derived", "confidence": found.confidence,
         "as_of": as_of, "source": SOURCE, "note": found.note}
        for trend in made for found in trend.estimates
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
