"""`forecast where`."""

from __future__ import annotations

from dataclasses import asdict

import click

from forecast.cli.options import json_option
from forecast.cli.shown import answer
from forecast.finding.code import Place
from forecast.finding.search import whereabouts
from forecast.scenario import load_scenario

SHOWN = 8


@click.command("where")
@click.argument("name")
@json_option
def command(name: str, as_json: bool) -> None:
    """Print file, line, formula and source of NAME: an outcome, an input, a table or column, a function, or a verb."""
    found = whereabouts(name, load_scenario("base"))
    document = {"name": name, "places": [asdict(place) for place in found]}
    answer(as_json, document, "\n\n".join(map(_text, found)), indent=2, ensure_ascii=False)


def _text(place: Place) -> str:
    """Return a place for a person: what does not apply is left out, and of many readers the first are shown."""
    lines = [f"{place.file}:{place.line}  {place.kind} {place.name}{f' [{place.unit}]' if place.unit else ''}"]
    about = (("", place.signature), ("", place.meaning), ("formula: ", place.formula), ("value: ", place.value))
    lines += [f"    {label}{text}" for label, text in (*about, ("source: ", place.source)) if text]
    lines += [f"    used by {reader}" for reader in place.used_by[:SHOWN]]
    if len(place.used_by) > SHOWN:
        lines.append(f"    and {len(place.used_by) - SHOWN} more: --json lists all")
    return "\n".join(lines)
