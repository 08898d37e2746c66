"""A run's files in a folder of their own that appears whole, and the pointer `latest` that is swapped last."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from forecast.errors import ForecastError

POINTER = "latest"
KEPT_FOLDERS = 7  # older ones go: `forecast export` makes their files again from the store


def publish_run(runs: Path, run_id: str, fill: Callable[[Path], None]) -> Path:
    """Make a run's folder, point `latest` at it and return it.

    Killed at any instant, `latest` points at the old folder or at the new, and both are whole. A folder that is there
    already and holds the same is used; one that holds something else stays, and the new one gets a number.

    Args:
        runs: the folder of all runs.
        run_id: name of the run.
        fill: writes the run's files into an empty folder.

    Raises:
        ForecastError: the files cannot be written; the old ones stay.
    """
    try:
        runs.mkdir(parents=True, exist_ok=True)
        _clear(runs)
        made = Path(tempfile.mkdtemp(prefix=".making-", dir=runs))
        made.chmod(0o755)
        fill(made)
        names = [runs / run_id, *(runs / f"{run_id}.{number}" for number in range(2, 1000))]
        folder = next(place for place in names if not place.exists() or _same(place, made))
        if not folder.exists():
            _sync_all(made)
            made.rename(folder)
            _sync(runs)
        _point(runs, folder.name)
        _clear(runs)
        _forget_old(runs, folder.name)
    except (OSError, ForecastError) as error:
        # Not what a writer of files makes of it: that names a folder half made, and an option that a refresh has not.
        cause = error.__cause__ or error
        reason = getattr(cause, "strerror", None) or cause
        raise ForecastError(
            f"{runs / run_id}: cannot be written ({reason}); the last published run stays. Give it room and the right to write."
        ) from None
    return folder


def latest_folder(runs: Path) -> Path | None:
    """Return the folder that `latest` points at, None before the first."""
    pointer = runs / POINTER
    if pointer.is_symlink():
        return runs / os.readlink(pointer)
    return runs / pointer.read_text("utf-8").strip() if pointer.is_file() else None


def _same(folder: Path, other: Path) -> bool:
    files, others = _files(folder), _files(other)
    return set(files) == set(others) and all(files[n].read_bytes() == others[n].read_bytes() for n in files)


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _sync_all(folder: Path) -> None:
    """Make the files of a folder durable, then the folders that name them."""
    for path in _files(folder).values():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    for inside in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
        _sync(inside)


def _point(runs: Path, name: str) -> None:
    """Swap the pointer: a link, or on systems that refuse links a file with the folder's name."""
    new = runs / f".{POINTER}-{os.getpid()}"
    try:
        new.symlink_to(name, target_is_directory=True)
    except (OSError, NotImplementedError):
        new.write_text(name, "utf-8")
    os.replace(new, runs / POINTER)
    _sync(runs)


def _sync(folder: Path) -> None:
    """Make a folder's entries durable where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _clear(runs: Path) -> None:
    """Remove what killed refreshes left half made; the lock is held, so nobody is making it now."""
    for path in runs.glob(".making-*"):
        shutil.rmtree(path)
    for path in runs.glob(f".{POINTER}-*"):
        path.unlink()


def _forget_old(runs: Path, current: str) -> None:
    folders = [path for path in runs.iterdir() if path.is_dir() and not path.is_symlink() and path.name != current]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in folders[KEPT_FOLDERS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
