"""`forecast trend`."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from forecast.cli.trend_text import page, plain, table
from forecast.errors import InputError
from forecast.tables import Tables, load_tables
from forecast.trends.known import TooFew
from forecast.trends.registry import TRENDS, trend_of
from forecast.trends.trend import Trend


@click.command("trend")
@click.argument("series", required=False)
@click.option("--as-of", "as_of", type=click.DateTime(["%Y-%m-%d"]), help="Vintage: fit what was known then.")
@click.option("--picture", type=click.Path(dir_okay=False), help="Draw SERIES into a PNG or SVG file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(series: str | None, as_of: datetime | None, picture: str | None, as_json: bool) -> None:
    """Fit the trends and print them: one line each, or the page of SERIES."""
    tables = load_tables().vintage(as_of.date()) if as_of else load_tables()
    if series is None:
        if picture:
            raise InputError(f"--picture {picture}: a picture shows one SERIES. Name it: {', '.join(TRENDS)}.")
        found = {name: _trend_or_why(name, tables) for name in TRENDS}
        click.echo(json.dumps({"trends": plain(found)}) if as_json else table(found))
        return
    trend = trend_of(series, tables)
    if picture:
        _draw(trend, picture)
    click.echo(json.dumps(plain(trend)) if as_json else page(trend))


def _trend_or_why(name: str, tables: Tables) -> Trend | str:
    try:
        return trend_of(name, tables)
    except TooFew as error:
        return str(error)


def _draw(trend: Trend, path: str) -> None:
    from forecast.trends.picture import trend_picture

    if Path(path).suffix not in (".png", ".svg"):
        raise InputError(f"{path}: a picture ends in .png or .svg. Correct the name.")
    try:
        trend_picture(trend).savefig(path, dpi=110)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}). Choose another place.") from None
