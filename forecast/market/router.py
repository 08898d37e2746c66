"""What the largest router would show: the market's shares, flattened and moved by its own users. No forecast depends on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import shares
from forecast.market.names import Names


@dataclass
class Router:
    """The passing part of each seller's log share there, `[single, path]`: v(t+1) = φ·v + σ·√(1 − φ²)·ε, started at rest."""

    streams: list[Generator]
    kept: Array  # [path] φ
    sd: Array  # [path] σ
    tail: Array
    size_ratio: Array  # [path] ψ, how much of a difference in size, in logs, shows
    passing: Array

    def share(self, provider_tokens: Array) -> Array:
        """Return each single provider's share as the router would show it, of the tokens of them all, `[single, path]`.

        s = x^ψ·e^v/Σ x^ψ·e^v; the many small ones together are nobody there.
        """
        market = provider_tokens[: len(self.passing)]
        shown = (market / market.sum(axis=0)) ** self.size_ratio * np.exp(self.passing)
        return np.asarray(shown / shown.sum(axis=0))

    def step(self) -> None:
        """Move the passing part a month."""
        self.passing *= self.kept
        self.passing += np.sqrt(1 - self.kept**2) * self._shock()

    def _shock(self) -> Array:
        normal = np.stack([stream.standard_normal(BLOCK_PATHS, REAL) for stream in self.streams])
        return self.sd * shares.heavy_tailed(normal, self.tail)


def start_router(draws: Draws, names: Names) -> Router:
    """Return the router of the as_of month; σ = swing/√(2·(1 − φ)), the swing being that of a month."""
    kept = np.exp(-1 / draws.parameter("router_fade_months"))
    router = Router(
        streams=[draws.stream(f"provider:{provider}", "router") for provider in names.providers[names.single]],
        kept=kept,
        sd=draws.parameter("router_swing_log") / np.sqrt(2 * (1 - kept)),
        tail=draws.parameter("share_shock_tail"),
        size_ratio=draws.parameter("router_size_ratio"),
        passing=np.zeros(0, REAL),
    )
    router.passing = router._shock()
    return router
