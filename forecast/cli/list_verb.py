"""`forecast list`."""

from __future__ import annotations

import json

import click

from forecast.cli.options import json_option
from forecast.cli.shown import say
from forecast.scenario_files import list_scenarios, scenario_chain, settings_of


@click.command("list")
@json_option
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
        say(f"{name:{width}s}  {settings['as_of']}  {settings['title']}")
