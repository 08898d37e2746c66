"""Launches of accelerators: how far broad availability slips behind its promise, and how often it never comes."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Array, Distribution
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.known import enough, last_day
from forecast.trends.survival import LEVELS, as_empirical, smoothed, waiting_quantiles
from forecast.trends.trend import Diagnostic, Estimate, Trend
from forecast.units import months_between

FEWEST_LAUNCHES = 5
HALF_LIFE_MONTHS = 12.0  # assumption: promises came to be kept better; tests/test_launch_slips.py tries others
# Families that no cloud lets: their makers call their own service broad.
OWN_SERVICE = ("wafer", "dataflow", "lpu", "other")


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
    months, age = np.array([_slip_and_age_months(row, today) for row in let]).T
    slips, plain = (slip_quantiles(months, delivered, age, half) for half in (HALF_LIFE_MONTHS, np.inf))
    chance = Distribution("beta", (cancelled + 0.5, decided - cancelled + 0.5))
    return Trend(
        name="launch_slips",
        title="Broad availability of an accelerator less its promise",
        unit="months",
        form="Kaplan–Meier, a launch of a year ago for half, smoothed",
        why="no shape is assumed; programmes still awaited are censored, and the next launch may be more punctual "
        "than any seen. Promises of 2025 were kept better than those before, of any lead: the recent foretell the next",
        diagnostics=(
            Diagnostic("median_months", float(np.median(slips)), "half of the launches slip less"),
            Diagnostic("median_of_all_alike_months", float(np.median(plain)), "the rival that forgets nothing"),
            Diagnostic("median_of_delivered_months", float(np.median(months[delivered])),
                       "the naive rival, which forgets those still awaited"),
            Diagnostic("awaited_count", waiting, "programmes censored at the vintage"),
            Diagnostic("cancelled_count", cancelled, "of those announced and decided"),
        ),
        estimates=(
            Estimate("parameters.launch_slip_months", Distribution("empirical", tuple(np.round(slips, 1).tolist())),
                     "months", len(let), "medium", f"{count} launches delivered, {waiting} awaited and censored"),
            Estimate("parameters.launch_cancel_prob", as_empirical(chance, 4),
                     "probability", decided, "low", f"{chance}: {cancelled} cancelled of {decided} decided"),
        ),
        observed=tuple(
            (row["broad_on"], float(slip)) for row, slip, came in zip(let, months, delivered, strict=True) if came
        ),
    )  # fmt: skip


def slip_quantiles(months: Array, delivered: NDArray[np.bool_], age: Array, half_life_months: float) -> Array:
    """Return equally likely slips of the next launch, months, `[level]`.

    Kaplan–Meier with weights w = 2^(−age/half-life): a programme that was promised but not delivered has slipped by at
    least today − promise; leaving it out would make the past look punctual.

    Args:
        months: slips, or slips so far, `[programme]`.
        delivered: whether it came; else the slip is censored, `[programme]`.
        age: time since delivery, months, 0 of what is awaited, `[programme]`.
        half_life_months: time after which a launch counts half, positive; infinite to weigh all alike.

    Source: Kaplan & Meier (1958); launch_slips.csv (own-slips).
    """
    weights = 2.0 ** (-age / half_life_months)
    seen = weights[delivered]
    return smoothed(waiting_quantiles(months, delivered, LEVELS, weights), seen.sum() ** 2 / (seen**2).sum())


def _let_by_clouds(tables: Tables, programmes: list[Row]) -> list[Row]:
    """Return the programmes that were not cancelled, without accelerators that their makers alone serve on."""
    own = {row["name"] for row in tables["accelerators"] if row["family"] in OWN_SERVICE}
    return [row for row in programmes if not row["cancelled"] and row["accelerator"] not in own]


def _came(row: Row, today: date) -> bool:
    return row["broad_on"] is not None and row["broad_on"] <= today


def _slip_and_age_months(row: Row, today: date) -> tuple[float, float]:
    """Return by how much a launch came later than promised, or has come later so far, and how long ago that was."""
    end = row["broad_on"] if _came(row, today) else today
    return months_between(row["promised_on"], end), months_between(end, today)
