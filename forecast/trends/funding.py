"""How often providers close a round, by the funding market of the time; the gap still open counts as such."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import numpy as np

from forecast.distributions import Z_90, Distribution
from forecast.tables import Tables
from forecast.trends.known import enough, last_day
from forecast.trends.regimes import SELLERS, Count, Spell, counts, difference_prob
from forecast.trends.survival import waiting_quantiles
from forecast.trends.trend import Diagnostic, Estimate, Trend
from forecast.units import months_between

# The engine multiplies its rate by growth (½ to 2, 1.7 where revenue doubles in a year) and by 2 under a year of runway: in the
# half year after each vintage the firms whose rounds are followed stand at 1.8 to 2.1 on average (base scenario), which fades.
# The rate of one that stands still is what was seen, divided by this (80 % range): an assumption.
ATTRACTION = (1.6, 2.2)
QUARTILES = np.array([0.25, 0.5, 0.75])


def funding_trend(tables: Tables) -> Trend:
    """Return the monthly rate of rounds known at the tables' vintage, by regime.

    Rounds over provider-months between the first known round and the exit or the vintage. A gap that is still open is
    censored there (Kaplan–Meier for its quartiles); counting closed gaps alone would make money look quick.

    Raises:
        TooFew: no regime has five provider-years yet.
    """
    table = tables["round_intervals"]
    today = last_day(tables["events"], tables)
    gaps = list(round_spells(tables, today))
    by_regime = counts(gaps)
    enough(len(by_regime), 1, "regimes with five provider-years", table, tables)
    months = np.array([months_between(gap.start, gap.end) for gap in gaps])
    closed = np.array([gap.happened for gap in gaps])
    quartiles = waiting_quantiles(months, closed, QUARTILES)
    said = [
        Diagnostic(f"gap_p{100 * level:.0f}_months", float(months_), "of the gap between rounds, open ones censored")
        for level, months_ in zip(QUARTILES, quartiles, strict=True)
    ] + [Diagnostic("closed_gap_p50_months", float(np.median(months[closed])), "the naive rival: closed gaps alone")]
    said += [
        Diagnostic(f"rounds_per_month_{regime}", c.events / c.years / 12, f"{c.events} in {12 * c.years:.0f} months")
        for regime, c in by_regime.items()
    ]
    if len(by_regime) == 2:
        meaning = "chance that one rate of rounds gives counts this far apart; small: two regimes"
        said.append(Diagnostic("one_rate_prob", difference_prob(*by_regime.values()), meaning))
    return Trend(
        name="funding",
        title="Rounds of funding",
        unit="1/month",
        form="a constant rate in each regime",
        why="too few rounds (tens) to tell forms apart out of sample; the rival is one rate for all time",
        diagnostics=tuple(said),
        estimates=tuple(
            Estimate(f"regimes.{regime}.funding_per_month", _rate(count), "1/month", count.events, "medium",
                     f"{count.events} rounds in {12 * count.years:.0f} provider-months, over an attraction of "
                     f"{ATTRACTION[0]} to {ATTRACTION[1]}; firms with a known round")
            for regime, count in by_regime.items()
        ),
    )  # fmt: skip


def _rate(count: Count) -> Distribution:
    """Return the monthly rate of a firm that stands still: lognormal, Poisson error and attraction together."""
    rate_log = np.log((count.events + 0.5) / count.years / 12) - np.log(ATTRACTION).mean()
    sd = np.hypot((count.events + 0.5) ** -0.5, np.diff(np.log(ATTRACTION))[0] / (2 * Z_90))
    low, high = np.exp(rate_log + sd * Z_90 * np.array([-1.0, 1.0]))
    return Distribution("lognormal", (round(float(low), 4), round(float(high), 4)))


def round_spells(tables: Tables, today: date, kinds: Collection[str] = SELLERS) -> Iterator[Spell]:
    """Yield every gap of the firms of some kinds, closed or open; an open one ends with the exit of its firm.

    A gap that ends with the listing is open: the engine lists firms at a rate of its own.
    """
    firms = tables["hazard_cohort"].latest("provider")
    for row in tables["round_intervals"].latest("provider", "from_on").values():
        firm = firms[row["provider"]]
        end = row["to_on"] or min(firm["exit_on"] or today, today)
        if firm["kind"] in kinds and end > row["from_on"]:
            yield Spell(row["from_on"], end, row["to_on"] not in (None, firm["exit_on"]))
