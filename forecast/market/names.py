"""The axes of the market: entities in a fixed order, and the positions that link them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array, Index
from forecast.families import FLEETS
from forecast.market.checks import check_machines, check_market
from forecast.scenario import Scenario
from forecast.serving.token_cost import SegmentSpeed, segment_speed
from forecast.table_rules import lives_on_own_cash


@dataclass(frozen=True)
class Names:
    """Entity names by axis; an *offer* is a provider in a segment, and offers are ordered by segment.

    Providers that live on their own cash come first, then those whose parent pays, then the fringe, so that each
    group is a slice.
    """

    providers: list[str]
    kinds: list[str]  # of each provider
    segments: list[str]
    capable_last: Index  # segments by the capability they ask for, the highest last
    accelerators: list[str]
    clouds: list[str]
    offers: list[str]
    offer_at: Index  # [provider, segment], -1 where the provider does not sell
    offer_provider: Index
    offer_segment: Index
    offers_of_segment: list[slice]
    first_offer: Index  # of each provider
    later_offers: list[tuple[int, int]]  # (provider, its second offer), …
    fleet_of_offer: Index  # row of each offer in [family × segment] values
    accelerators_of_family: list[slice]
    cloud_provider: Index
    own_cash: slice  # providers that can run out of cash
    single: slice  # providers that are one company
    fringe_offers: Index  # offers of the many small ones
    backed: NDArray[np.bool_]  # [provider, 1]: not of `own_cash`
    speed: SegmentSpeed  # what the accelerators achieve: found once, the same for every block

    def labels(self) -> dict[str, list[tuple[str | None, str | None]]]:
        """Return the segment and the provider that each row of an outcome's axis stands for."""
        return {
            "segment": [(segment, None) for segment in self.segments],
            "provider": [(None, provider) for provider in self.providers],
            "own_cash": [(None, provider) for provider in self.providers[self.own_cash]],  # the first of them
            "cloud": [(None, cloud) for cloud in self.clouds],
            "market": [(None, None)],
        }

    def segment_sum(self, values: Array) -> Array:
        """Return the sum over the offers of each segment, `[segment, path]`."""
        return np.stack([values[offers].sum(axis=0) for offers in self.offers_of_segment])

    def segment_dot(self, values: Array, weights: Array) -> Array:
        """Return the sum over the offers of each segment of values times weights, `[segment, path]`."""
        return np.stack([np.einsum("op,op->p", values[offers], weights[offers]) for offers in self.offers_of_segment])

    def segment_scaled(self, values: Array, factor: Array, out: Array | None = None) -> Array:
        """Return offers' values times the factor of their segment, `[offer, path]`, in `out` if given, which may be `values`."""
        scaled = np.empty_like(values) if out is None else out
        for offers, by in zip(self.offers_of_segment, factor, strict=True):
            np.multiply(values[offers], by, out=scaled[offers])
        return scaled

    def segment_min(self, values: Array) -> Array:
        """Return the least of the offers of each segment, `[segment, path]`."""
        return np.stack([values[offers].min(axis=0) for offers in self.offers_of_segment])

    def provider_sum(self, values: Array) -> Array:
        """Return the sum over the offers of each provider, `[provider, path]`."""
        total = values.take(self.first_offer, axis=0)
        for provider, offer in self.later_offers:  # row by row: many rows at once are copied before they are added
            total[provider] += values[offer]
        return total


def market_names(scenario: Scenario) -> Names:
    """Return the axes of a scenario's market; providers without finances at the vintage are left out."""
    rows = scenario.rows
    check_market(scenario)
    groups: list[list[str]] = [[], [], []]
    for p in scenario.entities("providers"):
        if p in rows["provider_finances"]:
            row = rows["providers"][p]
            alone = lives_on_own_cash(row, rows["cloud_finances"])
            groups[2 if row["kind"] == "fringe" else 0 if alone else 1].append(p)
    providers = [p for group in groups for p in group]
    free_count, single_count = len(groups[0]), len(groups[0]) + len(groups[1])
    segments = scenario.entities("segments")
    split = [offer.split(":") for offer in scenario.entities("offers")]
    pairs = sorted((segments.index(s), providers.index(p)) for p, s in split if p in providers)
    offer_segment, offer_provider = (np.array(axis) for axis in zip(*pairs, strict=True))
    of_provider = [np.flatnonzero(offer_provider == p) for p in range(len(providers))]
    later = [(p, int(offer)) for p, offers in enumerate(of_provider) for offer in offers[1:]]
    offer_at = np.full((len(providers), len(segments)), -1)
    offer_at[offer_provider, offer_segment] = np.arange(len(pairs))
    speed = segment_speed(scenario)
    check_machines(scenario, speed, [(providers[p], s) for s, p in pairs])
    family = np.array([FLEETS.index(rows["providers"][p]["family"]) for p in providers])
    accelerator_family = [FLEETS.index(rows["accelerators"][a]["family"]) for a in speed.accelerators]
    clouds = [p for p in scenario.entities("cloud_finances") if p in providers]
    return Names(
        providers=providers,
        kinds=[rows["providers"][p]["kind"] for p in providers],
        segments=segments,
        capable_last=np.argsort([scenario.rows["segments"][s]["gpqa_at_least"] for s in segments], kind="stable"),
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
        fleet_of_offer=family[offer_provider] * len(segments) + offer_segment,
        accelerators_of_family=[slice(*np.searchsorted(accelerator_family, [f, f + 1])) for f in range(len(FLEETS))],
        cloud_provider=np.array([providers.index(c) for c in clouds], dtype=np.intp),
        own_cash=slice(free_count),
        single=slice(single_count),
        fringe_offers=np.flatnonzero(offer_provider >= single_count),
        backed=np.arange(len(providers))[:, None] >= free_count,
    )
