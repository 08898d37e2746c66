"""Read back a forecast as it was: from the store, or from what `forecast run --out` wrote, in either dialect of CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

from forecast.assumptions import Assumption
from forecast.errors import InputError
from forecast.refresh.scores import Tally, scores_of
from forecast.store.database import open_store, transaction
from forecast.store.places import Place
from forecast.store.runs import find_run, forecast_of, scenarios_of
from forecast.tidy_table import Fact, Forecast

NEEDED = "run_id scenario title as_of months seed paths inputs_digest finances_as_of counts versions".split()
WRITE_AGAIN = "Write the folder with `forecast run --out`."
USUAL = "base"


def read_run(folder: str | Path) -> Forecast:
    """Return the forecast that lies in a folder as forecast.csv and manifest.json.

    Kinds of providers come from runway.csv and assumptions from assumptions.csv, where those lie beside them.

    Raises:
        InputError: the folder or a file is missing, or does not hold what `forecast run --out` writes.
    """
    place = Path(folder)
    manifest = _manifest(place / "manifest.json")
    header, rows, comma = _table(place / "forecast.csv")
    if header != list(Fact._fields):
        wanted = ", ".join(Fact._fields)
        raise InputError(
            f"{place / 'forecast.csv'}: the columns are {', '.join(header)}; {wanted} are needed. {WRITE_AGAIN}"
        )
    if not rows:
        raise InputError(f"{place / 'forecast.csv'}: a header but no rows. {WRITE_AGAIN}")
    reading = "forecast.csv"
    try:
        facts = [_fact(row, comma) for row in rows]
        reading = "runway.csv"
        kinds = {row[0]: row[1] for row in _optional(place / reading)}
        reading = "assumptions.csv"
        assumed = [Assumption(*row)._replace(value=_number(row[1], comma)) for row in _optional(place / reading)]
    except (ValueError, TypeError, IndexError) as error:
        raise InputError(f"{place / reading}: {error}. {WRITE_AGAIN}") from None
    return Forecast(facts, manifest, kinds, assumed)


def read_kept(run: str, place: Place, scenario: str | None) -> tuple[Forecast, list[Tally]]:
    """Return a run of a store, and by outcome the scores of the store's forecasts of the same scenario.

    Args:
        run: its id, the beginning of one, or "latest".
        place: where the store lies.
        scenario: which of the run's; None: base, or the only one.

    Raises:
        InputError: no store, no such run, several, or no such scenario in it.
    """
    if not place.exists:
        raise InputError(
            f"{run}: no such folder, and no store at {place.label}. Name a folder that `forecast run --out` wrote or a run "
            f"of `forecast history`, correct --store, or ask for a scenario with --scenario {run}."
        )
    with transaction(open_store(place), place.label) as connection:
        try:
            run_id = find_run(connection, run).run_id
        except InputError as error:
            raise InputError(f"{run}: no such folder, and in the store {place.label}: {error}") from None
        known = scenarios_of(connection, run_id)
        chosen = scenario or (known[0] if len(known) == 1 else USUAL)
        return forecast_of(connection, run_id, chosen), scores_of(connection, chosen)


def _fact(row: list[str], comma: bool) -> Fact:
    if comma:
        row = [*row[:10], *(cell.replace(",", ".") for cell in row[10:])]
    cells: list[Any] = [*row[:7], row[7] or None, row[8] or None]
    cells += [int(row[9]) if row[9] else None, *(_finite(cell) if cell else None for cell in row[10:13]), int(row[13])]
    return Fact(*cells)


def _finite(cell: str) -> float:
    if not math.isfinite(value := float(cell)):
        raise ValueError(f"{cell} is not a finite number")
    return value


def _number(cell: str, comma: bool) -> float | str:
    try:
        return float(cell.replace(",", ".") if comma else cell)
    except ValueError:
        return cell


def _manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: not JSON: {error}. {WRITE_AGAIN}") from None
    missing = [key for key in NEEDED if not isinstance(found, dict) or key not in found]
    if missing:
        raise InputError(f"{path}: has no {', '.join(missing)}. {WRITE_AGAIN}")
    return dict(found)


def _table(path: Path) -> tuple[list[str], list[list[str]], bool]:
    """Return header, rows, and whether the decimals have commas, as they have where cells stand between semicolons."""
    content = _text(path).removeprefix("\ufeff")
    comma = ";" in content.partition("\n")[0]
    rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=";" if comma else ","))
    if not rows:
        raise InputError(f"{path}: the file is empty. {WRITE_AGAIN}")
    width = len(rows[0])
    if wrong := next((n for n, row in enumerate(rows, start=1) if len(row) != width), None):
        raise InputError(f"{path} row {wrong}: not the {width} cells of the header. {WRITE_AGAIN}")
    return rows[0], rows[1:], comma


def _optional(path: Path) -> list[list[str]]:
    return _table(path)[1] if path.is_file() else []


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror or error}). Name a folder that `forecast run --out` wrote."
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text. {WRITE_AGAIN}") from None
