"""models.dev: one JSON object, a member for each seller with its models, prices in USD per million tokens."""

from __future__ import annotations

from forecast.sources.quotes import Parsed, checked, finite_number, json_document

ADDRESS = "https://models.dev/api.json"


def parse(content: bytes) -> Parsed:
    """Return the models that have a cost; those without one are listed by the catalogue but not sold by the token.

    Raises:
        SourceError: the answer is no such catalogue.
    """
    found = Parsed([], [])
    for seller, entry in json_document(content, dict).items():
        models = entry.get("models") if isinstance(entry, dict) else None
        if not isinstance(models, dict):
            found.skip(seller, "", entry, "no object of models")
            continue
        for name, model in models.items():
            cost = model.get("cost") if isinstance(model, dict) else None
            if cost is None:
                continue
            amounts = (
                [finite_number(cost.get(side)) for side in ("input", "output")]
                if isinstance(cost, dict)
                else [None] * 2
            )
            found.add_price(seller, name, amounts, cost)
    return checked(found)
