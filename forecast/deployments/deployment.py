"""The noun of this room: a model on accelerators, at a length, a load and a price of the hour."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.serving.workloads import Request


@dataclass(frozen=True)
class Deployment(Request):
    """What is asked: names as typed, None where the best choice is wanted."""

    latency_s: float = 0.05
    utilisation_frac: float | None = None
    draft_tokens: float = 0.0
    acceptance_frac: float = 0.0
    wide_parallel: bool = False  # experts over many nodes, prefill on machines of its own
    usd_per_accelerator_hour: float | None = None  # rent paid; None is the owned cost
    tier: str | None = None  # segment whose quality the precision must reach

    @property
    def output_frac(self) -> float:
        """Output of all tokens of a request, 0–1."""
        return self.output_tokens / self.length_tokens
