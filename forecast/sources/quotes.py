"""What every parser of a feed returns, and how it reads what other people wrote: quotes, and what could not be read."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from forecast.errors import ForecastError, header_problem

LONGEST_SHOWN = 120


class SourceError(ForecastError):
    """A feed did not answer, or its answer is not what it used to be."""


class Quote(NamedTuple):
    """One amount that a feed states, under the feed's own names."""

    target: str  # the table it belongs to: price_changes, rents or electricity
    provider: str
    item: str
    amounts: tuple[float, ...]  # input and output USD/Mtok; USD/accelerator-hour; USD/kWh
    channel: str = ""
    kind: str = ""  # kind of the seller where the feed says so
    as_of: date | None = None  # from when it holds; None: the feed shows the present only
    confirmed: bool = False  # a person has looked at it and says that it is so
    file: str = ""  # of the drop folder


class Unread(NamedTuple):
    """An entry of a feed that could not be read as a quote: whose, what was found, why."""

    provider: str
    item: str
    found: str
    reason: str
    file: str = ""  # of the drop folder


class Parsed(NamedTuple):
    """The content of a feed."""

    quotes: list[Quote]
    unread: list[Unread]

    def add_price(
        self, seller: str, model: str, amounts: Sequence[float | None], entry: Any, kind: str = "",
        as_of: date | None = None, confirmed: bool = False,
    ) -> None:  # fmt: skip
        """Add the price of a model, input and output in USD/Mtok; as unread where one of them is no number."""
        asked, answered = amounts
        if asked is None or answered is None:
            self.skip(seller, model, entry, "a price is missing or not a number")
        else:
            self.quotes.append(Quote("price_changes", seller, model, (asked, answered), "", kind, as_of, confirmed))

    def skip(self, provider: str, item: str, given: Any, reason: str) -> None:
        """Add an entry that could not be read as a quote, with what the feed wrote."""
        self.unread.append(Unread(provider, item, shown(given), reason))


def json_document(content: bytes, kind: type) -> Any:
    """Return the JSON document in `content`, which must be an object or an array as `kind` says.

    Raises:
        SourceError: it is something else.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise SourceError(
            f"the answer is not JSON (it begins {shown(content[:40])}); the feed changed or broke"
        ) from None
    if not isinstance(found, kind):
        raise SourceError(f"the answer is a {type(found).__name__}, not a {kind.__name__}; the feed changed its form")
    return found


def member(found: dict[str, Any], name: str, kind: type) -> Any:
    """Return a member of a JSON object that must be of a kind.

    Raises:
        SourceError: it is missing or something else.
    """
    value = found.get(name)
    if not isinstance(value, kind):
        raise SourceError(f'no {kind.__name__} "{name}" in the answer; the feed changed its form')
    return value


def finite_number(value: Any) -> float | None:
    """Return a finite number that a feed wrote as a number or a text; None for everything else.

    >>> finite_number("0.00000015"), finite_number(True), finite_number("NaN"), finite_number(None)
    (1.5e-07, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def day(value: Any) -> date | None:
    """Return the date that a feed wrote as text; None for everything else.

    >>> day("2026-10-31"), day("soon")
    (datetime.date(2026, 10, 31), None)
    """
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def per_mtok(usd_per_token: Any) -> float | None:
    """Return USD per million tokens of a price that a feed wrote, without the last digits that a binary fraction adds.

    >>> per_mtok("1.5e-07"), per_mtok("free"), per_mtok(1e308)
    (0.15, None, None)
    """
    found = finite_number(usd_per_token)
    return None if found is None else finite_number(f"{found * 1e6:.10g}")


def shown(value: Any) -> str:
    """Return something a feed wrote as short printable text.

    >>> shown("a\\tb"), shown(b"<html>")
    ("'a\\\\tb'", "b'<html>'")
    """
    text = ascii(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def checked(parsed: Parsed) -> Parsed:
    """Return the content of a feed unless it holds not one quote.

    Raises:
        SourceError: nothing in it could be read, which means that its form changed.
    """
    if not parsed.quotes:
        raise SourceError(f"no price in the answer ({len(parsed.unread)} entries unread); the feed changed its form")
    return parsed


def csv_rows(content: bytes) -> tuple[list[str], Iterator[dict[str, str]]]:
    """Return the header of a CSV file and its rows by column, read as they are asked for; short rows lack their last columns.

    Raises:
        SourceError: it is not UTF-8 CSV with a header; of a row, when that row is asked for.
    """
    records = _records(content)
    if (first := next(records, None)) is None:
        raise SourceError("the file is empty; a header row is required.")
    header = [name.strip() for name in first]
    if problem := header_problem(header):
        raise SourceError(problem)
    return header, (dict(zip(header, map(str.strip, cells), strict=False)) for cells in records if any(cells))


def _records(content: bytes) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"not UTF-8 CSV ({shown(str(error))}). Save it so.") from None
