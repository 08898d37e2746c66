"""A bench: one model on one group of accelerators, on which serving techniques are compared like with like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from forecast.deployments.ownership import buyer_cost_or_none
from forecast.equations import cost
from forecast.scenario import Scenario
from forecast.serving.groups import layouts_of_all, least_accelerators
from forecast.serving.kinds import served_models
from forecast.serving.speed import BATCH_SHARES, Throughput, effect_values, throughputs
from forecast.serving.token_cost import number_of
from forecast.serving.workloads import Request, columns_of, workload, workloads

FULL = "bf16"  # the precision gains are counted from


class Line(NamedTuple):
    """One row of the table, as it is written: a technique at a batch, its gain over what it is compared with, and why."""

    technique: str
    setting: str
    batch: float | None = None
    output_tokens_per_s_per_accelerator: float | None = None
    gain_ratio: float | None = None
    against: str = ""
    output_usd_per_mtok: float | None = None
    quality_loss_points: float = 0.0
    status: str = "derived"
    why: str = ""


@dataclass(frozen=True)
class Bench:
    """A served model on a fixed number of accelerators, decoding; prefill runs elsewhere."""

    scenario: Scenario
    accelerator: str
    model: str
    accelerators: float
    input_tokens: float
    output_tokens: float
    latency_s: float

    def speed(self, precision: str, batch: float | None = None, verified_tokens: float = 1.0) -> Throughput:
        """Return the throughput at a batch, without one at the best that memory and latency allow on all of the accelerators.

        With `verified_tokens` above one a step computes so many for each sequence, and one counts.
        """
        request = replace(self.request(precision), accelerators=self.accelerators)
        batches = [batch] if batch else BATCH_SHARES * layouts_of_all(workloads(self.scenario, [request])).holds[0]
        whole = dict.fromkeys(max(1.0, float(np.floor(each))) for each in batches)
        cases = workloads(self.scenario, [replace(request, concurrency=each) for each in whole])
        tried = throughputs(effect_values(self.scenario), cases, self.latency_s, verified_tokens - 1.0)
        return max(tried, key=lambda each: (min(self.latency_s / each.step_s, 1.0), each.output_tok_per_s))

    def request(self, precision: str) -> Request:
        """Return the case at a precision, on any number of accelerators."""
        return Request(self.accelerator, self.model, self.input_tokens, self.output_tokens, precision)

    def case(self, precision: str) -> dict[str, Any]:
        """Return what that case asks and its accelerator gives, by column."""
        return workload(self.scenario, self.request(precision), served_models(self.scenario))

    def least_accelerators(self, precision: str) -> float:
        """Return how many accelerators hold the weights and one sequence."""
        return float(least_accelerators(columns_of([self.case(precision)]))[0])

    def of(self, scenario: Scenario, model: str) -> Bench:
        """Return the same bench with another model on it."""
        return replace(self, scenario=scenario, model=model)

    def usd_per_mtok(self, tok_per_s: float) -> float | None:
        """Return the cost of a million output tokens at a rate; None if the accelerator has no price."""
        hour = buyer_cost_or_none(self.scenario, self.accelerator)
        use = number_of(self.scenario, "floor_utilisation_frac")
        return hour and float(cost.usd_per_mtok(hour.total_usd_per_accelerator_hour, tok_per_s, use))

    def line(
        self, technique: str, setting: str, against: str, batch: float, rate: float, gain: float,
        loss: float = 0.0, status: str = "derived", why: str = "",
    ) -> Line:  # fmt: skip
        """Return a line of the table at a rate, with its cost here."""
        return Line(technique, setting, batch, rate, gain, against, self.usd_per_mtok(rate), loss, status, why)
