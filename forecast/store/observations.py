"""Observations in the store: prices, rents and electricity as a source gave them; rows are added, never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.store.database import insert, replace, rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Observation(NamedTuple):
    """One amount that a source gave for a series, from when it holds (`as_of`) and when we saw it."""

    source: str
    target: str  # the table it belongs to: price_changes, rents or electricity
    provider: str  # seller or landlord; empty for electricity
    item: str  # model, accelerator or region
    channel: str  # kind of contract of a rent, period of an electricity price; else empty
    kind: str  # kind of the seller of a price; else empty
    amounts: tuple[float, ...]  # input and output USD/Mtok; USD/accelerator-hour; USD/kWh
    as_of: str
    observed_at: str

    @property
    def series(self) -> tuple[str, str, str, str]:
        """What the amount is of, whoever says it."""
        return self.target, self.provider, self.item, self.channel


class Suspect(NamedTuple):
    """A row of a feed that is not believed, and why."""

    source: str
    target: str
    provider: str
    item: str
    found: str
    reason: str


def add_observations(connection: Connection, found: Iterable[Observation]) -> int:
    """Add observations and return how many were not there yet."""
    records = (one._asdict() | {"amounts": json.dumps(one.amounts)} for one in found)
    return insert(connection, "observations", records, or_ignore=True)


def observations(connection: Connection, through: int | None = None) -> list[Observation]:
    """Return the observations in the order they came, up to the one numbered `through`."""
    columns = ", ".join(Observation._fields)
    query = f"SELECT {columns} FROM observations WHERE id <= :through ORDER BY id"
    found = rows(connection, query, through=2**62 if through is None else through)
    return [Observation(*row)._replace(amounts=tuple(json.loads(row.amounts))) for row in found]


def last_observation(connection: Connection) -> int:
    """Return the number of the newest observation, 0 without any."""
    return int(rows(connection, "SELECT coalesce(max(id), 0) FROM observations")[0][0])


def add_quarantine(connection: Connection, found: Iterable[Suspect], observed_at: str) -> int:
    """Add rows that are not believed; one that was seen before is not added again. Return how many are new."""
    records = (one._asdict() | {"observed_at": observed_at} for one in found)
    return insert(connection, "quarantine", records, or_ignore=True)


def quarantine(connection: Connection) -> list[dict[str, Any]]:
    """Return what is in quarantine, the oldest first."""
    columns = ", ".join((*Suspect._fields, "observed_at"))
    return [dict(row._mapping) for row in rows(connection, f"SELECT {columns} FROM quarantine ORDER BY id")]


def feed_state(connection: Connection, source: str) -> dict[str, Any]:
    """Return what the last answer of a source said of itself; empty before the first."""
    found = rows(connection, "SELECT * FROM feeds WHERE source = :source", source=source)
    return dict(found[0]._mapping) if found else {}


def save_feed_state(connection: Connection, state: dict[str, Any]) -> None:
    """Remember the last answer of a source in the place of the one before."""
    replace(connection, "feeds", "source", state)
