"""`forecast show`."""

from __future__ import annotations

import click

from forecast.cli.options import json_option, scenario_options
from forecast.cli.shown import json_text, say
from forecast.delivery.words import counted
from forecast.draws import moved_correlation
from forecast.errors import InputError
from forecast.inputs.inputs import Origin, all_revenue_of
from forecast.scenario import Scenario


@click.command("show")
@scenario_options
@click.option("--match", default="", show_default=False, help="Show only inputs whose key holds this text.")
@json_option
def command(made: Scenario, match: str, as_json: bool) -> None:
    """Show every value of SCENARIO with its file, line or row, source, date and mark, and then what the sources are."""
    inputs = [item for key, item in made.inputs.items() if match in key]
    pairs = [pair for pair in made.pairs if match in pair.first or match in pair.second]
    moved = moved_correlation(made.correlations)
    cited = made.tables.citations()
    if not inputs and not match:
        raise InputError(f"as of {made.as_of}: no input of {made.name} is known yet. Choose a later --as-of.")
    if not inputs:
        raise InputError(f'--match "{match}": no input of {made.name} holds this text. Shorten it.')
    if as_json:
        shown = [{"key": i.key, "value": str(i.value), "unit": i.unit, **_evidence(i.origin, cited)} for i in inputs]
        correlations = [
            {"first": p.first, "second": p.second, "correlation": p.correlation, **_evidence(p.origin, cited)}
            for p in pairs
        ]
        click.echo(json_text({"scenario": made.name, "title": made.title, "story": made.story, "as_of": str(made.as_of),
                               "months": made.months, "files": [p.name for p in made.files], "inputs": shown,
                               "correlations": correlations, "correlation_moved": moved}, indent=2))  # fmt: skip
        return
    say(f"{made.name}: {made.title}\n{made.story}\nas of {made.as_of}, {counted(made.months, 'month')}\n")
    for item in inputs:
        say(f"{item.key} = {item.value} {item.unit}\n    {_where(item.origin)}")
        if (whole := all_revenue_of(item.key)) in made.inputs:
            say(f"    not read: what token sales leave of {whole} is")
    for pair in pairs:
        say(f"correlation of {pair.first} and {pair.second} = {pair.correlation:g}\n    {_where(pair.origin)}")
    if pairs:
        say(f"The nearest valid matrix moves the correlations by at most {moved:.2g}.")
    origins = [item.origin for item in inputs] + [pair.origin for pair in pairs]
    say("\nSources:")
    for key in sorted({origin.source for origin in origins} & cited.keys()):
        say(f"    {key}: {cited[key]}")


def _evidence(origin: Origin, cited: dict[str, str]) -> dict[str, str]:
    citation = cited.get(origin.source, "")
    return {
        "place": origin.place,
        "source": origin.source,
        "citation": citation,
        "as_of": origin.as_of,
        "status": origin.status,
        "why": origin.why,
    }


def _where(origin: Origin) -> str:
    parts = (origin.place, origin.source, origin.as_of, origin.status, origin.why)
    return " · ".join(part for part in parts if part)
