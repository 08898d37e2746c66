"""What the largest router shows of the sellers that the market names: the tokens of each, out of the tokens of them all."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from forecast.tables import Tables

AUTHORS, HOSTS = "OpenRouter all tokens by model author", "OpenRouter all tokens by serving host"
NOBODY = ("others", "stealth")
ONE_SELLER = {"google": "vertex"}  # two doors of one seller, in the market's tables Google Vertex and Gemini API

Shares = dict[date, dict[str, float]]


def shares_among_named(tables: Tables, scope: str) -> Shares:
    """Return the share of each named seller by day, out of the tokens of all that are named: adding up to 1 on each day.

    Who else sells on the router, a third of the tokens in some weeks and mostly free, is nobody of the market's.

    Args:
        tables: token_shares, and the providers that the market names.
        scope: AUTHORS or HOSTS.
    """
    named = {row["provider"] for row in tables["providers"] if row["kind"] != "fringe"}
    found: Shares = defaultdict(lambda: defaultdict(float))
    for row in tables["token_shares"]:
        seller = ONE_SELLER.get(row["entity"], row["entity"])
        if row["scope"] == scope and seller in named:
            found[row["date_on"]][seller] += row["share_frac"]
    return {
        day: {seller: share / sum(of.values()) for seller, share in of.items()} for day, of in sorted(found.items())
    }
