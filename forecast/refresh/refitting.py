"""Trends fitted anew to what the store has learnt: the rows of each vintage, written into the `fits.csv` of the overlay.

A fit follows from the tables, the vintage and the code, all of which are in the key of a run; so the key can be made,
and a run found to be up to date, without fitting. Rows of earlier vintages stay. A trend that cannot be fitted leaves the
last row known before it in force, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from forecast.errors import ForecastError
from forecast.inputs.fitted import awaited_fits, misfits
from forecast.refits import Record, rewrite
from forecast.store.observations import Observation
from forecast.tables import Tables
from forecast.trends.record import HEADER, rows_of
from forecast.trends.registry import GIVING, KEPT

# What owning an accelerator costs, and so the rent over it, follows from the fitted price of electricity.
STAGES = (("electricity",), tuple(name for name in GIVING if name not in ("electricity", *KEPT)))


class Warned(NamedTuple):
    """A trend that could not be fitted anew at a vintage, and why."""

    trend: str
    message: str


def refitted(tables: Tables, seen: Sequence[Observation], vintages: Iterable[date]) -> tuple[Tables, list[Warned]]:
    """Return the tables with the trends fitted anew at each vintage, and what could not be.

    A vintage that ends before the first observation knows nothing new and keeps the stored fits.

    Args:
        tables: with the observations in them; the first of their directories is the overlay, which is written to.
        seen: the observations.
        vintages: those of the scenarios to run.

    Raises:
        ForecastError: the overlay cannot be written.
    """
    warned: list[Warned] = []
    if not seen:  # then the first directory is no overlay of the store's, but somebody's data
        return tables, warned
    first = min(one.as_of for one in seen)
    for as_of in sorted(set(vintages)):
        for names in STAGES if first <= str(as_of) else ():
            rows, problems = _fitted(tables.vintage(as_of), names, str(as_of))
            tables = _with_rows(tables, rows)
            warned += problems
    return tables, warned


def _fitted(tables: Tables, names: Iterable[str], as_of: str) -> tuple[list[Record], list[Warned]]:
    """Return the rows that inputs await of some trends at one vintage, and each trend that gives less than it gave."""
    awaited = awaited_fits(tables)
    found: list[Record] = []
    warned = []
    for name in names:
        in_force = tables["fits"].latest("key").items()  # of a trend of the list, or of one of its members
        needed = {key for key, row in in_force if row["trend"].partition("-")[0] == name} & awaited
        try:
            rows = [row for row in rows_of(name, tables, as_of) if row["key"] in awaited]
            wrong = misfits(tables, rows)
        except Exception as error:  # whatever it is: the stored fit stays, and the reason goes into the record
            rows, wrong = [], {}
            why = str(error) if isinstance(error, ForecastError) else f"{type(error).__name__}: {error}"
        else:
            why = "; ".join(f"{key}: {said}" for key, said in wrong.items()) or "the fit gives no such number"
        good = [row for row in rows if row["key"] not in wrong]
        if missing := sorted(needed - {row["key"] for row in good}):
            warned.append(Warned(name, f"at {as_of} the last fit stays of {', '.join(missing)}: {why}"))
        found += good
    return found, warned


def _with_rows(tables: Tables, rows: Sequence[Record]) -> Tables:
    """Return the tables with rows added to their fits; a row of the same key and vintage is replaced."""
    path = tables.directories[0] / "fits.csv"
    ours = {(row["key"], row["as_of"]) for row in rows}
    try:
        if (source := tables.file("fits")) != path:
            path.write_bytes(source.read_bytes())
        rewrite(path, HEADER, rows, lambda row: (row["key"], row["as_of"]) in ours, ["key", "as_of"])
    except OSError as error:
        raise ForecastError(f"{path}: cannot be written ({error.strerror}). Give it room, or set TMPDIR.") from None
    return Tables(tables.directories)
