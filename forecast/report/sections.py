"""The sections of the page that answer, each a function of the forecast; one with nothing to say is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forecast.delivery.answers import answers
from forecast.delivery.dossier import FIGURES
from forecast.delivery.small_tables import at_risk, marked_months, runway, segments, three
from forecast.delivery.words import band, banded, calendar, dollars, percent
from forecast.report.charts import Chart, figure
from forecast.report.figures import (
    consolidation_charts,
    convergence_charts,
    endangered,
    price_charts,
    risk_charts,
    survival,
    survival_charts,
)
from forecast.report.markup import Section, bullets, folded, table, text
from forecast.report.scales import month_ticks
from forecast.tidy_table import Forecast

SURVIVALS = {"Chance to be still in the market": "exit", "Chance that cash lasts without new money": "out_of_cash"}


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
    numbers = table("Median and 80 % band", header, rows)
    return Section("convergence", "Price against its floor", numbers + shown if rows else "")


def consolidation_section(forecast: Forecast) -> Section:
    """Return how concentrated the market is and becomes."""
    return Section("consolidation", "Consolidation", _figures(consolidation_charts(forecast)))


def runway_section(forecast: Forecast) -> Section:
    """Return every provider's cash, runway, and chances of running dry and of leaving."""
    horizon = forecast.manifest["months"]
    header = ["provider", "kind", "cash today", "runway p10", "median", "p90", "dry in 12 m", "24 m", f"exit in {horizon} m",
              "most likely exit"]  # fmt: skip
    able = at_risk(forecast)
    others = sorted((row for row in runway(forecast)[1] if row not in able), key=lambda row: row[0])
    rows = []
    for row in (*able, *others):
        lasts = ["beyond" if v is None else f"{v:.0f}" for v in row[3:6]] if row in able else ["-"] * 3
        rows.append([*row[:2], dollars(row[2]), *lasts, *map(percent, row[6:9]), row[9] or "–"])
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
    numbers = ""
    for caption, outcome in SURVIVALS.items():
        curves = {provider: survival(forecast, outcome, provider) for provider in endangered(forecast)}
        rows = [[name, *(percent(curve[month]) for month in marks)] for name, curve in curves.items() if curve]
        numbers += table(caption, header, rows)
    shown = said + _figures(charts, "figures small") + folded("The numbers", numbers)
    return Section("survival", "Who is still there", shown)


def _figures(charts: Sequence[Chart], kind: str = "figures") -> str:
    return f'<div class="{kind}">{"".join(map(figure, charts))}</div>' if charts else ""


def _month_reached(forecast: Forecast, segment: str) -> str:
    month = forecast.value("convergence_month", segment, None, 0.5)
    return "not within the horizon" if month is None else calendar(forecast.manifest["as_of"], int(month))


def finance_section(forecast: Forecast) -> Section:
    """Return revenue, margin, cash and share of tokens of each provider, the largest first."""
    first, *others = (_finances(forecast, said, *of) for said, of in FIGURES.items())
    said = (
        "<p>Median and 80 % band over the paths on which the provider is still in the market; the last column says how many "
        "that are. Revenue is tokens and other business. Every year stands in finances.csv.</p>"
    )
    shown = said + first + folded("The rest", "".join(others))
    return Section("finances", "Revenue, margin and cash", shown if first else "")


def _finances(forecast: Forecast, said: str, outcome: str, shown: Callable[[float | None], str]) -> str:
    months = marked_months(forecast)

    def cell(provider: str, month: int) -> str:
        return banded(three(forecast, outcome, provider, month), shown)

    asked = dict.fromkeys(fact.provider for fact in forecast.find(outcome) if fact.provider)
    by_size = sorted(asked, key=lambda name: -(forecast.value("revenue_usd_per_year", name, 0, 0.5) or 0.0))
    rows = [
        [name, *(cell(name, month) for month in months), percent(1 - (forecast.value("exit", name, months[-1]) or 0.0))]
        for name in by_size
    ]
    header = [
        "provider",
        *(calendar(forecast.manifest["as_of"], month) if month else "today" for month in months),
        "still there",
    ]
    return table(said.capitalize(), header, rows) if rows else ""


SECTIONS: tuple[Callable[[Forecast], Section], ...] = (
    answer_section,
    price_section,
    convergence_section,
    consolidation_section,
    runway_section,
    survival_section,
    finance_section,
)
