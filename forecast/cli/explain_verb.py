"""`forecast explain`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from forecast.cli.options import json_option, quiet_option, store_option, threads_option
from forecast.cli.shown import answer, bar
from forecast.refresh.explanation import Moved, Side, changed_groups, explained
from forecast.refresh.running import causes
from forecast.store.database import open_store, transaction
from forecast.store.observations import observations
from forecast.store.places import stored
from forecast.store.runs import Run, find_run, forecast_of, run_before, scenarios_of
from forecast.tables import load_tables

SHOWN = 15


@click.command("explain")
@click.argument("run")
@click.argument("other", required=False)
@store_option
@click.option("--scenario", help="Which, where both runs have several.  [default: the first]")
@threads_option
@json_option
@quiet_option()
def command(
    run: str, other: str | None, store: str | None, scenario: str | None, threads: int | None, as_json: bool
) -> None:
    """Say what moved the answer from RUN to OTHER, input by input. With one RUN: from the run before to it.

    Both are run again with the same random numbers. Each input that differs is taken from the one or the other, and its
    part is what this changes; the parts add up.
    """
    place = stored(store)
    with tempfile.TemporaryDirectory(prefix="forecast-") as temporary:
        with transaction(open_store(place), place.label) as connection:
            last = find_run(connection, other or run)
            first = find_run(connection, run) if other else run_before(connection, last)
            ours = scenarios_of(connection, last.run_id)
            name = scenario or next((one for one in scenarios_of(connection, first.run_id) if one in ours), "")

            def side(which: Run) -> Side:
                seen = observations(connection, which.observations_through)
                return Side(which, seen, forecast_of(connection, which.run_id, name))

            before, after = side(first), side(last)
        groups = changed_groups(before, after, name)
        with bar(2 ** len(groups), "reruns") as progress:
            found = explained(before, after, name, load_tables(), Path(temporary), threads, progress)
    about = {"from": first.run_id, "to": last.run_id, "scenario": name, "changed": groups}
    rows = [
        {**one.key._asdict(), "before": one.before, "after": one.after,
         "parts": {k: {"difference": d, "standard_error": e} for k, (d, e) in one.parts.items()}}
        for one in found
    ]  # fmt: skip
    head = f"from {first.run_id} to {last.run_id}, {name}; changed: {'; '.join(causes(first, last)) or 'nothing'}"
    moved = "\n".join(_text(one) for one in found[:SHOWN]) or "no headline moved by more than matters"
    answer(as_json, about | {"headlines": rows}, f"{head}\n{moved}")


def _text(one: Moved) -> str:
    key = one.key
    where = " ".join(part for part in (key.outcome, key.segment, key.provider) if part)
    parts = ", ".join(
        f"{group} {value:+.3g}" + (f" ± {error:.1g}" if error else "")  # what no rerun shows has no error that is known
        for group, (value, error) in one.parts.items()
        if value
    )
    return f"  {where} ({key.statistic}, month {key.month}): {one.before:.4g} → {one.after:.4g} {key.unit}: {parts}"
