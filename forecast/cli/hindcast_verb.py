"""`forecast hindcast`."""

from __future__ import annotations

import json
from datetime import date

import click

from forecast.cli.hindcast_text import hindcast_json, hindcast_text
from forecast.cli.options import as_of_option, chance_options, json_option, quiet_option, threads_option
from forecast.cli.shown import bar, broken, line_columns
from forecast.hindcast.run import hindcast
from forecast.tables import load_tables


@click.command("hindcast")
@click.argument("scenario", default="base")
@as_of_option("Vintage: use only what was known by then.", required=True)
@chance_options
@threads_option
@json_option
@quiet_option
def command(
    scenario: str, as_of: date, n_paths: int, seed: int, threads: int | None, as_json: bool, quiet: bool
) -> None:
    """Forecast from a past date on what was known then, and compare with what happened.

    Each check has its 80 % interval, the value that came true and where that comes from; checks without an answer
    are listed with the reason. Levels are compared as the change since the date.
    """
    tables = load_tables()
    with bar(n_paths, f"as of {as_of}", quiet) as progress:
        found = hindcast(as_of, tables, scenario, n_paths, seed, threads, progress)
    click.echo(json.dumps(hindcast_json(found)) if as_json else broken(hindcast_text(found, line_columns())))
