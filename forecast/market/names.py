"""The axes of the market: entities in a fixed order, and the positions that link them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.speed import number
from forecast.token_cost import SegmentSpeed, segment_speed

Array = NDArray[np.float64]
Index = NDArray[np.intp]

FAMILIES = ("nvidia", "amd", "tpu", "trainium", "lpu", "wafer", "dataflow")
REGIMES = ("hot", "normal", "cold")


@dataclass(frozen=True)
class Names:
    """Entity names by axis; an *offer* is a provider in a segment, and offers are ordered by segment."""

    providers: list[str]
    kinds: list[str]  # of each provider
    segments: list[str]
    accelerators: list[str]
    clouds: list[str]
    offers: list[str]
    offer_at: Index  # [provider, segment], -1 where the provider does not sell
    offer_provider: Index
    offer_segment: Index
    offers_of_segment: list[slice]
    first_offer: Index  # of each provider
    later_offers: list[tuple[Index, Index]]  # (providers, their second offers), (…, third), …
    provider_family: Index
    accelerator_family: Index
    cloud_provider: Index
    backed: NDArray[np.bool_]  # [provider, 1]: a parent pays, so it cannot run out of cash
    fringe: NDArray[np.bool_]  # [provider, 1]: many small ones in one row
    speed: SegmentSpeed  # what the accelerators achieve: found once, the same for every block

    def segment_sum(self, values: Array) -> Array:
        """Return the sum over the offers of each segment, `[segment, path]`."""
        return np.stack([values[offers].sum(axis=0) for offers in self.offers_of_segment])

    def segment_min(self, values: Array) -> Array:
        """Return the least of the offers of each segment, `[segment, path]`."""
        return np.stack([values[offers].min(axis=0) for offers in self.offers_of_segment])

    def provider_sum(self, values: Array) -> Array:
        """Return the sum over the offers of each provider, `[provider, path]`."""
        total = values[self.first_offer]
        for providers, offers in self.later_offers:
            total[providers] += values[offers]
        return total


def where(flags: NDArray[np.bool_]) -> tuple[Index, Index]:
    """Return rows and paths of the true cells of `[row, path]` flags: `np.nonzero`, ten times faster when few are."""
    flat = np.flatnonzero(flags)
    row = flat // flags.shape[1]
    return row, flat - row * flags.shape[1]


def at(values: Array, row: NDArray[np.integer[Any]], path: NDArray[np.intp]) -> Array:
    """Return the cells of `[row, path]` or `[row, 1]` values at so many rows and paths."""
    return values[row, path if values.shape[1] > 1 else 0]


def _check_market(scenario: Scenario) -> None:
    """Refuse a market with nobody in it, a seller of nothing, a segment nobody serves, or splits that do not add up."""
    rows, problems = scenario.rows, []
    sold: dict[str, float] = {}
    served: set[str] = set()
    for offer, row in rows["offers"].items():
        if row["provider"] in rows["provider_finances"]:
            sold[row["provider"]] = sold.get(row["provider"], 0.0) + number(scenario, "offers", offer, "tokens_frac")
            served.add(row["segment"])
    if not rows["provider_finances"]:
        raise InputError(f"as of {scenario.as_of}: no provider's finances are known yet. Choose a later date.")
    for provider in rows["provider_finances"]:
        if abs(sold.get(provider, 0.0) - 1.0) > 0.01:
            problems.append(
                f"offers of {provider}: tokens_frac adds up to {sold.get(provider, 0.0):g}; it must be 1. "
                "Correct data/offers.csv."
            )
    for segment in rows["segments"]:
        if segment not in served:
            problems.append(
                f"segment {segment}: nobody sells in it. Add a row to data/offers.csv or delete the segment."
            )
    for regime in rows["regimes"]:
        total = sum(number(scenario, "regimes", regime, f"next_{r}_prob") for r in REGIMES)
        if abs(total - 1.0) > 0.01:
            problems.append(f"regime {regime}: next_*_prob add up to {total:g}; they must be 1. Correct them.")
    if problems:
        raise InputError(problems)


def market_names(scenario: Scenario) -> Names:
    """Return the axes of a scenario's market; providers without finances at the vintage are left out."""
    rows = scenario.rows
    _check_market(scenario)
    providers = [p for p in scenario.entities("providers") if p in rows["provider_finances"]]
    segments = scenario.entities("segments")
    split = [offer.split(":") for offer in scenario.entities("offers")]
    pairs = sorted((segments.index(s), providers.index(p)) for p, s in split if p in providers)
    offer_segment, offer_provider = (np.array(axis) for axis in zip(*pairs, strict=True))
    of_provider = [np.flatnonzero(offer_provider == p) for p in range(len(providers))]
    later = []
    for place in range(1, max(len(offers) for offers in of_provider)):
        more = [p for p, offers in enumerate(of_provider) if len(offers) > place]
        later.append((np.array(more), np.array([of_provider[p][place] for p in more])))
    offer_at = np.full((len(providers), len(segments)), -1)
    offer_at[offer_provider, offer_segment] = np.arange(len(pairs))
    speed = segment_speed(scenario)
    clouds = [p for p in scenario.entities("cloud_finances") if p in providers]
    return Names(
        providers=providers,
        kinds=[rows["providers"][p]["kind"] for p in providers],
        segments=segments,
        accelerators=speed.accelerators,
        speed=speed,
        clouds=clouds,
        offers=[f"{providers[p]}:{segments[s]}" for s, p in pairs],
        offer_at=offer_at,
        offer_provider=offer_provider,
        offer_segment=offer_segment,
        offers_of_segment=[slice(*np.searchsorted(offer_segment, [s, s + 1])) for s in range(len(segments))],
        first_offer=np.array([offers[0] for offers in of_provider]),
        later_offers=later,
        provider_family=np.array([FAMILIES.index(rows["providers"][p]["family"]) for p in providers]),
        accelerator_family=np.array([FAMILIES.index(rows["accelerators"][a]["family"]) for a in speed.accelerators]),
        cloud_provider=np.array([providers.index(c) for c in clouds], dtype=np.intp),
        backed=np.array([[rows["providers"][p]["parent_backed"]] for p in providers]),
        fringe=np.array([[rows["providers"][p]["kind"] == "fringe"] for p in providers]),
    )
