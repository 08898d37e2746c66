"""The axes of the market: entities in a fixed order, and the positions that link them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from forecast.arrays import Array
from forecast.families import FLEETS
from forecast.market.checks import check_machines, check_market
from forecast.scenario import Scenario
from forecast.serving.token_cost import segment_speed
from forecast.table_rules import lives_on_own_cash


class Names:
    """Entity names by axis; an *offer* is a provider in a segment, and offers are ordered by segment.

    Providers that live on their own cash come first, then those whose parent pays, then the fringe, so that each
    group is a slice.
    """

    def __init__(self, scenario: Scenario) -> None:
        rows = scenario.rows
        groups: list[list[str]] = [[], [], []]
        for p in scenario.entities("providers"):
            if p in rows["provider_finances"]:
                row = rows["providers"][p]
                alone = lives_on_own_cash(row, rows["cloud_finances"])
                groups[2 if row["kind"] == "fringe" else 0 if alone else 1].append(p)
        providers = self.providers = [p for group in groups for p in group]
        segments = self.segments = scenario.entities("segments")
        self.kinds = [rows["providers"][p]["kind"] for p in providers]
        free_count, single_count = len(groups[0]), len(groups[0]) + len(groups[1])
        self.own_cash = slice(free_count)  # providers that can run out of cash
        self.single = slice(single_count)  # providers that are one company
        self.backed = np.arange(len(providers))[:, None] >= free_count  # [provider, 1]: not of `own_cash`
        self.clouds = [p for p in scenario.entities("cloud_finances") if p in providers]
        self.cloud_provider = np.array([providers.index(c) for c in self.clouds], dtype=np.intp)
        split = [offer.split(":") for offer in scenario.entities("offers")]
        pairs = sorted((segments.index(s), providers.index(p)) for p, s in split if p in providers)
        self.offers = [f"{providers[p]}:{segments[s]}" for s, p in pairs]
        self.offer_segment, self.offer_provider = (np.array(axis) for axis in zip(*pairs, strict=True))
        self.offer_at = np.full((len(providers), len(segments)), -1)  # -1 where the provider does not sell
        self.offer_at[self.offer_provider, self.offer_segment] = np.arange(len(pairs))
        ends = np.searchsorted(self.offer_segment, np.arange(len(segments) + 1))
        self.offers_of_segment = [slice(*pair) for pair in pairwise(ends)]
        self.fringe_offers = np.flatnonzero(self.offer_provider >= single_count)  # of the many small ones
        of_provider = [np.flatnonzero(self.offer_provider == p) for p in range(len(providers))]
        self._first_offer = np.array([offers[0] for offers in of_provider])
        self._later_offers = [(p, int(offer)) for p, offers in enumerate(of_provider) for offer in offers[1:]]
        self.speed = segment_speed(scenario)  # what the accelerators achieve: found once, the same for every block
        check_machines(scenario, self.speed, [(providers[p], s) for s, p in pairs])
        self.accelerators = self.speed.accelerators
        family = np.array([FLEETS.index(rows["providers"][p]["family"]) for p in providers])
        self._fleet_of_offer = family[self.offer_provider] * len(segments) + self.offer_segment

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

    def on_fleets(self, values: Array) -> Array:
        """Return `[family, segment, path]` values for the fleet that serves each offer, `[offer, path]`."""
        return values.reshape(-1, values.shape[-1]).take(self._fleet_of_offer, axis=0)

    def provider_sum(self, values: Array) -> Array:
        """Return the sum over the offers of each provider, `[provider, path]`."""
        total = values.take(self._first_offer, axis=0)
        for provider, offer in self._later_offers:  # row by row: many rows at once are copied before they are added
            total[provider] += values[offer]
        return total


def market_names(scenario: Scenario) -> Names:
    """Return the axes of a scenario's market; providers without finances at the vintage are left out.

    Raises:
        InputError: nobody sells, or something that the market needs is missing.
    """
    check_market(scenario)
    return Names(scenario)
