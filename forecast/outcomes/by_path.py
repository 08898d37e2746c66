"""Outcomes of single offers, families and buyers: kept path by path, in months that someone names, and nowhere else.

A forecast does not report them, so no fan of them is made and a usual run neither computes nor keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array, Index
from forecast.families import ALL, FAMILIES, FLEETS
from forecast.market.names import Names

OFFER, FAMILY, PROVIDER = "provider:segment", "family:segment", "provider"
GPUS = [row for row, name in enumerate(FLEETS) if FAMILIES[name].served_by == ALL]
Noted = Mapping[str, NDArray[np.float32]]  # what the month loop notes, `[row, month, path]`


@dataclass(frozen=True)
class ByPath:
    """An outcome of single paths: its unit, its axis, its definition, and what makes it of what was noted, if it was not noted itself."""

    unit: str
    axis: str
    definition: str
    find: Callable[[Noted, Names], Array] | None = None  # `[entity, month, path]`


def entities(names: Names, axis: str) -> list[str]:
    """Return what may stand in [] for an axis, in the order of its rows."""
    if axis == OFFER:
        return names.offers
    if axis == FAMILY:
        return [f"{family}:{segment}" for family in FLEETS for segment in names.segments]
    if axis == "accelerator":
        return names.accelerators
    return [segment or provider or "" for segment, provider in names.labels()[axis]]


def found_in(names: Names, wanted: Iterable[str]) -> tuple[str, ...]:
    """Return those of the wanted, each written "outcome[entity]", whose entity is in the market."""
    split = {each: _split(each) for each in wanted}
    return tuple(each for each, (outcome, entity) in split.items() if entity in entities(names, BY_PATH[outcome].axis))


def values_of(wanted: str, noted: Noted, names: Names) -> Array:
    """Return the values of one "outcome[entity]", `[1, month, path]`."""
    outcome, entity = _split(wanted)
    about = BY_PATH[outcome]
    found = about.find(noted, names) if about.find else noted[outcome]
    return found[[entities(names, about.axis).index(entity)]]


def _split(wanted: str) -> tuple[str, str]:
    outcome, _, entity = wanted.removesuffix("]").partition("[")
    return outcome, entity


def price_rank(asked: Array, segment: Index) -> Array:
    """Return one more than the number of offers of the same segment that ask less; nan where there is no offer.

    >>> price_rank(np.array([[3.0], [1.0], [np.nan], [0.5]]), np.array([0, 0, 0, 1])).ravel().tolist()
    [2.0, 1.0, nan, 1.0]
    """
    less = np.stack([(asked[segment == s] < own).sum(axis=0) for own, s in zip(asked, segment, strict=True)])
    return np.where(np.isnan(asked), asked, (less + 1).astype(asked.dtype))


def cost_to_gpu_ratio(cost: Array) -> Array:
    """Return the cost on each family's best accelerator over that on the best GPU, `[family, segment, …]`.

    >>> cost_to_gpu_ratio(np.array([[4.0], [2.0], [1.0], [np.inf], [8.0], [2.0], [6.0]])).ravel().tolist()
    [2.0, 1.0, 0.5, inf, 4.0, 1.0, 3.0]
    """
    return cost / cost[GPUS].min(axis=0)


def _cost_to_gpu_ratio(noted: Noted, names: Names) -> Array:
    cost = noted["family_cost"]
    return cost_to_gpu_ratio(cost.reshape(len(FLEETS), len(names.segments), *cost.shape[1:])).reshape(cost.shape)


BY_PATH: dict[str, ByPath] = {
    "asked_price": ByPath(
        "USD/Mtok", OFFER, "price that a living provider asks over all its tokens of a segment",
    ),
    "price_rank": ByPath(
        "rank", OFFER, "place of the price asked among the living sellers of the segment, 1 the cheapest; the fringe counts as one",
        lambda noted, names: price_rank(noted["asked_price"], names.offer_segment),
    ),
    "price_to_market_ratio": ByPath(
        "ratio", OFFER, "price asked over the market price of the segment",
        lambda noted, names: noted["asked_price"] / noted["market_price"][names.offer_segment],
    ),
    "serving_cost": ByPath(
        "USD/Mtok", OFFER, "what a living provider pays to serve its tokens of a segment, idle hours included: the price that just covers it",
    ),
    "cost_to_gpu_ratio": ByPath(
        "ratio", FAMILY, "owned cost of a token on a family's best accelerator available over that on the best GPU (NVIDIA or AMD)",
        _cost_to_gpu_ratio,
    ),
    "purchases": ByPath(
        "providers", PROVIDER, "providers it has bought since the as_of month, in distress or not, or whose people and licence it has",
    ),
    "revenue": ByPath(
        "USD/year", PROVIDER, "twelve times the month's revenue: tokens, and while it is in the market other business too; 0 later",
    ),
    "margin": ByPath(
        "fraction", PROVIDER, "gross margin of the month's tokens and other business together, of a provider still in the market",
    ),
    "cash": ByPath(
        "USD", PROVIDER, "cash, rounds and listings included, of a provider that lives on its own; 0 once it has left",
    ),
}  # fmt: skip
