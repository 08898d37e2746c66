"""What speaks against an amount that a feed says: its size, a jump from what the series was, or sellers far away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from statistics import median

from forecast.cells import Column
from forecast.refresh.known import LAYOUTS, Amounts, Known
from forecast.sources.quotes import shown
from forecast.store.observations import Observation

# Of 2,507 recorded changes of a list price 99.5 % are no larger than ×25; a wrong unit is off by 100 or more.
LARGEST_JUMP_RATIO = 25.0
# Hosts of one model differ up to seven times; the first price of a series may stand this far from their median.
LARGEST_SPREAD_RATIO = 40.0
ALIKE_RATIO = 0.85


def amount_problem(
    one: Observation, before: Amounts | None, known: Known, twins: Mapping[str, Mapping[str, Amounts]], confirmed: bool
) -> str | None:
    """Return what speaks against an amount: its size, or where nobody confirmed it what is known of its series."""
    problem = _limit_problem(one, known.limits[one.target])
    if problem or confirmed:
        return problem
    return _jump_problem(one, before) if before else _stranger_problem(one, known, twins)


def _limit_problem(one: Observation, columns: Mapping[str, Column]) -> str | None:
    if any(amount == 0 for amount in one.amounts):
        return "a price of zero: given away or unknown, no list price"
    for name, amount in zip(LAYOUTS[one.target].amounts, one.amounts, strict=True):
        low, high = columns[name].minimum or 0.0, columns[name].maximum or float("inf")
        if one.target == "electricity":
            low, high = 0.005, 2.0  # USD/kWh; the column also holds watts
        if not low <= amount <= high:
            return f"{name} = {amount:g}: outside {low:g} to {high:g}; another unit?"
    if one.target == "rents" and one.channel not in columns["channel"].allowed:
        return f"channel {shown(one.channel)}: one of {', '.join(columns['channel'].allowed)} is allowed"
    if one.target == "electricity" and not re.fullmatch(r"\d{4}(-\d{2}|-H[12])?", one.channel):
        return f"period {shown(one.channel)}: a year or a month such as 2026-08 is required"
    begins = one.channel.partition("-H")[0]
    if one.target == "electricity" and begins > one.as_of[: len(begins)]:
        return f"period {one.channel}, in the future"
    return None


def _jump_problem(one: Observation, before: Amounts) -> str | None:
    ratio = _ratio(one.amounts, before)
    if ratio <= LARGEST_JUMP_RATIO:
        return None
    return f"{ratio:.3g} times from {amounts_text(before)}: an implausible jump, or another unit. Confirm it in the drop folder."


def _stranger_problem(one: Observation, known: Known, vanished: Mapping[str, Mapping[str, Amounts]]) -> str | None:
    """Return what speaks against the first price of a series: a twin that vanished, or sellers far away."""
    if one.target != "price_changes":
        return None
    for item, amounts in vanished.get(one.provider, {}).items():
        if amounts == one.amounts and SequenceMatcher(None, item, one.item).ratio() >= ALIKE_RATIO:
            return f"{item} renamed? It is gone and had this price. Add the name to aliases.csv, or confirm it."
    others = [amounts for seller, amounts in known.offers.get(one.item, {}).items() if seller != one.provider]
    if not others:
        return None
    middle = tuple(median(amounts[place] for amounts in others) for place in range(len(one.amounts)))
    ratio = _ratio(one.amounts, middle)
    if ratio <= LARGEST_SPREAD_RATIO:
        return None
    return f"{ratio:.3g} times from what {len(others)} others ask: another unit? Confirm it in the drop folder."


def _ratio(new: Amounts, old: Amounts) -> float:
    """Return the largest factor by which two amounts differ, in either direction."""
    return max(max(a / b, b / a) for a, b in zip(new, old, strict=True))


def amounts_text(amounts: Amounts) -> str:
    return ", ".join(f"{amount:g}" for amount in amounts)
