"""simonw/llm-prices: a JSON array of vendors' list prices in USD per million tokens, today's or with their history."""

from __future__ import annotations

from datetime import date
from typing import Any

from forecast.sources.quotes import Parsed, Unread, checked, json_document, member, number, shown

ADDRESS = "https://www.llm-prices.com/current-v1.json"


def parse(content: bytes) -> Parsed:
    """Return the prices; an entry of the historical file is dated by its `from_date`.

    Raises:
        SourceError: the answer is no such list.
    """
    found = Parsed([], [])
    for entry in member(json_document(content, dict), "prices", list):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("id", "vendor")):
            found.unread.append(Unread("", "", shown(entry), "an entry without id or vendor"))
            continue
        amounts = [number(entry.get(side)) for side in ("input", "output")]
        try:
            as_of = _first_day(entry)
        except ValueError:
            found.unread.append(
                Unread(entry["vendor"], entry["id"], shown(entry), "an ended price without its first day")
            )
            continue
        found.add_price(entry["vendor"], entry["id"], amounts, entry, as_of=as_of)
    return checked(found)


def _first_day(entry: dict[str, Any]) -> date | None:
    """Return the day from which a price holds, None for one that holds today; raise ValueError where it ended."""
    if entry.get("from_date"):
        return date.fromisoformat(str(entry["from_date"]))
    if entry.get("to_date"):
        raise ValueError("ended")
    return None
