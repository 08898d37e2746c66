"""Tokens wanted: growth that fades, pooled over all who publish a volume, whatever their scope."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np

from forecast.arrays import Array
from forecast.distributions import Distribution, standard_normal_quantile
from forecast.monte_carlo import jackknife_error
from forecast.tables import Tables
from forecast.trends.evidence import normal_scores
from forecast.trends.known import enough, vintage_day
from forecast.trends.trend import Band, Diagnostic, Estimate, Fan, FormScore, Trend
from forecast.trends.volumes import (
    FADE_MONTHS,
    NO_FADE,
    SCALE_LOG,
    Assumed,
    Growth,
    assumptions,
    growth,
    reach_years,
    volume_pairs,
)
from forecast.units import MONTHS_PER_YEAR, months_between

FEWEST_ENTITIES = 3
ENDS: Array = standard_normal_quantile(np.array([0.1, 0.5, 0.9]))
FADING = "growth that fades"
DAYS_PER_YEAR = 365
PATH: Array = np.arange(24, -1, -1) / 12  # years before and after the vintage that are shown


def demand_trend(tables: Tables) -> Trend:
    """Return the growth of tokens wanted at the tables' vintage, from volumes that firms and offices published.

    Growth is g(t) = L + (G − L)·e^(−t/τ), t in years from the vintage, with L the assumed long-run growth. A pair of
    volumes of one entity gives log v₂/v₁ = ∫g + noise; G by Huber's regression for each τ, τ weighed by a Student
    likelihood (4 degrees of freedom) times its assumed distribution. Entities differ and only the growing publish: the
    spread of G when each is left out in turn (jackknife) is added, and half of the distance to growth without a fade.

    Raises:
        TooFew: fewer than three entities have two volumes five months apart.
    """
    table = tables["provider_history"]
    today = vintage_day(table, tables)
    pairs = volume_pairs(tables, today)
    entities = sorted(set(pairs.firm))
    enough(len(entities), FEWEST_ENTITIES, "entities with two token volumes", table, tables)
    assumed = assumptions(tables)
    long_run = assumed.long_run_per_year
    whole = growth(pairs, assumed, FADE_MONTHS)
    left = np.array([growth(pairs.where(pairs.firm != e), assumed, FADE_MONTHS).mean for e in entities])
    jackknife = float(jackknife_error(left))
    constant = growth(pairs, assumed, NO_FADE).mean
    sd = float(np.sqrt(whole.sd**2 + jackknife**2 + (constant - whole.mean) ** 2 / 4))
    ahead_log = long_run + (whole.mean + sd * ENDS - long_run) * _mean_fade_of_year(whole)
    return Trend(
        name="demand",
        title="Growth of tokens wanted, as a logarithmic rate",
        unit="1/year",
        form=FADING,
        why=f"kept for five years, constant growth would multiply volumes by 10^{5 * constant / np.log(10):.0f}; over the last "
            "year it did little worse, so half of the difference between the forms is added to the error",
        annual_change=Band(*np.exp(ahead_log).tolist()),
        half_life_months=Band(*(np.log(2) * np.exp(whole.fade_log + whole.fade_log_sd * ENDS)).tolist()),
        diagnostics=(
            Diagnostic("growth_without_fade_per_year", constant, "what all pairs give if growth had been the same"),
            Diagnostic("jackknife_se_per_year", jackknife, "spread when each entity is left out; small is good"),
            Diagnostic("fade_months", float(np.exp(whole.fade_log)), "fitted, the assumed distribution included"),
        ),
        scores=lambda: backtest(tables, today, assumed),
        estimates=(
            Estimate("parameters.demand_growth_start_per_year", Distribution("fitted", (round(whole.mean, 3), round(sd, 3))),
                     "1/year", len(pairs.growth_log), "medium" if len(entities) >= 8 else "low",
                     f"{len(pairs.growth_log)} pairs of volumes of {len(entities)} entities; those who publish grow"),
        ),
        observed=tuple(sorted(zip(_days(today, (pairs.start_months + pairs.end_months) / 24),
                                  (12 * pairs.growth_log / pairs.months).tolist(), strict=True))),
        fitted=tuple(zip(_days(today, -PATH), (long_run + (whole.mean - long_run) * _fade(-PATH, whole)).tolist(), strict=True)),
        fan=Fan((0.1, 0.5, 0.9), long_run + (whole.mean - long_run + sd * ENDS[:, None]) * _fade(PATH[::-1][1:], whole)),
    )  # fmt: skip


def _fade(years: Array, made: Growth) -> Array:
    """Return how much of today's excess growth is left after so many years; for years before today it is above 1."""
    return np.asarray(np.exp(-years * 12 / np.exp(made.fade_log)))


def _mean_fade_of_year(made: Growth) -> float:
    tau = np.exp(made.fade_log) / 12
    return float(-tau * np.expm1(-1 / tau))


def _days(today: date, years: Array) -> list[date]:
    return [today + timedelta(days=round(float(t) * DAYS_PER_YEAR)) for t in years]


def backtest(tables: Tables, today: date, assumed: Assumed) -> tuple[FormScore, ...]:
    """Return how both forms foresaw later pairs, from origins three months apart.

    A pair counts where it ends a quarter or more after the origin and starts half a year before it at most.
    """
    said, later = defaultdict(list), volume_pairs(tables, today)
    came: list[Array] = [np.empty(0)]
    for back_months in (15, 12, 9, 6):
        origin = today - timedelta(days=round(back_months * DAYS_PER_YEAR / 12))
        known = volume_pairs(tables.vintage(origin), origin)
        if len(set(known.firm)) < FEWEST_ENTITIES:
            continue
        ahead = later.seen_from(months_between(origin, today))
        ahead = ahead.where((ahead.end_months > 3) & (ahead.start_months > -6))
        came.append(ahead.growth_log)
        for form, fades in {FADING: FADE_MONTHS, "constant growth": NO_FADE}.items():
            made, long_run = growth(known, assumed, fades), assumed.long_run_per_year
            reach = reach_years(ahead, np.exp(made.fade_log))
            said[form].append(long_run * ahead.months / MONTHS_PER_YEAR + (made.mean - long_run) * reach)
    value = np.concatenate(came)
    spread = np.full(len(value), SCALE_LOG)
    forms = {form: (np.concatenate(parts), spread) for form, parts in said.items()}
    return normal_scores(forms, 12, value, spread) if len(value) else ()
