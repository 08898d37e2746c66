"""The list of what a hindcast compares: an entry for each quantity that a row of hindcast_checks may name."""

from __future__ import annotations

from forecast.hindcast import changes, happenings
from forecast.hindcast import series as dated
from forecast.hindcast.changes import ratio
from forecast.hindcast.checks import Quantity
from forecast.hindcast.happenings import counted

QUANTITIES: dict[str, Quantity] = {
    "tier_price": ratio("third-cheapest list price at the segment's GPQA", changes.tier, dated.tier_prices, changes.level),
    "rent": ratio("on-demand rent of an H100", changes.of_market("rent"), dated.rents),
    "demand": ratio("tokens of the whole market, against those of the largest country that counts them", changes.demand, dated.history("tokens_per_day")),
    "firm_tokens": ratio("tokens of a large firm whose count is wider than what it sells, taken as one of the providers", changes.some_firm, dated.history("tokens_per_day")),
    "tokens": ratio("tokens of a provider", changes.of_provider("provider_tokens"), dated.history("tokens_per_day")),
    "revenue": ratio("revenue of a provider", changes.of_provider("provider_revenue"), dated.history("revenue_run_rate_usd")),
    "hhi": ratio("Herfindahl index of tokens as the largest router would show it, among the sellers of the market", changes.router_herfindahl, dated.router_concentration("hhi")),
    "top5": ratio("share of the five largest as the largest router would show it, among the sellers of the market", changes.router_top5, dated.router_concentration("top5")),
    "rounds_count": counted("rounds", "funding rounds of the providers whose rounds events.csv records"),
    "departures_count": counted("departures", "providers on their own cash bought, hired away or shut"),
    "listings_count": counted("listings", "public listings of the providers on their own cash"),
    "raises": counted("rounds", "the provider raises a round", most=True),
    "departs": counted("departures", "the provider is bought, hired away or shut", most=True),
    "lists": counted("listings", "the provider is listed", most=True),
    "launch": happenings.LAUNCH,
    "launches_count": happenings.LAUNCHES,
}  # fmt: skip
