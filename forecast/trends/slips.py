"""Launches of accelerators: how far broad availability slips behind its promise, and how often it never comes."""

from __future__ import annotations

from datetime import date

import numpy as np

from forecast.distributions import Distribution
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.known import enough, last_day
from forecast.trends.survival import LEVELS, as_empirical, smoothed, waiting_quantiles
from forecast.trends.trend import Diagnostic, Estimate, Trend
from forecast.units import months_between

FEWEST_LAUNCHES = 5


def launch_slips_trend(tables: Tables) -> Trend:
    """Return the slip of launches known at the tables' vintage, and the chance that a programme is cancelled.

    A programme that was promised but not delivered counts as slipped by at least vintage − promise (Kaplan–Meier);
    leaving it out would make the past look punctual. Cancellation: beta(c + ½, d + ½) after c cancelled and d
    delivered programmes (Jeffreys' prior); those still awaited say nothing yet.

    Raises:
        TooFew: fewer than five launches were delivered by then.
    """
    programmes = list(tables["launch_slips"].latest("product").values())
    today = last_day(tables["launch_slips"], tables)
    kept = [row for row in programmes if not row["cancelled"]]
    delivered = np.array([row["broad_on"] is not None and row["broad_on"] <= today for row in kept])
    enough(int(delivered.sum()), FEWEST_LAUNCHES, "launches delivered", tables["launch_slips"], tables)
    months = np.array([_slip_months(row, today) for row in kept])
    slips = smoothed(waiting_quantiles(months, delivered, LEVELS), int(delivered.sum()))
    cancelled = len(programmes) - len(kept)
    chance = Distribution("beta", (cancelled + 0.5, delivered.sum() + 0.5))
    count, waiting = int(delivered.sum()), int((~delivered).sum())
    return Trend(
        name="launch_slips",
        title="Broad availability of an accelerator less its promise",
        unit="months",
        form="Kaplan–Meier, smoothed",
        why="no shape is assumed; programmes still awaited are censored, and the next launch may be more punctual "
        "than any seen. Too few launches for a backtest of forms",
        diagnostics=(
            Diagnostic("median_months", float(np.median(slips)), "half of the launches slip less"),
            Diagnostic("median_of_delivered_months", float(np.median(months[delivered])),
                       "the naive rival, which forgets those still awaited"),
            Diagnostic("awaited_count", waiting, "programmes censored at the vintage"),
            Diagnostic("cancelled_count", cancelled, "of those announced and decided"),
        ),
        estimates=(
            Estimate("parameters.launch_slip_months", Distribution("empirical", tuple(np.round(slips, 1).tolist())),
                     "months", len(kept), "medium", f"{count} launches delivered, {waiting} awaited and censored"),
            Estimate("parameters.launch_cancel_prob", as_empirical(chance, 4),
                     "probability", cancelled + count, "low", f"{chance}: {cancelled} cancelled of {cancelled + count} decided"),
        ),
        observed=tuple(
            (row["broad_on"], float(slip)) for row, slip, came in zip(kept, months, delivered, strict=True) if came
        ),
    )  # fmt: skip


def _slip_months(row: Row, today: date) -> float:
    """Return by how much a launch came later than promised, or has come later so far."""
    came = row["broad_on"] if row["broad_on"] and row["broad_on"] <= today else today
    return months_between(row["promised_on"], came)
