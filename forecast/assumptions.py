"""What a forecast rests on: every input that is uncertain, or that nobody measured, with where it came from."""

from __future__ import annotations

from typing import NamedTuple

from forecast.scenario import Scenario

KNOWN = ("measured", "derived")  # marks of a number that somebody observed, or that follows from such


class Assumption(NamedTuple):
    """An input: its value (a number, or a distribution as written), its unit, its mark, its source in short and in full, and its place."""

    key: str
    value: float | str
    unit: str
    status: str
    source: str
    citation: str
    as_of: str
    place: str
    why: str


def assumptions(scenario: Scenario) -> list[Assumption]:
    """Return the inputs of a scenario that are distributions, or that are marked as neither measured nor derived."""
    citations = scenario.tables.citations()
    return [
        Assumption(item.key, item.value.median() if item.value.name == "fixed" else str(item.value), item.unit, origin.status,
                   origin.source, citations.get(origin.source, ""), origin.as_of, origin.place, origin.why)
        for item in scenario.inputs.values()
        for origin in [item.origin]
        if item.value.name != "fixed" or origin.status not in KNOWN
    ]  # fmt: skip
