"""What a hindcast compares: of each quantity, how the forecast says it on every path, and how the tables say what happened.

Levels are compared as the change since the as_of month: where a series starts is an input, how it moves the forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.hindcast import series as dated
from forecast.hindcast.series import Series
from forecast.march import History
from forecast.market.doors import NEVER
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.serving.token_cost import months_between
from forecast.tables import Tables

Values = NDArray[np.float64]  # [path]


EVENT_KINDS = {
    "rounds": ("funding-round",),
    "departures": ("acquisition", "licence-and-hire", "shutdown", "shutdown-and-hire"),
    "listings": ("ipo",),
}


class Observed(NamedTuple):
    """What happened: the value, where it comes from, and how far a naive walk would have gone by then, if it is a walk."""

    value: float
    source: str
    walk_log_sd: float | None = None


class Asked(NamedTuple):
    """A question to forecast and tables: of what, from which day, how many months later, which day that is."""

    entity: str
    as_of: date
    months: int
    on: date
    firms: frozenset[str]  # providers that the entity stands for


Happened = Observed | str  # a text says why the question has no answer


@dataclass(frozen=True)
class Quantity:
    """A comparable quantity: its form (ratio, count, months or event), what it is, and its two readers."""

    form: str
    meaning: str
    forecast: Callable[[History, Names, Asked], Values]
    happened: Callable[[Tables, Scenario, Names, Asked], Happened]


def _change(values: NDArray[np.float32], months: int) -> Values:
    """Return the ratio of `[month, path]` values to those of the as_of month."""
    return np.asarray(values[months] / values[0], float)


def _ratio(
    meaning: str,
    forecast: Callable[[History, Names, Asked], Values],
    read: Callable[[Tables], Mapping[str, Series]],
    name: Callable[[Scenario, str], str] = lambda scenario, entity: entity,
) -> Quantity:
    """Return a quantity whose change since the as_of day is compared with that of a dated series."""

    def happened(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
        series, key = read(tables), name(scenario, asked.entity)
        ends = [dated.log_value_on(series.get(key, ()), day) for day in (asked.as_of, asked.on)]
        if ends[0] is None or ends[1] is None:
            day = asked.as_of if ends[0] is None else asked.on
            return f"no observation of {key} near {day}"
        sd = dated.walk_sd_per_root_month(read(scenario.tables), asked.as_of)
        (start, _), (end, source) = ends[0], ends[1]
        return Observed(float(np.exp(end - start)), source, None if sd is None else sd * asked.months**0.5)

    return Quantity("ratio", meaning, forecast, happened)


def _of_provider(series: str) -> Callable[[History, Names, Asked], Values]:
    return lambda h, names, asked: _change(h.series[series][names.providers.index(asked.entity)], asked.months)


def _of_market(series: str) -> Callable[[History, Names, Asked], Values]:
    return lambda h, names, asked: _change(h.series[series][0], asked.months)


def _tier(history: History, names: Names, asked: Asked) -> Values:
    return _change(history.series["tier_price"][names.segments.index(asked.entity)], asked.months)


def _demand(history: History, names: Names, asked: Asked) -> Values:
    return _change(history.series["volume"].sum(axis=0), asked.months)


def _some_firm(history: History, names: Names, asked: Asked) -> Values:
    """Return the change of tokens of a firm that is none of those listed: on each path that of another one of them.

    Those that were sold or shut on a path are left out there: the firm asked for still counts its tokens.
    """
    tokens, paths = history.series["provider_tokens"], np.arange(history.exit_month.shape[1])
    order = (np.arange(len(tokens))[:, None] + paths) % len(tokens)  # every path asks the providers in turn
    alive = tokens[order, asked.months, paths] > 0
    firm = order[alive.argmax(axis=0), paths]
    return np.asarray(tokens[firm, asked.months, paths] / tokens[firm, 0, paths], float)


def _level(scenario: Scenario, segment: str) -> str:
    """Return the GPQA level of a segment as the tier prices name it."""
    return f"{scenario.rows['segments'][segment]['gpqa_at_least']:g}"


def firms_of(scenario: Scenario, names: Names, entity: str) -> frozenset[str]:
    """Return the providers that an entity stands for.

    `all` are those on their own cash; `followed` those of them whose rounds the events were known to record at the
    as_of day: the table does not know the rounds of every firm, and a round it misses is not one that failed.
    """
    own_cash = frozenset(names.providers[names.own_cash])
    rounds = {row["actors"] for row in scenario.tables["events"] if row["kind"] in EVENT_KINDS["rounds"]}
    return {"all": own_cash, "followed": own_cash & rounds}.get(entity, own_cash & {entity})


def _members(names: Names, asked: Asked) -> list[int]:
    return [names.providers.index(firm) for firm in sorted(asked.firms)]


def _rounds(history: History, names: Names, asked: Asked) -> Values:
    closed = history.series["rounds"][_members(names, asked), 1 : asked.months + 1]
    return np.asarray(closed.sum(axis=(0, 1)), float)


def _departures(history: History, names: Names, asked: Asked) -> Values:
    return _by(history.exit_month[_members(names, asked)], asked.months)


def _listings(history: History, names: Names, asked: Asked) -> Values:
    return _by(history.listed_month[_members(names, asked)], asked.months)


def _by(month: NDArray[np.int16], months: int) -> Values:
    return np.asarray(((month != NEVER) & (month <= months)).sum(axis=0), float)


def _events(what: str, meaning: str, forecast: Callable[[History, Names, Asked], Values], most: bool) -> Quantity:
    """Return a quantity counted in the table of events; with `most` at least one is asked for, not how many.

    Of the actors of a deal the last is the one to whom it happens ("buyer; bought"), of a listing the first, with
    those that belong to it after it.
    """

    def happened(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
        if what == "rounds" and not asked.firms <= firms_of(scenario, names, "followed"):
            return f"events.csv recorded no round of {asked.entity} by {asked.as_of}"
        last = max(row["date_on"] for row in tables["events"])
        if asked.on > last:
            return f"events.csv ends on {last}"
        found = [
            row
            for row in tables["events"]
            if row["kind"] in EVENT_KINDS[what]
            and row["status"] in dated.SOLID
            and asked.as_of < row["date_on"] <= asked.on
            and row["actors"].split("; ")[0 if what == "listings" else -1] in asked.firms
        ]
        value = float(bool(found)) if most else float(len(found))
        source = found[-1]["source"] if most and found else f"events.csv, {len(found)} rows"
        return Observed(value, source)

    def on_path(history: History, names: Names, asked: Asked) -> Values:
        count = forecast(history, names, asked)
        return np.minimum(count, 1.0) if most else count

    return Quantity("event" if most else "count", meaning, on_path, happened)


def _last_day(tables: Tables) -> date:
    """Return the day up to which launches are known: that of the last rent; a later one in the tables is a plan."""
    return max(row["date_on"] for row in tables["rents"])


def _arrival(history: History, names: Names, asked: Asked) -> Values:
    return np.asarray(history.available_month[names.accelerators.index(asked.entity)], float)


def _arrived(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
    row = tables["accelerators"].latest("name")[asked.entity]
    if asked.entity not in names.accelerators:
        return f"{asked.entity} was not announced, or not with what the market needs"
    if names.speed.available[names.accelerators.index(asked.entity)]:
        return f"{asked.entity} was on the market already"
    if row["available_on"] is None or row["available_on"] > _last_day(tables):
        return f"{asked.entity} has not come yet"
    return Observed(months_between(asked.as_of, row["available_on"]), row["source"])


def _launches(history: History, names: Names, asked: Asked) -> Values:
    month = history.available_month
    return np.asarray(((month > 0) & (month <= asked.months)).sum(axis=0), float)


def _launched(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
    if asked.on > (last := _last_day(tables)):
        return f"launches are known to {last}"
    rows = tables["accelerators"].latest("name")
    days = [rows[name]["available_on"] for name in names.accelerators]
    count = sum(day is not None and asked.as_of < day <= asked.on for day in days)
    return Observed(float(count), "accelerators.csv")


QUANTITIES: dict[str, Quantity] = {
    "tier_price": _ratio("third-cheapest list price at the segment's GPQA", _tier, dated.tier_prices, _level),
    "rent": _ratio("on-demand rent of an H100", _of_market("rent"), dated.rents),
    "demand": _ratio("tokens of the whole market, against those of the largest country that counts them", _demand, dated.history("tokens_per_day")),
    "firm_tokens": _ratio("tokens of a large firm whose count is wider than what it sells, taken as one of the providers", _some_firm, dated.history("tokens_per_day")),
    "tokens": _ratio("tokens of a provider", _of_provider("provider_tokens"), dated.history("tokens_per_day")),
    "revenue": _ratio("revenue of a provider", _of_provider("provider_revenue"), dated.history("revenue_run_rate_usd")),
    "hhi": _ratio("Herfindahl index of tokens, against the largest router", _of_market("hhi_tokens"), dated.concentration("hhi_low")),
    "top5": _ratio("share of the five largest, against the largest router", _of_market("top5_tokens_frac"), dated.concentration("top5_frac")),
    "rounds_count": _events("rounds", "funding rounds of the providers whose rounds events.csv records", _rounds, most=False),
    "departures_count": _events("departures", "providers on their own cash bought, hired away or shut", _departures, most=False),
    "listings_count": _events("listings", "public listings of the providers on their own cash", _listings, most=False),
    "raises": _events("rounds", "the provider raises a round", _rounds, most=True),
    "departs": _events("departures", "the provider is bought, hired away or shut", _departures, most=True),
    "lists": _events("listings", "the provider is listed", _listings, most=True),
    "launch": Quantity("months", "month in which an announced accelerator is broadly available", _arrival, _arrived),
    "launches_count": Quantity("count", "announced accelerators that become broadly available", _launches, _launched),
}  # fmt: skip
