"""What the largest router would show: the market's shares, flattened and moved by its own users. No forecast depends on it."""

from __future__ import annotations

import numpy as np

from forecast.arrays import REAL, Array
from forecast.draws import BLOCK_PATHS, Draws, Parameters
from forecast.equations import shares
from forecast.market.names import Names


class Router:
    """The passing part of each seller's log share there, `[single, path]`: v(t+1) = φ·v + σ·√(1 − φ²)·ε, started at rest.

    σ = swing/√(2·(1 − φ)), the swing being that of a month.
    """

    def __init__(self, draws: Draws, names: Names) -> None:
        self.theta = Parameters(draws)
        self.streams = [draws.stream(f"provider:{provider}", "router") for provider in names.providers[names.single]]
        self.kept = np.exp(-1 / self.theta["router_fade_months"])  # [path] φ
        self.sd = self.theta["router_swing_log"] / np.sqrt(2 * (1 - self.kept))  # [path] σ
        self.passing = self._shock()

    def share(self, provider_tokens: Array) -> Array:
        """Return each single provider's share as the router would show it, of the tokens of them all, `[single, path]`.

        s = x^ψ·e^v/Σ x^ψ·e^v, ψ how much of a difference in size, in logs, shows; the many small ones together are nobody there.
        """
        market = provider_tokens[: len(self.passing)]
        shown = (market / market.sum(axis=0)) ** self.theta["router_size_ratio"] * np.exp(self.passing)
        return np.asarray(shown / shown.sum(axis=0))

    def step(self) -> None:
        """Move the passing part a month."""
        self.passing *= self.kept
        self.passing += np.sqrt(1 - self.kept**2) * self._shock()

    def _shock(self) -> Array:
        normal = np.stack([stream.standard_normal(BLOCK_PATHS, REAL) for stream in self.streams])
        return self.sd * shares.heavy_tailed(normal, self.theta["share_shock_tail"])
