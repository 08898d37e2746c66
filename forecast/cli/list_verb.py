"""`forecast list`."""

from __future__ import annotations

import json

import click

from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios
from forecast.tables import load_tables


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(as_json: bool) -> None:
    """List the shipped scenarios."""
    tables = load_tables()
    found = [load_scenario(name, tables) for name in list_scenarios()]
    if as_json:
        shown = [
            {"name": s.name, "title": s.title, "as_of": str(s.as_of), "months": s.months, "story": s.story}
            for s in found
        ]
        click.echo(json.dumps({"scenarios": shown}, indent=2))
        return
    width = max(len(scenario.name) for scenario in found)
    for scenario in found:
        click.echo(f"{scenario.name:{width}s}  {scenario.as_of}  {scenario.title}")
