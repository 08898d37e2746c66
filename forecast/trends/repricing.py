"""How often sellers of each kind change the price of a model they sell, how far, and how often they move to newer models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from forecast.equations.price import MEAN_SIZE_RATIO
from forecast.tables import Tables
from forecast.trends.evidence import distribution
from forecast.trends.known import enough
from forecast.trends.list_price.series import PriceSeries, known_series
from forecast.trends.trend import Diagnostic, Estimate, Trend
from forecast.units import months_between

# What price lists call a kind of seller, and the rows of provider_kinds that sell like it.
SELLERS = {"first": ("lab",), "host": ("host", "neocloud", "chip", "fringe"), "cloud": ("cloud",)}
LEAST_MONTHS = 100  # listed, summed over models
LEAST_STEPS = 20  # below it the size of a change is that of all sellers
A_MONTH = timedelta(days=31)  # what a catalogue adds in the first month that it shows a seller is what it had missed


class Number(NamedTuple):
    """A number of the month loop: its column of provider_kinds, and what it was counted from."""

    column: str
    value: float
    unit: str
    meaning: str
    note: str
    observed_count: int


@dataclass(frozen=True)
class Habit:
    """What the price lists of one kind of seller show: months listed, new prices, models added, months they could be added in."""

    listed_months: float
    steps_log: tuple[float, ...]
    beside_count: int  # models on the lists of sellers in months in which they changed a price
    added_count: int
    watched_months: float  # of models, once their seller's list is known


def repricing_trend(tables: Tables) -> Trend:
    """Return the habits of repricing and renewal that the month loop reads, by kind of seller, gateways left out.

    - λ = (k + ½)/T: new prices over the months that models were listed.
    - σ = mean |Δ ln p| · π/(2√3·ln 2): the logistic shock with that mean. Their median misses the large ones.
    - chance of a rise: (rises + ½)/(k + 1).
    - f = k/Σ models that the seller listed in the month of a change.
    - g = (n + ½)/T': models added to a list that was already known. Of the models sold a share g is new a month later,
      whether the list grows or replaces. A model is added where its catalogue already showed the seller a month before.

    Raises:
        TooFew: a kind of seller has under a hundred model-months.
    """
    source: dict[tuple[str, str], str] = {}
    for row in sorted(tables["price_changes"], key=lambda row: row["changed_on"]):
        source.setdefault((row["provider"], row["model"]), row["source"])
    series = known_series(tables)
    habits = {kind: habit_of([s for s in series if s.kind == kind], source) for kind in SELLERS}
    listed = int(min(habit.watched_months for habit in habits.values()))
    enough(listed, LEAST_MONTHS, "model-months of each kind of seller", tables["price_changes"], tables)
    every = [step for habit in habits.values() for step in habit.steps_log]
    found = [(kind, number) for kind, habit in habits.items() for number in numbers(habit, every)]
    return Trend(
        name="repricing",
        title="New prices of a fixed model, and moves to newer models",
        unit="1/month",
        form="a constant rate for each kind of seller",
        why="averages of what the jumps of list_price resolve by age, level and peers; that trend has the backtest",
        diagnostics=tuple(Diagnostic(f"{kind}_{n.column}", n.value, f"{n.meaning}: {n.note}") for kind, n in found),
        estimates=tuple(
            Estimate(f"provider_kinds.{engine}.{n.column}", distribution("fixed", n.value), n.unit, n.observed_count,
                     "medium" if n.observed_count >= LEAST_STEPS else "low", f"{kind}: {n.note}")
            for kind, n in found for engine in SELLERS[kind]
        ),
    )  # fmt: skip


def habit_of(series: Iterable[PriceSeries], source: dict[tuple[str, str], str]) -> Habit:
    """Return the habit of some sellers; `source` names the catalogue that first showed a provider's model."""
    listed, steps, added, watched, beside = 0.0, [], 0, 0.0, 0
    lists: dict[tuple[str, str], list[PriceSeries]] = {}
    sold: dict[str, list[PriceSeries]] = {}
    for one in series:
        listed += months_between(one.changed_on[0], one.last_seen_on)
        steps += changes_log(one)
        lists.setdefault((one.provider, source[one.provider, one.model]), []).append(one)
        sold.setdefault(one.provider, []).append(one)
    for shown in lists.values():
        known_on = min(one.changed_on[0] for one in shown) + A_MONTH
        added += sum(one.changed_on[0] > known_on for one in shown)
        watched += sum(max(0.0, months_between(max(known_on, one.changed_on[0]), one.last_seen_on)) for one in shown)
    for models in sold.values():
        for first in {day.replace(day=1) for one in models for day, _ in changes_log(one)}:
            beside += sum(one.changed_on[0] < first + A_MONTH and one.last_seen_on >= first for one in models)
    return Habit(listed, tuple(step for _, step in steps), beside, added, watched)


def changes_log(one: PriceSeries) -> list[tuple[date, float]]:
    """Return day and Δ ln price of each change between two prices above 0.

    >>> one = PriceSeries("a", "host", "m", (date(2025, 1, 1), date(2025, 2, 1)), (1.0, np.e), date(2025, 3, 1))
    >>> [step for _, step in changes_log(one)]
    [1.0]
    """
    return [
        (day, float(np.log(after / before)))
        for day, (before, after) in zip(one.changed_on[1:], pairwise(one.usd_per_mtok), strict=True)
        if before > 0 and after > 0 and before != after
    ]


def numbers(habit: Habit, every: Sequence[float]) -> tuple[Number, ...]:
    """Return what the loop reads of a kind of seller; sizes are those of `every` change where its own are few.

    >>> [n.value.__round__(3) for n in numbers(Habit(100.0, (0.1,), 4, 4, 50.0), [0.1, 0.3])]
    [0.015, 0.262, 0.75, 0.25, 0.09]
    """
    own = habit.steps_log if len(habit.steps_log) >= LEAST_STEPS else every
    count = len(habit.steps_log)
    changes = f"{count} changes in {habit.listed_months:.0f} model-months"
    sizes = f"mean of {len(own)} changes" + ("" if own is habit.steps_log else " of all sellers")
    rises = sum(step > 0 for step in habit.steps_log)
    together = f"{count} changes among {habit.beside_count} models of their sellers"
    added = f"{habit.added_count} models added in {habit.watched_months:.0f} model-months"
    return (
        Number("reprice_per_month", (count + 0.5) / habit.listed_months, "1/month",
               "new prices of a model in a month", changes, count),
        Number("reprice_size_sd", float(np.mean(np.abs(own))) / MEAN_SIZE_RATIO, "log",
               "their standard deviation, were they logistic", sizes, len(own)),
        Number("reprice_rise_prob", (rises + 0.5) / (count + 1), "probability",
               "chance that a new price is higher", f"{rises} rises among {count} changes", count),
        Number("repriced_frac", min(1.0, max(count, 1) / max(habit.beside_count, 1)), "fraction",
               "part of a list with new prices in a month that has any", together, count),
        Number("renew_per_month", (habit.added_count + 0.5) / habit.watched_months, "1/month",
               "models added in a month for each on the list", added, habit.added_count),
    )  # fmt: skip
