"""Which answers are at stake, and which signals of the coming months tell about each: what `forecast watch` ranks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.market.names import Names
from forecast.sensitivity.asked import Asked, asked_within
from forecast.sensitivity.sample import Sample
from forecast.sensitivity.signals import Question, Signal, rank_signals, watched

RUNWAY = "runway_months"
USUAL = ("price_rise:{}@24", "rent@24", "market_price:{}@36", "consolidation_month")
SHOWN, LEAST_TOLD = 6, 0.01


def usual_answers(names: Names, horizon: int) -> list[Asked]:
    """Return the answers usually asked for, of the first segment."""
    return asked_within(USUAL, names, horizon)


def needed(asked: Sequence[Asked], names: Names, within: int) -> list[Asked]:
    """Return all that must be sampled to say what tells about some answers within so many months."""
    return [*asked, *map(_today, asked), *watched(names, within), *watched(names, 0)]


def question_of(asked: Asked, sample: Sample) -> Question:
    """Return the yes-or-no question on an outcome: does the event happen, does the fan stand above today's value.

    A runway has no value today: the question is whether it is longer than its median, or than its month where half are.
    """
    outcome = sample.outcomes[str(asked)]
    if asked.outcome == RUNWAY:
        median = float(np.median(outcome))
        if median >= asked.month:  # as far as it is followed
            return Question(f"{asked} is longer than {asked.month - 1} months", outcome >= asked.month)
        return Question(f"{asked} is longer than {median:.0f} months, its median", outcome > median)
    if asked.unit == "probability":
        return Question(f"{asked} happens", outcome > 0.5)
    return Question(f"{asked} is above today's", outcome > sample.outcomes[str(_today(asked))])


def is_open(question: Question) -> bool:
    """Return whether the answer is not the same on every path."""
    return bool(question.yes.any() and not question.yes.all())


def telling_signals(question: Question, sample: Sample, names: Names, within: int) -> list[Signal]:
    """Return the few signals that tell more than chance would of an open question, the most telling first."""
    seen = [
        (str(s), sample.outcomes[str(s)], float(np.median(sample.outcomes[str(now)])))
        for s, now in zip(watched(names, within), watched(names, 0), strict=True)
    ]
    ranked = rank_signals(question, sample, seen)
    return [s for s in ranked if s.told > max(LEAST_TOLD, 2 * s.told_error)][:SHOWN]


def _today(asked: Asked) -> Asked:
    return Asked(asked.outcome, asked.entity, asked.row, 0, asked.unit)
