"""The price of a fixed capability: the cheapest and the third-cheapest model at or above a score, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecast.distributions import Array
from forecast.equations.price import tier_shock_scale
from forecast.tables import Tables
from forecast.trends import evidence
from forecast.trends.handed import LOOP_RANK, tier_estimates
from forecast.trends.monthly import MonthlySeries, Reading, dated, monthly_series
from forecast.trends.origins import rolled
from forecast.trends.rolling import LEVELS, Cases
from forecast.trends.tier_law import NORMAL_RATIO, PRIORS, TierFit, fit_tiers, tier_quantiles
from forecast.trends.trend import Band, Diagnostic, Trend

RANKS = ("cheapest", "third_cheapest")  # the median moves with what is listed at all, not with what a capability costs
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

    Empty where the vintage has no such tier with two months.
    """
    series, problems = tier_series(tables)
    shown = [at for at, one in enumerate(series) if one.kind == LOOP_RANK]
    if not shown:
        return ()
    fit = fit_tiers(series)
    scored = evidence.form_scores(tier_cases(tables), FORM)
    form, why = evidence.best_form(scored, FORM)
    own = np.moveaxis(np.quantile(fit.paths(FAN_MONTHS), LEVELS, axis=2), 2, 0)
    each = [_trend(fit, at, own[at], form, why) for at in shown]
    shared = replace(
        each[0],
        diagnostics=(*each[0].diagnostics, *pooled_regression(series)),
        scores=scored,
        estimates=tier_estimates(tables, fit),
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
        more={"floor": evidence.in_words(evidence.band(np.exp(points[1]), weight), UNIT), "months": str(len(one))},
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
            "regression_converged",
            float(fit.fit_history["iteration"] < 100),
            "whether the robust regression converged, 1 or 0",
        ),
    )
