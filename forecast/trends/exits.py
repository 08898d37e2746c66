"""How often providers are bought or listed, by the funding market of the time."""

from __future__ import annotations

import numpy as np

from forecast.tables import Tables
from forecast.trends.known import enough, last_day
from forecast.trends.regimes import Spell, counts, difference_prob, rate_distribution, rate_quantiles
from forecast.trends.trend import Diagnostic, Estimate, Trend

OUTCOMES = {"acquired": "acquired_per_year", "ipo": "ipo_per_year"}


def exits_trend(tables: Tables) -> Trend:
    """Return the yearly rates of purchases and listings known at the tables' vintage, each by regime.

    Events over provider-years; gamma-Poisson, with Jeffreys' prior so that no event in fifty years is not a rate of 0.
    The cohort was drawn up in 2026 from firms that were still spoken of: those who left early are missing from it, so
    the rates are rather too low. Failures are reported; in the engine they follow from cash, not from a rate.

    Raises:
        TooFew: no regime has five provider-years yet.
    """
    table = tables["hazard_cohort"]
    today = last_day(tables["events"], tables)
    firms = list(table.latest("provider").values())
    found = {
        outcome: counts(Spell(r["entry_on"], r["exit_on"] or today, r["outcome"] == outcome) for r in firms)
        for outcome in (*OUTCOMES, "failed")
    }
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
    return Trend(
        name="exits",
        title="Purchases and listings of providers",
        unit="1/year",
        form="a constant rate in each regime",
        why="too few events (tens) to tell forms apart out of sample; the rival is one rate for all time",
        diagnostics=tuple(said),
        estimates=tuple(
            Estimate(f"regimes.{regime}.{OUTCOMES[outcome]}", rate_distribution(count), "1/year",
                     len(firms), "medium" if count.events >= 5 else "low",
                     f"{count.events} in {count.years:.0f} provider-years; a cohort of survivors")
            for outcome in OUTCOMES for regime, count in found[outcome].items()
        ),
    )  # fmt: skip
