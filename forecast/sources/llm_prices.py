"""simonw/llm-prices: a JSON array of vendors' list prices in USD per million tokens, today's or with their history."""

from __future__ import annotations

from forecast.sources.quotes import Parsed, checked, day, finite_number, json_document, member

ADDRESS = "https://www.llm-prices.com/current-v1.json"


def parse(content: bytes) -> Parsed:
    """Return the prices; an entry of the historical file is dated by its `from_date`.

    Raises:
        SourceError: the answer is no such list.
    """
    found = Parsed([], [])
    for entry in member(json_document(content, dict), "prices", list):
        if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("id", "vendor")):
            found.skip("", "", entry, "an entry without id or vendor")
            continue
        amounts = [finite_number(entry.get(side)) for side in ("input", "output")]
        first = day(entry.get("from_date"))  # a price without one holds today, unless it ended
        if first is None and (entry.get("from_date") or entry.get("to_date")):
            found.skip(entry["vendor"], entry["id"], entry, "an ended price without its first day")
        else:
            found.add_price(entry["vendor"], entry["id"], amounts, entry, as_of=first)
    return checked(found)
