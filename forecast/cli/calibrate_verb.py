"""`forecast calibrate`."""

from __future__ import annotations

from pathlib import Path

import click

from forecast.errors import ForecastError
from forecast.scenario import load_scenario


@click.command("calibrate")
@click.argument("what", type=click.Choice(["throughput"]))
@click.option(
    "--write", type=click.Path(dir_okay=False), help="Rewrite the fitted rows of this throughput_effects.csv."
)
@click.option(
    "--page", type=click.Path(file_okay=False), help="Write throughput.md and throughput.png into this folder."
)
@click.option("--scenario", default="base", show_default=True, help="Its vintage and tables are used.")
def command(what: str, write: str | None, page: str | None, scenario: str) -> None:
    """Fit the throughput model to the measurements and check that the stored numbers are reproduced.

    With --write the stored rows are replaced instead; with --page the validation page is written as well.
    """
    from forecast.calibration.page import write_page
    from forecast.calibration.record import calibrate, differences, stored
    from forecast.calibration.record import write as write_rows

    made = load_scenario(scenario)
    found = calibrate(made)
    click.echo(f"{what}: {len(found.observed.kind)} rows, {len(found.values())} values", err=True)
    if page:
        write_page(Path(page), found)
    if write:
        write_rows(Path(write), found, max(row["as_of"] for row in made.tables["throughput"]))
    elif apart := differences(found.values(), stored(made)):
        raise ForecastError(
            "\n".join([*apart[:20], f"{len(apart)} stored values differ: run with --write, and commit."])
        )
    else:
        click.echo("the stored values are reproduced")
