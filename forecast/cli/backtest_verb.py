"""`forecast backtest`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from forecast.cli.backtest_text import LEGEND, cases_csv, document, scores_text
from forecast.cli.options import json_option, out_option
from forecast.cli.shown import line_columns, say, steps
from forecast.errors import InputError
from forecast.tables import load_tables
from forecast.trends.registry import SERIES

MAIN = "list-price"


@click.command("backtest")
@click.option("--series", type=click.Choice(list(SERIES)), help="Score one kind of series only.  [default: all]")
@click.option(
    "--prices", type=click.Path(dir_okay=False), help="Score the list prices of this CSV, fitted without them."
)
@out_option("Write one row a forecast to this CSV; - is stdout, without the scores.")
@json_option
@click.option("--quiet", is_flag=True, help="No progress, and no notes about rows that were left out.")
def command(series: str | None, prices: str | None, out: str | None, as_json: bool, quiet: bool) -> None:
    """Score past forecasts of 3, 6 and 12 months ahead; each saw only what was known on its date.

    Skill compares the error (CRPS of log prices) with that of two rivals: a random walk with no drift whose steps are
    those seen in all series, and the same walk around prices that halve every year. The --prices file has one row a change
    with date, provider, provider_kind, model, input_usd_per_mtok, output_usd_per_mtok, and may have last_seen.
    """
    from forecast.delivery.folders import publish_file

    if prices and series not in (None, MAIN):
        raise InputError(f"backtest --prices: a file holds list prices; --series {series} is another. Leave one out.")
    notes: tuple[str, ...] = ()
    tables = load_tables()
    if prices:
        from forecast.trends.list_price.backtest import outside_cases

        cases, notes = outside_cases(tables, Path(prices))
        found = {MAIN: cases}
    else:
        found = {name: SERIES[name](tables) for name in steps([series] if series else SERIES, "series", quiet)}
    for note in () if quiet else notes:
        click.echo(f"forecast: {note}", err=True)
    table = cases_csv(found) if out else ""
    if out and out != "-":
        publish_file(out, table.encode())
    if out == "-":
        click.echo(table, nl=False)
    elif as_json:
        click.echo(json.dumps(document(found, notes), indent=2, allow_nan=False))
    else:
        say(scores_text(found, line_columns()) + "\n", LEGEND)
