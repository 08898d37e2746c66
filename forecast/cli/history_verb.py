"""`forecast history`."""

from __future__ import annotations

from typing import Any

import click

from forecast.cli.options import json_option, store_option
from forecast.cli.shown import answer
from forecast.delivery.words import counted, words
from forecast.store.database import open_store, transaction
from forecast.store.observations import quarantine
from forecast.store.places import place_of
from forecast.store.runs import Run, failures, runs, scenarios_of


@click.command("history")
@store_option
@click.option("--failures", "with_failures", is_flag=True, help="Also what failed and what is in quarantine.")
@json_option
def command(store: str | None, with_failures: bool, as_json: bool) -> None:
    """List the runs of the store, the oldest first."""
    place = place_of(store)
    document: dict[str, Any] = {"store": place.label, "runs": [], "failures": [], "quarantine": []}
    if place.exists:
        with transaction(open_store(place), place.label) as connection:
            document["runs"] = [described(run, scenarios_of(connection, run.run_id)) for run in runs(connection)]
            document |= {"failures": failures(connection), "quarantine": quarantine(connection)}
    answer(as_json, document, _text(document, with_failures))


def described(run: Run, scenarios: list[str]) -> dict[str, Any]:
    """Return a run as other programs read it."""
    cells = run._asdict()
    recipe = cells.pop("recipe")
    return {**cells, "scenarios": scenarios, **{name: recipe[name] for name in ("paths", "seed", "version")}}


def _text(document: dict[str, Any], with_failures: bool) -> str:
    first = "" if document["runs"] else "; `forecast refresh` makes the first"
    lines = [f"{counted(len(document['runs']), 'run')} in {document['store']}{first}"]
    lines += [
        f"  {run['run_id']}  made {run['made_at'][:16]}Z  as of {run['as_of']}  "
        f"{'published' if run['published_at'] else 'unpublished'}  {counted(run['paths'], 'path')}  "
        f"{', '.join(run['scenarios'])}" + (f"  {counted(len(run['drift']), 'headline')} moved" if run["drift"] else "")
        for run in document["runs"]
    ]
    if with_failures:
        lines += [
            f"  failed {f['failed_at'][:16]}Z  {words(f['step'], f['subject'])}: {f['message']}"
            for f in document["failures"]
        ]
        lines += [
            f"  held {q['observed_at'][:16]}Z  {words(q['source'], q['provider'], q['item'], q['found'])}: {q['reason']}"
            for q in document["quarantine"]
        ]
    return "\n".join(lines)
