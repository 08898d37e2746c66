"""OpenRouter's list of models: the router's headline price of each, in USD per token, written as text."""

from __future__ import annotations

from forecast.sources.quotes import Parsed, Quote, Unread, checked, json_document, member, per_mtok, shown

ADDRESS = "https://openrouter.ai/api/v1/models"


def parse(content: bytes) -> Parsed:
    """Return the models of the list.

    Raises:
        SourceError: the answer is no such list.
    """
    found = Parsed([], [])
    for entry in member(json_document(content, dict), "data", list):
        pricing = entry.get("pricing") if isinstance(entry, dict) else None
        if not isinstance(pricing, dict) or not isinstance(entry.get("id"), str):
            found.unread.append(Unread("openrouter", "", shown(entry), "an entry without id or pricing"))
            continue
        amounts = [per_mtok(pricing.get(side)) for side in ("prompt", "completion")]
        if amounts[0] is None or amounts[1] is None:
            found.unread.append(Unread("openrouter", entry["id"], shown(pricing), "a price is missing or not a number"))
        else:
            pair = amounts[0], amounts[1]
            found.quotes.append(Quote("price_changes", "openrouter", entry["id"], pair, kind="gateway"))
    return checked(found)
