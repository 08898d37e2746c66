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

SAMPLE = ("path", "month", "outcome", "unit", "segment", "provider", "value")  # columns of whole paths


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
    # By outcome: its values by segment or provider, month and quantile. Filled for the outcomes that are asked for.
    _values: dict[str, dict[tuple[Any, ...], float | None]] = field(default_factory=dict, init=False, compare=False)

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

    def value(self, outcome: str, entity: str | None, month: int | None, quantile: float | None = None) -> float | None:
        """Return one value of the table; None where it lies beyond the horizon or the table has none."""
        if outcome not in self._values:
            facts = self.by_outcome.get(outcome, ())
            self._values[outcome] = {(f.segment or f.provider, f.month, f.quantile): f.value for f in facts}
        return self._values[outcome].get((entity, month, quantile))
