"""What the tables say is paid: against list prices, at hosts that both the router and the market know, and against cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import numpy as np

from forecast.calibration.market.band import clustered_rate, spread
from forecast.hindcast.series import SOLID
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.known import rate_day
from forecast.trends.repricing import SELLERS
from forecast.trends.trend import Band

OUTPUT_FRAC = 0.04  # of the router's tokens, as in host_prices.csv
Margins = tuple[str, tuple[str, ...]]  # of provider_history that are compared: a metric, and the statuses that count
WHOLE_FIRM = ("gross_margin_frac", SOLID)  # of all business, free users served
# Of token sales two firms publish one: what is claimed of others counts too. No margin of paying users does
# (compute_margin_paying_frac): most of what they pay is subscriptions. Nor of a platform that sells speech and film too.
TOKENS_ALONE = ("token_margin_frac", (*SOLID, "claim"))
# The router's users buy new models: in every week of token_shares.csv since 2025-10 all of its ten largest were at most a year old.
USED = timedelta(days=365)
MARGINS_FROM = date(2025, 7, 1)  # when the paths start that they are compared with: margins moved by a half in a year


def paid_over_list(tables: Tables) -> Band:
    """Return what the router's users paid over what they would have at list prices without caching, hosts as clusters."""
    return clustered_rate(
        (row["provider"], row["revenue_usd_per_day"], listed) for row, listed in at_list_prices(tables)
    )


def at_list_prices(tables: Tables) -> list[tuple[Row, float]]:
    """Return the router's hosts, and what the tokens of each would bring a day at list prices without caching.

    List price of the same mix of the models used: p_out·(o + (1 − o)/ρ). The output price paid is a list price, as no
    cache serves output; ρ is output over input price, the median of the models that the host listed within the year before.
    """
    listed_on: dict[tuple[str, str], date] = {}
    for row in tables["price_changes"]:
        key = row["provider"], row["model"]
        listed_on[key] = min(listed_on.get(key, row["changed_on"]), row["changed_on"])
    latest = tables["price_changes"].latest("provider", "model")
    found = []
    for row in tables["host_prices"]:
        day = row["date_on"]
        used = [of for of, on in listed_on.items() if of[0] == row["provider"] and day - USED <= on <= day]
        if ratios := [ratio for of in used if (ratio := _output_over_input(latest[of]))]:
            mix = OUTPUT_FRAC + (1 - OUTPUT_FRAC) / float(np.median(ratios))
            found.append((row, row["output_usd_per_mtok"] * mix * row["tokens_per_day"] / 1e6))
    return found


def _output_over_input(row: Row) -> float:
    """Return output over input price of a model, 0 unless output costs more: one price for both is a catalogue's gap."""
    asked, output = row["input_usd_per_mtok"], row["output_usd_per_mtok"]
    return float(output / asked) if 0 < asked < output else 0.0


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


def price_over_cost(kind: str, which: Margins) -> Callable[[Tables], Band]:
    """Return a reader of revenue over what it costs to serve, 1/(1 − margin), of the margins known of a kind of provider."""
    return lambda tables: spread(np.array([1 / (1 - row["value"]) for row in known_margins(tables, kind, which)]))


def known_margins(tables: Tables, kind: str, which: Margins) -> Iterator[Row]:
    """Return the rows of provider_history that say a margin of a kind of provider."""
    kind_of = {provider: row["kind"] for provider, row in tables["providers"].latest("provider").items()}
    return (row for row in margins(tables, which) if kind_of.get(row["provider"]) in SELLERS[kind])


def margins(tables: Tables, which: Margins) -> Iterator[Row]:
    """Return the rows of provider_history that say a margin of anyone since the paths start: an average belongs to its middle."""
    metric, statuses = which
    return (
        row
        for row in tables["provider_history"]
        if row["metric"] == metric and row["status"] in statuses and rate_day(row) >= MARGINS_FROM
    )
