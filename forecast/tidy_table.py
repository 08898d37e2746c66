"""The waist: the forecast as one tidy table. Simulation ends here, delivery begins here and sees nothing above it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.assumptions import Assumption

if TYPE_CHECKING:
    import pandas

PROBS = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)  # of the quantiles that the table holds


class Fact(NamedTuple):
    """One row of the tidy table; empty cells are None."""

    run_id: str
    made_on: str
    as_of: str
    scenario: str
    outcome: str
    kind: str
    unit: str
    segment: str | None
    provider: str | None
    month: int | None
    quantile: float | None
    value: float | None
    standard_error: float | None
    beyond_horizon: int


@dataclass(frozen=True)
class Forecast:
    """The tidy table and what belongs to it: the manifest of the run, the kind of each provider, what is assumed."""

    facts: list[Fact]
    manifest: dict[str, Any]
    provider_kinds: dict[str, str]
    assumptions: list[Assumption] = field(default_factory=list)

    def frame(self) -> pandas.DataFrame:
        """Return the tidy table as a pandas DataFrame; `attrs` keep the manifest."""
        import pandas

        table = pandas.DataFrame(self.facts, columns=list(Fact._fields))
        table.attrs = {
            "manifest": self.manifest,
            "provider_kinds": self.provider_kinds,
            "assumptions": self.assumptions,
        }
        return table

    @cached_property
    def by_outcome(self) -> dict[str, list[Fact]]:
        """The facts of each outcome, in their order."""
        found: dict[str, list[Fact]] = {}
        for fact in self.facts:
            found.setdefault(fact.outcome, []).append(fact)
        return found

    def find(self, outcome: str, **where: Any) -> list[Fact]:
        """Return the facts of an outcome whose cells equal the given ones."""
        return [f for f in self.by_outcome.get(outcome, []) if all(getattr(f, k) == v for k, v in where.items())]

    @cached_property
    def index(self) -> dict[tuple[str, str | None, int | None, float | None], Fact]:
        """The facts by outcome, segment or provider, month and quantile."""
        return {(f.outcome, f.segment or f.provider, f.month, f.quantile): f for f in self.facts}

    def value(self, outcome: str, entity: str | None, month: int | None, quantile: float | None = None) -> float | None:
        """Return one value of the table; None where it lies beyond the horizon or the table has none."""
        fact = self.index.get((outcome, entity, month, quantile))
        return fact.value if fact else None
