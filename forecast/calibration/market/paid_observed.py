"""What the tables say is paid: at hosts that both the router and the market know, and against cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np

from forecast.calibration.market.band import Band, clustered_rate, spread
from forecast.hindcast.series import SOLID
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.repricing import SELLERS

MARGINS_FROM = date(2025, 7, 1)  # when the paths start that they are compared with: margins moved by a half in a year


def paid_on_router(tables: Tables) -> Band:
    """Return the mean price paid on the router at its hosts, weighed by the tokens each sells in the market of the tables.

    The router's own weights are those of its users, who prefer what is free or cheap.
    """
    sold = tables["provider_finances"].latest("provider")
    return clustered_rate(
        (r["provider"], r["blended_usd_per_mtok"] * tokens, tokens)
        for r in tables["host_prices"]
        if r["provider"] in sold
        for tokens in [sold[r["provider"]]["tokens_mtok_per_day"].median()]
    )


def price_over_cost(kind: str) -> Callable[[Tables], Band]:
    """Return a reader of price over serving cost, 1/(1 − margin), of the gross margins known of a kind of provider."""
    return lambda tables: spread(np.array([1 / (1 - row["value"]) for row in known_margins(tables, kind)]))


def known_margins(tables: Tables, kind: str) -> Iterator[Row]:
    """Return the rows of provider_history that say the gross margin of a kind of provider."""
    kind_of = {provider: row["kind"] for provider, row in tables["providers"].latest("provider").items()}
    return (
        row
        for row in tables["provider_history"]
        if row["metric"] == "gross_margin_frac"
        and row["status"] in SOLID
        and row["date_on"] >= MARGINS_FROM
        and kind_of.get(row["provider"]) in SELLERS[kind]
    )
