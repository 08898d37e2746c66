"""What the tables say happened, each with its interval; nothing here is typed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import numpy as np

from forecast.calibration.market.band import Band, clustered_median, clustered_rate, sd_band, spread
from forecast.hindcast.series import concentration, log_value_on, rents
from forecast.serving.token_cost import months_between
from forecast.tables import Tables
from forecast.trends.list_price.series import PriceSeries, known_series
from forecast.trends.repricing import changes_log
from forecast.trends.router import LEAST_SHARE
from forecast.units import DAYS_PER_MONTH

LEAST_HOSTS = 4  # of one model, for its spread to mean something
STILL_LISTED_MONTHS = 3.0  # since it was last seen
FOUR_WEEKS = timedelta(days=28)
SPEND_SCOPES = (
    ("OpenRouter SPEND by author, 4 weeks to date (estimate)", "OpenRouter tokens by author, 4 weeks to date"),
    ("Vercel AI Gateway spend by lab", "Vercel AI Gateway tokens by lab"),
)
MODEL_SCOPE = "OpenRouter by model (weekly top 9-10)"
HOST_SCOPE = "OpenRouter all tokens by serving host"


def changes_per_month(kind: str) -> Callable[[Tables], Band]:
    """Return a reader of list-price changes per model-month of a kind of provider."""
    return lambda tables: clustered_rate(
        (one.provider, len(one.changed_on) - 1, months_between(one.changed_on[0], one.last_seen_on))
        for one in _of_kind(tables, kind)
    )


def change_size_log(kind: str) -> Callable[[Tables], Band]:
    """Return a reader of the median |Δ ln price| of the changes of a kind of provider."""
    return lambda tables: clustered_median((p, abs(step)) for p, step in _steps(tables, kind))


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


def concentration_level(column: str) -> Callable[[Tables], Band]:
    """Return a reader of a measure of concentration of the router's serving hosts, over its days."""
    return lambda tables: spread(np.array([o.value for o in concentration(column)(tables)[HOST_SCOPE]]))


def spend_concentration_ratio(tables: Tables) -> Band:
    """Return the Herfindahl index of spend over that of tokens: at two gateways by author, and of the router's hosts."""
    index = {row["scope"]: row["hhi_low"] for row in tables["concentration"]}
    ratios = [index[spend] / index[tokens] for spend, tokens in SPEND_SCOPES]
    hosts = list(tables["host_prices"])
    spend, tokens = (np.array([r[name] for r in hosts]) for name in ("revenue_usd_per_day", "tokens_per_day"))
    hosts_ratio = (spend**2).sum() / spend.sum() ** 2 / ((tokens**2).sum() / tokens.sum() ** 2)
    return spread(np.array([*ratios, hosts_ratio]))


def concentration_swing_log(months: int) -> Callable[[Tables], Band]:
    """Return a reader of the root mean square of the router's Δ ln Herfindahl index by serving host over so many four weeks."""

    def read(tables: Tables) -> Band:
        value, ahead = {o.on: o.value for o in concentration("hhi_low")(tables)[HOST_SCOPE]}, months * FOUR_WEEKS
        steps = [np.log(value[day + ahead] / value[day]) for day in value if day + ahead in value]
        apart = len(steps) // (4 * months)  # weekly steps overlap
        return sd_band(float(np.sqrt(np.mean(np.square(steps)))), max(apart, 1))

    return read


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


def generations_per_month(tables: Tables) -> Band:
    """Return the tokens of the router's ten largest models whose model was not among them four weeks later, of all theirs."""
    tokens: dict[date, dict[str, float]] = {}
    for row in tables["token_shares"]:
        if row["scope"] == MODEL_SCOPE and row["tokens"]:
            tokens.setdefault(row["date_on"], {})[row["entity"]] = row["tokens"]
    return clustered_rate(
        (model.partition("/")[0], count * (model not in later), count)
        for day, models in tokens.items()
        if (later := tokens.get(day + FOUR_WEEKS)) is not None
        for model, count in models.items()
    )


def share_changes_log(tables: Tables) -> list[tuple[str, float, float]]:
    """Return host, ln share and Δ ln share of the router's tokens over four weeks, of shares from LEAST_SHARE on the first day."""
    share = {(r["entity"], r["date_on"]): r["share_frac"] for r in tables["token_shares"] if r["scope"] == HOST_SCOPE}
    return [
        (host, float(np.log(before)), float(np.log(after / before)))
        for (host, day), before in share.items()
        if before >= LEAST_SHARE and (after := share.get((host, day + FOUR_WEEKS), 0.0)) > 0
    ]


def share_change_size_log(tables: Tables) -> Band:
    """Return the mean |Δ ln share| of a month of the router's hosts."""
    return clustered_rate((host, abs(step), 1) for host, _, step in share_changes_log(tables))


def share_reversion(tables: Tables) -> Band:
    """Return by how much less a share grows in a month for a unit of its log: −Σ(x − x̄)·Δx/Σ(x − x̄)²."""
    found = share_changes_log(tables)
    middle = float(np.mean([log for _, log, _ in found]))
    return clustered_rate((host, (middle - log) * step, (log - middle) ** 2) for host, log, step in found)


def large_share_changes_frac(tables: Tables) -> Band:
    """Return the part of hosts' months in which the share halved or doubled: |Δ ln share| > ln 2."""
    return clustered_rate((host, abs(step) > np.log(2), 1) for host, _, step in share_changes_log(tables))
