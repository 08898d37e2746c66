"""What is compared of firms: rounds, exits and listings, what of them was foreseen, margins and losses."""

from __future__ import annotations

from datetime import date

from forecast.calibration.market import firms_observed, firms_simulated, foreseen
from forecast.calibration.market.compared import MID, ROUTER_TIME, TODAY, Comparison
from forecast.trends.regimes import SELLERS

ROUNDS, COHORT = "round_intervals.csv", "hazard_cohort.csv"
BY_REGIME = (
    "rates by regime (fits.csv), which these counts gave: no test, but a check that the engine keeps to them, but for the size of "
    "today's firms, which are bought less often than the cohort's"
)
FAILING = "the cash and burn of small firms, assumptions; the market names firms that were alive when it was drawn up"
# What was seen of failures is of 2024 to 2026: firms of mid-2025 had less money than today's, most of whom raised a year's or more.
BY_KIND = (
    "how much more often a kind is bought (acquired_ratio of provider_kinds.csv), an assumption; few events of each"
)
FORESEEN = "rates of a market that was not seen at the vintage"
ROUNDS_SEEN = (
    f"{FORESEEN}: its first half year brought 1.4 times as many rounds as a normal one, the months since 2.9 times, of labs as of "
    "others. At that rate, in a market that stays hot, paths hold what came"
)
ONE_CHANCE = "the chance of a round does not know the kind of firm: ratios by kind foresee rounds to come no better"
EVENTS = {
    "round": ("rounds", ROUNDS),
    "acquired": ("firms bought", COHORT),
    "failed": ("firms failing", COHORT),
    "ipo": ("firms listed", COHORT),
}
REGIMES_SEEN = ("hot", "normal")  # no cold month lies in the data
LONG_MONTHS = 36  # in which the funding market turns
COUNTS = {"rounds_count": "rounds", "departures_count": "firms bought or shut", "listings_count": "listings"}


def _per_year(event: str, regime: str, mends: str, kind: str = "") -> Comparison:
    """Return how often an event comes to a firm, of one kind where it is named, in a year of a funding regime."""
    what, source = EVENTS[event]
    kinds = (kind,) if kind else SELLERS
    return Comparison(
        f"{what} per firm and year, {regime} market{kind and f', {kind}'}",
        "per year",
        source,
        MID if event == "failed" else TODAY,
        firms_observed.per_year(event, regime, kinds),
        firms_simulated.per_year(event, regime, kinds),
        mends,
        fitted=mends == BY_REGIME,
    )


FIRM_COMPARISONS = (
    *(
        _per_year(event, regime, FAILING if event == "failed" else BY_REGIME)
        for event in EVENTS
        for regime in REGIMES_SEEN
    ),
    *(_per_year("round", "hot", ONE_CHANCE, kind) for kind in ("host", "chip", "lab")),
    *(_per_year("acquired", "hot", BY_KIND, kind) for kind in ("host", "chip", "neocloud")),
    *(
        Comparison(
            f"{what} in the {months} months after {at}",
            "count, of the firms then named",
            "events.csv",
            at,
            foreseen.happened(count, date.fromisoformat(at), months),
            foreseen.expected(count, months),
            ROUNDS_SEEN if count == "rounds_count" else FORESEEN,
            one_draw=True,
        )
        for at, months in (("2025-01-01", 12), (MID, 12), (ROUTER_TIME, 6))
        for count, what in COUNTS.items()
    ),
    Comparison(
        "correlation of two firms' exits within a quarter",
        "fraction",
        COHORT,
        TODAY,
        firms_observed.exits_correlation,
        firms_simulated.exits_correlation,
        "a cause of exits that firms share beside the funding market and cash",
        LONG_MONTHS,
    ),
    *(
        Comparison(
            f"sold below serving cost, {when}",
            "fraction of firms' months",
            "provider_history.csv",
            at,
            firms_observed.losing_frac,
            firms_simulated.losing_frac,
            "a known margin is a firm's mean over its offers and a year; few are known",
        )
        for when, at in (("mid-2025", MID), ("today", TODAY))
    ),
    Comparison(
        "greatest loss on tokens in a year over all money raised",
        "ratio",
        "provider_history.csv",
        MID,
        firms_observed.loss_bound,
        firms_simulated.loss_over_raised,
        "a loss above what was raised cannot be",
    ),
)
