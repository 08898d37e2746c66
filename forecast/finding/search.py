"""Everything that a name can mean, the best answer first."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from forecast.errors import InputError, suggestion
from forecast.finding.code import Place, modules, places_in
from forecast.finding.data import QUERIED, column_places, data_names, input_places, outcome_place
from forecast.scenario import Scenario

KINDS = ("outcome", "input", "table", "column", "verb", "function", "class", "constant", "module")
FORMULAS = ("forecast.equations.", "forecast.scoring")  # rooms of formulas come before the others


def whereabouts(asked: str, scenario: Scenario) -> list[Place]:
    """Return all places that a name means, in the order of KINDS, formulas and public names first.

    Args:
        asked: an outcome, an input, a table or column, a verb, or a function, class, module or constant; of a dotted name
            the end is enough. What follows a name as in `rent@24`, `market_price:commodity` or `exit[groq]` is left out.
        scenario: gives inputs their values.

    Raises:
        InputError: nothing has this name.
    """
    found = _places(asked, scenario) or _places(re.split(r"[@:\[]", asked)[0], scenario)
    if not found:
        ends = {place.name: place.name.rpartition(".")[2] for place in _named()}
        formulas = sorted({end for name, end in ends.items() if asked and asked in end and name.startswith(FORMULAS)})
        within = asked and any(asked in key for key in scenario.inputs)
        known = data_names(scenario) | QUERIED.keys() | {end for end in ends.values() if not end.startswith("_")}
        listed = f" Formulas whose names hold it: {', '.join(formulas)}." if formulas else ""
        listed += f" `forecast show --match {asked}` lists the inputs whose names hold it." if within else ""
        near = "" if listed else suggestion(asked, known)
        raise InputError(
            f'where "{asked}": nothing has this name; an outcome, an input such as parameters.pue_ratio, a table or column, a '
            f"function or a verb is allowed.{near}{listed} Correct the name."
        )
    return [_cited(place, scenario) for place in sorted(found, key=_order)]


def _places(asked: str, scenario: Scenario) -> list[Place]:
    if not asked:
        return []
    every = modules()
    code = _named(asked.rpartition(".")[2])
    outcome = outcome_place(asked, every)
    return [
        *([outcome] if outcome else []),
        *input_places(scenario, asked, every),
        *column_places(scenario.tables, asked, every),
        *(place for place in code if place.answers_to(asked)),
    ]


@cache
def _named(part: str = "") -> tuple[Place, ...]:
    """Return what has a name in the files whose own name or content holds `part`: to parse all files is slow."""
    likely = (module for module in modules() if part in module.name or part in module.text)
    return tuple(_as_verb(place) for module in likely for place in places_in(module))


def _as_verb(place: Place) -> Place:
    """Return the function behind a verb of the command line as that verb, all else as it is."""
    room = place.name.removeprefix("forecast.cli.").removesuffix(".command")
    verb = room.removesuffix("_verb")
    is_verb = place.name == f"forecast.cli.{verb}_verb.command"
    return replace(place, kind="verb", name=verb, formula="") if is_verb else place


def _order(place: Place) -> tuple[int, bool, bool, str]:
    private = place.name.rpartition(".")[2].startswith("_")
    return KINDS.index(place.kind), not place.name.startswith(FORMULAS), private, place.name


def _cited(place: Place, scenario: Scenario) -> Place:
    """Return a place whose source is a key of `sources.csv` with the citation beside it."""
    citation = scenario.tables.citations().get(place.source, "")
    return replace(place, source=f"{place.source}: {citation}") if citation else place
