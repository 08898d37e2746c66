"""`forecast schedule`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from forecast.scheduling.cron import times
from forecast.scheduling.quoting import checked_words
from forecast.scheduling.units import UNITS, Job


@click.command("schedule")
@click.option("--every", default="daily", show_default=True, metavar="daily|weekly|CRON", help="When, in UTC.")
@click.option(
    "--for", "scheduler", type=click.Choice(list(UNITS)), default="cron", show_default=True, help="Whose unit."
)
@click.option("--image", default="python-forecast:latest", show_default=True, help="Container with forecast in it.")
@click.argument("words", nargs=-1)
def command(every: str, scheduler: str, image: str, words: tuple[str, ...]) -> None:
    """Print a unit that calls `forecast refresh` regularly; WORDS (after `--`) are what refresh is given.

    For example: forecast schedule --for systemd --every weekly -- base capital-drought --fail-on-drift
    """
    arguments = checked_words(["refresh", *words, *([] if "--quiet" in words else ["--quiet"])])
    checked_words([image])
    click.echo(UNITS[scheduler](Job(_program(), arguments, times(every), image)), nl=False)


def _program() -> str:
    """Return the absolute path of the command: beside this Python, else the one on the path."""
    beside = Path(sys.executable).parent / "forecast"
    return str(beside) if beside.is_file() else shutil.which("forecast") or "forecast"
