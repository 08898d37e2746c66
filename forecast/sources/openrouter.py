"""OpenRouter's list of models: the router's headline price of each, in USD per token, written as text."""

from __future__ import annotations

from forecast.sources.quotes import Parsed, checked, json_document, member, per_mtok

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
            found.skip("openrouter", "", entry, "an entry without id or pricing")
            continue
        amounts = [per_mtok(pricing.get(side)) for side in ("prompt", "completion")]
        found.add_price("openrouter", entry["id"], amounts, pricing, kind="gateway")
    return checked(found)
