"""`forecast run`."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime

import click

from forecast.cli.options import scenario_options
from forecast.errors import InputError
from forecast.exports import FORMATS, export_forecast, tables
from forecast.headline import headline
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.summary import summarize_paths


@click.command("run")
@scenario_options
@click.option("--paths", "n_paths", type=int, default=10_000, show_default=True, help="Number of Monte Carlo paths.")
@click.option("--seed", type=int, default=7, show_default=True, help="Names the chance; the same seed, the same bits.")
@click.option("--threads", type=int, help="Workers; results do not depend on it.  [default: processors]")
@click.option("--out", type=click.Path(file_okay=False), help="Folder for the files; it is replaced whole.")
@click.option(
    "--format", "formats", default="csv", show_default=True, help=f"Any of {','.join(FORMATS)}, comma-separated."
)
@click.option("--picture", type=click.Path(dir_okay=False), help="Draw the forecast into a PNG or SVG file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    scenario: str,
    settings: tuple[str, ...],
    as_of: datetime | None,
    months: int | None,
    n_paths: int,
    seed: int,
    threads: int | None,
    out: str | None,
    formats: str,
    picture: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate SCENARIO (a shipped name or a TOML file) and print who is at risk, and where prices go."""
    began = time.perf_counter()
    wanted = [text.strip() for text in formats.split(",") if text.strip()]
    if wrong := [text for text in wanted if text not in FORMATS]:
        raise InputError(f"--format {', '.join(wrong)}: one of {', '.join(FORMATS)} is allowed. Correct it.")
    made = load_scenario(scenario, settings=settings, as_of=as_of.date() if as_of else None, months=months)
    if quiet or not sys.stderr.isatty():
        paths = simulate(made, n_paths, seed, threads)
    else:
        with click.progressbar(length=n_paths, label=made.name, file=sys.stderr) as bar:
            paths = simulate(made, n_paths, seed, threads, progress=bar.update)
    forecast = summarize_paths(paths)
    forecast.manifest["duration_s"] = round(time.perf_counter() - began, 3)
    if out is not None:
        for path in export_forecast(forecast, out, wanted):
            if not quiet:
                click.echo(f"wrote {path}", err=True)
    if picture is not None:
        from forecast.plots import save_overview

        save_overview(forecast, picture)
    if as_json:
        shown = {
            name: [dict(zip(header, row, strict=True)) for row in rows]
            for name, (header, rows) in tables(forecast).items()
        }
        click.echo(json.dumps({"manifest": forecast.manifest, **shown}))
    else:
        click.echo(headline(forecast))
