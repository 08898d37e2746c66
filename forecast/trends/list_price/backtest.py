"""Rolling origins: each month the model is fitted to what training series had shown by then, and forecasts others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from zlib import crc32

import numpy as np

from forecast.arrays import Array
from forecast.errors import InputError
from forecast.tables import Tables
from forecast.trends.list_price.features import features_of
from forecast.trends.list_price.jumps import Jumps, enough_moves, fit_jumps
from forecast.trends.list_price.panel import DECIMALS_LOG, ROUTER, Panel, Windows, months_of, panel_of, windows_of
from forecast.trends.list_price.price_file import read_price_file
from forecast.trends.list_price.series import PriceSeries, known_series, without
from forecast.trends.rolling import DRIFT, HALVING_LOG_PER_MONTH, HORIZONS_MONTHS, LEVELS, WALK, Cases, joined

FOLDS = 5
FEWEST_INCREMENTS = 200  # of the horizon's length, known at an origin: with fewer there is no pooled rival


def list_price_cases(tables: Tables) -> Cases:
    """Return forecasts of our own series, each by fits that never saw its fold.

    Raises:
        InputError: too few series to forecast from.
    """
    series = known_series(tables)
    fold = [crc32("/".join(one.same_thing).encode()) % FOLDS for one in series]
    held_out = [[one for one, of in zip(series, fold, strict=True) if of == number] for number in range(FOLDS)]
    return joined([backtest(without(series, scored), scored) for scored in held_out if scored])


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


def backtest(training: Sequence[PriceSeries], scored: Sequence[PriceSeries]) -> Cases:
    """Return forecasts of the scored series, made on the first of each month by fits to the training series.

    A fit at an origin sees windows of training series that were over by then. What is known of a scored series
    includes the price of the same model elsewhere, in both sets of series, at the origin.

    Raises:
        InputError: no forecast can be scored: training or the scored series are too short.
    """
    everything = (*scored, *training)
    months = months_of(everything) if training else ()
    known = panel_of(training, months)
    windows = windows_of(known, features_of(known))
    panel = panel_of(everything, months)
    features = features_of(panel)
    seen = np.flatnonzero(panel.watched[: len(scored)].any(axis=0)).tolist()
    made = [cases for month in seen for cases in _made_in(month, windows, scored, panel, features)]
    if not made:
        raise InputError(
            "backtest: no forecast can be scored: a series must be watched for 3 months after an origin by which other "
            f"series had shown {FEWEST_INCREMENTS} windows of that length, and what is scored is not learnt from. Give longer "
            "series, or fewer of the shipped ones."
        )
    return joined(made)


def forecasts_on(tables: Tables, origin: date) -> Cases | None:
    """Return forecasts of all our series from the first of one month, by a fit to every window that was over by then.

    Nothing is held out but the future: the forecast that could have been made that day. None where too little was
    known to fit, or nothing is known of what followed.
    """
    series = known_series(tables)
    months = months_of(series)
    if origin not in months:
        return None
    panel = panel_of(series, months)
    month = months.index(origin)
    features = features_of(panel)
    made = _made_in(month, windows_of(panel, features), series, panel, features)
    return joined(made) if made else None


def _made_in(month: int, windows: Windows, scored: Sequence[PriceSeries], panel: Panel, features: Array) -> list[Cases]:
    """Return the forecasts made in a month by fits to what was over by then; none where that was too little."""
    known = windows.where(windows.end_month <= month)
    seen = {months: known.change_log[known.span_months == months] for months in HORIZONS_MONTHS}
    seen = {months: changes for months, changes in seen.items() if len(changes) >= FEWEST_INCREMENTS}
    if not seen or not enough_moves(known):
        return []
    fits = {of: fit_jumps(known.where(known.routed == of), known) for of in (False, True)}
    found = [_cases(fits, months, changes, month, scored, panel, features) for months, changes in seen.items()]
    return [cases for cases in found if len(cases)]


def _cases(
    fits: dict[bool, Jumps],
    horizon: int,
    increments: Array,
    month: int,
    scored: Sequence[PriceSeries],
    panel: Panel,
    features: Array,
) -> Cases:
    """Return the forecasts made in a month whose outcome was seen, by fits for routers and for others."""
    at = np.flatnonzero(~np.isnan(panel.change(horizon)[: len(scored), month]))
    last, value = panel.log_price[at, month], panel.log_price[at, min(month + horizon, len(panel.months) - 1)]
    prob, change = np.zeros(len(at)), np.zeros((len(LEVELS), len(at)))
    for routed, jumps in fits.items():
        of = (panel.kind[at] == ROUTER) == routed
        prob[of], change[:, of] = jumps.forecast(features[at[of], month], horizon, LEVELS)
    walk = last + np.quantile(increments, LEVELS)[:, None]
    return Cases(
        series=tuple(scored[i].model for i in at.tolist()),
        provider=tuple(scored[i].provider for i in at.tolist()),
        kind=tuple(scored[i].kind for i in at.tolist()),
        origin=(panel.months[month],) * len(at),
        horizon_months=np.full(len(at), horizon),
        last_log=last,
        value_log=value,
        quantiles_log=np.round(last + change, DECIMALS_LOG),  # the same bits on any number of threads
        rivals_log={WALK: walk, DRIFT: walk + HALVING_LOG_PER_MONTH * horizon},
        change_prob=np.round(prob, DECIMALS_LOG),
        rival_change_prob=np.full(len(at), float(np.mean(increments != 0.0))),
    )
