"""`forecast trend`."""

from __future__ import annotations

import json
from datetime import date

import click

from forecast.cli.options import Picture, as_of_option, json_option, quiet_option
from forecast.cli.shown import broken, line_columns, say, steps
from forecast.cli.trend_text import page, plain, table
from forecast.errors import InputError
from forecast.inputs import awaited_fits
from forecast.scenario_files import scenario_chain, settings_of
from forecast.tables import Tables, load_tables
from forecast.trends.known import TooFew
from forecast.trends.registry import TRENDS, trends_of
from forecast.trends.trend import Trend


@click.command("trend")
@click.argument("series", required=False)
@as_of_option("Vintage: fit what was known then.  [default: that of base]")
@click.option("--picture", type=Picture(), help="Draw SERIES into a PNG or SVG file.")
@json_option
@quiet_option
def command(series: str | None, as_of: date | None, picture: str | None, as_json: bool, quiet: bool) -> None:
    """Fit the trends and print them: one line each, or the page of SERIES."""
    tables = load_tables().vintage(as_of or settings_of(scenario_chain("base"))["as_of"])
    if series is None:
        if picture:
            raise InputError(f"--picture {picture}: a picture shows one SERIES. Name it: {', '.join(TRENDS)}.")
        found = {
            key: value for name in steps(TRENDS, "trends", quiet) for key, value in _trends_or_why(name, tables).items()
        }
        click.echo(json.dumps({"trends": plain(found)}) if as_json else broken(table(found, line_columns())))
        return
    trends = trends_of(series, tables)
    if picture:
        _draw(trends, picture)
    if as_json:
        whole = plain(trends[0]) if len(trends) == 1 else {"trends": {trend.name: plain(trend) for trend in trends}}
        click.echo(json.dumps(whole))
    else:
        awaited = awaited_fits(tables)
        say("\n\n".join(page(trend, awaited) for trend in trends))


def _trends_or_why(name: str, tables: Tables) -> dict[str, Trend | str]:
    """Return the trends of one entry of the list by name, or the reason why the vintage has none."""
    try:
        return {trend.name: trend for trend in trends_of(name, tables)}
    except TooFew as error:
        return {name: str(error)}


def _draw(trends: tuple[Trend, ...], path: str) -> None:
    from forecast.delivery.plots import save_figure
    from forecast.trends.picture import trend_picture

    if len(trends) > 1:
        raise InputError(f"--picture {path}: a picture shows one trend. Name one: {', '.join(t.name for t in trends)}.")
    save_figure(trend_picture(trends[0]), path)
