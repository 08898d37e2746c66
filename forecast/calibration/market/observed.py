"""What the tables say happened, each with its interval; nothing here is typed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np

from forecast.calibration.market.band import clustered_rate, sd_band, spread
from forecast.hindcast.series import log_value_on, rents
from forecast.tables import Tables
from forecast.trends.list_price.series import PriceSeries, known_series
from forecast.trends.repricing import changes_log
from forecast.trends.trend import Band
from forecast.units import DAYS_PER_MONTH, months_between

LEAST_HOSTS = 4  # of one model, for its spread to mean something
STILL_LISTED_MONTHS = 3.0  # since it was last seen
SPEND_SCOPES = (
    ("OpenRouter SPEND by author, 4 weeks to date (estimate)", "OpenRouter tokens by author, 4 weeks to date"),
    ("Vercel AI Gateway spend by lab", "Vercel AI Gateway tokens by lab"),
)


def changes_per_month(kind: str) -> Callable[[Tables], Band]:
    """Return a reader of list-price changes per model-month of a kind of provider."""
    return lambda tables: clustered_rate(
        (one.provider, len(one.changed_on) - 1, months_between(one.changed_on[0], one.last_seen_on))
        for one in _of_kind(tables, kind)
    )


def change_size_log(kind: str) -> Callable[[Tables], Band]:
    """Return a reader of the mean |Δ ln price| of the changes of a kind of provider."""
    return lambda tables: clustered_rate((p, abs(step), 1) for p, step in _steps(tables, kind))


def rises_frac(tables: Tables) -> Band:
    """Return the share of list-price changes that are rises, gateways left out."""
    return clustered_rate((p, step > 0, 1) for kind in ("first", "host", "cloud") for p, step in _steps(tables, kind))


def host_spread_ratio(tables: Tables) -> Band:
    """Return the dearest over the cheapest host of one model, over the models of four hosts or more on the last day."""
    series = list(_of_kind(tables, "host"))
    last = max(one.last_seen_on for one in series)
    by_model: dict[str, dict[str, float]] = {}
    for one in series:
        if months_between(one.last_seen_on, last) <= STILL_LISTED_MONTHS:
            by_model.setdefault(one.same_thing[1], {})[one.provider] = one.usd_per_mtok[-1]
    hosts = [list(prices.values()) for prices in by_model.values() if len(prices) >= LEAST_HOSTS]
    return spread(np.array([max(prices) / min(prices) for prices in hosts if min(prices) > 0]))


def _of_kind(tables: Tables, kind: str) -> Iterator[PriceSeries]:
    return (one for one in known_series(tables) if one.kind == kind)


def _steps(tables: Tables, kind: str) -> Iterator[tuple[str, float]]:
    """Yield provider and Δ ln price of each change between two prices above 0."""
    return ((one.provider, step) for one in _of_kind(tables, kind) for _, step in changes_log(one))


def spend_concentration_ratio(tables: Tables) -> Band:
    """Return the Herfindahl index of spend over that of tokens: at two gateways by author, and of the router's hosts."""
    index = {row["scope"]: row["hhi_low"] for row in tables["concentration"]}
    ratios = [index[spend] / index[tokens] for spend, tokens in SPEND_SCOPES]
    hosts = list(tables["host_prices"])
    spend, tokens = (np.array([r[name] for r in hosts]) for name in ("revenue_usd_per_day", "tokens_per_day"))
    hosts_ratio = (spend**2).sum() / spend.sum() ** 2 / ((tokens**2).sum() / tokens.sum() ** 2)
    return spread(np.array([*ratios, hosts_ratio]))


def rent_swing_log(months: int) -> Callable[[Tables], Band]:
    """Return a reader of the root mean square of Δ ln of the rent of an H100 over so many months."""

    def read(tables: Tables) -> Band:
        series = rents(tables)["h100"]
        steps = []
        for start in series:
            end = log_value_on(series, start.on + timedelta(days=round(months * DAYS_PER_MONTH)))
            if end is not None:
                steps.append(end[0] - float(np.log(start.value)))
        apart = int(months_between(series[0].on, series[-1].on) / months)  # steps that do not overlap
        return sd_band(float(np.sqrt(np.mean(np.square(steps)))), max(apart, 1))

    return read
