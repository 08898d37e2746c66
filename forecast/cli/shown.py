"""What verbs show: a bar while they work, notes on stderr, and text laid out for the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forecast.delivery.printed import fitted

if TYPE_CHECKING:
    from forecast.paths import Paths
    from forecast.scenario import Scenario
    from forecast.tidy_table import Forecast

MOVED_CORRELATION = 0.05  # from which a user is told
NOTE_COLUMNS, LEAST_COLUMNS = 120, 60
T = TypeVar("T")


@contextmanager
def bar(length: int, label: str, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Give what is told of each part of long work: a bar on stderr when that is a terminal, nothing elsewhere.

    Who closed stderr has no terminal there, and no stderr at all.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda done: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as shown:
        yield shown.update


def steps(items: Iterable[T], label: str, quiet: bool) -> Iterator[T]:
    """Give items one after the other, with a bar of those that are done."""
    listed = list(items)
    with bar(len(listed), label, quiet) as progress:
        for item in listed:
            yield item
            progress(1)


def exported(
    forecast: Forecast,
    directory: str | Path,
    formats: Sequence[str],
    quiet: bool,
    decimal: str,
    more: Mapping[str, bytes] | None = None,
) -> list[Path]:
    """Write a forecast's files into a folder, note each on stderr and return them; a workbook takes seconds, and has a bar."""
    from forecast.delivery.exports import export_forecast

    twice = 2 * len(forecast.facts)  # into its sheet, and into the file
    with bar(twice, "workbook", quiet or "xlsx" not in formats) as progress:
        paths = export_forecast(forecast, directory, formats, more, decimal, progress)
    for path in () if quiet else paths:
        click.echo(f"wrote {path}", err=True)
    return paths


def simulated(
    scenario: Scenario,
    quiet: bool,
    keep_months: Iterable[int] = (),
    n_paths: int = 10_000,
    seed: int = 7,
    keep_more: Iterable[str] = (),
    **how: Any,
) -> Paths:
    """Return the simulation of a scenario, with a bar on stderr when that is a terminal and `quiet` is not asked for.

    `how` is the rest of `run_options`: threads, engine and scheduler.
    """
    from forecast.cli.own_tables import late_notes, unread_notes
    from forecast.draws import moved_correlation
    from forecast.simulation import simulate

    if not quiet and (moved := moved_correlation(scenario.correlations)) > MOVED_CORRELATION:
        said = f"its correlations cannot all hold; the nearest that can are up to {moved:.2g} from them"
        click.echo(f"note: {scenario.name}: {said}", err=True)
    with bar(n_paths, scenario.name, quiet) as progress:
        paths = simulate(
            scenario, n_paths, seed, progress=progress, keep_months=keep_months, keep_more=keep_more, **how
        )
    for note in (*unread_notes(scenario.tables), *late_notes(scenario.tables)):
        click.echo(note, err=True)
    return paths


def line_columns() -> int:
    """Return how many characters a line of stdout has room for.

    Those of a terminal ($COLUMNS, if set); a narrower one than LEAST_COLUMNS breaks lines itself. A pipe or a file has room.
    """
    return max(LEAST_COLUMNS, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 1000


def broken(text: str) -> str:
    """Return text for a person with the lines broken that a terminal has no room for."""
    return fitted(text, line_columns())


def say(text: str, *notes: str) -> None:
    """Print text for a person; lines that a terminal has no room for are broken, and notes wherever they exceed NOTE_COLUMNS."""
    click.echo("\n".join([broken(text), *(fitted(note, min(line_columns(), NOTE_COLUMNS)) for note in notes)]))
