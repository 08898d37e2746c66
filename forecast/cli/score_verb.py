"""`forecast score`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from forecast.cli.options import store_option
from forecast.refresh.overlay import overlaid_tables
from forecast.refresh.scores import Score, due_scores, summary, truths
from forecast.store.database import open_store, transaction
from forecast.store.observations import observations
from forecast.store.places import place_of
from forecast.tables import load_tables

SHOWN = 20


@click.command("score")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(store: str | None, as_json: bool) -> None:
    """Score the stored forecasts whose month has passed against what the tables and the store say came true.

    CRPS is in logarithms, as in `forecast backtest`; coverage_80 is the share that fell between the 10 and 90 % points.
    """
    place, found = place_of(store), list[Score]()
    if not place.exists and not as_json:
        click.echo(f"{place.label}: no store there yet; `forecast refresh` makes it and its first forecast")
        return
    if place.exists:
        with transaction(open_store(place), place.label) as connection, tempfile.TemporaryDirectory() as temporary:
            tables = overlaid_tables(load_tables(), observations(connection), Path(temporary, "store"))
            found = due_scores(connection, truths(tables), unscored=False)
    document: dict[str, Any] = {"summary": summary(found), "scores": [one._asdict() for one in found]}
    click.echo(json.dumps(document) if as_json else _text(document, found))


def _text(document: dict[str, Any], found: list[Score]) -> str:
    if not found:
        return "no stored forecast has come due yet: its month must pass and be in the tables"
    lines = [f"{'scenario':20s}{'outcome':16s}{'n':>5s}{'CRPS (log)':>12s}{'inside 80 %':>13s}"]
    lines += [
        f"{row['scenario']:20s}{row['outcome']:16s}{row['n']:5d}{row['crps_log']:12.3f}{100 * row['coverage_80']:11.0f} %"
        for row in document["summary"]
    ]
    lines += ["", f"the last {min(SHOWN, len(found))}: run, outcome, month, median, came true, evidence"]
    lines += [
        f"  {one.run_id}  {one.outcome} {one.segment}  {one.due_on[:7]}  {one.median:.4g}  {one.value:.4g}  {one.evidence}"
        for one in found[-SHOWN:]
    ]
    return "\n".join(lines)
