"""The headline answers in plain words: one question, a few sentences, every number with its band."""

from __future__ import annotations

from typing import NamedTuple

from forecast.delivery.small_tables import CONCENTRATIONS, LEAST_PATHS, segments, six_in_a_row_fit, three
from forecast.delivery.words import band, calendar, counted, dollars, listed, percent, short
from forecast.monte_carlo import probability_error
from forecast.tidy_table import Forecast

LIKELY_PROB = 0.505  # what is told as more than 50 %
SAFE_PROB = 0.05
NAMED = 5
# Price over floor is read as a margin otherwise; docs/evidence.md has its factors.
FLOOR = (
    "The floor is that of today's reference model on the month's best machine. Sellers pay more: fleets are older, hours "
    "are hired or idle, and models bought later are often larger. So price over floor is not their margin."
)


class Answer(NamedTuple):
    """A question and the sentences that answer it."""

    question: str
    sentences: list[str]


def answers(forecast: Forecast) -> list[Answer]:
    """Return the answers of a forecast; a question whose outcomes it does not hold is left out."""
    asked = (
        Answer("Whose money runs out, and when?", _runway(forecast)),
        Answer("When does the market consolidate?", _consolidation(forecast)),
        Answer("How far are prices from the floor?", _convergence(forecast)),
        Answer("What will a million tokens cost?", _prices(forecast)),
    )
    return [answer for answer in asked if answer.sentences]


def doubts(forecast: Forecast) -> list[str]:
    """Return how sure the numbers are: their Monte Carlo error, and what they rest on."""
    manifest = forecast.manifest
    counts, known = manifest["counts"], manifest["finances_as_of"]
    said = [
        f"{doubts_of_chance(forecast)} It says how far another seed would move the numbers, not how far the model is from the world.",
        f"{counts['uncertain_inputs']:,} of {counts['inputs']:,} inputs are distributions; the others are taken as known.",
        "Private cash, burn, margins and volumes are assumptions, not measurements.",
    ]
    if known[:7] != manifest["as_of"][:7]:
        said.append(
            f"The finances of providers are those known at {known}; the tables of this vintage hold no later ones."
        )
    return said


def doubts_of_chance(forecast: Forecast) -> str:
    """Return the largest Monte Carlo errors, or that so few paths do not tell them."""
    n = forecast.manifest["paths"]
    if n < LEAST_PATHS:
        return f"Monte Carlo error: {counted(n, 'path')} cannot tell it, nor a band or a chance; at least {LEAST_PATHS} can."
    medians = forecast.find("market_price", month=forecast.manifest["months"], quantile=0.5)
    worst_frac = max((f.standard_error / f.value for f in medians if f.value and f.standard_error), default=0.0)
    return (
        f"Monte Carlo error: at most {100 * worst_frac:.1f} % on a median price, {100 * probability_error(0.5, n):.1f} points "
        "on a probability."
    )


def _runway(forecast: Forecast) -> list[str]:
    month = min(24, forecast.manifest["months"])
    asked = dict.fromkeys(f.provider for f in forecast.find("runway_months") if f.provider)
    dry = {name: forecast.value("out_of_cash", name, month) or 0.0 for name in asked}
    order = sorted(dry, key=lambda name: (-dry[name], name))
    if not order:
        return []
    safe = sum(prob < SAFE_PROB for prob in dry.values())
    return [
        _likely_dry({name: dry[name] for name in order if dry[name] > LIKELY_PROB}, month),
        *([_cash_lasts(forecast, order[0])] if dry[order[0]] else []),
        f"Of {len(asked)} providers without a parent's balance sheet, {safe} run that risk with less than 5 %.",
    ]


def _likely_dry(likely: dict[str, float], month: int) -> str:
    gone = f"more likely than not gone within {counted(month, 'month')}"
    if not likely:
        return f"No provider's cash is {gone}, even without new money."
    named = [f"{name} ({percent(prob)})" for name, prob in likely.items()]
    shown = named if len(named) <= NAMED else [*named[:NAMED], f"{len(named) - NAMED} more"]
    return f"Without new money, the cash of {listed(shown)} is {gone}."


def _cash_lasts(forecast: Forecast, provider: str) -> str:
    months = three(forecast, "runway_months", provider, None)
    low, middle, high = ("beyond the horizon" if value is None else f"{value:.0f} months" for value in months)
    cash = dollars(forecast.value("cash_usd", provider, 0, 0.5))
    return (
        f"The nearest to it is {provider}: its {cash} last {middle} in the median path, {low} in a bad one and {high} in "
        "a good one (one path in ten is worse, one better)."
    )


def _consolidation(forecast: Forecast) -> list[str]:
    manifest, said = forecast.manifest, []
    horizon = manifest["months"]
    for what, outcome, share in CONCENTRATIONS:
        low, middle, high = three(forecast, share, None, horizon)
        prob = forecast.value(outcome, None, horizon)
        if prob is None or middle is None:
            continue
        end = calendar(manifest["as_of"], horizon)
        said.append(
            f"The five largest hold {percent(forecast.value(share, None, 0, 0.5))} of {what} today and {percent(middle)} "
            f"({percent(low)} to {percent(high)}) in {end}. {_chance(prob, horizon, end, 'they hold at least 80 % for six months in a row')}"
        )
    low, middle, high = three(forecast, "independent_providers", None, horizon)
    if low is not None and middle is not None and high is not None:
        now = forecast.value("independent_providers", None, 0, 0.5) or 0.0
        said.append(f"Independent providers: {now:.0f} today, {middle:.0f} ({low:.0f} to {high:.0f}) at the horizon.")
    return said


def _chance(prob: float, horizon: int, end: str, what: str) -> str:
    if not six_in_a_row_fit(horizon):
        return f"Whether {what} cannot be told: six do not fit into the horizon."
    return f"The chance that {what} by {end} is {percent(prob)}."


def _convergence(forecast: Forecast) -> list[str]:
    horizon, said = forecast.manifest["months"], []
    end = calendar(forecast.manifest["as_of"], horizon)
    for segment in segments(forecast):
        now, later = (band(three(forecast, "price_to_floor_ratio", segment, m), " to ") for m in (0, horizon))
        prob = forecast.value("convergence_month", segment, horizon) or 0.0
        meets = _chance(prob, horizon, end, "it comes within 25 % of the floor for six months in a row")
        said.append(f"{segment}: the price paid is {now} times the floor today and {later} times in {end}. {meets}")
    return [*said, FLOOR] if said else []


def _same_mix(forecast: Forecast, segment: str) -> str:
    """Return a clause on the price of today's kinds of tokens; nothing for a run from before the mix drifted."""
    same = three(forecast, "constant_mix_price", segment, forecast.manifest["months"])
    return "" if same[1] is None else f"; for today's mix of input, cached input and output ${band(same, ' to ')}"


def _prices(forecast: Forecast) -> list[str]:
    horizon, said = forecast.manifest["months"], []
    end = calendar(forecast.manifest["as_of"], horizon)
    for segment in segments(forecast):
        now, later = (band(three(forecast, "market_price", segment, m), " to ") for m in (0, horizon))
        said.append(
            f"{segment}: ${now} paid for a million tokens today, ${later} in {end}{_same_mix(forecast, segment)}."
        )
    rents = [three(forecast, "rent", None, month) for month in (0, horizon)]
    if rents[0][1] is not None:
        said.append(f"An hour of an H100 on demand: ${short(rents[0][1])} today, ${band(rents[1], ' to ')} in {end}.")
    return said
