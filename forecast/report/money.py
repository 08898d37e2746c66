"""The section for who judges a provider: its revenue, margin and cash in some years, and whether it is still there."""

from __future__ import annotations

from collections.abc import Callable

from forecast.delivery.readings import marked_months, three
from forecast.delivery.words import calendar, dollars, percent
from forecast.report.closing import Section
from forecast.report.markup import folded, table
from forecast.tidy_table import Forecast

SHOWN: dict[str, tuple[str, Callable[[float | None], str]]] = {
    "revenue_usd_per_year": ("Revenue, USD a year", dollars),
    "firm_margin_frac": ("Gross margin", percent),
    "cash_with_rounds_usd": ("Cash, rounds included", dollars),
    "provider_tokens_frac": ("Share of tokens", percent),
}


def finance_section(forecast: Forecast) -> Section:
    """Return revenue, margin, cash and share of tokens of each provider, the largest first."""
    first, *others = (_table(forecast, outcome) for outcome in SHOWN)
    said = (
        "<p>Median and 80 % band over the paths on which the provider is still in the market; the last column says how many "
        "that are. Revenue is tokens and other business. Every year stands in finances.csv.</p>"
    )
    shown = said + first + folded("The rest", "".join(others))
    return Section("finances", "Revenue, margin and cash", shown if first else "")


def _table(forecast: Forecast, outcome: str) -> str:
    months, as_of = marked_months(forecast), forecast.manifest["as_of"]
    caption, shown = SHOWN[outcome]

    def cell(provider: str, month: int) -> str:
        low, middle, high = (shown(value) for value in three(forecast, outcome, provider, month))
        return f"{middle} ({low} to {high})"

    asked = dict.fromkeys(fact.provider for fact in forecast.find(outcome) if fact.provider)
    by_size = sorted(asked, key=lambda name: -(forecast.value("revenue_usd_per_year", name, 0, 0.5) or 0.0))
    rows = [
        [name, *(cell(name, month) for month in months), percent(1 - (forecast.value("exit", name, months[-1]) or 0.0))]
        for name in by_size
    ]
    header = ["provider", *("today" if not month else calendar(as_of, month) for month in months), "still there"]
    return table(caption, header, rows) if rows else ""
