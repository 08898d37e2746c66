"""A claim as the table has it: its printed range, and the check that recomputes it with its arguments.

Arguments are written `name=value; name=value`. A value is a number, a text, `@claim` (another claim as printed) or
`~claim` (another claim as recomputed); `on=2026-10-31` asks a table at another date than the article's.
"""

from __future__ import annotations

from dataclasses import dataclass

from forecast.audit.verdicts import Range
from forecast.errors import InputError
from forecast.table_files import Row, Table

REFERENCES = ("@", "~")


@dataclass(frozen=True)
class Claim:
    """One row of claims.csv."""

    row: Row
    place: str
    printed: Range | None
    arguments: dict[str, str]


def claims(table: Table) -> dict[str, Claim]:
    """Return the claims of a table by id, in its order.

    Raises:
        InputError: every malformed argument, lone end or repeated id, all at once.
    """
    found: dict[str, Claim] = {}
    problems: list[str] = []
    for row in table:
        place = f"{table.label} row {row.number}, {row['claim']}"
        if row["claim"] in found:
            problems.append(f"{place}: stands in row {found[row['claim']].row.number} already. Rename one.")
        if row["check"] is None and row["judgement"] is None:
            problems.append(f"{place}: neither a check nor a judgement; one of them is required. Add it.")
        if row["printed_low"] is None and row["judgement"] is None:
            problems.append(f"{place}: nothing printed to hold against the check. Add printed_low.")
        try:
            arguments = parse_arguments(row["arguments"] or "")
        except ValueError as error:
            problems.append(f"{place}: {error}. Correct the row.")
            arguments = {}
        low, high = row["printed_low"], row["printed_high"]
        printed = None if low is None else Range(low, low if high is None else high)
        found[row["claim"]] = Claim(row, place, printed, arguments)
    if problems:
        raise InputError(problems)
    return found


def parse_arguments(text: str) -> dict[str, str]:
    """Return the arguments of a check by name.

    >>> parse_arguments("usd=@price; on=2026-10-31")
    {'usd': '@price', 'on': '2026-10-31'}

    Raises:
        ValueError: a part has no `=`, or a name comes twice.
    """
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name or not value:
            raise ValueError(f'arguments "{part.strip()}": name=value is required')
        if name in found:
            raise ValueError(f"arguments: {name} comes twice")
        found[name] = value
    return found
