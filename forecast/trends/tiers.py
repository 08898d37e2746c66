"""The price of a fixed capability: the cheapest and the third-cheapest model at or above a score, month by month."""

from __future__ import annotations

from forecast.tables import Tables
from forecast.trends.monthly import MonthlySeries, Reading, monthly_series
from forecast.trends.origins import rolled
from forecast.trends.rolling import Cases
from forecast.trends.tier_law import tier_quantiles

RANKS = ("cheapest", "third_cheapest")  # the median moves with what is listed at all, not with what a capability costs


def tier_series(tables: Tables) -> tuple[tuple[MonthlySeries, ...], tuple[str, ...]]:
    """Return the tiers as series of log USD/Mtok, each threshold by each rank, and what was left out."""
    table = tables["tier_prices"]
    return monthly_series(
        Reading(
            f"GPQA {row['gpqa_at_least']:g} {rank.replace('_', '-')}",
            rank.replace("_", "-"),
            row["date_on"],
            row["as_of"],
            row[f"{rank}_usd_per_mtok"],
            f"{table.label} row {row.number}",
        )
        for rank in RANKS
        for row in table
        if row[f"{rank}_usd_per_mtok"] is not None
    )


def tier_cases(tables: Tables) -> Cases:
    """Return the rolling-origin forecasts of every tier, with its rivals, in log USD/Mtok."""
    return rolled(tier_series(tables)[0], lambda pool, horizons, _: tier_quantiles(pool, horizons))
