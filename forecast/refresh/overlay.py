"""Observations as tables: a data folder that overlays the shipped one, made anew from the store for each run.

For each series the catalogues are believed in their order (`registry`): once one has spoken, a later-ranked one no
longer moves the series, so that two that disagree do not make a price jump to and fro. What a person drops is always
believed, and holds until the catalogue that leads the series reports a change. An amount equal to the one in force
adds no row, but for rents, each of which is a quote of its day. The same observations give the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from forecast.errors import ForecastError
from forecast.refresh.known import LAYOUTS, AmountHistory, comparable, table_rows
from forecast.sources.registry import RANK, SOURCES
from forecast.store.observations import Observation
from forecast.tables import Tables

PEOPLE = "drop"


def overlaid_tables(shipped: Tables, seen: Sequence[Observation], folder: Path) -> Tables:
    """Return the tables with the observations in them; files are written into `folder`, which must outlive them.

    Args:
        shipped: the tables without the store.
        seen: observations of the store, in its order.
        folder: place for the tables that change; its name is part of what they are called in records.

    Raises:
        ForecastError: the folder cannot be written.
    """
    try:
        folder.mkdir()
        for name, content in overlay_files(shipped, seen).items():
            (folder / f"{name}.csv").write_bytes(content)
    except OSError as error:
        raise ForecastError(f"{folder}: cannot be written ({error.strerror}). Give it room, or set TMPDIR.") from None
    return Tables((folder, *shipped.directories)) if seen else shipped


def overlay_files(shipped: Tables, seen: Sequence[Observation]) -> dict[str, bytes]:
    """Return the content of each table that observations add rows to."""
    files = {}
    for name, layout in LAYOUTS.items():
        rows = table_rows(shipped, name)
        added = _rows(name, rows, [one for one in seen if one.target == name])
        if added:
            merged = sorted(rows + added, key=lambda row: row[layout.date]) if name != "electricity" else rows + added
            files[name] = _csv(merged)
    return files


def _rows(name: str, rows: list[dict[str, str]], seen: list[Observation]) -> list[dict[str, str]]:
    """Return the rows that observations add to a table, ordered by date and name."""
    layout, history = LAYOUTS[name], AmountHistory()
    for row in rows:
        history.add(*layout.read(name, row))
    added = []
    for one in believed(seen):
        repeated = name != "rents" and history.in_force(one.series, one.as_of) == one.amounts
        if not repeated and one.amounts not in history.said_on(one.series, one.as_of):
            history.add(one.series, one.as_of, one.amounts)
            added.append(_row(one, list(rows[0])))
    return added


def believed(seen: Iterable[Observation]) -> list[Observation]:
    """Return the observations of the source that each series follows, ordered by date, series, source, and as they came."""
    leader: dict[tuple[str, ...], int] = {}
    found = []
    for one in sorted(seen, key=lambda o: (o.as_of, o.series, RANK.get(o.source, len(RANK)))):
        rank = RANK.get(one.source, len(RANK))
        if one.source == PEOPLE:
            found.append(one)
        elif rank <= leader.get(comparable(one.series), len(RANK)):
            leader[comparable(one.series)] = rank
            found.append(one)
    return found


def _row(one: Observation, header: Sequence[str]) -> dict[str, str]:
    """Return an observation as a row of its table."""
    layout = LAYOUTS[one.target]
    cells = {
        layout.date: one.as_of,
        "as_of": one.as_of,
        layout.provider: one.provider,
        layout.item: one.item,
        layout.channel: one.channel,
        **{column: repr(amount) for column, amount in zip(layout.amounts, one.amounts, strict=True)},
        "status": "measured",
        "confidence": "medium",
        "source": SOURCES[one.source].key,
    }
    if one.target == "price_changes":
        cells["provider_kind"] = one.kind
    if one.target == "electricity":
        cells |= {"category": "price", "unit": "USD/kWh"}
    return {column: cells.get(column, "") for column in header}


def _csv(rows: Sequence[dict[str, str]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
