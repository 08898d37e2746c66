"""How often providers are bought or listed, by the funding market of the time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import numpy as np

from forecast.tables import Tables
from forecast.trends.known import enough, last_day
from forecast.trends.regimes import (
    SELLERS,
    Spell,
    counts,
    difference_prob,
    dispersion,
    quarterly,
    rate_distribution,
    rate_quantiles,
)
from forecast.trends.trend import Diagnostic, Estimate, Trend

OUTCOMES = {"acquired": "acquired_per_year", "ipo": "ipo_per_year"}


def exit_spells(tables: Tables, today: date, outcome: str, kinds: Collection[str] = SELLERS) -> Iterator[Spell]:
    """Yield the time at risk of each firm of some kinds, until its exit or `today`; it happened if the exit is of this outcome."""
    for row in tables["hazard_cohort"].latest("provider").values():
        if row["kind"] in kinds:
            yield Spell(row["entry_on"], row["exit_on"] or today, row["outcome"] == outcome)


def _bunching(tables: Tables, today: date) -> tuple[Diagnostic, ...]:
    """Return whether purchases come in waves, against one rate for all quarters: what a common frailty would show."""
    from scipy.special import chdtrc

    events, years = quarterly(exit_spells(tables, today, "acquired"), today)
    if len(events) < 2 or not events.any():
        return ()
    ratio, degrees = float(dispersion(events, years)), len(events) - 1
    meaning = "chance that one rate brings purchases together as much; large: no frailty can be told"
    return (
        Diagnostic(
            "quarterly_dispersion", ratio, f"variance of {len(events)} quarters' purchases over that of one rate"
        ),
        Diagnostic("one_rate_all_quarters_prob", float(chdtrc(degrees, degrees * ratio)), meaning),
    )


def exits_trend(tables: Tables) -> Trend:
    """Return the yearly rates of purchases and listings known at the tables' vintage, each by regime.

    Events over provider-years of sellers of tokens and makers of chips; gamma-Poisson, with Jeffreys' prior so that no
    event in fifty years is not a rate of 0.
    The cohort was drawn up in 2026 from firms that were still spoken of: those who left early are missing from it, so
    the rates are rather too low. Failures are reported; in the engine they follow from cash, not from a rate.

    Raises:
        TooFew: no regime has five provider-years yet.
    """
    table = tables["hazard_cohort"]
    today = last_day(tables["events"], tables)
    found = {outcome: counts(exit_spells(tables, today, outcome)) for outcome in (*OUTCOMES, "failed")}
    firms_count = sum(row["kind"] in SELLERS for row in table.latest("provider").values())
    enough(len(found["acquired"]), 1, "regimes with five provider-years", table, tables)
    said = [
        Diagnostic(f"{outcome}_per_year_{regime}", float(rate_quantiles(count, np.array([0.5]))[0]),
                   f"median rate: {count.events} in {count.years:.0f} provider-years")
        for outcome, by_regime in found.items() for regime, count in by_regime.items()
    ]  # fmt: skip
    bought = list(found["acquired"].values())
    if len(bought) == 2:
        meaning = "chance that one rate of purchases gives counts this far apart; small: two regimes"
        said.append(Diagnostic("one_rate_prob", difference_prob(*bought), meaning))
    said += _bunching(tables, today)
    return Trend(
        name="exits",
        title="Purchases and listings of providers",
        unit="1/year",
        form="a constant rate in each regime",
        why="too few events (tens) to tell forms apart out of sample; the rival is one rate for all time",
        diagnostics=tuple(said),
        estimates=tuple(
            Estimate(f"regimes.{regime}.{OUTCOMES[outcome]}", rate_distribution(count), "1/year",
                     firms_count, "medium" if count.events >= 5 else "low",
                     f"{count.events} in {count.years:.0f} provider-years; a cohort of survivors")
            for outcome in OUTCOMES for regime, count in found[outcome].items()
        ),
    )  # fmt: skip
