"""`forecast run`."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import click

from forecast.cli.options import output_options, run_options, scenario_options, simulated
from forecast.exports import checked_formats, export_forecast, tables
from forecast.headline import headline
from forecast.scenario import load_scenario
from forecast.summary import summarize_paths


@click.command("run")
@scenario_options
@run_options
@output_options
def command(
    scenario: str,
    settings: tuple[str, ...],
    as_of: datetime | None,
    months: int | None,
    out: str | None,
    formats: str,
    picture: str | None,
    as_json: bool,
    quiet: bool,
    **how: Any,
) -> None:
    """Simulate SCENARIO (a shipped name or a TOML file) and print who is at risk, and where prices go."""
    began = time.perf_counter()
    wanted = checked_formats(formats.split(","))
    made = load_scenario(scenario, settings=settings, as_of=as_of.date() if as_of else None, months=months)
    forecast = summarize_paths(simulated(made, quiet, **how))
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
