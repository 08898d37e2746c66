"""The trend of list prices of fixed models: what makes them move, the year ahead, and the backtest."""

from __future__ import annotations

import numpy as np

from forecast.arrays import Array
from forecast.errors import InputError
from forecast.scoring import pit_bounds, pit_distance
from forecast.tables import Tables
from forecast.trends.evidence import best_form, form_scores
from forecast.trends.known import TooFew, enough
from forecast.trends.list_price.backtest import list_price_cases
from forecast.trends.list_price.features import features_of
from forecast.trends.list_price.jumps import Jumps, fit_jumps
from forecast.trends.list_price.panel import ROUTER, Panel, months_of, panel_of, windows_of
from forecast.trends.list_price.series import known_series
from forecast.trends.rolling import LEVELS
from forecast.trends.trend import Band, Diagnostic, Trend

FORM = "jumps"
YEAR_MONTHS = 12
TOGETHER_MOVES = 3  # moves of one provider in one month that make a repricing of its list
FINE: Array = np.linspace(0.0025, 0.9975, 200)


def list_price_trend(tables: Tables) -> Trend:
    """Return the trend of the list price of a fixed model at one seller, routers aside.

    It gives no number to the month loop, which knows no model's age and peers and takes the averages of `repricing`.

    Raises:
        TooFew: the vintage has too few series, or too few of them moved.
    """
    enough(len(tables["price_series"]), 1, "series", tables["price_series"], tables)
    try:
        cases = list_price_cases(tables)
    except InputError as error:
        raise TooFew(error.problems) from None
    series = known_series(tables)
    panel = panel_of(series, months_of(series))
    features = features_of(panel)
    windows = windows_of(panel, features)
    scored = form_scores(cases, FORM)
    form, why = best_form(scored, FORM)
    return Trend(
        name="list_price",
        title="List price of a fixed model at one seller, a year ahead",
        unit="USD/Mtok",
        form=form,
        why=why,
        annual_change=_year_ahead(fit_jumps(windows.where(~windows.routed), windows), panel, features),
        diagnostics=(
            Diagnostic(
                "pit_ks",
                pit_distance(*pit_bounds(cases.quantiles_log, LEVELS, cases.value_log)),
                "distance of the randomised PIT from uniform; below 0.05 is well",
            ),
            repriced_together(panel),
        ),
        scores=lambda: scored,
        more={
            f"at rest after {span} months": f"{100 * np.mean(windows.change_log[windows.span_months == span] == 0):.0f} %"
            for span in sorted({score.horizon_months for score in scored})
        },
    )


def _year_ahead(jumps: Jumps, panel: Panel, features: Array) -> Band:
    """Return the price a year from the last month over the price then, all sellers still watched taken together."""
    last = int(np.flatnonzero(panel.watched.sum(axis=0) >= 0.5 * panel.watched.sum(axis=0).max())[-1])
    now = panel.watched[:, last] & (panel.kind != ROUTER)
    _, change = jumps.forecast(features[now, last], YEAR_MONTHS, FINE)
    return Band(*(float(np.exp(q)) for q in np.quantile(change, (0.1, 0.5, 0.9))))


def repriced_together(panel: Panel) -> Diagnostic:
    """Return the share of moves, routers aside, that came with two or more of the same provider in the same month."""
    sellers = panel.kind != ROUTER
    moved = (panel.step != 0) & sellers[:, None]
    events = np.array([moved[panel.provider == name].sum(axis=0) for name in np.unique(panel.provider[sellers])])
    together = events[events >= TOGETHER_MOVES].sum() / max(events.sum(), 1)
    return Diagnostic(
        "repriced_together_frac", float(together), "share of sellers' moves in repricings of three or more"
    )
