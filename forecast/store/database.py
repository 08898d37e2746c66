"""Open the database of a store and hold transactions on it; what the database refuses becomes one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import ForecastError, InputError
from forecast.store.migrations import migrate
from forecast.store.places import Place

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_S = 30
BATCH_ROWS = 10_000  # a file of a million rows is not held once more as records
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")  # of who writes: durable at once
DAMAGED = ("not a database", "malformed", "decode")


def open_store(place: Place, in_memory: bool = False) -> Engine:
    """Return the engine of a store with its tables made or brought up to date.

    Args:
        place: where it lies; the folder of an SQLite file is made. A file that may only be read is only read.
        in_memory: an empty store that vanishes, for a trial.

    Raises:
        InputError: the place cannot be opened or written.
    """
    from sqlalchemy import NullPool, create_engine, event

    try:
        if in_memory:
            engine = create_engine("sqlite://")
        elif place.file is None:
            engine = server_engine(place.url)
        else:
            place.file.parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(_file_url(place.file), poolclass=NullPool, connect_args={"timeout": BUSY_S})
    except OSError as error:
        raise InputError(f"{place.label}: cannot be made ({error.strerror}). Choose another --store.") from None
    read_only = engine.url.query.get("mode") == "ro"
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_prepare, () if read_only else PRAGMAS))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with transaction(engine, place.label) as connection:
        migrate(connection, read_only=read_only)
    return engine


def _file_url(file: Path) -> str:
    """Return the address of an SQLite file: of one that others write and we may only read, such that nothing is written.

    A log beside it belongs to a refresh at work, and is read with it; without one the file cannot change under us.
    """
    if not file.exists() or (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        return f"sqlite:///{file}"
    log = file.with_name(f"{file.name}-wal")
    return f"sqlite:///{file.as_uri()}?mode=ro&uri=true{'' if log.exists() else '&immutable=1'}"


def server_engine(url: str, **how: Any) -> Engine:
    """Return the engine of a PostgreSQL database; nothing is asked of it yet.

    Raises:
        InputError: its driver is not installed.
    """
    from sqlalchemy import NullPool, create_engine

    try:
        return create_engine(url, poolclass=NullPool, **how)
    except ModuleNotFoundError:
        raise InputError("store: PostgreSQL needs psycopg. Install inference-forecast[postgres].") from None


@contextmanager
def transaction(engine: Engine, label: str = "store") -> Iterator[Connection]:
    """Hold one transaction: committed whole at the end, or not at all.

    Raises:
        ForecastError: the database refuses: full disk, read-only file, no server, no database at all.
    """
    from sqlite3 import Error

    from sqlalchemy.exc import DBAPIError

    try:
        served = engine.dialect.name == "postgresql"
        with connected(engine, label) if served else engine.connect() as connection, connection.begin():
            yield connection
    except (DBAPIError, Error) as error:
        reason = _reason(error)
        if any(said in reason for said in DAMAGED):
            raise InputError(
                f"{label}: no store, or a damaged one ({reason}). Name another --store, or put a copy in its place."
            ) from None
        raise ForecastError(
            f"{label}: the store refuses ({reason}); nothing of this step was kept. Give it room and the right to write."
        ) from None


def connected(engine: Engine, label: str) -> Connection:
    """Return a connection to a server.

    Raises:
        ForecastError: it does not answer, or does not let us in.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        return engine.connect()
    except DBAPIError as error:
        raise ForecastError(
            f"{label}: no connection ({_reason(error)}). A server that answers and knows the user is needed: start it, correct "
            "--store, or name an SQLite file."
        ) from None


def _reason(error: Exception) -> str:
    """Return what the database says in one line."""
    found = getattr(error, "orig", error)
    return " ".join(str(found).split()) or type(found).__name__


def rows(connection: Connection, query: str, **values: Any) -> list[Any]:
    """Return the rows of a query with named values."""
    from sqlalchemy import text

    return list(connection.execute(text(query), values))


def insert(connection: Connection, table: str, records: Iterable[dict[str, Any]], or_ignore: bool = False) -> int:
    """Add records to a table and return how many are new; `or_ignore` leaves those that are there already."""
    from sqlalchemy import text

    def stored() -> int:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

    before, added, waiting = stored() if or_ignore else 0, 0, iter(records)
    while batch := list(islice(waiting, BATCH_ROWS)):
        columns, values = ", ".join(batch[0]), ", ".join(f":{name}" for name in batch[0])
        conflict = " ON CONFLICT DO NOTHING" if or_ignore else ""
        connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values}){conflict}"), batch)
        added += len(batch)
    return stored() - before if or_ignore else added


def replace(connection: Connection, table: str, key: str, record: dict[str, Any]) -> None:
    """Put a record in the place of the one with the same key, if there is one."""
    from sqlalchemy import text

    connection.execute(text(f"DELETE FROM {table} WHERE {key} = :value"), {"value": record[key]})
    insert(connection, table, [record])


def _prepare(pragmas: tuple[str, ...], connection: Any, _: Any) -> None:
    """Set up an SQLite connection: transactions are begun by us."""
    connection.isolation_level = None
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
