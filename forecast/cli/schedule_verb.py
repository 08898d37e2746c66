"""`forecast schedule`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from forecast.scheduling.cron import times
from forecast.scheduling.quoting import checked_words
from forecast.scheduling.units import UNITS, Job


@click.command("schedule")
@click.option("--every", default="daily", metavar="daily|weekly|CRON", help="When, in UTC.")
@click.option("--for", "scheduler", type=click.Choice(list(UNITS)), default="cron", help="Whose unit.")
@click.option("--image", default="python-forecast:latest", help="Container with forecast in it.")
@click.argument("words", nargs=-1)
def command(every: str, scheduler: str, image: str, words: tuple[str, ...]) -> None:
    """Print a schedule that calls `forecast refresh` regularly. WORDS, after `--`, are passed on to refresh.

    For example: forecast schedule --for systemd --every weekly -- base capital-drought --fail-on-drift
    """
    moments = times(every)
    _check_refresh(words)
    arguments = checked_words(["refresh", *words, *([] if "--quiet" in words else ["--quiet"])])
    checked_words([image])
    click.echo(UNITS[scheduler](Job(_program(), arguments, moments, image)), nl=False)


def _check_refresh(words: tuple[str, ...]) -> None:
    """Refuse what `forecast refresh` would refuse every night, and note what the unit will not find there.

    Raises:
        UsageError, InputError: the options or the scenarios are wrong.
    """
    from forecast.cli.refresh_verb import command as refresh
    from forecast.scenario import load_scenario

    asked = refresh.make_context("forecast refresh", list(words)).params
    for name in asked["scenarios"] or ("base",):
        if not name.endswith(".toml"):  # a file may lie on the machine that will run the unit, and not on this one
            load_scenario(name, settings=asked["settings"], as_of=asked["as_of"], months=asked["months"])
        elif not Path(name).is_absolute():
            click.echo(f"note: {name} is looked for where the unit runs; an absolute path is safer", err=True)
    lost = [name for name in ("FORECAST_STORE", "FORECAST_DROP", "FORECAST_DATA") if os.environ.get(name)]
    if lost:
        click.echo(f"note: {', '.join(lost)} of this shell is not in the unit; set it there", err=True)


def _program() -> str:
    """Return the absolute path of the command: beside this Python, else the one on the path."""
    beside = Path(sys.executable).parent / "forecast"
    return str(beside) if beside.is_file() else shutil.which("forecast") or "forecast"
