"""The numbers that the month loop reads from the trends of tiers and rents, as distributions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecast.distributions import Array
from forecast.tables import DISTANT, Tables
from forecast.trends import evidence
from forecast.trends.monthly import MonthlySeries, month_end, month_of
from forecast.trends.rent_law import RentFit, ahead
from forecast.trends.tier_law import NORMAL_RATIO, TierFit
from forecast.trends.trend import Estimate

LOOP_RANK = "third-cheapest"  # what the month loop calls a tier's price
LOOP_INDEX = "h100 normalised"  # and its rent


def tier_estimates(tables: Tables, fit: TierFit) -> tuple[Estimate, ...]:
    """Return the numbers that the month loop reads: the law of a tier, and today's tier price of each segment."""
    points = fit.points[[one.kind for one in fit.series].index(LOOP_RANK)]
    reversion, _, shock_log, far_ratio = (evidence.band(parameter, fit.pooled) for parameter in points)
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
        if one := tier.get(f"GPQA {row['gpqa_at_least']:g} {LOOP_RANK}"):
            price = evidence.distribution("fixed", float(np.exp(one.logs[-1])))
            note = f"{one.name} in {month_end(int(one.months[-1])):%Y-%m}"
            found.append(
                Estimate(f"segments.{segment}.tier_price_usd_per_mtok", price, "USD/Mtok", len(one), "high", note)
            )
    return found


def rent_estimates(tables: Tables, fit: RentFit) -> tuple[Estimate, ...]:
    """Return the numbers that the month loop reads: where rents start, where they return to, how fast, how unsteadily."""
    at = [ratio.name for ratio in fit.ratios].index(LOOP_INDEX)
    ratio, weight, state = fit.ratios[at], fit.weight[at], fit.states[at]
    reversion, level, shock, _ = fit.points
    count = len(ratio)
    last = int(ratio.months[-1])
    gap = 0 if tables.as_of == DISTANT else max(0, month_of(tables.as_of) - last)
    mean, sd = ahead(state, fit.points, gap) if gap else (state.mean_log, np.sqrt(state.variance))
    fast, unsteady = evidence.band(reversion, weight), evidence.band(shock, weight)
    laws = (
        ("rent_to_owned_log_start", "normal", _mean_and_sd(mean, sd, weight), "log ratio"),
        ("rent_to_owned_log_level", "fitted", _mean_and_sd(level, np.zeros_like(level), weight), "log ratio"),
        ("rent_reversion_per_month", "lognormal", (fast.p10, fast.p90), "1/month"),
        ("rent_shock_sd", "lognormal", (unsteady.p10, unsteady.p90), "log"),
    )
    note = f"{ratio.name} index over owned cost, prior and months weighed together"
    return tuple(
        Estimate(f"parameters.{name}", evidence.distribution(law, *arguments), unit, count, "medium", note)
        for name, law, arguments, unit in laws
    )


def _mean_and_sd(mean: Array, sd: Array, weight: Array) -> tuple[float, float]:
    middle = float(weight @ mean)
    return middle, float(np.sqrt(weight @ (sd**2 + (mean - middle) ** 2)))
