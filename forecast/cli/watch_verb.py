"""`forecast watch`."""

from __future__ import annotations

from dataclasses import asdict

import click

from forecast.cli.options import outcome_options
from forecast.cli.shown import answer, bar, line_columns, steps
from forecast.delivery.printed import printed_table
from forecast.delivery.words import calendar, number, percent
from forecast.errors import InputError
from forecast.market.names import market_names
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.scenario import Scenario
from forecast.sensitivity.analysis import check_paths
from forecast.sensitivity.asked import parse_asked
from forecast.sensitivity.sample import draw_sample
from forecast.sensitivity.signals import (
    Question,
    Signal,
    is_open,
    meanings,
    question_of,
    telling_signals,
    to_sample,
    usual_answers,
)
from forecast.sensitivity.words import short_name

HEADER = ["watch", "tells", "latest", "level", "chance beyond it", "else", "turns"]
WIDTHS = [14, 9, 10, 18, 6, 7]
LEGEND = (
    "Signals that end in @{within} are the market's in month {within}; the others are inputs, which a filing, a launch or a "
    "count may settle.",
    "tells: share of the answer's variance · latest: today's value, of an input the median of what is believed · chance beyond "
    "it, else: of the answer, with the level passed or not · turns: beyond it the other answer is likelier.",
    "`forecast where NAME` says more of an input or a quantity; `forecast sensitivity` what drives an answer.",
)


@click.command("watch")
@outcome_options("The answer at stake; repeatable.")
@click.option("--within", type=int, default=6, help="Months in which the signals will be seen.")
def command(made: Scenario, n_paths: int, seed: int, outcomes: tuple[str, ...], within: int, as_json: bool) -> None:
    """Rank what to watch: signals of the coming months, the level that would change each answer, and their latest value.

    The question at stake: of a fan, whether it will lie above today's value; of a runway, whether it is longer than its
    median; of an event, whether it happens.
    """
    names = market_names(made)
    if made.months < 2:
        raise InputError(
            f"--months {made.months}: a signal comes before the horizon. Choose a horizon of two months or more."
        )
    if not 1 <= within < made.months:
        raise InputError(f"--within {within}: outside 1 to {made.months - 1}. Choose a month before the horizon.")
    asked = [parse_asked(text, names, made.months) for text in outcomes] or usual_answers(names, made.months)
    check_paths("watch", n_paths)
    with bar(n_paths, made.name) as progress:
        sample = draw_sample(made, to_sample(asked, names, within), n_paths, seed, progress)
    questions = [question_of(each, sample) for each in asked]
    if not any(map(is_open, questions)):
        raise InputError([f"watch: {_closed(question)}. Ask for another." for question in questions])
    found = [
        (question, telling_signals(question, sample, names, within) if is_open(question) else [])
        for question in steps(questions, "signals")
    ]
    document = [
        {"question": q.text, "chance": float(q.yes.mean()), "signals": [asdict(s) for s in signals]}
        for q, signals in found
    ]
    due = [calendar(str(made.as_of), each.month) for each in asked]
    texts = [_text(question, signals, when) for (question, signals), when in zip(found, due, strict=True)]
    dated = [each.outcome for each in asked if each.outcome in DATES]  # of a fan its name says it, or a signal
    told = meanings([*dated, *(signal.name for _, signals in found for signal in signals)], made.tables)
    answer(
        as_json,
        {"as_of": str(made.as_of), "within_months": within, "questions": document},
        "\n\n".join(texts) + "\n",
        *(f"{name}: {meaning}" for name, meaning in told.items()),
        *(note.format(within=within) for note in LEGEND),
    )


def _closed(question: Question) -> str:
    return f"{question.text} on {'every' if question.yes.all() else 'no'} path, so no signal can change it"


def _text(question: Question, signals: list[Signal], due: str) -> str:
    head = f"{question.text} ({due}): chance {percent(float(question.yes.mean()))}"
    if not is_open(question):
        return f"{head}\n  {_closed(question)}."
    if not signals:
        return f"{head}\n  Nothing that will be seen tells more than 1 % of it: it is the luck of the months."
    rows = [HEADER]
    rows += [
        [_with_unit(s.name), f"{100 * s.told:.1f} ± {100 * s.told_error:.1f} %", number(s.latest),
         f"{'>' if s.above else '<'} {number(s.level)}", percent(s.chance_beyond), percent(s.chance_else), "yes" if s.turns else "no"]
        for s in signals
    ]  # fmt: skip
    return "\n".join([head, *printed_table(rows, WIDTHS, line_columns())])


def _with_unit(name: str) -> str:
    """Return a signal's name; the unit of a quantity, an input's name ends in its own."""
    fan = FANS.get(name.partition(":")[0].partition("@")[0])
    return f"{name}, {fan.unit}" if fan else short_name(name)
