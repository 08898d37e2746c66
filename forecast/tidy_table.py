"""The waist: the forecast as one tidy table. Simulation ends here, delivery begins here and sees nothing above it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from forecast.assumptions import Assumption

if TYPE_CHECKING:
    import pandas

Item = TypeVar("Item")
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


class Late(Sequence[Item]):
    """A list that is made when it is first read: a headline reads one in ten facts of a run."""

    def __init__(self, make: Callable[[], Iterable[Item]]):
        self._make = make

    @cached_property
    def _items(self) -> list[Item]:
        return list(self._make())

    def __getitem__(self, at: Any) -> Any:
        return self._items[at]

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)  # a Sequence would ask for one after the other

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return self._items == list(other) if isinstance(other, Sequence) else NotImplemented


class Facts(Late[Fact]):
    """The facts of a run: those of each fan, which may be late, then the others."""

    def __init__(self, fans: Mapping[str, Sequence[Fact]], others: Sequence[Fact]):
        super().__init__(lambda: chain(*fans.values(), others))
        self.fans, self.others = fans, others


@dataclass(frozen=True)
class Forecast:
    """The tidy table and what belongs to it: the manifest of the run, the kind of each provider, what is assumed."""

    facts: Sequence[Fact]
    manifest: dict[str, Any]
    provider_kinds: dict[str, str]
    assumptions: Sequence[Assumption] = field(default_factory=list)

    def frame(self) -> pandas.DataFrame:
        """Return the tidy table as a pandas DataFrame; `attrs` keep the manifest."""
        import pandas

        table = pandas.DataFrame(list(self.facts), columns=list(Fact._fields))
        table.attrs = {
            "manifest": self.manifest,
            "provider_kinds": self.provider_kinds,
            "assumptions": list(self.assumptions),
        }
        return table

    @property
    def apart_from_fans(self) -> Sequence[Fact]:
        """The facts that are not of fans, in their order."""
        return self.facts.others if isinstance(self.facts, Facts) else [f for f in self.facts if f.kind != "fan"]

    @cached_property
    def by_outcome(self) -> dict[str, Sequence[Fact]]:
        """The facts of each outcome, in their order."""
        late, at_hand = (self.facts.fans, self.facts.others) if isinstance(self.facts, Facts) else ({}, self.facts)
        found: dict[str, list[Fact]] = {}
        for fact in at_hand:
            found.setdefault(fact.outcome, []).append(fact)
        return {**late, **found}

    def find(self, outcome: str, **where: Any) -> list[Fact]:
        """Return the facts of an outcome whose cells equal the given ones."""
        found = self.by_outcome.get(outcome, [])
        return [f for f in found if all(getattr(f, k) == v for k, v in where.items())] if where else list(found)

    @cached_property
    def index(self) -> dict[tuple[str, str | None, int | None, float | None], Fact]:
        """The facts by outcome, segment or provider, month and quantile."""
        return {(f.outcome, f.segment or f.provider, f.month, f.quantile): f for f in self.facts}

    def value(self, outcome: str, entity: str | None, month: int | None, quantile: float | None = None) -> float | None:
        """Return one value of the table; None where it lies beyond the horizon or the table has none."""
        fact = self.index.get((outcome, entity, month, quantile))
        return fact.value if fact else None
