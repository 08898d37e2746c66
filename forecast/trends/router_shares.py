"""What the largest router shows of the sellers that the market names, and how much of a difference in size shows there."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np

from forecast.tables import Tables
from forecast.trends.known import enough
from forecast.trends.trend import Band

AUTHORS, HOSTS = "OpenRouter all tokens by model author", "OpenRouter all tokens by serving host"
NOBODY = ("others", "stealth")
ONE_SELLER = {"google": "vertex"}  # two doors of one seller, in the market's tables Google Vertex and Gemini API
RECENT = timedelta(weeks=26)  # older shares say little of the volumes at the vintage
FEWEST_SELLERS = 5
DRAWS, SEED = 400, 20260126
LEAST_RATIO = 0.05  # the least slope of a draw: larger sellers are not shown as smaller

Shares = dict[date, dict[str, float]]


def shares_among_named(tables: Tables, scope: str) -> Shares:
    """Return the share of each named seller by day, out of the tokens of all that are named: adding up to 1 on each day.

    Other sellers on the router are left out: they serve up to a third of the tokens of a week, mostly for free.

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


def size_shown(tables: Tables) -> tuple[Band, int]:
    """Return the slope of log share on the router over log tokens sold in the market, with its 80 % interval, and the pairs.

    ψ = Σ(x − x̄)(y − ȳ)/Σ(x − x̄)², means by scope: y the log of a seller's mean share in the last 26 weeks known,
    not listed counting as nothing, x that of its tokens in provider_finances. Intervals by drawing sellers anew.

    Raises:
        TooFew: fewer than five sellers are known of both.
    """
    pairs = [pair for scope in (AUTHORS, HOSTS) for pair in _pairs(tables, scope)]
    sellers = sorted({seller for seller, _, _ in pairs})
    enough(len(sellers), FEWEST_SELLERS, "sellers of the market on the router", tables["token_shares"], tables)
    of = np.array([sellers.index(seller) for seller, _, _ in pairs])
    x, y = (np.array(column) for column in list(zip(*pairs, strict=True))[1:])
    products = np.array([np.bincount(of, weights=x * other, minlength=len(sellers)) for other in (y, x)])
    chosen = np.random.default_rng(SEED).integers(len(sellers), size=(DRAWS, len(sellers)))
    above, below = products[:, chosen].sum(axis=2)
    low, high = np.percentile(np.maximum(above / below, LEAST_RATIO), [10, 90])
    return Band(float(low), float(products[0].sum() / products[1].sum()), float(high)), len(pairs)


def _pairs(tables: Tables, scope: str) -> list[tuple[str, float, float]]:
    """Return seller, x − x̄ and y − ȳ of those in both."""
    by_day = shares_among_named(tables, scope)
    days = [of for day, of in by_day.items() if max(by_day) - day <= RECENT]
    sold = tables["provider_finances"].latest("provider")
    share = {
        seller: sum(of.get(seller, 0.0) for of in days) / len(days) for seller in sorted({s for of in days for s in of})
    }
    both = [seller for seller, mean in share.items() if mean > 0 and seller in sold]
    logs = np.log([[sold[seller]["tokens_mtok_per_day"].median(), share[seller]] for seller in both]).reshape(-1, 2)
    logs -= logs.mean(axis=0) if both else 0.0
    return [(seller, float(x), float(y)) for seller, (x, y) in zip(both, logs, strict=True)]
