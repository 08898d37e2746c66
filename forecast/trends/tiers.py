"""The price of a fixed capability: the cheapest and the third-cheapest model at or above a score, month by month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecast.arrays import Array
from forecast.tables import Tables
from forecast.trends import evidence
from forecast.trends.known import enough
from forecast.trends.monthly import MonthlySeries, Reading, dated, monthly_series
from forecast.trends.rivals import rolled
from forecast.trends.rolling import LEVELS, Cases
from forecast.trends.tier_law import (
    NORMAL_RATIO,
    TierFit,
    fit_tiers,
    one_month_ahead,
    pooled_regression,
    tier_quantiles,
)
from forecast.trends.trend import Band, Estimate, Trend

RANKS = ("cheapest", "third_cheapest")  # a median would move with the number of models listed
LOOP_RANK = "third-cheapest"  # what the month loop calls a tier's price
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


def tier_trends(tables: Tables) -> tuple[Trend, ...]:
    """Return a trend for each threshold, the third-cheapest model; the first also carries what all tiers share.

    Raises:
        TooFew: the vintage has no such tier with two months.
    """
    series, problems = tier_series(tables)
    shown = [at for at, one in enumerate(series) if one.kind == LOOP_RANK]
    enough(len(shown), 1, "tiers with two months", tables["tier_prices"], tables)
    fit = fit_tiers(series)
    scored = evidence.form_scores(tier_cases(tables), FORM)
    form, why = evidence.best_form(scored, FORM)
    own = np.moveaxis(np.quantile(fit.paths(FAN_MONTHS), LEVELS, axis=2), 2, 0)
    each = [_trend(fit, at, own[at], form, why) for at in shown]
    shared = replace(
        each[0],
        diagnostics=(*each[0].diagnostics, *pooled_regression(series)),
        scores=lambda: scored,
        estimates=tier_estimates(fit),
        more={**(each[0].more or {}), **({"left out": " ".join(problems)} if problems else {})},
    )
    return (shared, *each[1:])


def _trend(fit: TierFit, at: int, own: Array, form: str, why: str) -> Trend:
    one, points, weight = fit.series[at], fit.points[at], fit.weight[at]
    fan = evidence.chosen_fan(form, own, one, fit.series, FAN_MONTHS)
    last = float(np.exp(one.logs[-1]))
    expected, residual = one_month_ahead(one, points, weight)
    return Trend(
        name=f"tier-{one.name.split()[1]}",
        title=f"Price of a fixed capability: {one.name} model",
        unit=UNIT,
        form=form,
        why=why,
        annual_change=Band(*(float(fan.quantiles[level, 11]) / last for level in (1, 3, 5))),
        half_life_months=evidence.band(evidence.half_life_months(points[0]), weight),
        floor_ratio=evidence.band(last / np.exp(points[1]), weight),
        diagnostics=(evidence.cloud_diagnostic(weight), *evidence.residual_diagnostics(residual)),
        observed=dated(one.months, one.logs),
        fitted=dated(one.months[1:][np.diff(one.months) == 1], expected),
        fan=fan,
        more={"floor": f"{evidence.band(np.exp(points[1]), weight)} {UNIT}", "months": str(len(one))},
    )


def tier_estimates(fit: TierFit) -> tuple[Estimate, ...]:
    """Return the numbers that the month loop reads: the law of a tier."""
    points = fit.points[[one.kind for one in fit.series].index(LOOP_RANK)]
    reversion, _, shock_log, far_ratio = (evidence.band(parameter, fit.pooled) for parameter in points)
    count = sum(len(one) for one in fit.series)
    law = (
        ("tier_reversion_per_month", reversion, 1.0, "1/month"),
        ("tier_shock_sd", shock_log, NORMAL_RATIO, "log"),
        ("tier_shock_far_ratio", far_ratio, NORMAL_RATIO, "ratio"),
    )
    return tuple(
        Estimate(
            f"parameters.{name}",
            evidence.distribution("lognormal", ratio * found.p10, ratio * found.p90),
            unit,
            count,
            "medium",
            f"{len(fit.series)} tiers pooled, prior and months weighed together",
        )
        for name, found, ratio, unit in law
    )
