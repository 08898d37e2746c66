"""Checks that ask what the providers of a vintage sell, and what the engine's own inputs are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecast.audit.arithmetic import DAYS_PER_YEAR
from forecast.audit.records import Found, exactly, history
from forecast.audit.verdicts import Range
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving.workloads import number
from forecast.units import TOKENS_PER_MTOK

BAND = np.array([0.1, 0.9])


def parameter(scenario: Scenario, name: str) -> Found:
    """Return the 80 % band of a parameter.

    Raises:
        InputError: there is no such parameter.
    """
    if f"parameters.{name}" not in scenario.inputs:
        raise InputError(f'no parameter "{name}". Correct the arguments.')
    item = scenario.input(f"parameters.{name}")
    low, high = (float(end) for end in item.value.quantile(BAND))
    return Found(Range(low, high), item.origin.place)


def mean_paid_usd_per_mtok(scenario: Scenario) -> Found:
    """Return the mean price paid over the tokens of all providers of the vintage, USD/Mtok: Σ V·p / Σ V."""
    volumes, revenues = _sold(scenario)
    return exactly(sum(revenues) / sum(volumes), f"{len(volumes)} providers, medians")


def tokens_served_per_day(scenario: Scenario, provider: str | None = None) -> Found:
    """Return the tokens a day of one provider of the vintage, or of all."""
    if provider is not None:
        item = scenario.input(f"provider_finances.{provider}.tokens_mtok_per_day")
        return exactly(TOKENS_PER_MTOK * item.value.median(), item.origin.place)
    return exactly(TOKENS_PER_MTOK * sum(_sold(scenario)[0]), "all providers, medians")


def token_sales_usd_per_year(scenario: Scenario) -> Found:
    """Return what all providers of the vintage earn from tokens in a year, USD."""
    volumes, revenues = _sold(scenario)
    return exactly(DAYS_PER_YEAR * sum(revenues), f"{len(volumes)} providers, medians")


def largest_loss_usd_per_mtok(scenario: Scenario, provider: str) -> Found:
    """Return the most a provider can lose on a million tokens for a year: all it ever raised over a year's tokens."""
    raised = history(scenario, provider, "total_raised_usd")
    tokens = tokens_served_per_day(scenario, provider)
    bound = raised.range.high / (DAYS_PER_YEAR * tokens.range.high / TOKENS_PER_MTOK)
    return exactly(bound, f"{raised.place}; {tokens.place}")


def _sold(scenario: Scenario) -> tuple[list[float], list[float]]:
    """Return Mtok a day and dollars a day of each provider, at the medians."""
    table = "provider_finances"
    names = scenario.entities(table)
    volumes = [number(scenario, table, name, "tokens_mtok_per_day") for name in names]
    prices = [number(scenario, table, name, "paid_usd_per_mtok") for name in names]
    return volumes, [volume * price for volume, price in zip(volumes, prices, strict=True)]


CHECKS: tuple[Callable[..., Found], ...] = (
    parameter, mean_paid_usd_per_mtok, tokens_served_per_day, token_sales_usd_per_year, largest_loss_usd_per_mtok,
)  # fmt: skip
