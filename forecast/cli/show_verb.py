"""`forecast show`."""

from __future__ import annotations

import json

import click

from forecast.cli.options import scenario_options
from forecast.errors import InputError
from forecast.scenario import load_scenario


@click.command("show")
@scenario_options
@click.option("--match", default="", help="Show only inputs whose key holds this text.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    scenario: str,
    settings: tuple[str, ...],
    as_of: click.DateTime | None,
    months: int | None,
    match: str,
    as_json: bool,
) -> None:
    """Show every resolved value of SCENARIO with file and line or row, source, date and mark."""
    made = load_scenario(scenario, settings=settings, as_of=as_of.date() if as_of else None, months=months)  # type: ignore[attr-defined]
    inputs = [item for key, item in made.inputs.items() if match in key]
    if not inputs:
        raise InputError(f'--match "{match}": no input of {made.name} holds this text. Shorten it.')
    if as_json:
        shown = [
            {"key": i.key, "value": str(i.value), "unit": i.unit, "place": i.origin.place, "source": i.origin.source,
             "as_of": i.origin.as_of, "status": i.origin.status, "why": i.origin.why}
            for i in inputs
        ]  # fmt: skip
        click.echo(json.dumps({"scenario": made.name, "title": made.title, "story": made.story, "as_of": str(made.as_of),
                               "months": made.months, "files": [p.name for p in made.files], "inputs": shown}, indent=2))  # fmt: skip
        return
    click.echo(f"{made.name}: {made.title}\n{made.story}\nas of {made.as_of}, {made.months} months\n")
    for item in inputs:
        click.echo(f"{item.key} = {item.value} {item.unit}")
        origin = item.origin
        click.echo(
            f"    {origin.place} · {origin.source} · {origin.as_of} · {origin.status}{' · ' + origin.why if origin.why else ''}"
        )
