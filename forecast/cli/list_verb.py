"""`forecast list`."""

from __future__ import annotations

import click

from forecast.cli.options import json_option
from forecast.cli.shown import answer
from forecast.scenario_files import list_scenarios, scenario_chain, settings_of


@click.command("list")
@json_option
def command(as_json: bool) -> None:
    """List the shipped scenarios."""
    found = {name: settings_of(scenario_chain(name)) for name in list_scenarios()}
    shown = [
        {"name": name, "title": s["title"], "as_of": str(s["as_of"]), "months": s["months"], "story": s["story"]}
        for name, s in found.items()
    ]
    width = max(len(name) for name in found)
    lines = [f"{name:{width}s}  {s['as_of']}  {s['title']}" for name, s in found.items()]
    answer(as_json, {"scenarios": shown}, "\n".join(lines), indent=2)
