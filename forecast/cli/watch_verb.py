"""`forecast watch`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

import click
import numpy as np

from forecast.cli.options import chance_options, scenario_options
from forecast.errors import InputError
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.sensitivity.asked import Asked, parse_asked
from forecast.sensitivity.sample import Sample, draw_sample
from forecast.sensitivity.signals import Question, Signal, rank_signals, watched

USUAL = ("price_rise:{}@24", "rent@24", "market_price:{}@36", "consolidation_month")
SHOWN, LEAST_TOLD = 6, 0.01


@click.command("watch")
@scenario_options
@chance_options
@click.option(
    "--outcome", "outcomes", multiple=True, metavar="OUTCOME[:ENTITY][@MONTH]", help="The answer at stake; repeatable."
)
@click.option("--within", type=int, default=6, show_default=True, help="Months in which the signals will be seen.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    scenario: str,
    settings: tuple[str, ...],
    as_of: datetime | None,
    months: int | None,
    n_paths: int,
    seed: int,
    outcomes: tuple[str, ...],
    within: int,
    as_json: bool,
) -> None:
    """Rank what to watch: signals of the coming months, the level that would change each answer, and their latest value.

    A fan asks whether it will stand above today's value; an event asks whether it happens.
    """
    made = load_scenario(scenario, settings=settings, as_of=as_of.date() if as_of else None, months=months)
    names = market_names(made)
    if not 1 <= within < made.months:
        raise InputError(f"--within {within}: outside 1 to {made.months - 1}. Choose a month before the horizon.")
    wanted = outcomes or [text.format(names.segments[0]) for text in USUAL]
    asked = [parse_asked(text, names, made.months) for text in wanted]
    soon, now = watched(names, within), watched(names, 0)
    today = [Asked(each.outcome, each.entity, each.row, 0, each.unit) for each in asked]
    sample = draw_sample(made, [*asked, *today, *soon, *now], n_paths, seed)
    seen = [
        (str(s), sample.outcomes[str(s)], float(np.median(sample.outcomes[str(n)])))
        for s, n in zip(soon, now, strict=True)
    ]
    questions = [_question(a, t, sample) for a, t in zip(asked, today, strict=True)]
    found = [(question, _telling(rank_signals(question, sample, seen))) for question in questions]
    if as_json:
        document = [
            {"question": q.text, "chance": float(q.yes.mean()), "signals": [asdict(s) for s in signals]}
            for q, signals in found
        ]
        click.echo(json.dumps({"as_of": str(made.as_of), "within_months": within, "questions": document}))
    else:
        click.echo("\n\n".join(_text(question, signals) for question, signals in found))


def _telling(signals: list[Signal]) -> list[Signal]:
    return [s for s in signals if s.told > max(LEAST_TOLD, 2 * s.told_error)][:SHOWN]


def _question(asked: Asked, today: Asked, sample: Sample) -> Question:
    outcome = sample.outcomes[str(asked)]
    if asked.unit == "probability":
        yes, text = outcome > 0.5, f"{asked} happens"
    else:
        yes, text = outcome > sample.outcomes[str(today)], f"{asked} is above today's"
    if yes.all() or not yes.any():
        raise InputError(
            f"watch: {text} on {'every' if yes.all() else 'no'} path, so no signal can change it. Ask for another."
        )
    return Question(text, yes)


def _text(question: Question, signals: list[Signal]) -> str:
    lines = [
        f"{question.text}: chance {100 * question.yes.mean():.0f} %",
        f"  {'watch':52s}{'tells':>14s}{'latest':>11s}{'level':>12s}{'chance beyond it':>19s}{'else':>7s}",
    ]
    if not signals:
        return lines[0] + "\n  Nothing that will be seen tells more than 1 % of it: it is the luck of the months."
    for s in signals:
        level = f"{'>' if s.above else '<'} {s.level:.3g}"
        lines.append(
            f"  {s.name.removeprefix('parameters.'):52s}{f'{100 * s.told:.1f} ± {100 * s.told_error:.1f} %':>14s}{s.latest:11.3g}"
            f"{level:>12s}{100 * s.chance_beyond:17.0f} %{100 * s.chance_else:5.0f} %{'  turns the answer' if s.turns else ''}"
        )
    return "\n".join(lines)
