"""Prices of a user's file, forecast by fits that never saw them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forecast.errors import InputError
from forecast.tables import Tables
from forecast.trends.list_price.backtest import backtest
from forecast.trends.list_price.price_file import read_price_file
from forecast.trends.list_price.series import known_series, without
from forecast.trends.rolling import Cases


def outside_cases(tables: Tables, path: Path) -> tuple[Cases, tuple[str, ...]]:
    """Return forecasts of the series of a file, and what was left out of it.

    Our own series of the same provider and model, however spelt, are dropped before anything is fitted. Where the file
    does not say how long its series were seen, a price that was withdrawn looks like one that rests: then ours are
    read in the same way, so that the fit learns from series like those it forecasts.

    Raises:
        InputError: the file cannot be read, or no forecast of it can be scored.
    """
    ours = known_series(tables)
    found = read_price_file(path, ours)
    training = without(ours, found.series)
    if (until := found.open_until) is not None:
        training = tuple(replace(one, last_seen_on=max(one.last_seen_on, until)) for one in training)
    try:
        return backtest(training, found.series), found.notes
    except InputError as error:
        raise InputError([*found.notes, *(f"{path}: {problem}" for problem in error.problems)]) from None
