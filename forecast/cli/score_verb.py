"""`forecast score`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from forecast.cli.options import json_option, store_option
from forecast.cli.shown import answer
from forecast.refresh.overlay import overlaid_tables
from forecast.refresh.scores import Score, due_scores, summary
from forecast.store.database import open_store, transaction
from forecast.store.observations import observations
from forecast.store.places import place_of
from forecast.tables import load_tables

SHOWN = 20


@click.command("score")
@store_option
@json_option
def command(store: str | None, as_json: bool) -> None:
    """Score the stored forecasts whose month has passed against what the tables and the store say came true.

    CRPS is the error of the logarithm, as in `forecast backtest`. skill is the part saved of the error of "no change
    since the as_of day". coverage_80 is the share that fell between the 10 and 90 % points. Forecasts of
    months that were over when the run was made are listed apart: they were made by later code and fits.
    """
    place, found = place_of(store), list[Score]()
    if not place.exists and not as_json:
        click.echo(f"{place.label}: no store there yet; `forecast refresh` makes it and its first forecast")
        return
    if place.exists:
        with transaction(open_store(place), place.label) as connection, tempfile.TemporaryDirectory() as temporary:
            tables = overlaid_tables(load_tables(), observations(connection), Path(temporary, "store"))
            found = due_scores(connection, tables, unscored=False)
    document: dict[str, Any] = {"summary": summary(found), "scores": [one._asdict() for one in found]}
    answer(as_json, document, _text(document, found))


def _text(document: dict[str, Any], found: list[Score]) -> str:
    if not found:
        return "no stored forecast has come due yet: its month must pass and be in the tables"
    lines = [_HEADER, *(_summed(row) for row in document["summary"])]
    lines += [
        "",
        f"the last {min(SHOWN, len(found))}: run, outcome, month, months ahead, median (80 % band), came true",
    ]
    return "\n".join([*lines, *(_one(score) for score in found[-SHOWN:])])


_HEADER = (
    f"{'scenario':20s}{'outcome':12s}{'made':16s}{'n':>6s}{'CRPS (log)':>12s}{'no change':>11s}{'skill':>8s}"
    f"{'80 % holds':>12s}"
)


def _summed(row: dict[str, Any]) -> str:
    made = "in advance" if row["in_advance"] else "afterwards"
    rival = "" if row["crps_no_change"] is None else f"{row['crps_no_change']:.3f}"
    skill = "" if row["skill"] is None else f"{100 * row['skill']:+.0f} %"
    return (
        f"{row['scenario']:20s}{row['outcome']:12s}{made:16s}{row['n']:6d}{row['crps_log']:12.3f}{rival:>11s}{skill:>8s}"
        f"{100 * row['coverage_80']:10.0f} %"
    )


def _one(score: Score) -> str:
    what = f"{score.outcome} {score.segment}".strip()
    return (
        f"  {score.run_id}  {what}  {score.due_on[:7]}  {score.horizon_months}  {score.median:.4g} ({score.p10:.4g} to "
        f"{score.p90:.4g})  {score.value:.4g} {'inside' if score.inside_80 else 'outside'}  {score.evidence}"
    )
