"""`forecast report`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from forecast.cli.options import Place, input_options, out_option, run_options, store_option
from forecast.cli.shown import bar, simulated
from forecast.delivery.folders import publish_file, publish_files
from forecast.errors import InputError
from forecast.report.closing import Section
from forecast.report.page import page
from forecast.report.pictures import chart_files
from forecast.report.stored import read_kept, read_run
from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios
from forecast.store.places import place_of
from forecast.summary import summarize_paths
from forecast.tables import load_tables
from forecast.tidy_table import Forecast

PLACES = {"run", "out", "figures", "quiet", "store"}  # what a stored run may be asked with
Made = tuple[Forecast, list[Section]]


@click.command("report")
@click.argument("run", required=False)
@click.option(
    "--scenario", help="Without RUN: simulate it, a name or a TOML file. Of a stored run: which one.  [default: base]"
)
@store_option
@input_options
@run_options
@click.option(
    "--with",
    "kinds",
    default="all",
    show_default=True,
    help="Without RUN, further sections: any of drivers,past,predictions,audit, comma-separated, or none.",
)
@out_option("The page; - is stdout.  [default: report.html]", default="report.html")
@click.option(
    "--figures",
    type=Place(folder=True),
    help="Folder for each chart of the forecast as SVG, and as PNG where cairosvg is installed (extra: png).",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    run: str | None,
    scenario: str | None,
    store: str | None,
    out: str,
    figures: str | None,
    quiet: bool,
    **how: Any,
) -> None:
    """Write one self-contained HTML page about RUN, or about a scenario.

    RUN is a folder that `forecast run --out` wrote, or else a run of the store: an id of `forecast history`, its
    beginning, or "latest". It is shown as it is, at once. Without RUN, or with a scenario's name or TOML file in its
    place, the scenario is simulated, and the page also says what drives the answers and what to watch (drivers), how past
    forecasts did (past), what became of the article's predictions (predictions) and of its claims (audit); these
    sections take some seconds.
    """
    if run is not None and scenario is None and store is None and _is_scenario(run):
        run, scenario = None, run
    if run is None:
        forecast, more = _simulated(scenario or "base", quiet=quiet, **how)
    else:
        forecast, more = _stored(ctx, run, scenario, store)
    content = page(forecast, more)
    if out == "-":
        click.echo(content, nl=False)
    else:
        _said(publish_file(out, content.encode()), quiet)
    if figures is not None:
        files = chart_files(forecast)
        publish_files(figures, files, files)
        _said(f"{len(files)} files in {figures}", quiet)


def _is_scenario(name: str) -> bool:
    """Return whether RUN is a scenario: no id of a run reads like one's name, and a folder wins."""
    return not Path(name).is_dir() and (name in list_scenarios() or name.endswith(".toml"))


def _simulated(
    name: str,
    settings: tuple[str, ...],
    as_of: date | None,
    months: int | None,
    kinds: str,
    quiet: bool,
    **how: Any,
) -> Made:
    from forecast.report.computed import Asked, what_to_keep
    from forecast.report.further import further_sections, wanted_kinds

    wanted, tables = wanted_kinds(kinds), load_tables()
    made = load_scenario(name, tables, settings, as_of, months)
    paths = simulated(made, quiet, **what_to_keep(wanted, made, tables), **how)
    forecast = summarize_paths(paths)
    with bar(len(wanted), "sections", quiet or not wanted) as progress:
        return forecast, further_sections(Asked(paths, tables), wanted, how["threads"], progress)


def _stored(ctx: click.Context, run: str, scenario: str | None, store: str | None) -> Made:
    """Return a run as it was kept; a folder wins over a run of the store of that name."""
    if Path(run).is_dir():
        _refuse_others(ctx, run, PLACES)
        return read_run(run), []
    from forecast.report.past import stored_section

    _refuse_others(ctx, run, PLACES | {"scenario"})
    forecast, scores = read_kept(run, place_of(store), scenario)
    return forecast, [stored_section(scores)]


def _refuse_others(ctx: click.Context, run: str, allowed: set[str]) -> None:
    given = [name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if others := sorted(set(given) - allowed):
        names = ", ".join(
            {"settings": "--set", "n_paths": "--paths", "kinds": "--with"}.get(n, f"--{n.replace('_', '-')}")
            for n in others
        )
        raise InputError(
            f"report {run} {names}: a stored run is shown as it is, not simulated again. Drop {names}, or drop {run}."
        )


def _said(path: object, quiet: bool) -> None:
    if not quiet:
        click.echo(f"wrote {path}", err=True)
