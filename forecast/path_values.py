"""What single paths say of an outcome in a month: a number, or whether something has happened by then."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.draws import Draws, blocks_of
from forecast.market.doors import ALIVE, BOUGHT, EXIT_KINDS, LICENSED, SOLD_IN_DISTRESS, WITHOUT_BUYER, happened_by
from forecast.market.machines import Machines
from forecast.outcomes.by_path import BY_PATH, entities
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.paths import Paths

EVENTS = ("exit", "bought", "shut", "listed", "out_of_cash")  # of a provider
RUNWAY = "runway_months"
ARRIVAL = "available"  # of an accelerator: on the market
EXITS = {  # kinds of exit that an event counts
    "exit": tuple(range(ALIVE + 1, len(EXIT_KINDS))),
    "bought": (SOLD_IN_DISTRESS, BOUGHT, LICENSED),
    "shut": WITHOUT_BUYER,
}


def axis_of(outcome: str) -> str:
    """Return the axis an outcome is given for: segment, provider, cloud, market, accelerator, or a pair like provider:segment."""
    if outcome in (*EVENTS, RUNWAY):
        return "provider"
    if outcome in FANS:
        return FANS[outcome].axis
    return "accelerator" if outcome == ARRIVAL else (DATES.get(outcome) or BY_PATH[outcome]).axis


def kept_as(outcome: str, entity: str | None) -> str:
    """Return the name under which a simulation must keep an outcome beside its fans; empty where it needs none."""
    return f"{outcome}[{entity}]" if outcome in BY_PATH else ""


def on_paths(paths: Paths, outcome: str, entity: str | None, month: int) -> NDArray[Any]:
    """Return the number, or whether it has happened by the end of the month, on each path, `[path]`.

    Args:
        paths: a simulation of at least so many months, which kept the month and `kept_as` if the outcome is a number.
        outcome: a fan, an outcome by path, a date, one of EVENTS, ARRIVAL or RUNWAY, which is followed to the month.
        entity: of its axis and in the market; None for the market itself.
        month: from the as_of month on.
    """
    if kept := kept_as(outcome, entity):
        return paths.kept[kept][0, paths.kept_months.index(month)]
    row = entities(paths.names, axis_of(outcome)).index(entity or "")
    if outcome in FANS:
        return paths.kept[outcome][row, paths.kept_months.index(month)]
    if outcome == RUNWAY:
        return np.minimum(paths.runway_months[row], month)
    if outcome == "out_of_cash":
        return np.asarray(paths.runway_months[row] <= month)
    if outcome == ARRIVAL:
        return np.asarray(_available_month(row, paths) <= month)
    when = {**paths.dates, "listed": paths.listed_month}.get(outcome, paths.exit_month)[row]
    counted = np.isin(paths.exit_kind[row], EXITS[outcome]) if outcome in EXITS else True
    return np.asarray(happened_by(when, month) & counted)


def _available_month(row: int, paths: Paths) -> NDArray[np.float32]:
    """Return the month in which an accelerator comes to the market, `[path]`: drawn again as the simulation drew it."""
    draws = (Draws(paths.scenario, paths.seed, block) for block in blocks_of(paths.n_paths))
    months = [Machines(paths.scenario, paths.names, each).available_month()[row] for each in draws]
    return np.concatenate(months)[: paths.n_paths]
