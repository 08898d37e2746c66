"""A user's file of prices as series: what no single row can show is checked here, named and left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median, median_low

from forecast.errors import InputError
from forecast.model_names import canonical_name
from forecast.trends.list_price.price_rows import OUT, PriceRow, read_rows
from forecast.trends.list_price.series import PriceSeries, blended_usd_per_mtok

WRONG_UNIT_RATIO = 100.0  # of 3,600 prices none lies more than 49 times off its model's; a wrong unit is 1,000 off
TOO_CHEAP_RATIO = 300.0  # the cheapest of them is a 140th of the middle one
LATEST_AFTER_OURS = timedelta(days=731)


@dataclass(frozen=True)
class PriceFile:
    """The series of a file, and one sentence for each thing that was left out or mended."""

    series: tuple[PriceSeries, ...]
    notes: tuple[str, ...]
    open_until: date | None  # when no row says how long it was seen: the day until which all series count as watched


def read_price_file(path: Path, ours: Sequence[PriceSeries]) -> PriceFile:
    """Return the series of a file, checked row by row, within each series, and against what we know of the models.

    A series is watched up to the file's last date or to the largest `last_seen` of its rows.

    Args:
        path: the file; see `read_rows`.
        ours: series known to us, for the usual price of a model and the last plausible date.

    Raises:
        InputError: the file cannot be read, or nothing is left of it; every reason is given.
    """
    newest = max(one.last_seen_on for one in ours) + LATEST_AFTER_OURS
    rows, notes = read_rows(path, newest)
    last_day = max((row.changed_on for row in rows), default=newest)
    usual = _usual_prices(ours)
    series = []
    by_key: dict[tuple[str, str], list[PriceRow]] = {}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    for key in sorted(by_key):
        own, said = _one_a_day(by_key[key])
        kept, off = _no_other_unit(own, usual)
        made, mended = _series(kept, last_day) if kept else (None, [])
        notes += [f"{path} {sentence}" for sentence in (*said, *off, *mended)]
        series += [made] if made else []
    if not series:
        raise InputError(
            [*notes, f"{path}: no series is left to forecast; one row a change of price is needed. Correct the file."]
        )
    closed = any(row.last_seen_on for row in rows)
    return PriceFile(tuple(series), tuple(notes), None if closed else last_day)


def _one_a_day(rows: list[PriceRow]) -> tuple[list[PriceRow], list[str]]:
    """Return the rows of one series in order of date, the last of each day, and what was said of others."""
    days = [row.changed_on for row in rows]
    last = dict(zip(days, rows, strict=True))
    said = [
        f"row {row.number}: {row.provider} {row.model} has another row for {row.changed_on}, row "
        f"{last[row.changed_on].number}, which is used. {OUT}"
        for row in rows
        if last[row.changed_on] is not row
    ]
    if days != sorted(days):
        said.append(
            f"row {rows[0].number}: the rows of {rows[0].provider} {rows[0].model} are not in order of date. Sorted."
        )
    return [last[day] for day in sorted(last)], said


def _blended(row: PriceRow) -> float:
    return blended_usd_per_mtok(row.input_usd_per_mtok, row.output_usd_per_mtok)


def _usual_prices(ours: Iterable[PriceSeries]) -> dict[str, float]:
    """Return the median price of each model that we know, and under the empty name that of all."""
    found: dict[str, list[float]] = {}
    for one in ours:
        for name in (one.same_thing[1], ""):
            found.setdefault(name, []).append(one.usd_per_mtok[-1])
    return {name: median(prices) for name, prices in found.items()}


def _no_other_unit(rows: list[PriceRow], usual: dict[str, float]) -> tuple[list[PriceRow], list[str]]:
    """Return the rows whose price is not a hundred times away from what the model costs elsewhere, or from the series' own.

    Where half of a series or more is that far from the rest, nobody can tell which half is right: all rows are off.
    """
    known = usual.get(canonical_name(rows[0].model))
    middle = known or median_low(_blended(row) for row in rows)
    off = [row for row in rows if not 1.0 / WRONG_UNIT_RATIO < _blended(row) / middle < WRONG_UNIT_RATIO]
    if not known and 2 * len(off) >= len(rows):
        off = rows
    elif not known and middle < usual[""] / TOO_CHEAP_RATIO:
        off, middle = rows, usual[""]
    said = [
        f"row {row.number}: {_blended(row):g} USD/Mtok (3:1) where about {middle:g} is usual for {row.provider} "
        f"{row.model}: another unit? {OUT}"
        for row in off
    ]
    return [row for row in rows if row not in off], said


def _series(rows: list[PriceRow], last_day: date) -> tuple[PriceSeries, list[str]]:
    """Return the series of some rows, and what had to be mended."""
    first, last = rows[0], rows[-1]
    said = [
        f"row {row.number}: provider_kind {row.kind} where row {first.number} of {row.provider} {row.model} has "
        f"{first.kind}. {first.kind} is used."
        for row in rows
        if row.kind != first.kind
    ]
    seen = max((row.last_seen_on for row in rows if row.last_seen_on), default=last_day)
    if seen < last.changed_on:
        said.append(
            f"row {last.number}: last_seen = {seen} lies before the last change of {last.provider} {last.model}, "
            f"{last.changed_on}. The day of the change is used."
        )
    days, prices = tuple(row.changed_on for row in rows), tuple(_blended(row) for row in rows)
    return PriceSeries(first.provider, first.kind, first.model, days, prices, max(seen, last.changed_on)), said
