"""Figures, returned and not shown: what a forecast looks like."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

from forecast.delivery.folders import picture_format, publish_file
from forecast.delivery.small_tables import charted_risk, consolidation, records, seen_whole, segments
from forecast.delivery.words import counted
from forecast.tidy_table import Forecast

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PRICE, FLOOR, SPEND = "#1f5fa8", "#c2571a", "#7a7a7a"
BANDS = ((0.10, 0.90, 0.18), (0.25, 0.75, 0.28))


def overview(forecast: Forecast) -> Figure:
    """Return one figure: price against floor by segment, who runs dry, when the market consolidates."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 8), layout="constrained")
    grid = figure.add_gridspec(2, 3)
    manifest = forecast.manifest
    figure.suptitle(f"{manifest['title']} (as of {manifest['as_of']}, {counted(manifest['paths'], 'path')})")
    for column, segment in enumerate(segments(forecast)[:3]):
        axes = figure.add_subplot(grid[0, column])
        _fan(axes, forecast, "market_price", segment, PRICE, "price paid")
        _fan(axes, forecast, "floor", segment, FLOOR, "floor: hardware and electricity", dashed=True)
        axes.set(yscale="log", title=segment, xlabel="months from now")
        axes.set(ylabel="USD per million tokens" if column == 0 else "")
        axes.grid(alpha=0.25)
        plain_log_axis(axes)
        if column == 0:
            figure.legend(
                *axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8, frameon=False
            )
    _risk(figure.add_subplot(grid[1, :2]), forecast)
    _consolidates(figure.add_subplot(grid[1, 2]), forecast)
    return figure


def save_figure(figure: Figure, path: str) -> None:
    """Write a figure to a PNG or SVG file. Dollars in a title or a label are dollars, not the marks of a formula.

    Raises:
        InputError: another ending, or a place that cannot be written.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if text.get_text():  # numbers on the axes have none before they are drawn, and may be powers
            text.set_parse_math(False)
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a title in letters that the font lacks shows boxes
        figure.savefig(drawn, dpi=110, format=picture_format(path))
    publish_file(path, drawn.getvalue())


def plain_log_axis(axes: Any) -> None:
    """Label a logarithmic axis of values with plain numbers, 0.05 in place of a power of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def _fan(
    axes: Any, forecast: Forecast, outcome: str, segment: str, colour: str, label: str, dashed: bool = False
) -> None:
    line: dict[float, list[float]] = {}
    for fact in forecast.find(outcome, segment=segment):
        line.setdefault(fact.quantile or 0.0, []).append(fact.value or 0.0)
    months = range(len(line[0.5]))
    for low, high, alpha in BANDS:
        axes.fill_between(months, line[low], line[high], color=colour, alpha=alpha, linewidth=0)
    axes.plot(
        months, line[0.5], color=colour, linestyle="--" if dashed else "-", label=f"{label} (median, 50 and 80 %)"
    )


def _risk(axes: Any, forecast: Forecast) -> None:
    able = charted_risk(forecast)[::-1]  # bars are drawn from below
    names = [row.provider for row in able]
    for within, alpha, height in ((24, 0.35, 0.75), (12, 1.0, 0.4)):
        dry = [getattr(row, f"prob_out_of_cash_{within}m") for row in able]
        if any(prob is not None for prob in dry):  # the horizon reaches so far
            values, label = [100 * prob for prob in dry], f"within {within} months"
            axes.barh(names, values, color=PRICE, alpha=alpha, label=label, height=height)
    axes.set(title="Chance that cash ends if no new money comes", xlabel="%")
    axes.set_xlim(0, min(100, max(5, axes.get_xlim()[1])))  # to the longest bar, but small risks do not fill the panel
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="x", alpha=0.25)
    if able:
        axes.legend(loc="lower right", fontsize=8)
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "cannot be told: the horizon is under 12 months", transform=axes.transAxes, ha="center")


def _consolidates(axes: Any, forecast: Forecast) -> None:
    rows = records(consolidation(forecast))
    seen = seen_whole(rows)
    months = [row["month"] for row in seen]
    axes.plot(months, [100 * row["prob_tokens"] for row in seen], color=PRICE, label="of tokens")
    axes.plot(months, [100 * row["prob_spend"] for row in seen], color=SPEND, linestyle="--", label="of spend")
    axes.set(title="Five largest hold 80 % for six months", xlabel="months from now", ylabel="% of paths")
    axes.set(xlim=(0, max(len(rows) - 1, 1)), ylim=(-2, 102))
    axes.legend(fontsize=8)
    axes.grid(alpha=0.25)
