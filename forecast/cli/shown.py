"""What verbs show: a bar while they work, notes on stderr, and text laid out for the terminal."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forecast.delivery.folders import publish_file
from forecast.delivery.printed import NOTE_COLUMNS, fitted
from forecast.shipped import VINTAGE_KEYS

if TYPE_CHECKING:
    from forecast.paths import Paths
    from forecast.scenario import Scenario
    from forecast.tables import Tables
    from forecast.tidy_table import Forecast

MOVED_CORRELATION = 0.05  # from which a user is told
LEAST_COLUMNS = 60
PIPE_COLUMNS = 160  # the widest table of a run of ten years
MORE_BY_FITS = ("events", "rents")  # read by a simulation too, for closures and for rents of past months
T = TypeVar("T")


def is_quiet() -> bool:
    """Return whether the command at work was given --quiet."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get("quiet"))


def note(said: str) -> None:
    """Say something on stderr that a quiet command leaves out."""
    if not is_quiet():
        click.echo(said, err=True)


@contextmanager
def bar(length: int, label: str, hidden: bool = False) -> Iterator[Callable[[int], None]]:
    """Give what is told of each part of long work: a bar on stderr when that is a terminal, nothing elsewhere.

    Who closed stderr has no terminal there, and no stderr at all.
    """
    if hidden or is_quiet() or sys.stderr is None or not sys.stderr.isatty():
        yield lambda done: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as shown:
        yield shown.update


def steps(items: Iterable[T], label: str) -> Iterator[T]:
    """Give items one after the other, with a bar of those that are done."""
    listed = list(items)
    with bar(len(listed), label) as progress:
        for item in listed:
            yield item
            progress(1)


def put(out: str, content: str) -> None:
    """Write a text to a file as it is, or for `-` to stdout."""
    if out == "-":
        click.echo(content, nl=False)
    else:
        publish_file(out, content.encode())


def exported(
    forecast: Forecast,
    folder: str | Path,
    formats: Sequence[str],
    decimal: str,
    more: Mapping[str, bytes] | None = None,
) -> list[Path]:
    """Write a forecast's files into a folder and return them; a workbook takes seconds, and has a bar."""
    from forecast.delivery.exports import export_forecast

    twice = 2 * len(forecast.facts)  # into its sheet, and into the file
    with bar(twice, "workbook", hidden="xlsx" not in formats) as progress:
        return export_forecast(forecast, folder, formats, more, decimal, progress)


def simulated(scenario: Scenario, n_paths: int, **how: Any) -> Paths:
    """Return what `simulate` does of a scenario, with a bar, and notes on what of its inputs cannot count."""
    from forecast.draws import moved_correlation
    from forecast.simulation import simulate

    if (moved := moved_correlation(scenario.correlations)) > MOVED_CORRELATION:
        said = f"its correlations cannot all hold; the nearest that can are up to {moved:.2g} from them"
        note(f"note: {scenario.name}: {said}")
    with bar(n_paths, scenario.name) as progress:
        paths = simulate(scenario, n_paths, progress=progress, **how)
    own = _own_files(scenario.tables)
    for said in (*_unread_notes(scenario.tables, own), *_late_notes(scenario.tables, own)):
        click.echo(said, err=True)
    return paths


def _own_files(tables: Tables) -> dict[str, Path]:
    """Return the tables of the user's own folder that count, by name; what a refresh made of its observations is not his."""
    from forecast.tables import load_tables

    folders = load_tables().directories[:-1]
    files = {name: tables.file(name) for name in sorted(tables.own())}
    return {name: file for name, file in files.items() if file.parent in folders}


def _late_notes(tables: Tables, own: Mapping[str, Path]) -> list[str]:
    """Return what to say of rows of one's own that the vintage does not know yet: they move nothing."""
    notes = []
    for name in (name for name in own if name in VINTAGE_KEYS):
        shipped = [row.values for row in tables.shipped().apart()[name]]
        later = [row for row in tables.apart()[name] if row["as_of"] > tables.as_of and row.values not in shipped]
        if later:
            notes.append(
                f"note: {own[name]} row {', '.join(str(row.number) for row in later)}: known after the run's as_of, "
                f"{tables.as_of}, so it moved nothing. It counts from --as-of {min(row['as_of'] for row in later)} on."
            )
    return notes


def _unread_notes(tables: Tables, own: Mapping[str, Path]) -> list[str]:
    """Return what to say of tables of one's own that count through fits, wholly or for the most part, and no newer fit rests on."""
    notes, unread = [], tables.unread()
    for name, file in own.items():
        if file in unread:
            moved = "moved nothing: no simulation reads it"
        elif name in MORE_BY_FITS:
            moved = "moved little: a simulation reads but a part of it"
        else:
            continue
        what, table = ("throughput", "throughput_effects") if name == "throughput" else ("trends", "fits")
        fitted = file.with_name(f"{table}.csv")
        if not fitted.is_file() or fitted.stat().st_mtime < file.stat().st_mtime:
            notes.append(
                f"note: {file} {moved}. Where fits rest on it, fit anew: forecast calibrate {what} --write {fitted}"
            )
    return notes


def _finite(value: Any) -> Any:
    """Return a document with null for the numbers that JSON cannot say."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def line_columns() -> int:
    """Return how many characters a line of stdout has room for.

    Those of a terminal ($COLUMNS, if set); a narrower one than LEAST_COLUMNS breaks lines itself. A pipe or a file has PIPE_COLUMNS.
    """
    return max(LEAST_COLUMNS, shutil.get_terminal_size().columns) if sys.stdout.isatty() else PIPE_COLUMNS


def broken(text: str) -> str:
    """Return text for a person with the lines broken that a terminal has no room for."""
    return fitted(text, line_columns())


def sentences(text: str) -> str:
    """Return text that is no table with its lines broken, also where a pipe has room for more."""
    return fitted(text, min(line_columns(), NOTE_COLUMNS))


def json_text(document: Any, **form: Any) -> str:
    """Return a document as JSON in the form that `json.dumps` is given, null for what is no finite number."""
    return json.dumps(_finite(document), allow_nan=False, **form)


def answer(as_json: bool, document: Any, *text: str, **form: Any) -> None:
    """Print a document as JSON, in the form that `json.dumps` is given, or else say its text."""
    if as_json:
        click.echo(json_text(document, **form))
    else:
        say(*text)


def say(text: str, *notes: str) -> None:
    """Print text for a person; lines that a terminal has no room for are broken, and notes wherever they exceed NOTE_COLUMNS."""
    click.echo("\n".join([broken(text), *map(sentences, notes)]))
