"""`forecast report`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
from click.core import ParameterSource

from forecast.cli.options import input_options, run_options, simulated
from forecast.errors import InputError
from forecast.folders import publish_file, publish_files
from forecast.report.page import page
from forecast.report.pictures import chart_files
from forecast.report.stored import read_run
from forecast.scenario import load_scenario
from forecast.summary import Forecast, summarize_paths

PLACES = {"run", "out", "figures", "quiet"}  # what a stored run may be asked with


@click.command("report")
@click.argument("run", required=False)
@click.option("--scenario", default="base", show_default=True, help="Without RUN: simulate it, a name or a TOML file.")
@input_options
@run_options
@click.option("--out", default="report.html", show_default=True, help="The page; - is stdout.")
@click.option(
    "--figures",
    type=click.Path(file_okay=False),
    help="Folder for each chart as SVG, and as PNG where cairosvg is installed (extra: png).",
)
@click.pass_context
def command(ctx: click.Context, /, run: str | None, out: str, figures: str | None, quiet: bool, **how: Any) -> None:
    """Write one self-contained HTML page about RUN, a folder that `forecast run --out` wrote, or about a scenario."""
    if run is not None:
        _refuse_others(ctx, run)
    forecast = read_run(run) if run is not None else _simulated(quiet=quiet, **how)
    content = page(forecast)
    if out == "-":
        click.echo(content, nl=False)
    else:
        _said(publish_file(out, content.encode()), quiet)
    if figures is not None:
        files = chart_files(forecast)
        publish_files(figures, files, files)
        _said(f"{len(files)} files in {figures}", quiet)


def _simulated(
    scenario: str, settings: tuple[str, ...], as_of: datetime | None, months: int | None, quiet: bool, **how: Any
) -> Forecast:
    made = load_scenario(scenario, settings=settings, as_of=as_of.date() if as_of else None, months=months)
    return summarize_paths(simulated(made, quiet, **how))


def _refuse_others(ctx: click.Context, run: str) -> None:
    given = [name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if others := sorted(set(given) - PLACES):
        names = ", ".join(
            {"settings": "--set", "n_paths": "--paths"}.get(n, f"--{n.replace('_', '-')}") for n in others
        )
        raise InputError(
            f"report {run} {names}: a stored run is shown as it is, not simulated again. Drop {names}, or drop {run}."
        )


def _said(path: object, quiet: bool) -> None:
    if not quiet:
        click.echo(f"wrote {path}", err=True)
