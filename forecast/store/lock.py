"""The operating system's lock on a store: whoever dies loses it, so no stale lock can exist."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from forecast.errors import ForecastError, InputError
from forecast.store.database import connected, server_engine
from forecast.store.places import Place

WAIT_S = 0.1
SERVER_LOCK = 0x464F5245  # a number of our own among the advisory locks of a PostgreSQL database


class Locked(ForecastError):
    """Another refresh holds the lock."""


@contextmanager
def locked(place: Place, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a store: on a file beside it, and for a server also on the database, for other machines.

    Raises:
        Locked: another process holds it and `wait` is not asked for.
        InputError: the lock file cannot be made.
    """
    try:
        place.lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place.lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InputError(f"{place.lock}: cannot be made ({error.strerror}). Choose another --store.") from None
    try:
        _until(lambda: _take(handle), place, wait)
        with nullcontext() if place.file else _server_lock(place, wait):
            yield
    finally:
        os.close(handle)


def _until(taken: Callable[[], bool], place: Place, wait: bool) -> None:
    """Try to take the lock again and again; raise Locked at the first failure where waiting is not asked for."""
    while not taken():
        if not wait:
            raise Locked(f"{place.label}: another refresh holds the lock. Try later, or --if-locked wait.")
        time.sleep(WAIT_S)


def _take(handle: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _server_lock(place: Place, wait: bool) -> Iterator[None]:
    from sqlalchemy import text

    engine = server_engine(place.url, isolation_level="AUTOCOMMIT")
    with connected(engine, place.label) as connection:  # the lock is the session's: it ends with the connection
        take = text("SELECT pg_try_advisory_lock(:number)")
        _until(lambda: connection.execute(take, {"number": SERVER_LOCK}).scalar_one(), place, wait)
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": SERVER_LOCK})
