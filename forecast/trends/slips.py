"""Launches of accelerators: how far broad availability slips behind its promise, and how often it never comes."""

from __future__ import annotations

from datetime import date
from itertools import product

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.distributions import Distribution
from forecast.families import FAMILIES, MAKER
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.cloud import posterior
from forecast.trends.evidence import EVEN, empirical
from forecast.trends.known import enough, last_day
from forecast.trends.trend import Diagnostic, Estimate, Trend
from forecast.units import MONTHS_PER_YEAR, months_between

FEWEST_LAUNCHES = 5
# Assumptions, each value as likely as the others before any launch: tests/test_launch_slips.py tries others.
DRIFTS_MONTHS = (1.0, 2.0, 3.0)  # standard deviation of what the level moves in a year
NOISES_MONTHS = (1.0, 2.0, 3.0)  # of a slip around the level
START_MONTHS = (4.0, 4.0)  # mean and standard deviation of the level before the first launch known
GRID_MONTHS: Array = np.arange(-20.0, 40.0, 0.25)


def launch_slips_trend(tables: Tables) -> Trend:
    """Return the slip of launches known at the tables' vintage, and the chance that a programme is cancelled.

    Slips are of accelerators that clouds let; what its maker alone serves on becomes "broad" by another event.
    Cancellation, of all programmes: beta(c + ½, d + ½) after c cancelled and d delivered (Jeffreys' prior); those still
    awaited say nothing yet.

    Raises:
        TooFew: fewer than five launches of accelerators that clouds let were delivered by then.
    """
    programmes = list(tables["launch_slips"].latest("product").values())
    today = last_day(tables["launch_slips"], tables)
    cancelled = sum(row["cancelled"] for row in programmes)
    decided = cancelled + sum(_came(row, today) for row in programmes)
    let = _let_by_clouds(tables, programmes)
    delivered = np.array([_came(row, today) for row in let])
    count, waiting = int(delivered.sum()), int((~delivered).sum())
    enough(count, FEWEST_LAUNCHES, "launches delivered", tables["launch_slips"], tables)
    months = np.array([_slip_months(row, today) for row in let])
    promised = np.array([months_between(today, row["promised_on"]) for row in let])
    slips, plain = (slip_quantiles(months, delivered, promised, drifts) for drifts in (DRIFTS_MONTHS, (0.0,)))
    chance = Distribution("beta", (cancelled + 0.5, decided - cancelled + 0.5))
    return Trend(
        name="launch_slips",
        title="Broad availability of an accelerator less its promise",
        unit="months",
        form="normal around a level that walks; those awaited censored",
        why="promises of 2025 were kept better than those before, of any lead, and may be kept worse again: how far the "
        "level moves is learnt with it, and widens the band of what is promised later",
        diagnostics=(
            Diagnostic("median_months", float(np.median(slips)), "half of the launches slip less"),
            Diagnostic("median_of_a_fixed_level_months", float(np.median(plain)), "the rival whose level does not move"),
            Diagnostic("median_of_delivered_months", float(np.median(months[delivered])),
                       "the naive rival, which forgets those still awaited"),
            Diagnostic("awaited_count", waiting, "programmes censored at the vintage"),
            Diagnostic("cancelled_count", cancelled, "of those announced and decided"),
        ),
        estimates=(
            Estimate("parameters.launch_slip_months", empirical(slips, 1),
                     "months", len(let), "medium", f"{count} launches delivered, {waiting} awaited and censored"),
            Estimate("parameters.launch_cancel_prob", empirical(chance.quantile(EVEN), 4),
                     "probability", decided, "low", f"{chance}: {cancelled} cancelled of {decided} decided"),
        ),
        observed=tuple(
            (row["broad_on"], float(slip)) for row, slip, came in zip(let, months, delivered, strict=True) if came
        ),
    )  # fmt: skip


def slip_quantiles(
    months: Array, delivered: NDArray[np.bool_], promised: Array, drifts: tuple[float, ...] = DRIFTS_MONTHS
) -> Array:
    """Return equally likely slips of what is awaited, months, `[level]`.

    σ = l + s·ε, l(t + Δ) = l + d·√Δ·ε over years of the promised date. Pairs of d and s count by their likelihood. What is
    awaited has slipped by more than so far; leaving it out would make the past look punctual. The answer is for the
    mean promised date of what is awaited, today at the earliest.

    Args:
        months: slips, or slips so far, `[programme]`.
        delivered: whether it came; else the slip is censored, `[programme]`.
        promised: promised date in months after today, `[programme]`.
        drifts: d, months a year, not negative.

    Source: a local level (Harvey 1989), its density on a grid; launch_slips.csv (own-slips).
    """
    awaited = promised[~delivered]
    at = max(0.0, float(awaited.mean())) if awaited.size else 0.0
    told = delivered | (months > 0.0)  # of what is not due yet nothing is known
    made = [
        _foretold(months[told], delivered[told], promised[told], at, *each) for each in product(drifts, NOISES_MONTHS)
    ]
    densities, log_likelihood = (np.array(column) for column in zip(*made, strict=True))
    below = np.cumsum(posterior(log_likelihood) @ densities)
    return np.asarray(np.interp(EVEN, below, GRID_MONTHS + (GRID_MONTHS[1] - GRID_MONTHS[0]) / 2))


def _foretold(
    months: Array, delivered: NDArray[np.bool_], promised: Array, at: float, drift: float, noise: float
) -> tuple[Array, float]:
    """Return the density of a slip at a promised date on the grid, and the log likelihood of those known."""
    from scipy.special import ndtr

    mean, sd = START_MONTHS
    level, log_likelihood, before = np.exp(-(((GRID_MONTHS - mean) / sd) ** 2) / 2), 0.0, float(promised.min())
    level /= level.sum()
    for row in np.argsort(promised, kind="stable"):
        level = _widened(level, drift * np.sqrt((promised[row] - before) / MONTHS_PER_YEAR))
        score = (months[row] - GRID_MONTHS) / noise
        level = level * (np.exp(-(score**2) / 2) / noise if delivered[row] else ndtr(-score))
        log_likelihood += float(np.log(level.sum()))
        level, before = level / level.sum(), float(promised[row])
    drifted = drift * np.sqrt(max(0.0, at - before) / MONTHS_PER_YEAR)
    return _widened(level, float(np.hypot(drifted, noise))), log_likelihood


def _widened(density: Array, sd: float) -> Array:
    """Return a density on the grid after a normal step."""
    if sd == 0.0:
        return density
    kernel = np.exp(-(((GRID_MONTHS[:, None] - GRID_MONTHS) / sd) ** 2) / 2)
    return np.asarray(kernel / kernel.sum(axis=0) @ density)


def _let_by_clouds(tables: Tables, programmes: list[Row]) -> list[Row]:
    """Return the programmes that were not cancelled, without accelerators that their makers alone serve on."""
    own = {row["name"] for row in tables["accelerators"] if FAMILIES[row["family"]].served_by == MAKER}
    return [row for row in programmes if not row["cancelled"] and row["accelerator"] not in own]


def _came(row: Row, today: date) -> bool:
    return row["broad_on"] is not None and row["broad_on"] <= today


def _slip_months(row: Row, today: date) -> float:
    """Return by how much a launch came later than promised, or has come later so far."""
    return months_between(row["promised_on"], row["broad_on"] if _came(row, today) else today)
