"""The sections of the page, each a function of the forecast; one with nothing to say is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from forecast.answers import answers, doubts, segments, three
from forecast.assumptions import Assumption
from forecast.cell_text import plain
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.report.charts import Chart, figure
from forecast.report.figures import (
    consolidation_charts,
    convergence_charts,
    endangered,
    price_charts,
    risk_charts,
    survival,
    survival_charts,
)  # fmt: skip
from forecast.report.markup import bullets, folded, table, text
from forecast.report.scales import month_ticks
from forecast.small_tables import runway
from forecast.summary import Forecast
from forecast.words import band, calendar, dollars, percent

TERMS = {
    "path": "one possible future, drawn with all inputs and all chance of the months; a forecast counts over many",
    "80 % band": "the range from the 10 to the 90 % quantile: one path in ten lies below it, one above",
    "not within the horizon": "it does not happen in the months that were simulated; it may happen later, or never",
    "runway": "months until the cash of a provider is gone if it gets no new money",
    "exit": "the provider leaves the market: sold in distress, bought, shut, or, for a cloud, left",
    "Monte Carlo error": "how far a number would move with other chance; one standard error",
    "mark": "measured and derived are observed or follow from it; assumption, background, claim and projection are not",
}


class Section(NamedTuple):
    """A section of the page: its anchor, its heading, and what stands under it, as HTML."""

    key: str
    title: str
    content: str


def answer_section(forecast: Forecast) -> Section:
    """Return the headline answers in plain words."""
    said = "".join(f"<h3>{text(question)}</h3>{bullets(sentences)}" for question, sentences in answers(forecast))
    return Section("answers", "In short", said)


def price_section(forecast: Forecast) -> Section:
    """Return what tokens and accelerator-hours cost, against the floor."""
    return Section("prices", "Price, floor and rent", _figures(price_charts(forecast)))


def convergence_section(forecast: Forecast) -> Section:
    """Return when, if ever, price meets floor."""
    horizon, as_of = forecast.manifest["months"], forecast.manifest["as_of"]
    rows = [
        [segment, *(band(three(forecast, "price_to_floor_ratio", segment, m), "–") for m in (0, horizon)),
         percent(forecast.value("convergence_month", segment, horizon)), _month_reached(forecast, segment)]
        for segment in segments(forecast)
    ]  # fmt: skip
    end = calendar(as_of, horizon)
    header = ["segment", "price over floor today", f"in {end}", f"met by {end}", "median month"]
    shown = _figures(convergence_charts(forecast))
    return Section(
        "convergence", "Price against its floor", table("Median and 80 % band", header, rows) + shown if rows else ""
    )


def consolidation_section(forecast: Forecast) -> Section:
    """Return how concentrated the market is and becomes."""
    return Section("consolidation", "Consolidation", _figures(consolidation_charts(forecast)))


def runway_section(forecast: Forecast) -> Section:
    """Return every provider's cash, runway, and chances of running dry and of leaving."""
    horizon = forecast.manifest["months"]
    header = ["provider", "kind", "cash today", "runway p10", "median", "p90", "dry in 12 m", "24 m", f"exit in {horizon} m",
              "most likely exit"]  # fmt: skip
    asked = {fact.provider for fact in forecast.find("runway_months")}
    rows = [
        [r[0], r[1], dollars(r[2]), *(_months(v, r[0] in asked) for v in r[3:6]), *map(percent, r[6:9]), r[9]]
        for r in sorted(runway(forecast)[1], key=lambda r: (-(r[7] or r[6] or 0.0), r[0]))
    ]
    caption = (
        f"Runway in months without new money; “beyond” is not within the horizon of {horizon} months; "
        "“-” is a provider with a parent's balance sheet, whose cash is not its own."
    )
    shown = _figures(risk_charts(forecast)) + table(caption, header, rows) if rows else ""
    return Section("runway", "Runway", shown)


def survival_section(forecast: Forecast) -> Section:
    """Return who is still in the market by month."""
    charts = survival_charts(forecast)
    if not charts:
        return Section("survival", "Survival", "")
    as_of, horizon = forecast.manifest["as_of"], forecast.manifest["months"]
    said = (
        "<p>Solid line: chance that the provider is still in the market, with the money that it may raise. Dashed line: chance "
        "that its cash would last without new money. The numbers are those at the horizon; rules stand at 0, 50 and 100 %. "
        "Providers that are hardly ever seen to leave are not drawn.</p>"
    )
    marks = [month for month in month_ticks(horizon) if month]
    header = ["provider", *(calendar(as_of, month) for month in marks)]
    numbers = [
        table(caption, header, _survivals(forecast, outcome, marks))
        for caption, outcome in (
            ("Chance to be still in the market", "exit"),
            ("Chance that cash lasts without new money", "out_of_cash"),
        )
    ]
    shown = said + _figures(charts, "figures small") + folded("The numbers", "".join(numbers))
    return Section("survival", "Who is still there", shown)


def _survivals(forecast: Forecast, outcome: str, months: Sequence[int]) -> list[list[str]]:
    curves = {provider: survival(forecast, outcome, provider) for provider in endangered(forecast)}
    return [[name, *(percent(curve[month]) for month in months)] for name, curve in curves.items() if curve]


def sureness_section(forecast: Forecast) -> Section:
    """Return the Monte Carlo error, and what it does not cover."""
    return Section("sureness", "How sure", bullets(doubts(forecast)))


def assumption_section(forecast: Forecast) -> Section:
    """Return every input that is uncertain or that nobody measured, with source, date and mark, by table."""
    if not forecast.assumptions:
        return Section("assumptions", "What is assumed", "")
    said = f"<p>{len(forecast.assumptions):,} inputs are uncertain, or marked as neither measured nor derived.</p>"
    groups = groupby(forecast.assumptions, key=lambda item: item.key.partition(".")[0])
    return Section(
        "assumptions", "What is assumed", said + "".join(_group(name, list(found)) for name, found in groups)
    )


def definition_section(forecast: Forecast) -> Section:
    """Return what the words of the page mean, and how each outcome of the forecast is defined."""
    definitions = {name: outcome.definition for name, outcome in (FANS | DATES).items() if name in forecast.by_outcome}
    shown = "".join(f"<dt>{text(name)}</dt><dd>{text(said)}</dd>" for name, said in (TERMS | definitions).items())
    return Section("definitions", "Definitions", f"<dl>{shown}</dl>")


SECTIONS: tuple[Callable[[Forecast], Section], ...] = (
    answer_section, price_section, convergence_section, consolidation_section, runway_section, survival_section,
)  # fmt: skip
CLOSING: tuple[Callable[[Forecast], Section], ...] = (sureness_section, assumption_section, definition_section)


def _figures(charts: Sequence[Chart], kind: str = "figures") -> str:
    return f'<div class="{kind}">{"".join(map(figure, charts))}</div>' if charts else ""


def _month_reached(forecast: Forecast, segment: str) -> str:
    month = forecast.value("convergence_month", segment, None, 0.5)
    return "not within the horizon" if month is None else calendar(forecast.manifest["as_of"], int(month))


def _months(value: float | None, asked: bool) -> str:
    if not asked:
        return "-"
    return "beyond" if value is None else f"{value:.0f}"


def _group(name: str, items: Sequence[Assumption]) -> str:
    rows = [
        [item.key.partition(".")[2], f"{plain(item.value) if isinstance(item.value, float) else item.value} {item.unit}",
         item.status, item.citation or item.source, item.as_of, item.place, item.why]
        for item in items
    ]  # fmt: skip
    header = ["input", "value", "mark", "source", "known on", "place", "note"]
    return folded(f"{name.replace('_', ' ')}: {len(items):,}", table(name, header, rows, words=True))
