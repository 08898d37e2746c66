"""Quantities with a dated series: the change since the as_of day on each path, and in the series.

Levels are compared as changes: where a series starts is an input, how it moves the forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from forecast.equations.shares import top_sum
from forecast.hindcast import series as dated
from forecast.hindcast.checks import Asked, Happened, Observed, OnPath, Quantity, Values
from forecast.hindcast.series import Series
from forecast.history import History
from forecast.market.names import Names
from forecast.scenario import Scenario
from forecast.tables import Tables


def _change(values: NDArray[np.float32], months: int) -> Values:
    """Return the ratio of `[month, path]` values to those of the as_of month."""
    return np.asarray(values[months] / values[0], float)


def ratio(
    meaning: str,
    forecast: OnPath,
    read: Callable[[Tables], Mapping[str, Series]],
    name: Callable[[Scenario, str], str] = lambda scenario, entity: entity,
) -> Quantity:
    """Return a quantity whose change since the as_of day is compared with that of a dated series."""

    def happened(tables: Tables, scenario: Scenario, names: Names, asked: Asked) -> Happened:
        series, key = read(tables), name(scenario, asked.entity)
        ends = [dated.log_value_on(series.get(key, ()), day) for day in (asked.as_of, asked.on)]
        if ends[0] is None or ends[1] is None:
            day = asked.as_of if ends[0] is None else asked.on
            return f"no observation near {day}"
        sd = dated.walk_sd_per_root_month(read(scenario.tables), asked.as_of)
        (start, _), (end, source) = ends[0], ends[1]
        return Observed(float(np.exp(end - start)), source, None if sd is None else sd * asked.months**0.5)

    return Quantity("ratio", meaning, forecast, happened)


def of_provider(series: str) -> OnPath:
    """Return a reader of the change of a provider's series."""
    return lambda h, names, asked: _change(h.series[series][names.providers.index(asked.entity)], asked.months)


def of_market(series: str) -> OnPath:
    """Return a reader of the change of a series of the whole market."""
    return lambda h, names, asked: _change(h.series[series][0], asked.months)


def router_herfindahl(history: History, names: Names, asked: Asked) -> Values:
    """Return the change of the Herfindahl index of tokens as the router would show it."""
    return _change((history.series["router_share"][:, [0, asked.months]] ** 2).sum(axis=0), 1)


def router_top5(history: History, names: Names, asked: Asked) -> Values:
    """Return the change of the share of the five largest as the router would show it."""
    share = history.series["router_share"]
    return _change(np.stack([top_sum(share[:, month], 5) for month in (0, asked.months)]), 1)


def tier(history: History, names: Names, asked: Asked) -> Values:
    """Return the change of the tier price of a segment."""
    return _change(history.series["tier_price"][names.segments.index(asked.entity)], asked.months)


def demand(history: History, names: Names, asked: Asked) -> Values:
    """Return the change of all tokens served."""
    return _change(history.series["volume"].sum(axis=0), asked.months)


def some_firm(history: History, names: Names, asked: Asked) -> Values:
    """Return the change of tokens of a firm that is not in the market: on each path that of another provider.

    Those that were sold or shut on a path are left out there: the firm asked for still counts its tokens.
    """
    tokens, paths = history.series["provider_tokens"], np.arange(history.exit_month.shape[1])
    order = (np.arange(len(tokens))[:, None] + paths) % len(tokens)  # every path asks the providers in turn
    alive = tokens[order, asked.months, paths] > 0
    firm = order[alive.argmax(axis=0), paths]
    return np.asarray(tokens[firm, asked.months, paths] / tokens[firm, 0, paths], float)


def level(scenario: Scenario, segment: str) -> str:
    """Return the GPQA level of a segment as the tier prices name it."""
    return f"{scenario.rows['segments'][segment]['gpqa_at_least']:g}"
