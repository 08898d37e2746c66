"""Options that several verbs share, and the progress bar they show."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from forecast.delivery.printed import fitted
from forecast.errors import InputError

if TYPE_CHECKING:
    from forecast.paths import Paths
    from forecast.scenario import Scenario
    from forecast.tables import Tables
    from forecast.tidy_table import Forecast

MOVED_CORRELATION = 0.05  # from which a user is told
NOTE_COLUMNS, LEAST_COLUMNS = 120, 60
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
T = TypeVar("T")


def _all(*decorators: Decorator) -> Decorator:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


class Day(click.DateTime):
    """A calendar day, written 2026-10-31."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the day that a text writes; another text is a usage error."""
        try:
            return super().convert(value, param, ctx).date()
        except click.BadParameter:
            self.fail(f"{value!r} is no day; write it as 2026-10-31.", param, ctx)


class Place(click.Path):
    """A file or a folder to write, refused before any work is done when it cannot be written; `-` is stdout."""

    def __init__(self, folder: bool = False) -> None:
        super().__init__(file_okay=not folder, dir_okay=folder, allow_dash=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; a place that cannot be written is bad input."""
        from forecast.delivery.exports import COMPARISON_FILES, OUR_FILES
        from forecast.delivery.folders import refuse_place

        found = super().convert(value, param, ctx)
        if found != "-":
            refuse_place(str(found), (*OUR_FILES, *COMPARISON_FILES) if self.dir_okay else None)
        return found


class Picture(Place):
    """A file to draw into, refused as well when its ending is none that can be drawn."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; another ending than .png or .svg is bad input."""
        from forecast.delivery.folders import picture_format

        picture_format(value)
        return super().convert(value, param, ctx)


def as_of_option(said: str = "Vintage: use only what was known by then.", required: bool = False) -> Decorator:
    """Return the option --as-of, a day."""
    return click.option("--as-of", "as_of", type=Day(), required=required, help=said)


set_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override an input; repeatable."
)
input_options = _all(
    set_option,
    as_of_option(),
    click.option("--months", type=int, help="Horizon in months."),
)
scenario_options = _all(click.argument("scenario", default="base"), input_options)
chance_options = _all(
    click.option("--paths", "n_paths", type=int, default=10_000, show_default=True, help="Number of Monte Carlo paths."),
    click.option("--seed", type=int, default=7, show_default=True, help="Of the random numbers: the same seed gives the same bits."),
)  # fmt: skip
threads_option = click.option(
    "--threads", type=int, help="Workers; results do not depend on it.  [default: processors]"
)
quiet_option = click.option("--quiet", is_flag=True, help="No progress.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
# of verbs that price a need of the buyer's own on the engine's paths
need_options = _all(
    set_option,
    as_of_option(),
    chance_options,
    json_option,
    quiet_option,
)
run_options = _all(
    chance_options,
    threads_option,
    click.option("--engine", default="local", show_default=True, help="local, or dask (a cluster), with the same bits."),
    click.option("--scheduler", metavar="ADDR", help="A running Dask scheduler.  [default: a cluster on this machine]"),
    quiet_option,
)  # fmt: skip


def outcome_options(said: str) -> Decorator:
    """Return the options of verbs that study outcomes on one sample of paths; `said` is what an outcome is to them."""
    outcome = click.option("--outcome", "outcomes", multiple=True, metavar="OUTCOME[:ENTITY][@MONTH]", help=said)
    return _all(scenario_options, chance_options, outcome, json_option, quiet_option)


def out_option(said: str, folder: bool = False, default: str | None = None) -> Decorator:
    """Return the option --out: a file or a folder; `-` is stdout."""
    return click.option("-o", "--out", "out", type=Place(folder), default=default, help=said)


def on_stdout(out: str | None, formats: Iterable[str], **beside: object) -> bool:
    """Return whether `--out -` asks for one CSV table on stdout, in place of the text.

    Args:
        out, formats: what was given.
        beside: further options by name, none of which may be given then.

    Raises:
        InputError: something that stdout cannot hold besides.
    """
    if out != "-":
        return False
    wrong = [f"--format {name}" for name in formats if name != "csv"]
    wrong += [f"--{name.replace('_', '-')}" for name, given in beside.items() if given]
    if wrong:
        raise InputError(f"--out -: stdout holds one CSV table, not also {', '.join(wrong)}. Give a folder.")
    return True


def refuse_no_place(out: str | None, **options: object) -> None:
    """Refuse what only files can hold where there is no `--out`; an option that is empty was not given.

    Raises:
        InputError: one sentence that names it.
    """
    given = [f"--{name.replace('_', '-')} {value}" for name, value in options.items() if value]
    if out is None and given:
        raise InputError(f"{', '.join(given)}: without --out no file is written. Add --out FOLDER.")


def of_files(formats: Iterable[str], decimal: str) -> dict[str, str]:
    """Return what was asked of files by name: the formats beside CSV, and commas."""
    more = ",".join(name for name in formats if name != "csv")
    return {"format": more, "decimal": decimal if decimal != "point" else ""}


formats_option = click.option(
    "--format", "formats", default="csv", show_default=True, help="Any of csv,xlsx,parquet, comma-separated."
)
decimal_option = click.option(
    "--decimal", type=click.Choice(["point", "comma"]), default="point", show_default=True,
    help="comma: CSV for spreadsheets that write 1,5: semicolons between cells, decimal commas, a byte order mark.",
)  # fmt: skip
output_options = _all(
    out_option("Folder for the files; those of the same names are replaced. - is stdout: only the tidy table, as CSV.", folder=True),
    formats_option,
    decimal_option,
    click.option("--picture", type=Picture(), help="Draw it into a PNG or SVG file."),
    json_option,
)  # fmt: skip

store_option = click.option(
    "--store",
    metavar="PATH|URL",
    help="SQLite file or postgresql:// URL.  [default: $FORECAST_STORE, or the user's data folder]",
)


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


def late_notes(tables: Tables) -> list[str]:
    """Return what to say of rows of one's own that the vintage does not know yet: they move nothing."""
    from forecast.table_rules import VINTAGE_KEYS

    notes = []
    for name in sorted(tables.own() & set(VINTAGE_KEYS)):
        shipped = [row.values for row in tables.shipped().apart()[name]]
        later = [row for row in tables.apart()[name] if row["as_of"] > tables.as_of and row.values not in shipped]
        if later:
            notes.append(
                f"note: {tables.file(name)} row {', '.join(str(row.number) for row in later)}: known after the run's as_of, "
                f"{tables.as_of}, so it moved nothing. It counts from --as-of {min(row['as_of'] for row in later)} on."
            )
    return notes


def unread_notes(tables: Tables) -> list[str]:
    """Return what to say of tables of one's own that no simulation reads and no newer fit rests on: how they can count."""
    notes = []
    for file in tables.unread():
        what, table = ("throughput", "throughput_effects") if file.stem == "throughput" else ("trends", "fits")
        fitted = file.with_name(f"{table}.csv")
        if not fitted.is_file() or fitted.stat().st_mtime < file.stat().st_mtime:
            notes.append(
                f"note: {file} moved nothing: no simulation reads it. Where fits rest on it, fit anew: "
                f"forecast calibrate {what} --write {fitted}"
            )
    return notes
