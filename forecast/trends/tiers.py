"""The price of a fixed capability: the cheapest and the third-cheapest model at or above a score, month by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.equations.price import tier_shock_scale
from forecast.tables import Tables
from forecast.trends import evidence
from forecast.trends.cloud import OTHERS_WEIGHT, cloud
from forecast.trends.monthly import MonthlySeries, Reading, dated, month_end, monthly_series
from forecast.trends.origins import rolled
from forecast.trends.rolling import LEVELS, Cases
from forecast.trends.tier_law import NORMAL_RATIO, PRIORS, tier_paths, tier_quantiles, tier_weights
from forecast.trends.trend import Band, Diagnostic, Estimate, FormScore, Trend

Array = NDArray[np.float64]

RANKS = ("cheapest", "third_cheapest")  # the median moves with what is listed at all, not with what a capability costs
MODEL_RANK = "third-cheapest"  # what the month loop calls a tier's price
FORM = "toward a floor"
FAN_MONTHS = 24
UNIT = "USD/Mtok"


def tier_series(tables: Tables) -> tuple[tuple[MonthlySeries, ...], tuple[str, ...]]:
    """Return the tiers as series of log USD/Mtok, each threshold by each rank, and what was left out."""
    table = tables["tier_prices"]
    return monthly_series(
        Reading(
            f"GPQA {row['gpqa_at_least']:g} {rank.replace('_', '-')}",
            rank.replace("_", "-"),
            row["date_on"],
            row[f"{rank}_usd_per_mtok"],
            f"{table.label} row {row.number}",
        )
        for rank in RANKS
        for row in table
        if row[f"{rank}_usd_per_mtok"] is not None
    )


def tier_cases(tables: Tables) -> Cases:
    """Return the rolling-origin forecasts of every tier, with its rivals, in log USD/Mtok."""
    return rolled(
        tier_series(tables)[0],
        lambda day: tier_series(tables.vintage(min(day, tables.as_of)))[0],
        lambda pool, horizons, _: tier_quantiles(pool, horizons),
    )


class Fitted(NamedTuple):
    """The law of all tiers at one vintage: the series, the points of the prior, and what each series makes of them."""

    series: tuple[MonthlySeries, ...]
    problems: tuple[str, ...]
    points: Array  # [parameter, point]
    weight: Array  # [series, point]
    pooled: Array  # [point]: a tier of which nothing is known yet
    paths_log: Array  # [month, series, path]


def fit_tiers(tables: Tables) -> Fitted:
    """Return the law of all tiers as known at the tables' vintage."""
    series, problems = tier_series(tables)
    points = cloud(PRIORS)
    weight, pooled = tier_weights(series, points, OTHERS_WEIGHT)
    paths = tier_paths(np.array([one.logs[-1] for one in series]), points, weight, FAN_MONTHS)
    return Fitted(series, problems, points, weight, pooled, paths)


def tier_trends(tables: Tables) -> tuple[Trend, ...]:
    """Return a trend for each threshold, the third-cheapest model; the first also carries what all tiers share.

    Empty where the vintage has no tier with two months.
    """
    if not tier_series(tables)[0]:
        return ()
    fit = fit_tiers(tables)
    scored = evidence.form_scores(tier_cases(tables), FORM)
    form, why = evidence.best_form(scored, FORM)
    shown = [at for at, one in enumerate(fit.series) if one.kind == MODEL_RANK]
    return tuple(
        _trend(fit, at, form, why, scored if first else (), tier_estimates(tables, fit) if first else ())
        for at, first in zip(shown, [True] + [False] * len(shown), strict=False)
    )


def _trend(
    fit: Fitted, at: int, form: str, why: str, scored: tuple[FormScore, ...], estimates: tuple[Estimate, ...]
) -> Trend:
    one, weight = fit.series[at], fit.weight[at]
    own = np.quantile(fit.paths_log[:, at], LEVELS, axis=1)
    fan = evidence.chosen_fan(form, own, one, fit.series, FAN_MONTHS)
    last = float(np.exp(one.logs[-1]))
    expected, residual = one_month_ahead(one, fit.points, weight)
    return Trend(
        name=f"tier-{one.name.split()[1]}",
        title=f"Price of a fixed capability: {one.name} model",
        unit=UNIT,
        form=form,
        why=why,
        annual_change=Band(*(float(fan.quantiles[level, 11]) / last for level in (1, 3, 5))),
        half_life_months=evidence.band(evidence.half_life_months(fit.points[0]), weight),
        floor_ratio=evidence.band(last / np.exp(fit.points[1]), weight),
        diagnostics=(
            evidence.cloud_diagnostic(weight),
            *evidence.residual_diagnostics(residual),
            *(pooled_regression(fit.series) if scored else ()),
        ),
        scores=scored,
        estimates=estimates,
        observed=dated(one.months, one.logs),
        fitted=dated(one.months[1:][np.diff(one.months) == 1], expected),
        fan=fan,
        more=_facts(fit, at),
    )


def one_month_ahead(series: MonthlySeries, points: Array, weight: Array) -> tuple[Array, Array]:
    """Return (expected log price, standardised surprise) of each month that follows another, both `[step]`."""
    before, after = series.steps()
    reversion, floor_log, shock_log, far_ratio = points @ weight
    distance = before - floor_log
    expected = before - reversion * distance
    scale = NORMAL_RATIO * tier_shock_scale(distance, shock_log, far_ratio)
    return expected, (after - expected) / scale


def pooled_regression(series: Sequence[MonthlySeries]) -> tuple[Diagnostic, ...]:
    """Return the monthly reversion that a robust regression of all changes on all prices finds, and its convergence.

    δ = a − κ·q by Huber's M-estimator (statsmodels RLM): a second opinion that knows neither prior nor floor.
    """
    from statsmodels.api import RLM

    before, after = (np.concatenate(side) for side in zip(*(one.steps() for one in series), strict=True))
    if len(before) < 2 * len(PRIORS):
        return ()
    fit = RLM(after - before, np.column_stack([np.ones_like(before), before])).fit(maxiter=100)
    return (
        Diagnostic(
            "regression_reversion", -float(fit.params[1]), "monthly reversion by robust regression of changes on prices"
        ),
        Diagnostic(
            "regression_converged", float(fit.fit_history["iteration"] < 100), "1: the robust regression converged"
        ),
    )


def tier_estimates(tables: Tables, fit: Fitted) -> tuple[Estimate, ...]:
    """Return the numbers that the month loop reads: the law of a tier, and today's tier price of each segment."""
    reversion, _, shock_log, far_ratio = (evidence.band(parameter, fit.pooled) for parameter in fit.points)
    count = sum(len(one) for one in fit.series)
    law = (
        ("tier_reversion_per_month", reversion, 1.0, "1/month"),
        ("tier_shock_sd", shock_log, NORMAL_RATIO, "log"),
        ("tier_shock_far_ratio", far_ratio, NORMAL_RATIO, "ratio"),
    )
    shared = [
        Estimate(
            f"parameters.{name}",
            evidence.distribution("lognormal", ratio * found.p10, ratio * found.p90),
            unit,
            count,
            "medium",
            f"{len(fit.series)} tiers pooled, prior and months weighed together",
        )
        for name, found, ratio, unit in law
    ]
    return (*shared, *segment_prices(tables, fit.series))


def segment_prices(tables: Tables, series: Sequence[MonthlySeries]) -> list[Estimate]:
    """Return today's third-cheapest price at each segment's threshold, where that tier has one."""
    tier = {one.name: one for one in series}
    found = []
    for segment, row in tables["segments"].latest("segment").items():
        if one := tier.get(f"GPQA {row['gpqa_at_least']:g} {MODEL_RANK}"):
            price = evidence.distribution("fixed", float(np.exp(one.logs[-1])))
            note = f"{one.name} on {month_end(int(one.months[-1]))}"
            found.append(Estimate(f"segments.{segment}.tier_price_usd_per_mtok", price, UNIT, len(one), "high", note))
    return found


def _facts(fit: Fitted, at: int) -> Mapping[str, str]:
    one, weight = fit.series[at], fit.weight[at]
    bands = {"floor": evidence.band(np.exp(fit.points[1]), weight)}
    left_out = {"left out": " ".join(fit.problems)} if fit.problems else {}
    return evidence.facts_of(bands, UNIT) | {"months": str(len(one))} | left_out
