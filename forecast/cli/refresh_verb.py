"""`forecast refresh`."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from typing import Any

import click

from forecast.cli.options import chance_options, input_options, json_option, quiet_option, store_option, threads_option
from forecast.cli.shown import is_quiet, json_text, say, simulated
from forecast.refresh.job import refresh
from forecast.refresh.planning import Request
from forecast.refresh.report import Report
from forecast.sources.registry import SOURCES
from forecast.store.lock import Locked
from forecast.store.places import place_of

LOCKED = 5


@click.command("refresh")
@click.argument("scenarios", nargs=-1)
@store_option
@click.option(
    "--source", "sources", multiple=True, metavar="NAME", help=f"Only this one, repeatable: {', '.join(SOURCES)}."
)
@click.option(
    "--if-locked", type=click.Choice(["skip", "wait", "fail"]), default="fail",
    help="While another refresh runs: end with exit code 0, wait for it, or end with 5.",
)  # fmt: skip
@click.option("--fail-on-drift", is_flag=True, help="Exit code 4 when a headline moved by more than noise.")
@click.option("--dry-run", is_flag=True, help="Ask and check the sources, say what would run, change nothing.")
@input_options
@chance_options
@threads_option
@json_option
@quiet_option("Print nothing when nothing failed.")
def command(
    scenarios: tuple[str, ...],
    store: str | None,
    if_locked: str,
    fail_on_drift: bool,
    as_of: date | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Do the scheduled job once: ask the sources, check and store what is new, rerun SCENARIOS, score, publish.

    The same data, scenarios, options and version are "up to date": nothing is added. Times are UTC.
    """
    request = Request(scenarios=scenarios or ("base",), as_of=as_of, **how)
    try:
        report = refresh(place_of(store), request, datetime.now(UTC), if_locked == "wait", simulator=simulated)
    except Locked as error:
        click.echo(f"forecast: {error}", err=True)
        if if_locked == "skip" and as_json:
            click.echo(json_text(Report(status="skipped").document()))
        sys.exit(0 if if_locked == "skip" else LOCKED)
    code = report.exit_code(fail_on_drift)
    if as_json:
        click.echo(json_text(report.document()))
    elif code or not is_quiet():
        say(report.text())
    sys.exit(code)
