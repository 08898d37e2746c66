"""Options that several verbs share, and what may not be asked for together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from forecast.delivery.folders import picture_format, refuse_place
from forecast.errors import InputError

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


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

        found = super().convert(value, param, ctx)
        if found != "-":
            refuse_place(str(found), (*OUR_FILES, *COMPARISON_FILES) if self.dir_okay else None)
        return found


class Picture(Place):
    """A file to draw into, refused as well when its ending is none that can be drawn."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; another ending than .png or .svg is bad input."""
        picture_format(value)
        return super().convert(value, param, ctx)


def as_of_option(said: str = "Vintage: use only what was known by then.", required: bool = False) -> Decorator:
    """Return the option --as-of, a day."""
    return click.option("--as-of", "as_of", type=Day(), metavar="DATE", required=required, help=said)


def quiet_option(said: str = "No progress.") -> Decorator:
    """Return the option --quiet, which `shown.is_quiet` tells of."""

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta["quiet"] = value

    return click.option("--quiet", is_flag=True, expose_value=False, callback=remember, help=said)


set_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Override an input; repeatable."
)
input_options = _all(set_option, as_of_option(), click.option("--months", type=int, help="Horizon in months."))


def scenario_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add SCENARIO, --set, --as-of and --months to a verb, and hand it the scenario that they make as `made`."""

    @wraps(function)
    def verb(scenario: str, settings: tuple[str, ...], as_of: date | None, months: int | None, **more: Any) -> Any:
        from forecast.scenario import load_scenario

        return function(made=load_scenario(scenario, settings=settings, as_of=as_of, months=months), **more)

    return _all(click.argument("scenario", default="base"), input_options)(verb)


chance_options = _all(
    click.option("--paths", "n_paths", type=int, default=10_000, help="Number of Monte Carlo paths."),
    click.option("--seed", type=int, default=7, help="Of the random numbers: the same seed gives the same bits."),
)  # fmt: skip
threads_option = click.option(
    "--threads", type=int, help="Workers; results do not depend on it.  [default: processors]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
# of verbs that price a need of the buyer's own on the engine's paths
need_options = _all(set_option, as_of_option(), chance_options, json_option, quiet_option())
run_options = _all(
    chance_options,
    threads_option,
    click.option("--engine", default="local", help="local, or dask (a cluster), with the same bits."),
    click.option("--scheduler", metavar="ADDR", help="A running Dask scheduler.  [default: a cluster on this machine]"),
    quiet_option(),
)  # fmt: skip


def outcome_options(said: str) -> Decorator:
    """Return the options of verbs that study outcomes on one sample of paths; `said` is what an outcome is to them."""
    outcome = click.option("--outcome", "outcomes", multiple=True, metavar="OUTCOME[:ENTITY][@MONTH]", help=said)
    return _all(scenario_options, chance_options, outcome, json_option, quiet_option())


def out_option(said: str, folder: bool = False, default: str | None = None) -> Decorator:
    """Return the option --out: a file or a folder; `-` is stdout."""
    return click.option("-o", "--out", "out", type=Place(folder), default=default, show_default=False, help=said)


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


def refuse_no_place(out: str | None, formats: Iterable[str], decimal: str, samples: int = 0) -> None:
    """Refuse what only files can hold where there is no `--out`.

    Raises:
        InputError: one sentence that names it.
    """
    formats, decimal = ",".join(name for name in formats if name != "csv"), decimal.replace("point", "")
    asked = {"--format": formats, "--decimal": decimal, "--sample-paths": samples}
    if out is None and (given := [f"{name} {value}" for name, value in asked.items() if value]):
        raise InputError(f"{', '.join(given)}: without --out no file is written. Add --out FOLDER.")


def given_beside(allowed: Collection[str]) -> dict[str, str]:
    """Return the parameters that were given on the command line and are not allowed, with their option."""
    context = click.get_current_context()
    options = {parameter.name: parameter.opts[-1] for parameter in context.command.params}
    return {
        name: options[name]
        for name in context.params
        if name not in allowed and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }


def _formats(_: click.Context, __: click.Parameter, value: str) -> list[str]:
    from forecast.delivery.exports import checked_formats

    return checked_formats(value.split(","))


formats_option = click.option(
    "--format", "formats", default="csv", callback=_formats, help="Any of csv,xlsx,parquet, comma-separated."
)
decimal_option = click.option(
    "--decimal", type=click.Choice(["point", "comma"]), default="point",
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
