"""`forecast list`."""

from __future__ import annotations

import json

import click

from forecast.scenario_files import list_scenarios, scenario_chain, settings_of


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(as_json: bool) -> None:
    """List the shipped scenarios."""
    found = {name: settings_of(scenario_chain(name)) for name in list_scenarios()}
    if as_json:
        shown = [
            {"name": name, "title": s["title"], "as_of": str(s["as_of"]), "months": s["months"], "story": s["story"]}
            for name, s in found.items()
        ]
        click.echo(json.dumps({"scenarios": shown}, indent=2))
        return
    width = max(len(name) for name in found)
    for name, settings in found.items():
        click.echo(f"{name:{width}s}  {settings['as_of']}  {settings['title']}")
