"""What the tables say of firms: rounds, exits, how they come together, margins and losses, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from forecast.calibration.market.band import Band, poisson_rate, sd_band, spread
from forecast.hindcast.series import SOLID
from forecast.serving.token_cost import months_between
from forecast.table_files import Row
from forecast.tables import Tables

NAMED = "brief list (21 venture-backed)"  # the kind of firm that the market names
ALL = "extended cohort (all)"
YEARS = ("2022-2023", "2024", "2025", "2026-01..08")
EXITS = ("acquired_count", "failed_count")


def hazard(column: str, period: str) -> Callable[[Tables], Band]:
    """Return a reader of exits of a kind per provider-year in a period, of firms like those named."""

    def read(tables: Tables) -> Band:
        row = _periods(tables, NAMED)[period]
        return poisson_rate(row[column], row["provider_years"])

    return read


def exits_dispersion(tables: Tables) -> Band:
    """Return how exits bunch in time: Σ(k − λe)²/(λe) / (n − 1) over the periods, 1 for independent exits at one rate.

    k exits in e provider-years of a period, λ of all of them; the interval is that of a variance with n − 1 degrees.
    """
    rows = [_periods(tables, ALL)[period] for period in YEARS]
    count = np.array([sum(row[column] for column in EXITS) for row in rows], float)
    expected = np.array([row["provider_years"] for row in rows]) * count.sum() / sum(r["provider_years"] for r in rows)
    degrees = len(rows) - 1
    sd = sd_band(float(np.sqrt(((count - expected) ** 2 / expected).sum() / degrees)), degrees)
    return Band(*(end**2 for end in sd))


def _periods(tables: Tables, cohort: str) -> dict[str, Row]:
    return {row["period"]: row for row in tables["hazards"] if row["cohort"] == cohort}


def rounds_per_year(start: date) -> Callable[[Tables], Band]:
    """Return a reader of rounds per year of a firm with a round known by then, from then to the end of the events.

    A firm counts until its exit. Firms that the market does not name count as well.
    """

    def read(tables: Tables) -> Band:
        end = max(row["date_on"] for row in tables["events"])
        solid = [row for row in tables["events"] if row["kind"] == "funding-round" and row["status"] in SOLID]
        left = {r["provider"]: r["exit_on"] for r in tables["hazard_cohort"] if r["exit_on"] is not None}
        known = {row["actors"] for row in solid if row["as_of"] <= start}
        firms = {firm for firm in known if left.get(firm, end) > start}
        count = sum(row["actors"] in firms and row["date_on"] > start for row in solid)
        years = sum(months_between(start, min(left.get(firm, end), end)) / 12 for firm in sorted(firms))
        return poisson_rate(count, years)

    return read


def gross_margin_frac(tables: Tables) -> Band:
    """Return the gross margins that are known of providers."""
    return spread(np.array(_margins(tables)))


def losing_frac(tables: Tables) -> Band:
    """Return the part of known gross margins below 0."""
    margins = _margins(tables)
    return poisson_rate(sum(margin < 0 for margin in margins), len(margins))


def _margins(tables: Tables) -> list[float]:
    rows = (row for row in tables["provider_history"] if row["metric"] == "gross_margin_frac")
    return [row["value"] for row in rows if row["status"] in SOLID]


def loss_bound(tables: Tables) -> Band:
    """Return the bound of a loss over all money raised: from 0 to 1, whatever the tables say."""
    return Band(0.0, 1.0, 1.0)
