"""The units: a crontab line, a systemd service with its timer, a Kubernetes CronJob, a GitHub Actions workflow.

Their texts are in `templates/`, where `<<…>>` stands for what a job brings.

All times are UTC. None runs twice at once, by the scheduler's own means and by the lock on the store; a refresh that meets
another one (exit code 5) has not failed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from forecast import __version__
from forecast.scheduling.cron import MONTHS, WEEKDAYS, Times
from forecast.scheduling.quoting import cron_line, systemd_line, yaml_list, yaml_text

TEMPLATES = Path(__file__).parent / "templates"
PACKAGE = f"inference-forecast=={__version__}"


class Job(NamedTuple):
    """What a unit calls: the program, its words, when, and what only some schedulers need."""

    program: str
    words: Sequence[str]  # what follows the program
    when: Times
    image: str


def unit(scheduler: str, job: Job) -> str:
    """Return what to install for a scheduler, the name of each file above it.

    Where a workflow calls a shell, the words stand in a variable of their own, one a line, so that no shell reads them.
    """
    brought = {
        "minutes_to_weekdays": job.when.text,
        "crontab_command": cron_line([job.program, *job.words]),
        "systemd_command": systemd_line([job.program, *job.words]),
        "calendar": "\n".join(f"OnCalendar={line}" for line in calendar_lines(job.when)),
        "schedule": yaml_text(job.when.text),
        "image": yaml_text(job.image),
        "command": yaml_list(["forecast", *job.words]),
        "lines_of_words": yaml_text("\n".join(_escaped(word) for word in job.words)),
        "words": " ".join(f'"${{WORDS[{place}]}}"' for place in range(len(job.words))),
        "package": PACKAGE,
    }
    text = (TEMPLATES / f"{scheduler}.txt").read_text("utf-8")
    return re.sub("<<([a-z_]+)>>", lambda mark: brought[mark[1]], text)


def calendar_lines(when: Times) -> list[str]:
    """Return the times as OnCalendar expressions; several mean either, as cron does for a date and a weekday.

    >>> from forecast.scheduling.cron import times
    >>> calendar_lines(times("daily")), calendar_lines(times("0 6 1 * mon"))
    (['*-*-* 03:17:00 UTC'], ['*-*-01 06:00:00 UTC', 'Mon *-*-* 06:00:00 UTC'])
    """
    month = _listed(when.months, len(MONTHS) - 1)
    day, clock = _listed(when.days, 31), f"{_listed(when.hours, 24)}:{_listed(when.minutes, 60)}:00 UTC"
    whole_week = len(when.weekdays) == len(WEEKDAYS)
    week = "" if whole_week else ",".join(WEEKDAYS[number].capitalize() for number in when.weekdays) + " "
    if when.either_day and not whole_week:
        return [f"*-{month}-{day} {clock}", f"{week}*-{month}-* {clock}"]
    return [f"{week}*-{month}-{day} {clock}"]


def _listed(numbers: Sequence[int], every: int) -> str:
    return "*" if len(numbers) == every else ",".join(f"{number:02d}" for number in numbers)


def _escaped(word: str) -> str:
    """Return a word in which GitHub sees no expression: `${{` is begun by an expression that gives it."""
    return word.replace("${{", "${{ '${{' }}")


UNITS = {scheduler: partial(unit, scheduler) for scheduler in ("cron", "systemd", "kubernetes", "github-actions")}
