"""What is known of one thing that has a name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A thing with a name, where it stands, and what it means; what does not apply is empty."""

    kind: str  # outcome, input, column, table, verb, function, class, module or constant
    name: str
    file: str  # from the root of the project
    line: int
    meaning: str
    unit: str = ""
    value: str = ""
    signature: str = ""
    formula: str = ""
    source: str = ""
    used_by: tuple[str, ...] = ()  # "forecast/…py:line function", as the source text names it

    def answers_to(self, asked: str) -> bool:
        """Whether this is what `asked` names: the whole dotted name, or the end of it.

        >>> Place("function", "forecast.units.annual", "", 1, "").answers_to("units.annual")
        True
        >>> Place("function", "forecast.units.annual", "", 1, "").answers_to("al")
        False
        """
        return f".{self.name}".endswith(f".{asked}")
