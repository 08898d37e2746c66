"""Electricity: the price paid where accelerators run."""

from __future__ import annotations

import numpy as np

from forecast.distributions import Z_90, Distribution
from forecast.table_files import Row
from forecast.tables import Tables
from forecast.trends.evidence import huber
from forecast.trends.known import enough
from forecast.trends.trend import Diagnostic, Estimate, Trend

FEWEST_PRICES = 8
DELIVERED = "USD/kWh"  # prices in euros are those of whole countries, taxes included
NOT_HANDED = (
    "one year of growth and models of pue are no basis for five years: electricity_growth_per_year and pue_ratio keep "
    "their assumptions"
)


def electricity_trend(tables: Tables) -> Trend:
    """Return the level and spread of delivered prices known at the tables' vintage.

    Lognormal; centre by Huber's estimate of the logs, spread by the median absolute deviation, so that islands of very
    cheap or dear power do not decide. The owners of a forecast buy at many sites: the spread between sites stands for
    not knowing which, and is rather too wide for their average. A site counts once, with its latest price: a feed that brings
    one region month by month must not narrow the spread between sites.

    Raises:
        TooFew: fewer than eight prices were known.
    """
    from statsmodels.robust import mad

    table = tables["electricity"]
    in_order = sorted(filter(_is_price, table), key=lambda row: row["as_of"])
    prices = list({row["item"].lower(): row for row in in_order}.values())
    enough(len(prices), FEWEST_PRICES, "prices in USD", table, tables)
    logs = np.log([row["mid"] for row in prices])
    centre, spread = huber(logs, np.ones(len(logs)), "electricity"), mad(logs)
    low, high = np.exp(centre + spread * Z_90 * np.array([-1.0, 1.0]))
    return Trend(
        name="electricity",
        title="Delivered price of electricity",
        unit=DELIVERED,
        form="lognormal between sites",
        why="prices of one or two days: nothing to score over time",
        diagnostics=(
            Diagnostic("median_usd_per_kwh", float(np.exp(np.median(logs))), "half of the prices are lower"),
            Diagnostic("mean_usd_per_kwh", float(np.exp(logs).mean()), "the naive rival: dear regions decide"),
        ),
        estimates=(
            Estimate("parameters.electricity_usd_per_kwh", Distribution("lognormal", (round(float(low), 4), round(float(high), 4))),
                     DELIVERED, len(prices), "medium", f"{len(prices)} delivered prices; spread between sites"),
        ),
        observed=tuple((row["as_of"], row["mid"]) for row in prices),
        more={"not handed to the model": NOT_HANDED},
    )  # fmt: skip


def _is_price(row: Row) -> bool:
    """Return whether a row is what a site pays: delivered, in dollars, not wholesale and not a forecast."""
    return bool(
        row["category"] == "price" and row["unit"] == DELIVERED and row["mid"] and row["status"] != "projection"
        and "wholesale" not in row["item"]
    )  # fmt: skip
