"""Tokens wanted: growth that fades, pooled over all who publish a volume, whatever their scope."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Z_90, Distribution, standard_normal_quantile
from forecast.scoring import coverage, crps_of_quantiles, skill
from forecast.tables import Tables
from forecast.trends.known import enough, last_day, years_between
from forecast.trends.rolling import LEVELS
from forecast.trends.trend import Band, Diagnostic, Estimate, FormScore, Trend

Array = NDArray[np.float64]

LEAST_MONTHS, FEWEST_ENTITIES = 5, 3  # between two volumes of a pair: in less time noise outweighs growth
FADE_MONTHS: Array = np.geomspace(8, 60, 15)
NO_FADE: Array = np.array([1e6])
ENDS: Array = standard_normal_quantile(np.array([0.1, 0.5, 0.9]))
SCALE_LOG = 0.4  # of the misfit of a pair: two figures, each off by a quarter
DAYS_PER_YEAR = 365
MOST_STEPS = 400


class Pairs(NamedTuple):
    """Two published volumes of one entity each: `[pair]`, times in years from the vintage (negative)."""

    entity: NDArray[np.str_]
    start_years: Array
    end_years: Array
    growth_log: Array

    def where(self, chosen: NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs."""
        return Pairs(self.entity[chosen], self.start_years[chosen], self.end_years[chosen], self.growth_log[chosen])


class Growth(NamedTuple):
    """A fitted growth: mean and standard deviation today, fade as the mean and deviation of its logarithm."""

    mean: float
    sd: float
    fade_log: float
    fade_log_sd: float


def demand_trend(tables: Tables) -> Trend:
    """Return the growth of tokens wanted at the tables' vintage, from volumes that firms and offices published.

    Growth is g(t) = L + (G − L)·e^(−t/τ), t in years from the vintage, with L the assumed long-run growth. A pair of
    volumes of one entity gives log v₂/v₁ = ∫g + noise; G by Huber's regression for each τ, τ weighed by a Student
    likelihood (4 degrees of freedom) times its assumed distribution. Entities differ and only the growing publish: the
    spread of G when each is left out in turn (jackknife) is added.

    Raises:
        TooFew: fewer than three entities have two volumes five months apart.
    """
    table = tables["provider_history"]
    today = last_day(table, tables)
    parameters = tables["parameters"].latest("parameter")
    long_run = float(parameters["demand_growth_long_per_year"]["value"].median())
    pairs = _pairs(tables, today)
    entities = sorted(set(pairs.entity))
    enough(len(entities), FEWEST_ENTITIES, "entities with two token volumes", table, tables)
    whole = growth(pairs, long_run, FADE_MONTHS)
    left = np.array([growth(pairs.where(pairs.entity != e), long_run, FADE_MONTHS).mean for e in entities])
    jackknife = float(np.sqrt((len(left) - 1) / len(left) * np.sum((left - left.mean()) ** 2)))
    sd = float(np.hypot(whole.sd, jackknife))
    fade_years = np.exp(whole.fade_log) / 12
    ahead = long_run + (whole.mean + sd * ENDS - long_run) * (fade_years * -np.expm1(-1 / fade_years))
    constant = growth(pairs, long_run, NO_FADE).mean
    return Trend(
        name="demand",
        title="Tokens wanted",
        unit="tokens/day",
        form="growth that fades to an assumed long run",
        why="the engine's own form: a growth that stays as it was foresaw the last year no worse, but not the next five",
        annual_change=Band(*np.exp(ahead).tolist()),
        half_life_months=Band(*(np.log(2) * np.exp(whole.fade_log + whole.fade_log_sd * ENDS)).tolist()),
        diagnostics=(
            Diagnostic("growth_without_fade_per_year", constant, "what all pairs give if growth had been the same"),
            Diagnostic("jackknife_se_per_year", jackknife, "spread when each entity is left out; small is good"),
            Diagnostic("fade_months", float(np.exp(whole.fade_log)), "fitted, the assumed distribution included"),
        ),
        scores=backtest(tables, today, long_run),
        estimates=(
            Estimate("parameters.demand_growth_start_per_year", Distribution("fitted", (round(whole.mean, 3), round(sd, 3))),
                     "1/year", len(pairs.growth_log), "medium" if len(entities) >= 8 else "low",
                     f"{len(pairs.growth_log)} pairs of volumes of {len(entities)} entities; those who publish grow"),
        ),
        observed=tuple((today + timedelta(days=round(float(t) * DAYS_PER_YEAR)), float(r)) for t, r in zip(
            (pairs.start_years + pairs.end_years) / 2, pairs.growth_log / (pairs.end_years - pairs.start_years),
            strict=True)),
    )  # fmt: skip


def growth(pairs: Pairs, long_run_per_year: float, fade_months: Array) -> Growth:
    """Return growth today and its fade, averaged over the candidates `fade_months`, each weighed by how well it fits.

    Raises:
        RuntimeError: a regression did not converge.
    """
    import statsmodels.api as sm

    found, weight_log = np.empty(len(fade_months)), np.empty(len(fade_months))
    for i, fade in enumerate(fade_months):
        excess = pairs.growth_log - long_run_per_year * (pairs.end_years - pairs.start_years)
        reach = _reach(pairs, fade)
        made = sm.RLM(excess, reach[:, None], M=sm.robust.norms.HuberT()).fit(maxiter=MOST_STEPS, conv="coefs")
        if len(made.fit_history["params"]) >= MOST_STEPS:
            raise RuntimeError("demand: the robust regression did not converge")
        misfit = (excess - made.params[0] * reach) / SCALE_LOG
        found[i] = made.params[0] + long_run_per_year
        weight_log[i] = -2.5 * np.log1p(misfit**2 / 4).sum() + _prior_log(fade)
    weight = np.exp(weight_log - weight_log.max())
    weight /= weight.sum()
    mean, fade_log = weight @ found, weight @ np.log(fade_months)
    sd = np.sqrt(weight @ (found - mean) ** 2)
    return Growth(
        float(mean), float(sd), float(fade_log), float(np.sqrt(weight @ (np.log(fade_months) - fade_log) ** 2))
    )


def backtest(tables: Tables, today: date, long_run_per_year: float) -> tuple[FormScore, ...]:
    """Return how both forms foresaw the pairs that end within a year of origins three months apart."""
    cases: dict[str, list[tuple[float, float]]] = defaultdict(list)
    later = _pairs(tables, today)
    for back_months in (15, 12, 9, 6):
        origin = today - timedelta(days=round(back_months * DAYS_PER_YEAR / 12))
        known = _pairs(tables.vintage(origin), origin)
        if len(set(known.entity)) < FEWEST_ENTITIES:
            continue
        shift = years_between(origin, today)
        ahead = later._replace(start_years=later.start_years + shift, end_years=later.end_years + shift)
        ahead = ahead.where((ahead.end_years > 0.25) & (ahead.start_years > -0.5))
        for form, fades in {"fades": FADE_MONTHS, "stays": NO_FADE}.items():
            made = growth(known, long_run_per_year, fades)
            span = ahead.end_years - ahead.start_years
            said = long_run_per_year * span + (made.mean - long_run_per_year) * _reach(ahead, np.exp(made.fade_log))
            cases[form] += list(zip(said, ahead.growth_log, strict=True))
    return tuple(_score(form, np.array(found)) for form, found in cases.items())


def _score(form: str, cases: Array) -> FormScore:
    said, came = cases.T
    spread = SCALE_LOG * standard_normal_quantile(LEVELS)[:, None]
    crps = crps_of_quantiles(said + spread, LEVELS, came)
    walk = crps_of_quantiles(0 * said + spread, LEVELS, came)
    inside = coverage(said + spread[1], said + spread[-2], came)
    return FormScore(form, 12, len(said), float(crps.mean()), skill(crps, walk), inside)


def _reach(pairs: Pairs, fade_months: float) -> Array:
    """Return ∫e^(−t/τ)dt over each pair's time, in years."""
    tau = fade_months / 12
    return np.asarray(tau * (np.exp(-pairs.start_years / tau) - np.exp(-pairs.end_years / tau)))


def _prior_log(fade_months: float) -> float:
    """Return the log weight of a fade before any data: lognormal, 12 to 30 months with 80 %, as in parameters.csv."""
    return float(-0.5 * ((np.log(fade_months) - np.log(360) / 2) * 2 * Z_90 / np.log(30 / 12)) ** 2)


def _pairs(tables: Tables, today: date) -> Pairs:
    """Return for each entity its latest volume, the last one at least five months before it, and so on back."""
    volumes = defaultdict(list)
    for row in tables["provider_history"]:
        if row["metric"] == "tokens_per_day" and row["date_on"] <= today:
            volumes[row["provider"]].append((years_between(today, row["date_on"]), float(np.log(row["value"]))))
    found = []
    for entity, points in volumes.items():
        ordered = sorted(points, reverse=True)
        end = ordered[0]
        for point in ordered[1:]:
            if end[0] - point[0] >= LEAST_MONTHS / 12:
                found.append((entity, point[0], end[0], end[1] - point[1]))
                end = point
    entity, *numbers = zip(*found, strict=True) if found else ((), (), (), ())
    return Pairs(np.array(entity, str), *(np.array(column, float) for column in numbers))
