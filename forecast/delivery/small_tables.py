"""The small tables that people open first, all cut from the tidy table, with their units, and what else delivery reads of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from forecast.delivery.words import calendar
from forecast.outcomes.dates import MONTHS_IN_A_ROW
from forecast.outcomes.finances import FINANCES
from forecast.tidy_table import Forecast

T = TypeVar("T")
Rows = Sequence[Sequence[Any]]

_PROBS = (
    "prob_out_of_cash_12m prob_out_of_cash_24m prob_exit_by_horizon prob prob_standard_error prob_in_market prob_listed "
    "prob_tokens prob_tokens_standard_error prob_spend prob_spend_standard_error"
).split()
_FINANCES = ("revenue_usd_per_year", "firm_margin_frac", "cash_with_rounds_usd", "provider_tokens_frac")
_QUANTILES = ("p10", "p50", "p90")
CHARTED_PROVIDERS = 16
LEAST_PATHS = 30  # fewer do not tell their own spread
LEAST_TOLD_PROB = 0.01  # of a way out; a lesser chance is printed as "<1 %", and which way it is says nothing
CONCENTRATIONS = (  # what may be concentrated; that five hold most of it for some months; the share of the five
    ("tokens", "consolidation_month", "top5_tokens_frac"),
    ("spend", "consolidation_spend_month", "top5_spend_frac"),
)
WAYS_OUT = "sold_in_distress bought people_and_licence_bought shut left_the_market".split()
UNITS: dict[str, str] = {
    "cash_usd": "USD",
    "month": "months",
    "ratio_p50": "ratio",
    **{f"{quantile}_months": "months" for quantile in _QUANTILES},
    **{f"{what}_{quantile}": "USD/Mtok" for what in ("price", "floor") for quantile in _QUANTILES},
    **dict.fromkeys((*_PROBS, *(f"prob_{way}" for way in WAYS_OUT)), "probability"),
    **{f"{name}_{quantile}": FINANCES[name].unit for name in _FINANCES for quantile in _QUANTILES},
}


class Runway(NamedTuple):
    """A row of runway.csv: cash, months until it is used up without new money, chances of running dry and of leaving."""

    provider: str
    kind: str
    cash_usd: float | None
    p10_months: float | None
    p50_months: float | None
    p90_months: float | None
    prob_out_of_cash_12m: float | None
    prob_out_of_cash_24m: float | None
    prob_exit_by_horizon: float | None
    most_likely_exit: str | None


def tables(forecast: Forecast) -> dict[str, tuple[list[str], Rows]]:
    """Return the small tables by name: header and rows, all read from the tidy table; a run from before 0.6.0 has no finances."""
    made = (runway, prices, consolidation, convergence, *((finances,) if forecast.find("revenue_usd_per_year") else ()))
    return {make.__name__: make(forecast) for make in made}


def records(table: tuple[Sequence[str], Rows]) -> list[dict[str, Any]]:
    """Return the rows of a table by column."""
    header, rows = table
    return [dict(zip(header, row, strict=True)) for row in rows]


def runway(forecast: Forecast) -> tuple[list[str], list[Runway]]:
    """Return one row a provider: cash, runway quantiles, chances of running dry and of leaving."""
    horizon, value = forecast.manifest["months"], forecast.value
    ways = [outcome for outcome in forecast.by_outcome if outcome.startswith("exit_")]
    rows = []
    for provider in dict.fromkeys(fact.provider or "" for fact in forecast.find("cash_usd")):
        left = {way: value(way, provider, horizon) or 0.0 for way in ways}
        likely = max(left, key=lambda way: left[way], default="")
        low, middle, high = three(forecast, "runway_months", provider, None)
        in_a_year, in_two = (value("out_of_cash", provider, month) for month in (12, 24))
        rows.append(Runway(
            provider, forecast.provider_kinds.get(provider, ""), value("cash_usd", provider, 0, 0.5), low, middle, high,
            in_a_year, in_two, value("exit", provider, horizon),
            likely.removeprefix("exit_").replace("_", " ") if left.get(likely, 0.0) >= LEAST_TOLD_PROB else None,
        ))  # fmt: skip
    return list(Runway._fields), rows


def at_risk(forecast: Forecast) -> list[Runway]:
    """Return the rows of `runway` of providers that have one, the likeliest to run out of cash first."""
    asked = {fact.provider for fact in forecast.find("runway_months")}

    def order(row: Runway) -> tuple[float, str]:
        return -(row.prob_out_of_cash_24m or row.prob_out_of_cash_12m or 0.0), row.provider

    return sorted((row for row in runway(forecast)[1] if row.provider in asked), key=order)


def charted_risk(forecast: Forecast) -> list[Runway]:
    """Return the rows that charts of risk show: the first of `at_risk`, none where the horizon is under 12 months."""
    return [row for row in at_risk(forecast) if row.prob_out_of_cash_12m is not None][:CHARTED_PROVIDERS]


def finances(forecast: Forecast) -> tuple[list[str], Rows]:
    """Return one row a provider and year: revenue, margin, cash and share while in the market, and the chances of each way out."""
    header = "provider kind month date prob_in_market".split()
    header += [f"{name}_{quantile}" for name in _FINANCES for quantile in _QUANTILES]
    header += [*(f"prob_{way}" for way in WAYS_OUT), "prob_listed"]
    as_of, value = forecast.manifest["as_of"], forecast.value
    asked = dict.fromkeys((f.provider, f.month) for f in forecast.find("revenue_usd_per_year"))
    rows: Rows = [
        [p, forecast.provider_kinds.get(p, ""), m, calendar(as_of, m), 1 - (value("exit", p, m) or 0.0),
         *(value(name, p, m, q) for name in _FINANCES for q in (0.1, 0.5, 0.9)),
         *(value(f"exit_{way}", p, m) for way in WAYS_OUT), value("listed", p, m)]
        for p, m in asked if p is not None and m is not None
    ]  # fmt: skip
    return header, rows


def prices(forecast: Forecast) -> tuple[list[str], Rows]:
    """Return one row a month and segment: price and floor at 10, 50 and 90 %, and their median ratio."""
    header = "month segment price_p10 price_p50 price_p90 floor_p10 floor_p50 floor_p90 ratio_p50".split()
    keys = sorted({(f.month or 0, f.segment or "") for f in forecast.find("market_price")})
    rows: Rows = [
        [m, s, *three(forecast, "market_price", s, m), *three(forecast, "floor", s, m),
         forecast.value("price_to_floor_ratio", s, m, 0.5)]
        for m, s in keys
    ]  # fmt: skip
    return header, rows


def consolidation(forecast: Forecast) -> tuple[list[str], Rows]:
    """Return the cumulative probability of consolidation by month, for tokens and for spend."""
    tokens, spend = (
        {f.month: f for f in forecast.find(o) if f.quantile is None}
        for o in ("consolidation_month", "consolidation_spend_month")
    )
    rows: Rows = [
        [m, tokens[m].value, tokens[m].standard_error, spend[m].value, spend[m].standard_error] for m in tokens
    ]
    return ["month", "prob_tokens", "prob_tokens_standard_error", "prob_spend", "prob_spend_standard_error"], rows


def convergence(forecast: Forecast) -> tuple[list[str], Rows]:
    """Return the cumulative probability of convergence by month and segment."""
    facts = [f for f in forecast.find("convergence_month") if f.quantile is None]
    facts.sort(key=lambda f: (f.month or 0, f.segment or ""))
    return ["month", "segment", "prob", "prob_standard_error"], [
        [f.month, f.segment, f.value, f.standard_error] for f in facts
    ]


def six_in_a_row_fit(months: int) -> bool:
    """Return whether a row of six months, the first of them today's, ends within so many months.

    >>> six_in_a_row_fit(4), six_in_a_row_fit(5)
    (False, True)
    """
    return months >= MONTHS_IN_A_ROW - 1


def seen_whole(by_month: list[T]) -> list[T]:
    """Return of values by month, from today to the horizon, those of months whose row of six ends within it.

    >>> seen_whole([0.0, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2])
    [0.0, 0.1]
    """
    return by_month[: max(0, len(by_month) - MONTHS_IN_A_ROW + 1)]


def segments(forecast: Forecast) -> list[str]:
    """Return the segments of a forecast in their order."""
    return list(dict.fromkeys(f.segment for f in forecast.find("market_price") if f.segment))


def marked_months(forecast: Forecast, most: int = 4) -> list[int]:
    """Return the months that small tables show: today, one and three years on, the horizon; of those between as many as `most` allows."""
    horizon: int = forecast.manifest["months"]
    between = [m for m in (12, 36) if m < horizon]
    return [0, *between[: max(most - 2, 0)], horizon]


def three(forecast: Forecast, outcome: str, entity: str | None, month: int | None) -> list[float | None]:
    """Return the 10, 50 and 90 % quantiles of an outcome."""
    return [forecast.value(outcome, entity, month, quantile) for quantile in (0.1, 0.5, 0.9)]
