"""Files that appear whole: written to a temporary place, made durable, and moved into their folder together."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from forecast.errors import InputError

# What lies in a folder beside our files is given a second place there: much of it is no folder of forecasts.
MOST_STRANGERS = 1000


def publish_files(directory: str | Path, files: Mapping[str, bytes], ours: Collection[str]) -> list[Path]:
    """Write files into a folder and return their paths; a killed run leaves the old files or the new, no mix.

    Args:
        directory: folder, made when missing.
        files: content by name.
        ours: names that belong to such a set: old ones among them go, everything else in the folder stays.

    Raises:
        InputError: a place that cannot be written, the working folder or one around it, a mounted folder, one full of other
            things, or that has a folder named like one of the files.
    """
    target = _real(directory)
    _refuse_foreign(target, ours)
    with _beside(target) as temporary:
        made_in = temporary / "new"
        made_in.mkdir()
        for name, content in files.items():
            _write_durably(made_in / name, content)
        with _alone(target.parent):
            _publish(made_in, target, temporary / "old", ours)
    return sorted(Path(directory) / name for name in files)


def refuse_place(path: str | Path, ours: Collection[str] | None = None) -> None:
    """Try a place before the work for it is done; nothing is left there.

    Args:
        path: file to write, or with `ours` a folder.
        ours: names of the files that will be published in the folder.

    Raises:
        InputError: a place that cannot be written; of a folder also one that somebody stands in, that is mounted, that holds much else, or a folder
            named like one of our files.
    """
    target = _real(path)
    if ours is not None:
        _refuse_foreign(target, ours)
    elif target.exists() and not target.is_file() and not target.is_dir():
        return  # a device or a pipe is written to as it is
    above = next((place for place in target.parents if os.path.lexists(place)), target.parent)
    with _writing(target), tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=above):
        pass


def _refuse_foreign(target: Path, ours: Collection[str]) -> None:
    """Refuse to replace a folder that somebody stands in, that is mounted, or that holds much besides our files, or folders so named."""
    if not target.is_dir():
        return
    with _writing(target):
        here = Path.cwd()
    if here.is_relative_to(target):
        raise InputError(
            f"{target}: the whole folder would be replaced, and it is your working folder. Choose another --out, or one below."
        )
    if os.path.ismount(target):  # of a folder that another publication has just moved it says no
        raise InputError(
            f"{target}: the folder is replaced whole, and a mounted one cannot be. Choose one below, such as {target / 'forecast'}."
        )
    if folders := [name for name in ours if (target / name).is_dir()]:
        raise InputError(f"{target / folders[0]}: a folder, where a file of that name would be written. Rename it.")
    # A walk passes over what another publication takes away meanwhile.
    strangers = (name for _, deeper, files in os.walk(target) for name in (*deeper, *files) if name not in ours)
    if len(list(islice(strangers, MOST_STRANGERS + 1))) > MOST_STRANGERS:
        raise InputError(
            f"{target}: holds more than {MOST_STRANGERS:,} other files, and the folder is replaced whole. Choose a folder of "
            f"its own, such as {target / 'forecast'}."
        )


def _publish(made: Path, target: Path, old: Path, ours: Collection[str]) -> None:
    """Put a finished folder in the place of the target by renaming whole folders; what else lay there is kept.

    Between the two renames the target is missing for an instant; it never holds a mix of two runs.
    """
    if target.is_dir():
        for path in target.iterdir():
            if path.name not in ours:
                _link(path, made / path.name)
        shutil.copymode(target, made)
        target.rename(old)
    try:
        made.rename(target)
    except OSError:
        if old.is_dir():
            old.rename(target)
        raise


def _link(source: Path, place: Path) -> None:
    """Give a file or a folder a second place without copying a byte of it."""
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, place, symlinks=True, copy_function=os.link)
    else:
        os.link(source, place, follow_symlinks=False)


def picture_format(path: str | Path) -> str:
    """Return the format that a picture's name asks for, png or svg.

    Raises:
        InputError: another ending.
    """
    if Path(path).suffix not in (".png", ".svg"):
        raise InputError(f"{path}: a picture ends in .png or .svg. Correct the name.")
    return Path(path).suffix[1:]


def publish_file(path: str | Path, content: bytes) -> Path:
    """Write one file and return its path; a killed run leaves the old file or the new.

    A device or a pipe, such as /dev/null, is written to and stays what it is; so does a link to a file.

    Raises:
        InputError: a place that cannot be written.
    """
    target = _real(path)
    if target.exists() and not target.is_file() and not target.is_dir():
        with _writing(target):
            target.write_bytes(content)
        return Path(path)
    with _beside(target) as temporary:
        _write_durably(temporary / "new", content)
        (temporary / "new").replace(target)
    return Path(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock: of two that publish at once, one would find the place empty and lose what else lay there."""
    if os.name != "posix":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # freed with the handle, also when the process dies
        yield
    finally:
        os.close(handle)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside a place, made when missing."""
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as temporary:
            yield Path(temporary)


@contextmanager
def _writing(place: str | Path) -> Iterator[None]:
    """Say of what cannot be written that it is bad input."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{place}: cannot be written ({error.strerror or error}). Choose another --out.") from error


def _real(path: str | Path) -> Path:
    """Return the place itself behind links, which stay links."""
    with _writing(path):
        return Path(os.path.realpath(path))


def _write_durably(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        os.fsync(file.fileno())
