"""An outcome asked for by name, `OUTCOME[:ENTITY][@MONTH]`, as one number for each path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from forecast.distributions import Array
from forecast.errors import InputError, suggestion
from forecast.market.doors import happened_by
from forecast.market.names import Names
from forecast.outcomes.by_path import BY_PATH, PROVIDER, ByPath
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS, Fan
from forecast.paths import Paths

PROVIDER_OUTCOMES = ("exit", "out_of_cash", "runway_months")
WRITTEN = re.compile(r"(?P<outcome>[a-z0-9_]+)(?::(?P<entity>[^@]+))?(?:@(?P<month>\d+))?", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A number that each path has: a fan's value in a month, whether something has happened by then, or a runway."""

    outcome: str
    entity: str | None
    row: int
    month: int
    unit: str

    def __str__(self) -> str:
        return f"{self.outcome}{f':{self.entity}' if self.entity else ''}@{self.month}"

    @property
    def kept_by_path(self) -> str:
        """The name under which a simulation must keep it beside its fans; empty where it needs none."""
        return f"{self.outcome}[{self.entity}]" if self.outcome in BY_PATH else ""

    def values(self, paths: Paths) -> Array:
        """Return the number on each path, `[path]`; `paths` keep this month."""
        if kept := self.kept_by_path:
            return paths.kept[kept][0, paths.kept_months.index(self.month)].astype(float)
        if self.outcome in FANS:
            return paths.kept[self.outcome][self.row, paths.kept_months.index(self.month)].astype(float)
        if self.outcome == "runway_months":
            return np.minimum(paths.runway_months[self.row].astype(float), self.month)
        if self.outcome == "out_of_cash":
            return (paths.runway_months[self.row] <= self.month).astype(float)
        months = paths.exit_month[self.row] if self.outcome == "exit" else paths.dates[self.outcome][self.row]
        return happened_by(months, self.month).astype(float)


def parse_asked(text: str, names: Names, horizon: int) -> Asked:
    """Return the outcome that a text asks for; without @MONTH, at the horizon.

    Raises:
        InputError: an unknown outcome or entity, or a month outside the horizon.
    """
    found = WRITTEN.fullmatch(text.strip())
    known = {**{name: fan.axis for name, fan in FANS.items() if fan.axis != "provider"},
             **{name: date.axis for name, date in DATES.items()},
             **{name: each.axis for name, each in BY_PATH.items() if each.axis == PROVIDER},
             **dict.fromkeys(PROVIDER_OUTCOMES, "provider")}  # fmt: skip
    outcome = found["outcome"] if found else text
    if not found or outcome not in known:
        raise InputError(
            f'--outcome {text}: no outcome "{outcome}"; write OUTCOME[:ENTITY][@MONTH].'
            + (suggestion(outcome, known) or f" Outcomes: {', '.join(known)}.")
        )
    month = int(found["month"] or horizon)
    if not 0 <= month <= horizon:
        raise InputError(f"--outcome {text}: month {month} is outside 0 to {horizon}. Choose a month of the run.")
    entities = [segment or provider for segment, provider in names.labels()[known[outcome]]]
    if outcome in ("out_of_cash", "runway_months", "cash"):
        entities = [e for e, backed in zip(entities, names.backed[:, 0], strict=True) if not backed]
    entity = found["entity"]
    if entity not in entities:
        allowed = ", ".join(str(e) for e in entities if e) or "none"
        raise InputError(
            f'--outcome {text}: entity "{entity or ""}"; allowed for {outcome}: {allowed}.'
            f"{suggestion(entity or '', [e for e in entities if e])} Correct it."
        )
    with_unit: Fan | ByPath | None = FANS.get(outcome) or BY_PATH.get(outcome)
    unit = with_unit.unit if with_unit else "months" if outcome == "runway_months" else "probability"
    row = names.providers.index(entity) if known[outcome] == "provider" and entity else entities.index(entity)
    return Asked(outcome, entity, row, month, unit)


def asked_within(texts: Iterable[str], names: Names, horizon: int) -> list[Asked]:
    """Return outcomes of our own choice: {} is the first segment, a month beyond the horizon becomes the horizon."""
    found = []
    for text in texts:
        outcome, _, month = text.format(names.segments[0]).partition("@")
        found.append(parse_asked(f"{outcome}@{min(int(month or horizon), horizon)}", names, horizon))
    return found
