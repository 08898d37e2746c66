"""Rents of accelerators over what owning one costs: indices of on-demand rate cards, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from forecast.arrays import Array
from forecast.owning import owned_usd_per_accelerator_hour
from forecast.renting import RENT_INDEX
from forecast.tables import DISTANT, Tables
from forecast.trends import evidence
from forecast.trends.known import TooFew
from forecast.trends.monthly import MonthlySeries, Reading, dated, monthly_series
from forecast.trends.rent_law import RentFit, ahead, fit_rents, innovations, maximum_likelihood, rent_quantiles
from forecast.trends.rivals import rolled
from forecast.trends.rolling import Cases
from forecast.trends.trend import Band, Estimate, Trend
from forecast.units import month_of

INDICES = {RENT_INDEX: "normalised", "index: raw on-demand median of rate cards": "raw"}
LOOP_INDEX = "h100 normalised"  # what the month loop calls the rent
FORM = "back to a level over owned cost"
FAN_MONTHS = 24
UNIT = "USD/accelerator-hour"


def rent_series(tables: Tables) -> tuple[tuple[MonthlySeries, ...], tuple[str, ...]]:
    """Return the indices as series of log USD/accelerator-hour, each accelerator by each index, and what was left out.

    Only accelerators that can be owned at a known price have a law to follow.
    """
    table = tables["rents"]
    owned = owned_usd_per_accelerator_hour(tables)
    return monthly_series(
        Reading(
            f"{row['accelerator']} {INDICES[row['provider']]}",
            INDICES[row["provider"]],
            row["date_on"],
            row["usd_per_accelerator_hour"],
            f"{table.label} row {row.number}",
        )
        for row in table
        if row["provider"] in INDICES and row["accelerator"] in owned
    )


def over_owned(pool: Sequence[MonthlySeries], tables: Tables) -> tuple[list[MonthlySeries], Array]:
    """Return the series as log(rent/owned cost) at a vintage's cost of owning, and that cost's log, `[series]`."""
    owned = owned_usd_per_accelerator_hour(tables)
    owned_log = np.log([owned[one.name.split()[0]] for one in pool])
    return [replace(one, logs=one.logs - shift) for one, shift in zip(pool, owned_log, strict=True)], owned_log


def rent_cases(tables: Tables) -> Cases:
    """Return the rolling-origin forecasts of every index, with its rivals, in log USD/accelerator-hour."""

    def known(day: date) -> Tables:
        return tables.vintage(min(day, tables.as_of))

    def form(pool: Sequence[MonthlySeries], horizons: Sequence[int], origin: date) -> Array:
        ratios, owned_log = over_owned(pool, known(origin))
        return rent_quantiles(ratios, horizons) + owned_log

    return rolled(rent_series(tables)[0], lambda day: rent_series(known(day))[0], form)


def rent_trend(tables: Tables) -> Trend:
    """Return the trend of the H100's on-demand rent.

    Raises:
        TooFew: the vintage has no such index yet.
    """
    pool, problems = rent_series(tables)
    names = [one.name for one in pool]
    if LOOP_INDEX not in names:
        raise TooFew(f"{tables['rents'].label}: no index of the H100 known by {tables.as_of}. Choose a later vintage.")
    at = names.index(LOOP_INDEX)
    scored = evidence.form_scores(rent_cases(tables), FORM)
    form, why = evidence.best_form(scored, FORM)
    ratios, owned_log = over_owned(pool, tables)
    fit = fit_rents(ratios)
    ratio, weight, state = ratios[at], fit.weight[at], fit.states[at]
    own = rent_quantiles(ratios, range(1, FAN_MONTHS + 1))[:, :, at] + owned_log[at]
    fan = evidence.chosen_fan(form, own, pool[at], pool, FAN_MONTHS)
    last = float(np.exp(pool[at].logs[-1]))
    expected, surprise = innovations(ratio, fit.points @ weight)
    return Trend(
        name="rent",
        title="Rent of an H100 on demand, normalised index of rate cards",
        unit=UNIT,
        form=form,
        why=why,
        annual_change=Band(*(float(fan.quantiles[level, 11]) / last for level in (1, 3, 5))),
        half_life_months=evidence.band(evidence.half_life_months(fit.points[0]), weight),
        floor_ratio=evidence.band(np.exp(state.mean_log), weight),
        diagnostics=(
            evidence.cloud_diagnostic(weight),
            *evidence.residual_diagnostics(surprise[1:]),
            *maximum_likelihood(ratio),
        ),
        scores=lambda: scored,
        estimates=rent_estimates(tables, fit, at),
        observed=dated(pool[at].months, pool[at].logs),
        fitted=dated(pool[at].months[1:], expected[1:] + owned_log[at]),
        fan=fan,
        more={
            "owned cost": f"{np.exp(owned_log[at]):.3g} {UNIT}",
            "level of the months seen over owned cost": f"{evidence.band(np.exp(fit.points[1]), weight)} times",
            **({"left out": " ".join(problems)} if problems else {}),
        },
    )


def rent_estimates(tables: Tables, fit: RentFit, at: int) -> tuple[Estimate, ...]:
    """Return the numbers that the month loop reads: where rents start, how fast they return, how unsteadily.

    The level of the months seen is none of them: all were scarce, and the loop asks for that of a balanced market.
    `at` is the place of the index that the loop reads.
    """
    ratio, weight, state = fit.ratios[at], fit.weight[at], fit.states[at]
    reversion, _, shock, _ = fit.points
    gap = 0 if tables.as_of == DISTANT else max(0, month_of(tables.as_of) - int(ratio.months[-1]))
    mean, sd = ahead(state, fit.points, gap) if gap else (state.mean_log, np.sqrt(state.variance))
    fast, unsteady = evidence.band(reversion, weight), evidence.band(shock, weight)
    laws = (
        ("rent_to_owned_log_start", "normal", _mean_and_sd(mean, sd, weight), "log ratio"),
        ("rent_reversion_per_month", "lognormal", (fast.p10, fast.p90), "1/month"),
        ("rent_shock_sd", "lognormal", (unsteady.p10, unsteady.p90), "log"),
    )
    note = f"{ratio.name} index over owned cost, prior and months weighed together"
    return tuple(
        Estimate(f"parameters.{name}", evidence.distribution(law, *arguments), unit, len(ratio), "medium", note)
        for name, law, arguments, unit in laws
    )


def _mean_and_sd(mean: Array, sd: Array, weight: Array) -> tuple[float, float]:
    middle = float(weight @ mean)
    return middle, float(np.sqrt(weight @ (sd**2 + (mean - middle) ** 2)))
