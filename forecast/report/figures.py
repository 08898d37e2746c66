"""The charts of a forecast, by subject, and as files; a chart whose outcomes the forecast does not hold is left out."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from forecast.delivery.small_tables import CONCENTRATIONS, charted_risk, seen_whole, segments
from forecast.delivery.words import percent
from forecast.report.charts import FAN_QUANTILES, Chart, Series, bar_chart, curve_chart, fan_chart, panel
from forecast.report.markup import text
from forecast.report.style import in_light
from forecast.tidy_table import Forecast

NOTICED_PROB = 0.01
RENDERER, PNG_SCALE = "cairosvg", 3.0
HEAD = 38  # room for title and unit, which on the page stand outside the drawing
ROW_NOTE = "probability that such a row of months has begun, up to the last month whose row ends within the horizon"


def price_charts(forecast: Forecast) -> list[Chart]:
    """Return price against floor for each segment, and the rent."""
    as_of, drawn = forecast.manifest["as_of"], []
    for number, segment in enumerate(segments(forecast), start=1):
        fans = [_fan(forecast, "market_price", segment, "price"), _fan(forecast, "floor", segment, "floor")]
        title = f"{segment}: price paid and floor"
        drawn.append(fan_chart(f"price-{number}", title, "USD per million tokens", fans, as_of, log=True))
    if forecast.find("rent"):
        fans = [_fan(forecast, "rent", None, "rent")]
        drawn.append(fan_chart("rent", "On-demand rent of an H100", "USD per accelerator-hour", fans, as_of))
    return drawn


def survival_charts(forecast: Forecast) -> list[Chart]:
    """Return for each provider that may leave or run dry its chance to be in the market, and of cash without new money."""
    as_of, drawn = forecast.manifest["as_of"], []
    for number, provider in enumerate(endangered(forecast), start=1):
        curves = [Series("in the market", survival(forecast, "exit", provider))]
        if forecast.value("out_of_cash", provider, 0) is not None:
            curves.append(Series("has cash without new money", survival(forecast, "out_of_cash", provider)))
        drawn.append(panel(f"survival-{number}", provider, curves, as_of))
    return drawn


def risk_charts(forecast: Forecast) -> list[Chart]:
    """Return the chance that cash ends within a year and within two, of the providers most at risk."""
    if not (able := charted_risk(forecast)):
        return []
    bars, note = [Series("within 12 months", [row[6] for row in able])], "if no new money comes; within 12 months"
    if able[0][7] is not None:
        bars.append(Series("within 24 months", [row[7] for row in able]))
        note = "if no new money comes; thin dark bar: within 12 months; pale bar: within 24"
    return [bar_chart("cash-ends", "Chance that cash ends", note, [row[0] for row in able], bars)]


def consolidation_charts(forecast: Forecast) -> list[Chart]:
    """Return when the five largest hold 80 %, their share, and the number of independent providers."""
    as_of, drawn = forecast.manifest["as_of"], []
    curves = [
        Series(name, seen_whole(chances(forecast, outcome, None)))
        for name, outcome, _ in CONCENTRATIONS
        if forecast.find(outcome)
    ]
    if _drawable(curves):
        drawn.append(curve_chart("consolidation", "Five largest hold 80 % for six months", ROW_NOTE, curves, as_of))
    fans = [_fan(forecast, share, None, name) for name, _, share in CONCENTRATIONS if forecast.find(share)]
    if fans:
        drawn.append(fan_chart("top-five", "Share of the five largest providers", "of all", fans, as_of, shown=percent))
    if forecast.find("independent_providers"):
        fans, unit = [_fan(forecast, "independent_providers", None, "providers")], "providers without a parent"
        drawn.append(fan_chart("independent", "Independent providers", unit, fans, as_of, shown="{:.0f}".format))
    return drawn


def convergence_charts(forecast: Forecast) -> list[Chart]:
    """Return when the price comes within 25 % of the floor, and how far apart the two are."""
    as_of, drawn = forecast.manifest["as_of"], []
    curves = [
        Series(segment, seen_whole(chances(forecast, "convergence_month", segment)))
        for segment in segments(forecast)
        if forecast.find("convergence_month", segment=segment)
    ]
    if _drawable(curves):
        title = "Price within 25 % of the floor for six months"
        drawn.append(curve_chart("convergence", title, ROW_NOTE, curves, as_of))
    for number, segment in enumerate(segments(forecast), start=1):
        fan = _fan(forecast, "price_to_floor_ratio", segment, "ratio")
        drawn.append(fan_chart(f"ratio-{number}", f"{segment}: price over floor", "ratio", [fan], as_of, log=True))
    return drawn


SUBJECTS: tuple[Callable[[Forecast], list[Chart]], ...] = (
    price_charts, risk_charts, survival_charts, convergence_charts, consolidation_charts,
)  # fmt: skip


def chances(forecast: Forecast, outcome: str, entity: str | None) -> list[float]:
    """Return the probability that it has happened by each month; none where the forecast tells the horizon's only."""
    found = (forecast.value(outcome, entity, month) for month in range(forecast.manifest["months"] + 1))
    return [value for value in found if value is not None]


def survival(forecast: Forecast, outcome: str, provider: str) -> list[float]:
    """Return the probability that it has not happened by each month."""
    return [1.0 - prob for prob in chances(forecast, outcome, provider)]


def endangered(forecast: Forecast) -> list[str]:
    """Return the providers whose chance to leave or run dry is noticeable, the likeliest to leave first."""
    horizon = forecast.manifest["months"]
    names = dict.fromkeys(f.provider for f in forecast.find("exit", month=0) if f.provider)
    worst = {n: max(forecast.value(o, n, horizon) or 0.0 for o in ("exit", "out_of_cash")) for n in names}
    leaves = {name: forecast.value("exit", name, horizon) or 0.0 for name in names}
    return sorted((n for n in names if worst[n] >= NOTICED_PROB), key=lambda n: (-leaves[n], n))


def _drawable(curves: list[Series]) -> bool:
    """Return whether there are curves of two months or more: a shorter horizon shows none of six in a row."""
    return bool(curves) and len(curves[0].values) > 1


def _fan(forecast: Forecast, outcome: str, entity: str | None, name: str) -> Series:
    months = range(forecast.manifest["months"] + 1)
    return Series(name, [[forecast.value(outcome, entity, m, q) or 0.0 for m in months] for q in FAN_QUANTILES])


def chart_files(forecast: Forecast) -> dict[str, bytes]:
    """Return every chart as a file by name: SVG, and PNG too where the optional renderer can be imported."""
    files = {}
    for chart in (chart for subject in SUBJECTS for chart in subject(forecast)):
        files[f"{chart.key}.svg"] = drawing = _standalone(chart).encode()
        if find_spec(RENDERER):
            files[f"{chart.key}.png"] = import_module(RENDERER).svg2png(drawing, scale=PNG_SCALE)
    return files


def _standalone(chart: Chart) -> str:
    """Return a chart as an SVG file: its own name space, font, heading and paper, in the light colours."""
    head, _, content = chart.drawing.partition(">")
    (width, height), unit = chart.size, chart.note.partition(";")[0]
    tall = height + HEAD
    taller = f'viewBox="0 {-HEAD} {width} {tall}" width="{width}" height="{tall}"'
    begin = head.replace(f'viewBox="0 0 {width} {height}"', taller)
    paper = f'<rect y="{-HEAD}" width="{width}" height="{tall}" fill="var(--paper)"/>'
    said = (
        f'<text x="4" y="-22" font-size="12" font-weight="600" fill="var(--ink)">{text(chart.title, 60)}</text>'
        f'<text x="4" y="-7" font-size="10" fill="var(--quiet)">{text(unit, 80)}</text>'
    )
    space = begin.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" font-family="DejaVu Sans, sans-serif"')
    return in_light(f"{space}>{paper}{said}{content}\n")
