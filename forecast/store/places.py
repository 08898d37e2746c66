"""Where a store lies: its database, and beside it the published runs, the drop folder and the lock."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from forecast.errors import InputError

FILE_NAME = "store.sqlite"


@dataclass(frozen=True)
class Place:
    """A store's address as SQLAlchemy takes it, its name without a password, and the folders that belong to it."""

    url: str
    label: str
    file: Path | None  # the SQLite file; None for a server
    runs: Path
    drop: Path
    lock: Path

    @property
    def exists(self) -> bool:
        """Whether something may be stored there; a server is asked when it is opened."""
        return self.file is None or self.file.is_file()


def place_of(address: str | None = None) -> Place:
    """Return the place of a store.

    Args:
        address: path of an SQLite file, or a URL of a PostgreSQL database; by default $FORECAST_STORE, and without
            that a file in the platform's user data directory.

    Raises:
        InputError: a folder, or a URL of another kind of database.
    """
    text = address or os.environ.get("FORECAST_STORE") or str(_user_directory() / FILE_NAME)
    if text.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        return _server(text)
    if text.startswith("sqlite:///"):
        text = text.removeprefix("sqlite:///")
    elif "://" in text:
        kind = text.partition("://")[0]
        raise InputError(f"store {kind}://…: an SQLite file or a postgresql:// URL is allowed. Correct --store.")
    file = Path(text).expanduser().resolve()
    if file.is_dir():
        raise InputError(f"{file}: a folder; a store is a file. Write --store {file / FILE_NAME}.")
    runs, lock = (file.with_name(name) for name in (f"{file.stem}.runs", f"{file.name}.lock"))
    return Place(f"sqlite:///{file}", str(file), file, runs, _drop(file.parent), lock)


def stored(address: str | None) -> Place:
    """Return the place of a store that must be there already.

    Raises:
        InputError: it is not, or as in `place_of`.
    """
    place = place_of(address)
    if not place.exists:
        raise InputError(f"{place.label}: no store there. Run `forecast refresh`, or correct --store.")
    return place


def _server(url: str) -> Place:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        made = make_url(url).set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise InputError("store: the postgresql:// URL cannot be read. Correct --store.") from None
    beside = _user_directory()
    nickname = hashlib.sha256(made.render_as_string(hide_password=True).encode()).hexdigest()[:8]
    label = made.set(drivername="postgresql").render_as_string(hide_password=True)
    runs, lock = (beside / f"{nickname}.{what}" for what in ("runs", "lock"))
    return Place(made.render_as_string(hide_password=False), label, None, runs, _drop(beside), lock)


def _drop(beside: Path) -> Path:
    given = os.environ.get("FORECAST_DROP")
    return Path(given).expanduser() if given else beside / "drop"


def _user_directory() -> Path:
    from platformdirs import user_data_path

    return user_data_path("inference-forecast", appauthor=False)
