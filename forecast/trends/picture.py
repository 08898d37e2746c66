"""A trend as a figure, returned and not shown: data, fit and fan, and beside them what it gives to the model."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.errors import InputError
from forecast.trends.trend import Estimate, Fan, Trend
from forecast.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DATA, FIT = "#7a7a7a", "#1f5fa8"
ALPHA = 0.18
INCHES_A_ROW = 0.38  # two lines of small type


def trend_picture(trend: Trend) -> Figure:
    """Return one figure: the series on the left where there is one, the fitted inputs on the right where there are any.

    Raises:
        InputError: the trend has neither.
    """
    from matplotlib.figure import Figure

    if not trend.observed and not trend.estimates:
        raise InputError(f"{trend.name}: neither a series nor a fitted input to draw. Ask for another trend.")
    drawn = [draw for draw, there in ((_series, trend.observed), (_estimates, trend.estimates)) if there]
    height = max(4.6, INCHES_A_ROW * len(trend.estimates))
    figure = Figure(figsize=(6.5 * len(drawn), height), layout="constrained")
    figure.suptitle(f"{trend.title} ({trend.form})")
    for place, draw in enumerate(drawn, start=1):
        draw(figure.add_subplot(1, len(drawn), place), trend)
    return figure


def _series(axes: Any, trend: Trend) -> None:
    days, values = zip(*trend.observed, strict=True)
    axes.plot(days, values, "o", ms=4, color=DATA, label="data")
    if trend.fitted:
        axes.plot(*zip(*trend.fitted, strict=True), color=FIT, lw=1.5, label="fit")
    if trend.fan:
        _fan(axes, trend.fan, max(day for day, _ in (*trend.observed, *trend.fitted)))
    if min(values) > 0 and max(values) > 5 * min(values):
        axes.set_yscale("log")
    axes.set(ylabel=trend.unit, title="data, fit and fan" if trend.fan else "data")
    axes.tick_params(axis="x", rotation=30)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)


def _fan(axes: Any, fan: Fan, last: date) -> None:
    """Draw the pairs of quantiles from the outermost in, and the middle one as a line."""
    days = [last + timedelta(days=round(month * DAYS_PER_MONTH)) for month in range(1, fan.quantiles.shape[1] + 1)]
    count = len(fan.levels)
    for low in range(count // 2):
        inside = 100 * (fan.levels[-1 - low] - fan.levels[low])
        axes.fill_between(days, fan.quantiles[low], fan.quantiles[-1 - low], color=FIT, alpha=ALPHA, lw=0)
        seen = 1 - (1 - ALPHA) ** (low + 1)  # bands overlap and darken: the legend has the shade that is seen
        axes.fill_between([], [], [], color=FIT, alpha=seen, lw=0, label=f"{inside:.0f} % inside")
    axes.plot(days, fan.quantiles[count // 2], color=FIT, ls="--", lw=1.5, label="median ahead")


def _estimates(axes: Any, trend: Trend) -> None:
    """Draw median and 80 % interval of each fitted input: over its median, or as it is where most intervals hold zero."""
    bands = np.array([found.value.quantile(np.array([0.1, 0.5, 0.9])) for found in trend.estimates])
    as_it_is = bool(np.mean(bands[:, 0] * bands[:, 2] <= 0) > 0.5)
    shown = bands if as_it_is else bands / np.where(bands[:, 1:2] == 0, 1.0, np.abs(bands[:, 1:2]))
    place = np.arange(len(shown))
    axes.hlines(place, shown[:, 0], shown[:, 2], color=FIT, lw=2)
    axes.plot(shown[:, 1], place, "o", color=FIT)
    axes.set(yticks=place, title=f"given to the model: 80 % interval{'' if as_it_is else ' over the median'}")
    axes.set_yticklabels([_label(found) for found in trend.estimates], fontsize=8)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.25)


def _label(found: Estimate) -> str:
    return f"{found.key.partition('.')[2]}\n{found.value.median():.3g} {found.unit}"
