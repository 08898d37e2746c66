"""What each column of the files means, for a reader who has nothing but the files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from forecast.delivery.small_tables import UNITS
from forecast.finding.data import OUTCOMES, QUERIED

OUTCOME_UNITS = {name: unit for name, (_, unit, _) in OUTCOMES.items()}
HEADER = ("table", "column", "unit", "meaning")
_POINTS = {"p10": "one path in ten lies below", "p50": "the median path", "p90": "one path in ten lies above"}
_ERROR = "Monte Carlo error of the number before it: how far another seed would move it"
# By column, or by table and column where one name means two things; p10, p50 and p90 are said by _POINTS.
_MEANINGS = {
    "provider": "who sells tokens; fringe: all small sellers together",
    "kind": "of provider: lab, host, neocloud, cloud, chip or fringe",
    "month": "months after the month of as_of, which is 0",
    "date": "that month of the calendar",
    "segment": "class of models, by what they can do and who makes them",
    "cash_usd": "cash today, the median of what is known of it; where a parent pays, what is known of its",
    "months": "until today's cash is used up without new money; empty: beyond the horizon, or a parent pays",
    "prob_out_of_cash_12m": "chance that today's cash is used up within 12 months without new money",
    "prob_out_of_cash_24m": "the same within 24 months",
    "prob_exit_by_horizon": "chance of leaving the market, whatever the way, by the last month",
    "most_likely_exit": "the likeliest way to leave it; empty: none has a chance of 1 %",
    "price": "price paid for the average million tokens of the month's mix",
    "floor": "electricity and hardware for the same tokens on the best machine that can be bought that month",
    "ratio": "price over floor",
    "prob_tokens": "chance that by then six months have begun in which the five largest serve at least 80 % of tokens; all six must end within the horizon",
    "prob_spend": "the same of what customers spend",
    "convergence.prob": "chance that by then six months have begun in which the price stays within 25 % of the floor; all six must end within the horizon",
    "prob_in_market": "chance that the provider is still in the market; money and share are of these paths",
    "revenue_usd_per_year": "twelve times the month's revenue, tokens and other business",
    "firm_margin_frac": "gross margin of all business",
    "cash_with_rounds_usd": "cash, the money of new rounds included; empty: a parent pays",
    "provider_tokens_frac": "share of all tokens of the market",
    "prob_sold_in_distress": "chance that by then it has been sold because it ran out of cash",
    "prob_bought": "chance that by then it has been bought",
    "prob_people_and_licence_bought": "chance that by then its people and a licence have been bought, not the firm",
    "prob_shut": "chance that by then it has been shut",
    "prob_left_the_market": "chance that by then it has stopped selling tokens while the firm, or its parent, goes on",
    "prob_listed": "chance that by then it has gone public",
    "key": "an input that is a distribution, or that nobody measured: table, row and column",
    "assumptions.value": "a number, or the distribution as written",
    "unit": "of the value",
    "status": "mark: measured, derived, claim, background, assumption or projection",
    "source": "key of the source in data/sources.csv",
    "citation": "the source in full",
    "place": "file and row of the input",
    "why": "the reason for the value",
    "assumptions.as_of": "day on which the value was known",
    "run_id": "digest of data, scenario, seed, options and version: the same id, the same numbers",
    "made_on": "day of the run, UTC",
    "as_of": "what was known by this day went in",
    "scenario": "name of the scenario",
    "outcome": "what the number is of; each is explained below",
    "forecast.kind": "fan: quantiles of a month; quantity: quantiles of one number; date: when, or its chance by a month; "
    "event: a chance",
    "quantile": "part of the paths that lie below the value; empty: the value is a probability",
    "value": "the number; empty: beyond the horizon",
    "standard_error": _ERROR,
    "path": "number of the path, from 0",
    "statistic": "what the number is over paths: geometric mean, mean or probability",
    "against": "name of the scenario it is compared with, the first",
    "comparison.value": "the headline in the scenario",
    "value_against": "the same in the one it is compared with",
    "difference": "value less value_against",
    "comparison.independent_standard_error": "that of the same difference between two runs with chance of their own",
    "paths_saved_ratio": "how many times more paths such runs would need for the same error; empty: no error",
    "runway_within_horizon": "months until today's cash is used up without new money, the horizon at most",
    "beyond_horizon": "1: the value lies after the last month, so it is empty",
}  # fmt: skip


def columns(
    headers: Mapping[str, Sequence[str]], table_of_outcomes: str = "forecast", units: Mapping[str, str] = OUTCOME_UNITS
) -> list[tuple[str, str, str, str]]:
    """Return table, column, unit and meaning of each column of these tables, then of each outcome whose unit is given."""
    rows = [
        (table, column, UNITS.get(column, ""), meaning(table, column)) for table in headers for column in headers[table]
    ]
    told = {name: QUERIED[name][2] if name in QUERIED else _MEANINGS[name] for name in units}
    return rows + [(table_of_outcomes, f"outcome {name}", unit, told[name]) for name, unit in units.items()]


def meaning(table: str, column: str) -> str:
    """Return what a column of a table means.

    >>> meaning("prices", "price_p90")
    "price paid for the average million tokens of the month's mix; one path in ten lies above"
    """
    if f"{table}.{column}" in _MEANINGS:
        return _MEANINGS[f"{table}.{column}"]
    if found := re.fullmatch(r"(?:(\w+)_)?(p10|p50|p90)(?:_(\w+))?", column):
        return f"{_MEANINGS[found[1] or found[3]]}; {_POINTS[found[2]]}"
    return _ERROR if column.endswith("_standard_error") else _MEANINGS[column]
