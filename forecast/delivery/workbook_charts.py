"""Native charts of the workbook: fans of price and floor, curves of probability, bars of who runs out of cash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from forecast.delivery.cell_text import safe_cell
from forecast.delivery.small_tables import CONCENTRATIONS, charted_risk, seen_whole, segments
from forecast.tidy_table import Forecast

SHEET = "chart_data"
TOP = 2  # the rows of header and units
PRICE, FLOOR, THIRD = "#1F5FA8", "#A8481A", "#5A5A5A"
DASHES = ("solid", "dash", "round_dot", "long_dash_dot")
WIDTH, HEIGHT, BAR_HEIGHT = 640, 360, 560


class Curve(NamedTuple):
    """A column of the data behind the charts: the sheet and the chart it belongs to, its name, unit and values."""

    sheet: str
    chart: str
    name: str
    unit: str
    values: list[Any]


def chart_data(forecast: Forecast) -> list[Curve]:
    """Return the columns that the charts show: by month from row TOP on, and the providers most at risk."""
    horizon: int = forecast.manifest["months"]
    months = range(horizon + 1)
    curves = [Curve("", "", "month", "months", list(months))]
    for segment in segments(forecast):
        for name, outcome in (("price", "market_price"), ("floor", "floor")):
            for quantile in (0.1, 0.5, 0.9):
                values = [forecast.value(outcome, segment, m, quantile) for m in months]
                title = f"Price and floor, {segment}: median and 80 % band"
                curves.append(Curve("prices", title, f"{segment} {name} p{100 * quantile:.0f}", "USD/Mtok", values))
    for name, outcome, _ in CONCENTRATIONS:
        title = "Five largest hold 80 % for six months: probability by month"
        values = seen_whole([forecast.value(outcome, None, m) for m in months])
        curves.append(Curve("consolidation", title, f"of {name}", "probability", values))
    for segment in segments(forecast):
        title = "Price within 25 % of the floor for six months: probability by month"
        values = seen_whole([forecast.value("convergence_month", segment, m) for m in months])
        curves.append(Curve("convergence", title, f"converged: {segment}", "probability", values))
    return curves + _risk(forecast)


def _risk(forecast: Forecast) -> list[Curve]:
    """Return the providers most at risk, the safest first: a bar chart draws from the bottom up."""
    able = charted_risk(forecast)[::-1]
    title = "Chance that cash ends if no new money comes"
    bars = {
        "out of cash within 12 months": [row.prob_out_of_cash_12m for row in able],
        "out of cash within 24 months": [row.prob_out_of_cash_24m for row in able],
    }
    shown = [Curve("runway", title, name, "probability", values) for name, values in bars.items() if any(values)]
    return [Curve("", "", "provider", "", [row.provider for row in able]), *shown]


def add_charts(book: Any, sheets: Mapping[str, Any], curves: list[Curve]) -> None:
    """Draw every chart of the curves, which are the columns of SHEET, to the right of its sheet's table."""
    titles = list(dict.fromkeys((c.sheet, c.chart) for c in curves if c.chart and c.values))
    names = next(i for i, c in enumerate(curves) if c.name == "provider")
    for name, title in titles:
        columns = [(i, c) for i, c in enumerate(curves) if c.chart == title]
        chart = _bars(book, columns, names) if name == "runway" else _lines(book, columns)
        chart.set_title({"name": safe_cell(title), "name_font": {"size": 11}})
        chart.set_size({"width": WIDTH, "height": BAR_HEIGHT if name == "runway" else HEIGHT})
        place = [t for s, t in titles if s == name].index(title)
        sheets[name].insert_chart(1 + 19 * place, sheets[name].dim_colmax + 2, chart, {"description": safe_cell(title)})


def _lines(book: Any, columns: list[tuple[int, Curve]]) -> Any:
    """Return curves over months; those of a fan share the colour of what they are of, its edges thin."""
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    fan = columns[0][1].unit == "USD/Mtok"
    for order, (column, curve) in enumerate(columns):
        last = TOP + len(curve.values) - 1
        colour = (PRICE, FLOOR)[order // 3] if fan else (PRICE, FLOOR, THIRD)[order % 3]
        dash = DASHES[order // 3 if fan else order % len(DASHES)]
        width = 0.75 if fan and order % 3 != 1 else 2.25
        chart.add_series({
            "name": [SHEET, 0, column],
            "categories": [SHEET, TOP, 0, last, 0],
            "values": [SHEET, TOP, column, last, column],
            "line": {"color": colour, "width": width, "dash_type": dash},
        })  # fmt: skip
    chart.set_x_axis({"name": "months from as_of", "min": 0, "max": len(columns[0][1].values) - 1})
    chart.set_y_axis({"name": "USD per million tokens", "log_base": 10, "crossing": "min", "num_format": "General"} if fan else
                     {"name": "probability", "min": 0, "max": 1, "num_format": "0%"})  # fmt: skip
    chart.set_legend({"position": "bottom"})
    return chart


def _bars(book: Any, columns: list[tuple[int, Curve]], names: int) -> Any:
    """Return bars of providers, whose names stand in the column `names`."""
    chart = book.add_chart({"type": "bar"})
    for column, curve in columns:
        last = TOP + len(curve.values) - 1
        within_a_year = "12" in curve.name
        chart.add_series({
            "name": [SHEET, 0, column],
            "categories": [SHEET, TOP, names, last, names],
            "values": [SHEET, TOP, column, last, column],
            "fill": {"color": PRICE if within_a_year else "#A9C3E0"},
            "border": {"color": PRICE},
        })  # fmt: skip
    chart.set_x_axis({"name": "probability", "min": 0, "max": 1, "num_format": "0%"})
    chart.set_y_axis({"interval_unit": 1})  # every name
    chart.set_legend({"position": "bottom"})
    return chart
