"""How often providers close a round, are bought or are listed, by the funding market of the time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

import numpy as np

from forecast.distributions import SEE_FITS, Z_90, Distribution
from forecast.equations import funding
from forecast.tables import Tables
from forecast.trends import regimes
from forecast.trends.evidence import EVEN, empirical
from forecast.trends.known import enough, last_day
from forecast.trends.trend import Diagnostic, Estimate, Trend
from forecast.units import months_between

FORM = "a constant rate in each regime"
# The engine multiplies its rate by growth (½ to 2, 1.7 where revenue doubles in a year) and by 2 under a year of runway: in the
# half year after each vintage the firms whose rounds are followed stand at 1.7 to 2.2 on average (base scenario), which fades.
# The rate of one that stands still is what was seen, divided by this (80 % range): an assumption.
ATTRACTION = (1.6, 2.2)
QUARTILES = (0.25, 0.5, 0.75)
OUTCOMES = {"acquired": "acquired_per_year", "ipo": "ipo_per_year"}


def funding_trend(tables: Tables) -> Trend:
    """Return the monthly rate of rounds known at the tables' vintage, by regime.

    Rounds over provider-months between the first known round and the exit or the vintage, those of the first half year
    after a round counted in part (`rested_months`). A gap that is still open is censored there (Kaplan–Meier for its quartiles);
    counting closed gaps alone would make money look quick. What was judged of a regime before it was seen is its prior.

    Raises:
        TooFew: no regime has five provider-years yet.
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    table = tables["round_intervals"]
    gaps = list(round_spells(tables, last_day(tables["events"], tables)))
    by_regime = regimes.counts(gaps, funding.rested_months)
    enough(len(by_regime), 1, "regimes with five provider-years", table, tables)
    months = np.array([months_between(gap.start, gap.end) for gap in gaps])
    closed = np.array([gap.happened for gap in gaps])
    waiting = SurvfuncRight(months, closed.astype(int))
    return Trend(
        name="funding",
        title="Rounds of funding",
        unit="1/month",
        form=FORM,
        why="too few rounds (tens) to tell forms apart out of sample; the rival is one rate for all time",
        diagnostics=(
            *(Diagnostic(f"gap_p{100 * level:.0f}_months", float(np.nan_to_num(waiting.quantile(level), nan=months.max())),
                         "of the gap between rounds, open ones censored; at most the longest seen") for level in QUARTILES),
            Diagnostic("closed_gap_p50_months", float(np.median(months[closed])), "the naive rival: closed gaps alone"),
            *(Diagnostic(f"rounds_per_month_{regime}", c.events / c.years / 12, f"{c.events} in {12 * c.years:.0f} months as they count")
              for regime, c in by_regime.items()),
            *_one_rate(by_regime, "rounds"),
        ),
        estimates=tuple(
            Estimate(f"regimes.{regime}.funding_per_month", _rate(count, _judged(tables, regime)), "1/month", count.events, "medium",
                     f"{count.events} rounds in {12 * count.years:.0f} provider-months, the first half year after a round counted in part, "
                     f"over an attraction of {ATTRACTION[0]} to {ATTRACTION[1]}; firms with a known round")
            for regime, count in by_regime.items()
        ),
    )  # fmt: skip


def _judged(tables: Tables, regime: str) -> Distribution | None:
    """Return what was believed of the rate of rounds in a regime before its first months were seen, if anything was."""
    cells = [row["funding_per_month"] for row in tables["regimes"] if row["regime"] == regime]
    return next((cell for cell in cells if cell != SEE_FITS), None)


def _rate(count: regimes.Count, judged: Distribution | None) -> Distribution:
    """Return the monthly rate of a firm that stands still, half a year after its last round: lognormal, Poisson error and attraction together.

    What was judged before counts beside what was seen, each with the inverse of its variance in logs.
    """
    rate_log = np.log((count.events + 0.5) / count.years / 12) - np.log(ATTRACTION).mean()
    sd = np.hypot((count.events + 0.5) ** -0.5, np.diff(np.log(ATTRACTION))[0] / (2 * Z_90))
    if judged:
        ends = np.log(judged.quantile(np.array([0.1, 0.9])))
        before, before_sd = ends.mean(), np.diff(ends)[0] / (2 * Z_90)
        part = before_sd**2 / (before_sd**2 + sd**2)
        rate_log, sd = part * rate_log + (1 - part) * before, sd * part**0.5
    low, high = np.exp(rate_log + sd * Z_90 * np.array([-1.0, 1.0]))
    return Distribution("lognormal", (round(float(low), 4), round(float(high), 4)))


def _one_rate(by_regime: Mapping[str, regimes.Count], what: str) -> list[Diagnostic]:
    """Return how likely one rate is to give the counts of both regimes, where both are known."""
    if len(by_regime) < 2:
        return []
    meaning = f"chance that one rate of {what} gives counts this far apart; small: two regimes"
    return [Diagnostic("one_rate_prob", regimes.difference_prob(*by_regime.values()), meaning)]


def round_spells(tables: Tables, today: date, kinds: Collection[str] = regimes.SELLERS) -> Iterator[regimes.Spell]:
    """Yield every gap of the firms of some kinds, closed or open; an open one ends with the exit of its firm.

    A gap that ends with the listing is open: the engine lists firms at a rate of its own. A firm that is not in the cohort
    is a provider of the market, which has left it, for what is counted here, on the day of its first row that is listed; one
    that the vintage does not know as either is left out.
    """
    cohort = tables["hazard_cohort"].latest("provider")
    firms = tables["providers"].latest("provider") | cohort
    backwards = sorted(tables["providers"], key=lambda row: row["as_of"], reverse=True)
    listed = {row["provider"]: row["as_of"] for row in backwards if row["listed"]}  # the first such row stands last
    for row in tables["round_intervals"].latest("provider", "from_on").values():
        exit_on = cohort[row["provider"]]["exit_on"] if row["provider"] in cohort else listed.get(row["provider"])
        end = row["to_on"] or min(exit_on or today, today)
        if row["provider"] in firms and firms[row["provider"]]["kind"] in kinds and end > row["from_on"]:
            yield regimes.Spell(row["from_on"], end, row["to_on"] not in (None, exit_on))


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
    found = {outcome: regimes.counts(exit_spells(tables, today, outcome)) for outcome in (*OUTCOMES, "failed")}
    firms_count = sum(row["kind"] in regimes.SELLERS for row in table.latest("provider").values())
    enough(len(found["acquired"]), 1, "regimes with five provider-years", table, tables)
    return Trend(
        name="exits",
        title="Purchases and listings of providers",
        unit="1/year",
        form=FORM,
        why="too few events (tens) to tell forms apart out of sample; the rival is one rate for all time",
        diagnostics=(
            *(Diagnostic(f"{outcome}_per_year_{regime}", float(regimes.rate_quantiles(count, np.array([0.5]))[0]),
                         f"median rate: {count.events} in {count.years:.0f} provider-years")
              for outcome, by_regime in found.items() for regime, count in by_regime.items()),
            *_one_rate(found["acquired"], "purchases"),
            *_bunching(tables, today),
        ),
        estimates=tuple(
            Estimate(f"regimes.{regime}.{OUTCOMES[outcome]}", empirical(regimes.rate_quantiles(count, EVEN), 4), "1/year",
                     firms_count, "medium" if count.events >= 5 else "low",
                     f"{count.events} in {count.years:.0f} provider-years; a cohort of survivors")
            for outcome in OUTCOMES for regime, count in found[outcome].items()
        ),
    )  # fmt: skip


def exit_spells(
    tables: Tables, today: date, outcome: str, kinds: Collection[str] = regimes.SELLERS
) -> Iterator[regimes.Spell]:
    """Yield the time at risk of each firm of some kinds, until its exit or `today`; it happened if the exit is of this outcome."""
    for row in tables["hazard_cohort"].latest("provider").values():
        if row["kind"] in kinds:
            yield regimes.Spell(row["entry_on"], row["exit_on"] or today, row["outcome"] == outcome)


def _bunching(tables: Tables, today: date) -> tuple[Diagnostic, ...]:
    """Return whether purchases come in waves, against one rate for all quarters: what a common frailty would show."""
    from scipy.special import chdtrc

    events, years = regimes.quarterly(exit_spells(tables, today, "acquired"), today)
    if len(events) < 2 or not events.any():
        return ()
    ratio, degrees = float(regimes.dispersion(events, years)), len(events) - 1
    return (
        Diagnostic("quarterly_dispersion", ratio, f"variance of {len(events)} quarters' purchases over that of one rate"),
        Diagnostic("one_rate_all_quarters_prob", float(chdtrc(degrees, degrees * ratio)),
                   "chance that one rate brings purchases together as much; large: no frailty can be told"),
    )  # fmt: skip
