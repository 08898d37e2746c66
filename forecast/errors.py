"""The two ways in which this package refuses: bad input (exit 2) and failed work (exit 1).

A problem reads *where: what was found: what is allowed. What to do.* and all problems of a file are
reported at once, so that one look suffices to mend it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
)  # a terminal obeys these; the last turn the order of text


class ForecastError(Exception):
    """The work failed although the input was right."""


class InputError(ForecastError):
    """The input or the usage is wrong; `problems` holds one sentence for each mistake."""

    def __init__(self, problems: str | Iterable[str]):
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


def check_kind(name: str, value: object, kinds: type | tuple[type, ...], needed: str) -> None:
    """Raise an InputError when an argument is of none of these types; yes and no are no numbers."""
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise InputError(f"{name} = {shortened(repr(value))}: {needed} is needed. Correct it.")


def shortened(text: object, longest: int = 80) -> str:
    """Return what was found as a message shows it: enough to know it by, however long it is.

    >>> shortened("abcdef", 4), shortened(12, 4)
    ('abc…', '12')
    """
    said = str(text)
    return said if len(said) <= longest else f"{said[: longest - 1]}…"


def suggestion(name: str, allowed: Iterable[str]) -> str:
    """Return ' Did you mean "x"?' for the nearest allowed name, whatever its capitals, or an empty string.

    >>> suggestion("electricty_usd", ["electricity_usd", "months"]), suggestion("BASE", ["base"])
    (' Did you mean "electricity_usd"?', ' Did you mean "base"?')
    """
    names = {one.lower(): one for one in sorted(set(allowed))}
    near = difflib.get_close_matches(name.lower(), sorted(names), n=1, cutoff=0.6)
    return f' Did you mean "{names[near[0]]}"?' if near else ""


def suggestion_of_parts(name: str, allowed: Iterable[str]) -> str:
    """Return ' Did you mean "x"?' for the shortest allowed name that holds both or all dotted parts of a name, or an empty string.

    >>> suggestion_of_parts("together.cash", ["providers.together.own_frac", "finances.together.cash_usd"])
    ' Did you mean "finances.together.cash_usd"?'
    """
    parts = name.lower().split(".")
    holding = [one for one in allowed if all(part in one for part in parts)] if len(parts) > 1 else []
    return f' Did you mean "{min(holding, key=lambda one: (len(one), one))}"?' if holding else ""


def header_problem(header: list[str]) -> str:
    """Return what is wrong with the header of any CSV file, or an empty string: other separators, or a name that stands twice.

    >>> header_problem(["a;b"]), header_problem(["a", "8", "8", "", ""])
    ('its cells stand between semicolons. Save it with commas between cells and decimal points.', '')
    >>> header_problem(["a", "b", "a "])
    'column a stands twice. Delete one.'
    """
    for name, separator in {"semicolons": ";", "tabs": "\t"}.items():
        if len(header) == 1 and separator in header[0]:
            return f"its cells stand between {name}. Save it with commas between cells and decimal points."
    names = [name.strip() for name in header if name.strip()[:1].isalpha()]  # a number is no name: it has no header
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"column {', '.join(twice)} stands twice. Delete one." if twice else ""
