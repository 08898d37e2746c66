"""What to watch: answers at stake, what will be seen within months that tells most about each, and the level that turns it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.market.names import Names
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.sensitivity.asked import Asked, asked_within
from forecast.sensitivity.first_order import BINS, Effect, bins_of, first_order, importance
from forecast.sensitivity.sample import Sample, uniform_ranks
from forecast.sensitivity.shares import normal_correlation
from forecast.tables import Tables

WATCHED_FANS = (
    "market_price", "cheapest_price", "tier_price", "rent", "volume", "hhi_tokens", "top5_tokens_frac", "independent_providers",
)  # fmt: skip
USUAL = ("price_rise:{}@24", "rent@24", "market_price:{}@36", "consolidation_month")
SHOWN, LEAST_TOLD = 6, 0.01


@dataclass(frozen=True)
class Question:
    """A yes-or-no question on an outcome, `[path]`, and in words."""

    text: str
    yes: NDArray[np.bool_]


@dataclass(frozen=True)
class Signal:
    """Something that will be seen: what it tells about the answer, and the level beyond which the answer is another."""

    name: str
    told: float  # share of the variance of the answer that it explains
    told_error: float
    latest: float  # today's value, or the median of what is believed of an input
    level: float
    above: bool  # whether the level is passed upwards
    chance_beyond: float  # of yes, once it is passed
    chance_else: float
    turns: bool  # whether passing it makes the likelier answer the other one


def watched(names: Names, month: int) -> list[Asked]:
    """Return the observable quantities of a month in the near future."""
    labels = names.labels()
    return [
        Asked(outcome, segment or provider, month, FANS[outcome].unit)
        for outcome in WATCHED_FANS
        for segment, provider in labels[FANS[outcome].axis]
    ]


def usual_answers(names: Names, horizon: int) -> list[Asked]:
    """Return the answers usually asked for, of the first segment."""
    return asked_within(USUAL, names, horizon)


def to_sample(asked: Sequence[Asked], names: Names, within: int) -> list[Asked]:
    """Return all that must be sampled to say what tells about some answers within so many months."""
    return [*asked, *map(_today, asked), *watched(names, within), *watched(names, 0)]


def question_of(asked: Asked, sample: Sample) -> Question:
    """Return the yes-or-no question on an outcome: does the event happen, does the fan stand above today's value.

    A runway has no value today: the question is whether it is longer than its median, or than its month where half are.
    """
    outcome = sample.outcomes[str(asked)]
    if asked.outcome == "runway_months":
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


def meanings(names: Iterable[str], tables: Tables) -> dict[str, str]:
    """Return what answers and signals are, by the outcome each is of or the end of the input's address, in their order."""
    found = {}
    for name in names:
        key = name.partition("@")[0]  # without the month, or the accelerator that an input is drawn for
        outcome = key.partition(":")[0]
        if told := FANS.get(outcome) or DATES.get(outcome):
            found[outcome] = told.definition
        else:
            found[key.rpartition(".")[2]] = tables.meaning(key)
    return found


def _today(asked: Asked) -> Asked:
    return replace(asked, month=0)


def rank_signals(question: Question, sample: Sample, seen: list[tuple[str, Array, float]]) -> list[Signal]:
    """Return the signals for a question, the most telling first.

    Args:
        question: whether the answer is yes on each path.
        sample: with the uncertain inputs, any of which a filing, a launch or a measurement may reveal.
        seen: name, value on each path and today's value of every quantity that will be seen.

    A signal tells Var(P(yes | s))/Var(yes). Its level is the end of the widest run of twentieths, from its lowest or its
    highest, in which the likelier answer is the other one; where no run turns it, the end of its more telling tenth.
    """
    yes = question.yes.astype(float)
    latest = [float(np.median(row)) for row in sample.values] + [today for _, _, today in seen]
    names = [*sample.inputs, *(name for name, _, _ in seen)]
    shown = np.array([value for _, value, _ in seen]).reshape(len(seen), len(yes))
    values, ranks = np.vstack([sample.values, shown]), np.vstack([sample.scores, uniform_ranks(shown)])
    told = first_order(ranks, yes)
    n = len(sample.inputs)
    of_inputs = Effect(told.index[:n], told.error[:n])
    told.index[:n] = importance(sample.scores, yes, of_inputs, normal_correlation(sample.scores))
    found = []
    for i in np.argsort(-told.index, kind="stable"):
        cut, above, turns = _cut(ranks[i], yes)
        beyond = ranks[i] > cut if above else ranks[i] <= cut
        found.append(
            Signal(
                names[i], float(told.index[i]), float(told.error[i]), latest[i], float(np.quantile(values[i], cut)),
                above, float(yes[beyond].mean()), float(yes[~beyond].mean()), turns,
            )
        )  # fmt: skip
    return found


def _cut(rank: Array, yes: Array) -> tuple[float, bool, bool]:
    """Return the score at which the level lies, whether it is passed upwards, and whether the answer turns there."""
    bins = bins_of(rank)
    chance = np.bincount(bins, yes, BINS) / np.bincount(bins, minlength=BINS)
    likely = yes.mean() >= 0.5
    other = (chance >= 0.5) != likely
    low, high = (int(np.argmin(row)) if not row.all() else BINS for row in (other, other[::-1]))
    if max(low, high) > 0 and max(low, high) < BINS:
        return (low / BINS, False, True) if low >= high else (1 - high / BINS, True, True)
    tenth = BINS // 10
    below, beyond = abs(chance[:tenth].mean() - yes.mean()), abs(chance[-tenth:].mean() - yes.mean())
    return (tenth / BINS, False, False) if below > beyond else (1 - tenth / BINS, True, False)
