"""The table of fits: every trend fitted anew at each vintage, written to `fits.csv` or compared with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

from forecast.distributions import parse
from forecast.errors import ForecastError
from forecast.inputs.fitted import awaited_fits
from forecast.refits import Record, differences, rewrite
from forecast.tables import Tables
from forecast.trends.evidence import FEWEST_POINTS
from forecast.trends.known import TooFew
from forecast.trends.registry import GIVING, trends_of
from forecast.trends.trend import Trend

SOURCE = "own-fit-trends"
VINTAGES = (date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1), date(2026, 7, 1), date(2026, 10, 31))
REFITS = len(VINTAGES) * len(GIVING)
HEADER = "key,value,unit,trend,observations_count,status,confidence,as_of,source,note".split(",")
TOLERANCE = 2e-3  # other processors and libraries round the last digits


def refit(tables: Tables, progress: Callable[[int], None] = lambda fits: None) -> list[Record]:
    """Return a row of `fits.csv` for every input that says `fitted` at a vintage, by what was known then.

    A trend may read what another one gave (the rent reads the price of electricity): as stored in `tables`.
    `progress` is called with 1 for each of the REFITS that is done.
    """
    found = []
    for as_of in VINTAGES:
        known = tables.vintage(as_of)
        awaited = awaited_fits(known)
        for name in GIVING:
            with suppress(TooFew):
                found += [row for row in rows_of(name, known, str(as_of)) if row["key"] in awaited]
            progress(1)
    return found


def rows_of(name: str, tables: Tables, as_of: str) -> list[Record]:
    """Return the rows of one entry of the list at one vintage, whether an input awaits them or not.

    Args:
        name: one of GIVING.
        tables: cut to the vintage.
        as_of: the vintage, ISO.

    Raises:
        TooFew: too little was known.
        ForecastError: the prior misses the data, so that no fit can be trusted.
    """
    return [
        {"key": found.key, "value": str(found.value), "unit": found.unit, "trend": trend.name,
         "observations_count": found.observations_count, "status": "derived", "confidence": found.confidence,
         "as_of": as_of, "source": SOURCE, "note": found.note}
        for trend in trends_of(name, tables) if _settled(trend) for found in trend.estimates
    ]  # fmt: skip


def _settled(trend: Trend) -> bool:
    """Return whether a trend gives numbers at all; refuse those of a fit that hardly any point of its prior carries."""
    points = min((one.value for one in trend.diagnostics if one.name == "effective_points"), default=FEWEST_POINTS)
    if trend.estimates and not points >= FEWEST_POINTS:
        raise ForecastError(
            f"{trend.name}: {points:.1f} points of the prior carry the fit, at least {FEWEST_POINTS} must; the data lie "
            "outside the prior. Check the newest rows."
        )
    return bool(trend.estimates)


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
