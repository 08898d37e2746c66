"""The outcomes of a forecast: their definition, their unit, and where they are computed."""

from __future__ import annotations

from collections.abc import Sequence

from forecast.finding.code import Module, Place
from forecast.finding.readers import readers
from forecast.market.doors import EXIT_KINDS
from forecast.outcomes.by_path import BY_PATH
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.outcomes.finances import FINANCES

SUMMARY = "forecast.summary"
COMPUTING = ("forecast.march", "forecast.market.", "forecast.outcomes.", "forecast.paths", SUMMARY)
# Unit and definition of what the summary makes beyond the lists of fans and dates.
SUMMED_UP = {
    "cash_usd": ("USD", "cash today, the median of what is known of it"),
    "survival_months": ("months", "time until the provider leaves the market, whatever the way"),
    "exit": ("probability", "the provider has left the market by a month"),
    "runway_months": ("months", "time until today's cash is used up without new money; not of firms with a parent"),
    "out_of_cash": ("probability", "today's cash is used up by a month without new money"),
    "listed": ("probability", "the provider has gone public by a month"),
    "effective_providers_tokens": ("providers", "1 / hhi_tokens: equal providers that would give that index"),
    "effective_providers_spend": ("providers", "1 / hhi_spend: equal providers that would give that index"),
}
EXITS = {f"exit_{kind.replace(' ', '_')}": ("probability", f"{kind} by a month") for kind in EXIT_KINDS[1:]}


def _date_unit(outcome: str) -> str:
    """Return the unit of a date outcome; of a rise only the chance is told."""
    return "probability" if outcome == "price_rise" else "months"


OUTCOMES = (
    {name: ("forecast.outcomes.fans", fan.unit, fan.definition) for name, fan in FANS.items()}
    | {name: ("forecast.outcomes.finances", fan.unit, fan.definition) for name, fan in FINANCES.items()}
    | {name: ("forecast.outcomes.dates", _date_unit(name), date.definition) for name, date in DATES.items()}
    | {name: (SUMMARY, unit, said) for name, (unit, said) in (SUMMED_UP | EXITS).items()}
)
# Beyond those of a run: what only a query of a prediction asks for.
QUERIED = OUTCOMES | {name: ("forecast.outcomes.by_path", each.unit, each.definition) for name, each in BY_PATH.items()}


def outcome_place(asked: str, modules: Sequence[Module]) -> Place | None:
    """Return what an outcome is, with the line that defines it and the functions that compute it; None for other names."""
    if asked not in QUERIED:
        return None
    room, unit, meaning = QUERIED[asked]
    written = 'f"exit_{' if asked in EXITS else f'"{asked}"'  # ways to leave are put together
    (module,) = (one for one in modules if one.name == room)
    line = next(n for n, text in enumerate(module.text.splitlines(), start=1) if written in text)
    used = readers("exit" if asked in EXITS else asked, [one for one in modules if one.name.startswith(COMPUTING)])
    return Place("outcome", asked, module.file, line, meaning, unit, used_by=used)
