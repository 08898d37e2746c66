"""What a scenario's tables must hold before there is a market: sellers, shares that add up, and machines to serve on."""

from __future__ import annotations

import numpy as np

from forecast.errors import InputError
from forecast.market.regimes import REGIMES
from forecast.scenario import Scenario
from forecast.serving.token_cost import SegmentSpeed
from forecast.serving.workloads import number
from forecast.table_rules import lives_on_own_cash

REFERENCE = "h100"  # rents are quoted for this accelerator
FARTHEST_DAYS = 730  # what was known two years ago is not the market of today


def check_market(scenario: Scenario) -> None:
    """Refuse a market with nobody in it, a seller of nothing, a segment that nobody is sure to serve, or splits that do not add up."""
    rows, problems = scenario.rows, []
    sold = dict.fromkeys(rows["provider_finances"], 0.0)
    sellers: dict[str, set[str]] = {segment: set() for segment in rows["segments"]}
    for offer, row in rows["offers"].items():
        if row["provider"] in sold:
            sold[row["provider"]] += number(scenario, "offers", offer, "tokens_frac")
            sellers[row["segment"]].add(row["provider"])
    if not sold:
        raise InputError(
            f"as of {scenario.as_of}: no provider's finances are known before "
            f"{scenario.tables.first_known('provider_finances')}. Choose that date or a later one."
        )
    newest = max(row["as_of"] for row in scenario.tables["provider_finances"])
    if (scenario.as_of - newest).days > FARTHEST_DAYS:
        raise InputError(
            f"as of {scenario.as_of}: the newest of the providers' finances are of {newest}; what is called today may lie at most "
            f"{FARTHEST_DAYS} days after them. Choose an earlier date, or add rows to data/provider_finances.csv."
        )
    for provider, total in sold.items():
        if abs(total - 1.0) > 0.01:
            problems.append(
                f"offers of {provider}: tokens_frac adds up to {total:g}; it must be 1. Correct data/offers.csv."
            )
    # Clouds may leave, all but the last: a segment in which every cloud sells keeps a seller.
    clouds = rows["cloud_finances"].keys() & sold.keys()
    backed = {p for p in sold if not lives_on_own_cash(rows["providers"][p], ())}
    for segment, selling in sellers.items():
        if not selling:
            problems.append(
                f"segment {segment}: nobody sells in it. Add a row to data/offers.csv or delete the segment."
            )
        elif not (selling & (backed - clouds) or (clouds and clouds <= selling)):
            problems.append(
                f"segment {segment}: all who sell in it may leave the market. Add an offer of fringe, or of a provider with a "
                "parent's balance sheet, to data/offers.csv."
            )
    for regime in rows["regimes"]:
        total = sum(number(scenario, "regimes", regime, f"next_{r}_prob") for r in REGIMES)
        if abs(total - 1.0) > 0.01:
            problems.append(f"regime {regime}: next_*_prob add up to {total:g}; they must be 1. Correct them.")
    if problems:
        raise InputError(problems)


def check_machines(scenario: Scenario, speed: SegmentSpeed, sold: list[tuple[str, int]]) -> None:
    """Refuse a market without the accelerator that rents are quoted for, or whose providers have none to serve on.

    Args:
        sold: providers and the segments they sell in; their cost on a family that has no accelerator would be no number.
    """
    rows, problems = scenario.rows, []
    families = np.array([rows["accelerators"][name]["family"] for name in speed.accelerators])
    serves = np.isfinite(speed.hours_per_mtok) & speed.available[:, None]
    if REFERENCE not in speed.accelerators:
        problems.append(
            f"accelerator {REFERENCE}: rents are quoted for it, but its price or specification is missing at {scenario.as_of}. Add "
            "its row to data/accelerator_prices.csv or data/accelerators.csv."
        )
    for provider, segment in sold:
        family = rows["providers"][provider]["family"]
        if not serves[families == family, segment].any():
            problems.append(
                f"provider {provider}: no accelerator of its family {family} that is on the market and priced at {scenario.as_of} "
                f"serves {scenario.entities('segments')[segment]}. Add one to data/accelerator_prices.csv, or correct "
                "data/providers.csv."
            )
    if problems:
        raise InputError(problems)
