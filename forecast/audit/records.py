"""Checks that read a table at a vintage: what was recorded, where an equation has nothing to compute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from forecast.audit.verdicts import Range
from forecast.errors import InputError
from forecast.renting import recent_rents
from forecast.scenario import Scenario
from forecast.table_files import Row


class Found(NamedTuple):
    """What a check found: a range in the claim's unit, and the rows and sources it rests on."""

    range: Range
    place: str = ""


def exactly(value: float, place: str) -> Found:
    """Return one number as a range without width."""
    return Found(Range(value, value), place)


def cell(scenario: Scenario, table: str, key: str, column: str) -> Found:
    """Return one number of a table's row as known at the vintage; the key is in the table's first column.

    Raises:
        InputError: there is none.
    """
    rows = scenario.tables[table]
    row = rows.latest(rows.columns[0].name).get(key)
    if row is None or row.get(column) is None:
        raise InputError(f"no {table}.{key}.{column} is known at {scenario.as_of}. Correct the arguments.")
    return exactly(float(row[column]), _place(scenario, table, [row]))


def list_price(scenario: Scenario, provider: str, model: str, side: str = "both") -> Found:
    """Return the list price of a model at a provider, USD/Mtok: input to output, or one of the two.

    Raises:
        InputError: none is known.
    """
    rows = [r for r in scenario.tables["price_changes"] if r["provider"] == provider and r["model"] == model]
    if not rows:
        raise InputError(f"no list price of {model} at {provider} is known at {scenario.as_of}. Correct the arguments.")
    last = max(rows, key=lambda row: row["changed_on"])
    sides = ("input", "output") if side == "both" else (side,)
    found = [last[f"{name}_usd_per_mtok"] for name in sides]
    return Found(Range(min(found), max(found)), _place(scenario, "price_changes", [last]))


def list_prices(scenario: Scenario, kind: str, first: str, last: str) -> Found:
    """Return the span of list prices, USD/Mtok, of a kind of provider for models whose name begins and ends as given.

    Of each provider and model the price known last, input and output.
    """
    known = {
        (row["provider"], row["model"]): row
        for row in sorted(scenario.tables["price_changes"], key=lambda row: row["changed_on"])
        if row["provider_kind"] == kind and row["model"].startswith(first) and row["model"].endswith(last)
    }
    rows = list(known.values())
    cheap, dear = (_span(scenario, "price_changes", rows, f"{side}_usd_per_mtok") for side in ("input", "output"))
    return Found(Range(min(cheap.range.low, dear.range.low), max(cheap.range.high, dear.range.high)), cheap.place)


def dearest_list_price(scenario: Scenario) -> Found:
    """Return the highest output list price of any model known at the vintage, USD/Mtok."""
    row = max(scenario.tables["price_changes"], key=lambda row: row["output_usd_per_mtok"])
    return exactly(row["output_usd_per_mtok"], _place(scenario, "price_changes", [row]))


def rent(scenario: Scenario, accelerator: str, provider: str) -> Found:
    """Return the last half-year's rents on demand of an accelerator, USD/hour, where the provider's name begins as given."""
    rows = [row for row in recent_rents(scenario, accelerator) if row["provider"].startswith(provider)]
    return _span(scenario, "rents", rows, "usd_per_accelerator_hour")


def history(scenario: Scenario, provider: str, metric: str) -> Found:
    """Return the last value of a provider's published history that was public at the vintage."""
    rows = [r for r in scenario.tables["provider_history"] if r["provider"] == provider and r["metric"] == metric]
    return _span(scenario, "provider_history", sorted(rows, key=lambda row: row["date_on"])[-1:], "value")


def round_usd(scenario: Scenario, provider: str, first: str, last: str) -> Found:
    """Return the money a provider raised in rounds from one date to another, USD."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    rounds = (r for r in scenario.tables["events"] if r["kind"] == "funding-round" and r["actors"] == provider)
    rows = [row for row in rounds if start <= row["date_on"] <= end]
    return exactly(sum(row["amount_usd"] or 0.0 for row in rows), _place(scenario, "events", rows))


def company_flow_usd(scenario: Scenario, company: str, metric: str, first: str) -> Found:
    """Return the sum of a company's quarterly flows from a date to the vintage, USD."""
    table = scenario.tables["hyperscaler_finance"]
    flows = (row for row in table if row["company"] == company and row["metric"] == metric)
    rows = [row for row in flows if row["date_on"] >= date.fromisoformat(first)]
    return exactly(sum(row["value_usd"] for row in rows), _place(scenario, "hyperscaler_finance", rows))


def _span(scenario: Scenario, table: str, rows: list[Row], column: str) -> Found:
    if not rows:
        raise InputError(f"no row of {table} answers at {scenario.as_of}. Correct the arguments.")
    values = [float(row[column]) for row in rows]
    return Found(Range(min(values), max(values)), _place(scenario, table, rows))


def _place(scenario: Scenario, table: str, rows: list[Row]) -> str:
    numbers = ", ".join(str(row.number) for row in rows[:6]) + (" …" if len(rows) > 6 else "")
    sources = ", ".join(sorted({row["source"] for row in rows[:6]}))
    return f"{scenario.tables[table].label} row {numbers} ({sources})"


CHECKS: tuple[Callable[..., Found], ...] = (
    cell, list_price, list_prices, dearest_list_price, rent, history, round_usd, company_flow_usd,
)  # fmt: skip
