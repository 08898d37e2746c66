"""Owning an accelerator-hour: what its maker pays, what others pay, and what published models have."""

from __future__ import annotations

from forecast.equations import cost
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving.token_cost import owned_cost


def buyer_cost(scenario: Scenario, accelerator: str) -> cost.HourlyCost:
    """Return the owned hour of whoever buys: at the outside price where the maker has one of its own.

    Raises:
        InputError: no price is known at the vintage.
    """
    own_price = accelerator in scenario.rows["outside_prices"]
    return owned_cost(scenario, accelerator, "outside_prices" if own_price else "accelerator_prices")


def buyer_cost_or_none(scenario: Scenario, accelerator: str) -> cost.HourlyCost | None:
    """Return the owned hour of whoever buys, None where no price or power is known."""
    try:
        return buyer_cost(scenario, accelerator)
    except InputError:
        return None


def maker_usd_per_hour(scenario: Scenario, accelerator: str) -> float | None:
    """Return what an hour costs the maker who owns its own parts; None where it pays what others do."""
    if accelerator not in scenario.rows["outside_prices"]:
        return None
    return float(owned_cost(scenario, accelerator).total_usd_per_accelerator_hour)


def published_cost(scenario: Scenario, accelerator: str) -> tuple[float, float] | None:
    """Return a published owned cost [USD per accelerator-hour] and ours for the same buyer, or None.

    Where the maker's own price is not what others pay, the published models take the outside buyer's.
    """
    row = scenario.rows["accelerator_prices"].get(accelerator)
    if row is None or row["published_owned_usd_per_accelerator_hour"] is None:
        return None
    ours = buyer_cost(scenario, accelerator).total_usd_per_accelerator_hour
    return row["published_owned_usd_per_accelerator_hour"], float(ours)
