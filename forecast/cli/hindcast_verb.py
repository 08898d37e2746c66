"""`forecast hindcast`."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import click

from forecast.cli.hindcast_text import hindcast_json, hindcast_text
from forecast.hindcast.run import hindcast
from forecast.tables import load_tables


@click.command("hindcast")
@click.argument("scenario", default="base")
@click.option(
    "--as-of", "as_of", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Vintage: nothing known later is seen."
)
@click.option("--paths", "n_paths", type=int, default=10_000, show_default=True, help="Number of Monte Carlo paths.")
@click.option("--seed", type=int, default=7, show_default=True, help="Names the chance; the same seed, the same bits.")
@click.option("--threads", type=int, help="Workers; results do not depend on it.  [default: processors]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    scenario: str, as_of: datetime, n_paths: int, seed: int, threads: int | None, as_json: bool, quiet: bool
) -> None:
    """Forecast from a past date on what was known then, and compare with what happened.

    Each check has its 80 % interval, the value that came true and where that comes from; checks without an answer
    are listed with the reason. Levels are compared as the change since the date.
    """
    tables = load_tables()
    if quiet or not sys.stderr.isatty():
        found = hindcast(as_of.date(), tables, scenario, n_paths, seed, threads)
    else:
        with click.progressbar(length=n_paths, label=f"as of {as_of.date()}", file=sys.stderr) as bar:
            found = hindcast(as_of.date(), tables, scenario, n_paths, seed, threads, progress=bar.update)
    click.echo(json.dumps(hindcast_json(found)) if as_json else hindcast_text(found))
