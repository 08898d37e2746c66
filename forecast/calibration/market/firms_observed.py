"""What the tables say of firms: rounds, exits, how they come together, margins and losses, each with its interval."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from forecast.calibration.market.band import poisson_rate, sd_band
from forecast.calibration.market.paid_observed import WHOLE_FIRM, margins
from forecast.tables import Tables
from forecast.trends.firm_rates import exit_spells, round_spells
from forecast.trends.known import last_day
from forecast.trends.regimes import PERIODS, SELLERS, counts, dispersion, quarterly
from forecast.trends.trend import Band
from forecast.units import MONTHS_PER_YEAR, months_between

QUARTER_MONTHS = 3
EXITS = ("acquired", "failed")


def per_year(event: str, regime: str, kinds: Collection[str] = SELLERS) -> Callable[[Tables], Band]:
    """Return a reader of events per year of the firms of some kinds, in the months of a funding regime.

    `round`: of firms with a known round; `acquired`, `failed` or `ipo`: of the whole cohort.
    """

    def read(tables: Tables) -> Band:
        today = last_day(tables["events"], tables)
        found = round_spells(tables, today, kinds) if event == "round" else exit_spells(tables, today, event, kinds)
        count = counts(found)[regime]
        return poisson_rate(count.events, count.years)

    return read


def exits_correlation(tables: Tables) -> Band:
    """Return how exits come together, as the correlation of two firms' exits within a quarter.

    ρ = (D − 1)/(n − 1), D the dispersion of quarterly counts and n the firms at risk: the variance of a sum of n equally
    correlated events. D is about one rate in each funding regime, so what the market's turn brings together does not count:
    hot paths stay hot, and the quarters seen did not. It is taken for a variance with as many degrees of freedom as
    quarters less regimes. The years before 2024 are left out: of them the cohort holds those who survived them.
    """
    today = last_day(tables["events"], tables)
    found = [quarterly(exit_spells(tables, today, outcome), today) for outcome in EXITS]
    events, years = np.sum([events for events, _ in found], axis=0), found[0][1]
    firms = years.mean() * MONTHS_PER_YEAR / QUARTER_MONTHS
    regime = np.arange(len(events)) * QUARTER_MONTHS >= round(months_between(*PERIODS["normal"]))  # hot
    band = sd_band(float(np.sqrt(dispersion(events, years, regime))), len(events) - len(set(regime)))
    return Band(*((end**2 - 1) / (firms - 1) for end in band))


def losing_frac(tables: Tables) -> Band:
    """Return the part of the gross margins known since the paths start that are below 0."""
    known = [row["value"] for row in margins(tables, WHOLE_FIRM)]
    return poisson_rate(sum(margin < 0 for margin in known), len(known))


def loss_bound(tables: Tables) -> Band:
    """Return the bound of a loss over all money raised: from 0 to 1, whatever the tables say."""
    return Band(0.0, 1.0, 1.0)
