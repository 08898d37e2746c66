"""An outcome asked for by name, `OUTCOME[:ENTITY][@MONTH]`, as one number for each path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from forecast.arrays import Array
from forecast.errors import InputError, suggestion
from forecast.market.names import Names
from forecast.outcomes.by_path import BY_PATH, PROVIDER, ByPath
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS, Fan
from forecast.path_values import RUNWAY, axis_of, on_paths
from forecast.paths import Paths

WRITTEN = re.compile(r"(?P<outcome>[a-z0-9_]+)(?::(?P<entity>[^@]+))?(?:@(?P<month>\d+))?", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A number that each path has: a fan's value in a month, whether something has happened by then, or a runway."""

    outcome: str
    entity: str | None
    month: int
    unit: str

    def __str__(self) -> str:
        return f"{self.outcome}{f':{self.entity}' if self.entity else ''}@{self.month}"

    def values(self, paths: Paths) -> Array:
        """Return the number on each path, `[path]`; `paths` keep this month."""
        return on_paths(paths, self.outcome, self.entity, self.month).astype(float)


def parse_asked(text: str, names: Names, horizon: int) -> Asked:
    """Return the outcome that a text asks for; without @MONTH, at the horizon.

    Raises:
        InputError: an unknown outcome or entity, or a month outside the horizon.
    """
    found = WRITTEN.fullmatch(text.strip())
    of_provider = (name for name, each in BY_PATH.items() if each.axis == PROVIDER)
    known = (*FANS, *DATES, *of_provider, "exit", "out_of_cash", RUNWAY)
    outcome = found["outcome"] if found else text
    if not found or outcome not in known:
        raise InputError(
            f'--outcome {text}: no outcome "{outcome}"; write OUTCOME[:ENTITY][@MONTH].'
            + (suggestion(outcome, known) or f" Outcomes: {', '.join(known)}.")
        )
    month = int(found["month"] or horizon)
    if not 0 <= month <= horizon:
        raise InputError(f"--outcome {text}: month {month} is outside 0 to {horizon}. Choose a month of the run.")
    entities = [segment or provider for segment, provider in names.labels()[axis_of(outcome)]]
    if outcome in ("out_of_cash", RUNWAY, "cash"):
        entities = [e for e, backed in zip(entities, names.backed[:, 0], strict=True) if not backed]
    entity = found["entity"]
    if entity not in entities:
        allowed = ", ".join(str(e) for e in entities if e) or "none"
        raise InputError(
            f'--outcome {text}: entity "{entity or ""}"; allowed for {outcome}: {allowed}.'
            f"{suggestion(entity or '', [e for e in entities if e])} Correct it."
        )
    with_unit: Fan | ByPath | None = FANS.get(outcome) or BY_PATH.get(outcome)
    unit = with_unit.unit if with_unit else "months" if outcome == RUNWAY else "probability"
    return Asked(outcome, entity, month, unit)


def asked_within(texts: Iterable[str], names: Names, horizon: int) -> list[Asked]:
    """Return outcomes of our own choice: {} is the first segment, a month beyond the horizon becomes the horizon."""
    found = []
    for text in texts:
        outcome, _, month = text.format(names.segments[0]).partition("@")
        found.append(parse_asked(f"{outcome}@{min(int(month or horizon), horizon)}", names, horizon))
    return found
