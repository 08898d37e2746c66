"""What the largest router shows of the sellers that the market names: how large they are, how they swing, and who renews its models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from forecast.calibration.market.band import clustered_rate, sd_band
from forecast.hindcast.series import router_concentration
from forecast.tables import Tables
from forecast.trends.router import LEAST_SHARE
from forecast.trends.router_shares import HOSTS, NOBODY, shares_among_named
from forecast.trends.trend import Band

FOUR_WEEKS = timedelta(days=28)
MODEL_SCOPE = "OpenRouter by model (weekly top 9-10)"


def concentration_level(measure: str) -> Callable[[Tables], Band]:
    """Return a reader of a measure of concentration of the named sellers, mean of the days known: one history, no interval."""

    def read(tables: Tables) -> Band:
        mean = float(np.mean([o.value for o in router_concentration(measure)(tables)[HOSTS]]))
        return Band(mean, mean, mean)

    return read


def concentration_swing_log(months: int) -> Callable[[Tables], Band]:
    """Return a reader of the root mean square of Δ ln of the Herfindahl index of the named sellers over so many four weeks."""

    def read(tables: Tables) -> Band:
        value, ahead = {o.on: o.value for o in router_concentration("hhi")(tables)[HOSTS]}, months * FOUR_WEEKS
        steps = [np.log(value[day + ahead] / value[day]) for day in value if day + ahead in value]
        apart = len(steps) // (4 * months)  # weekly steps overlap
        return sd_band(float(np.sqrt(np.mean(np.square(steps)))), max(apart, 1))

    return read


def share_changes_log(tables: Tables) -> list[tuple[str, float, float]]:
    """Return seller, ln share and Δ ln share over four weeks of shares from LEAST_SHARE on.

    Who falls below, or off the list, fell to LEAST_SHARE: to leave it out would show only the small ones that rose.
    """
    by_day = shares_among_named(tables, HOSTS)
    return [
        (seller, float(np.log(before)), float(np.log(max(later.get(seller, 0.0), LEAST_SHARE) / before)))
        for day, shares in by_day.items()
        if (later := by_day.get(day + FOUR_WEEKS)) is not None
        for seller, before in shares.items()
        if before >= LEAST_SHARE
    ]


def share_change_size_log(tables: Tables) -> Band:
    """Return the mean |Δ ln share| of a month of the named sellers."""
    return clustered_rate((seller, abs(step), 1) for seller, _, step in share_changes_log(tables))


def share_reversion(tables: Tables) -> Band:
    """Return by how much less a share grows in a month for a unit of its log: −Σ(x − x̄)·Δx/Σ(x − x̄)²."""
    found = share_changes_log(tables)
    middle = float(np.mean([log for _, log, _ in found]))
    return clustered_rate((seller, (middle - log) * step, (log - middle) ** 2) for seller, log, step in found)


def large_share_changes_frac(tables: Tables) -> Band:
    """Return the part of sellers' months in which the share halved or doubled: |Δ ln share| > ln 2."""
    return clustered_rate((seller, abs(step) > np.log(2), 1) for seller, _, step in share_changes_log(tables))


def renewed_frac(months: int) -> Callable[[Tables], Band]:
    """Return a reader of the tokens of the router's largest models that moved to a newer model of the same author in that time.

    Of an author's part of the list: the lesser of what its models had that are gone, and what models now have that no
    list up to the first day held. What it loses to others is no renewal; a model that comes back is not new.
    """

    def read(tables: Tables) -> Band:
        by_day = _model_shares(tables)
        seen: set[str] = set()
        moved = []
        for day, before in by_day.items():
            seen |= set(before)
            if (after := by_day.get(day + months * FOUR_WEEKS)) is None:
                continue
            held = _by_author(before)
            gone = _by_author({model: share for model, share in before.items() if model not in after})
            new = _by_author({model: share for model, share in after.items() if model not in seen})
            moved += [(author, min(gone[author], new[author]), share) for author, share in held.items()]
        return clustered_rate(moved)

    return read


def _model_shares(tables: Tables) -> dict[date, dict[str, float]]:
    """Return the share of each model in its list by day, in the order of days."""
    tokens: dict[date, dict[str, float]] = defaultdict(dict)
    for row in tables["token_shares"]:
        if row["scope"] == MODEL_SCOPE and row["tokens"] and row["entity"] not in NOBODY:
            tokens[row["date_on"]][row["entity"]] = row["tokens"]
    return {day: {model: n / sum(of.values()) for model, n in of.items()} for day, of in sorted(tokens.items())}


def _by_author(shares: dict[str, float]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for model, share in shares.items():
        found[model.partition("/")[0]] += share
    return found
