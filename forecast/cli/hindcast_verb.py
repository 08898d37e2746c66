"""`forecast hindcast`: the table of checks and its figures, or one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

import click

from forecast.cli.options import as_of_option, chance_options, json_option, quiet_option, threads_option
from forecast.cli.shown import answer, bar, line_columns
from forecast.delivery.printed import NOTE_COLUMNS, fitted
from forecast.delivery.words import counted, percent
from forecast.hindcast import list_prices
from forecast.hindcast.checks import Check, Hindcast
from forecast.hindcast.quantities import QUANTITIES
from forecast.hindcast.run import hindcast
from forecast.hindcast.scores import grade, grade_by_quantity, most_surprising, worst_misses
from forecast.tables import load_tables

UNITS = {
    "ratio": "change since the date, as a ratio",
    "share": "share",
    "count": "number",
    "months": "months after the date",
}
OF_QUANTITY = ("checks_count", "inside_count", "width_log", "walk_width_log")
SHOWN_EVENTS = 12
NUMBERS_WIDTH = 41  # of four numbers and whether the interval holds the last


@click.command("hindcast")
@click.argument("scenario", default="base")
@as_of_option("Vintage: use only what was known by then.", required=True)
@chance_options
@threads_option
@json_option
@quiet_option()
def command(scenario: str, as_of: date, n_paths: int, seed: int, threads: int | None, as_json: bool) -> None:
    """Forecast from a past date on what was known then, and compare with what happened.

    Each check has its 80 % interval, the value that came true and where that comes from; checks without an answer
    are listed with the reason. Levels are compared as the change since the date.
    """
    tables = load_tables()
    with bar(n_paths, f"as of {as_of}") as progress:
        found = hindcast(as_of, tables, scenario, n_paths, seed, threads, progress)
    answer(as_json, hindcast_json(found), hindcast_text(found, line_columns()))


def hindcast_json(found: Hindcast) -> dict[str, Any]:
    """Return the document that `--json` prints; a number beyond every horizon or without cases is null."""
    document = {
        "as_of": str(found.as_of),
        "scenario": found.scenario,
        "paths": found.n_paths,
        "seed": found.seed,
        "checks": [asdict(check) | {"inside": check.inside} for check in found.checks],
        "events": [asdict(event) for event in found.events],
        "left_out": [{"name": name, "reason": reason} for name, reason in found.left_out],
        "hindsight": list(found.hindsight),
        "by_quantity": [
            {"quantity": name, **{key: getattr(graded, key) for key in OF_QUANTITY}}
            for name, graded in grade_by_quantity(found).items()
        ],
    }
    return document | asdict(grade(found))


def hindcast_text(found: Hindcast, columns: int = 1000) -> str:
    """Return the text of a hindcast: figures, worst misses, checks by form, events, what was left out.

    Args:
        found: checks, events and what has no answer.
        columns: that a line has room for; sources of checks stand where all fit, else `--json` alone has them.
    """
    names = [check.name for check in found.checks] + [event.name for event in found.events]
    longest = max(map(len, names), default=0) + 2
    sourced = longest + NUMBERS_WIDTH + max((len(check.source) for check in found.checks), default=0) + 2 <= columns
    width = min(longest, columns - NUMBERS_WIDTH)
    lines = [f"{found.scenario} as of {found.as_of}, {counted(found.n_paths, 'path')}, seed {found.seed}"]
    broken = partial(fitted, columns=min(columns, NOTE_COLUMNS))  # of what is no table
    lines += ["", "FIGURES", *map(broken, _figures(found))]
    lines += ["", "BY QUANTITY           inside     width of it in logs, of the walk"]
    for name, g in grade_by_quantity(found).items():
        widths = f"   {g.width_log:8.2f} {g.walk_width_log:12.2f}" if g.walk_count else ""
        lines.append(f"  {name:18s} {g.inside_count:4d} of {g.checks_count:2d}{widths}")
    if misses := worst_misses(found.checks):
        lines += ["", "WORST MISSES  (distance outside in widths of the interval)"]
        lines += [f"  {check.name:{width - 2}s}  {distance:5.1f}" for check, distance in misses]
    for form, unit in UNITS.items():
        if of_form := [check for check in found.checks if check.form == form]:
            head = f"{unit.upper()}  (80 % interval and the value that came true)"
            lines += ["", head, " " * width + "    p10     p50     p90   value"]
            lines += [_line(check, width, sourced) for check in of_form]
    if found.events:
        lines += ["", "EVENTS  (the most surprising first)", " " * width + "    prob  happened"]
        surprising = most_surprising(found.events)
        for event in surprising[:SHOWN_EVENTS]:
            said = f"  {event.name:{width - 2}s}  {percent(event.prob):>6s}  {'yes' if event.happened else 'no'}"
            lines.append(f"{said:{width + 22}s}{event.source}" if sourced else said)
        if less := surprising[SHOWN_EVENTS:]:
            lines.append(
                f"  and {len(less)} less surprising, {sum(event.happened for event in less)} of which happened"
            )
    if found.left_out:
        lines += ["", f"LEFT OUT, {counted(len(found.left_out), 'check')} without an answer"]
        by_reason: dict[str, list[str]] = {}
        for name, reason in found.left_out:
            by_reason.setdefault(reason, []).append(name)
        lines += [broken(f"  {reason}: {_several(checks)}") for reason, checks in by_reason.items()]
    if found.hindsight:
        many = counted(len(found.hindsight), "input")
        lines += ["", f"SET WITH HINDSIGHT, {many} resting on later data; judgements were made later too"]
        lines += [broken(f"  {', '.join(found.hindsight)}")]
    meanings = {name.split(" ")[0] for name in names}
    every = {name: each.meaning for name, each in QUANTITIES.items()} | {list_prices.QUANTITY: list_prices.MEANING}
    lines += ["", "MEANING", *(broken(f"  {name}: {meaning}") for name, meaning in every.items() if name in meanings)]
    return "\n".join([*lines, "", "`--json` has every event, every check that was left out, and all sources."])


def _several(names: list[str]) -> str:
    return "; ".join(names) if len(names) <= 3 else f"{'; '.join(names[:2])}; … {len(names)} in all"


def _line(check: Check, width: int, sourced: bool) -> str:
    name = f"  {check.name}"
    label = name.ljust(width) if len(name) <= width else f"{name}\n{' ' * width}"
    numbers = " ".join(_number(x) for x in (check.p10, check.p50, check.p90, check.value))
    shown = f"{numbers}  {'inside' if check.inside else 'outside'}"
    return f"{label}{shown:{NUMBERS_WIDTH + 1}s}{check.source}" if sourced else label + shown


def _number(value: float) -> str:
    return "   never" if value == float("inf") else f"{value:7.3g}".rjust(7)


def _figures(found: Hindcast) -> list[str]:
    g = grade(found)
    lines = [
        f"  80 % intervals hold {g.inside_count} of {g.checks_count} checks, {100 * g.coverage_80:.0f} % "
        f"({100 * g.coverage_low:.0f}-{100 * g.coverage_high:.0f} % if checks were independent; those of one series are not)"
    ]
    if g.walk_count:
        lines += [
            f"  sharpness on {g.walk_count} checks of series: mean width {g.width_log:.2f} in logs, {g.sharpness:.2f} times "
            f"that of a driftless random walk ({g.walk_width_log:.2f}), which holds {100 * g.walk_coverage_80:.0f} %",
            f"  interval score in logs {g.interval_score:.2f}, of the walk {g.walk_interval_score:.2f} (lower is better)",
        ]
    if g.events_count:
        lines.append(
            f"  {g.events_count} events: Brier score {g.brier:.3f} (one half to everything: {g.brier_half:.2f}), "
            f"log score {g.log_score:.3f}"
        )
    return lines
