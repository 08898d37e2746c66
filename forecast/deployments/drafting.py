"""Speculative decoding on a bench: each form of `speculation.csv` at any batch, by the roofline."""

from __future__ import annotations

from typing import NamedTuple

from forecast.deployments.bench import Bench
from forecast.deployments.variants import drafting_heads
from forecast.equations import roofline
from forecast.scenario import Scenario
from forecast.serving.kinds import served_row
from forecast.serving.workloads import number


class Draft(NamedTuple):
    """What a form of speculation does at one batch."""

    tok_per_s: float  # output tokens per accelerator
    gain_ratio: float
    accepted_tokens: float
    memory_gb: float  # weights of the drafter, on the whole group


def forms(scenario: Scenario) -> list[str]:
    """Return the forms known at the vintage."""
    return list(scenario.rows["speculation"])


def usable(scenario: Scenario, form: str, model: str) -> bool:
    """Return whether a form fits a model: a module must be trained with it, a draft be much smaller."""
    row, served = scenario.rows["speculation"][form], served_row(scenario, model)
    if form == "mtp":
        return bool(served["mtp_params_b"])
    if row["draft_model"]:
        return bool(served_row(scenario, row["draft_model"])["active_computed_b"] < served["active_computed_b"] / 4)
    return True


def same_family(scenario: Scenario, form: str, model: str) -> bool:
    """Return whether the draft model speaks the target's tokens; without a draft model it always does."""
    drafter = scenario.rows["speculation"][form]["draft_model"]
    families = [served_row(scenario, name)["family"] for name in (drafter or model, model)]
    return bool(families[0] == families[1])


def draft(bench: Bench, form: str, precision: str, batch: float) -> Draft:
    """Return what a form of speculation yields on a bench at a batch: more tokens a step, and dearer steps."""
    scenario = bench.scenario
    tokens, acceptance, verified, heads_frac, passes = (
        number(scenario, "speculation", form, column)
        for column in ("draft_tokens", "acceptance_frac", "verified_tokens", "drafting_params_frac", "drafting_passes_count")
    )  # fmt: skip
    accepted = float(roofline.accepted_tokens_per_step(acceptance, tokens))
    plain = bench.speed(precision, batch)
    verify = bench.speed(precision, batch, verified)
    pass_s, memory_gb = 0.0, 0.0
    if passes:
        drafter = _drafter(bench, form, heads_frac)
        pass_s = drafter.speed(precision, batch).step_s
        memory_gb = drafter.case(precision)["weights_gb"]
    gain = float(roofline.speculation_gain_ratio(accepted, plain.step_s, verify.step_s, pass_s, passes))
    return Draft(plain.decode_tok_per_s * gain, gain, accepted, memory_gb)


def best_draft(bench: Bench, precision: str, batch: float) -> tuple[str, Draft]:
    """Return the form that gains most at a batch, and what it yields."""
    found = {form: draft(bench, form, precision, batch) for form in forms(bench.scenario) if usable(bench.scenario, form, bench.model)}  # fmt: skip
    best = max(found, key=lambda form: found[form].gain_ratio)
    return best, found[best]


def _drafter(bench: Bench, form: str, heads_frac: float) -> Bench:
    named = bench.scenario.rows["speculation"][form]["draft_model"]
    if named:
        return bench.of(bench.scenario, named)
    return bench.of(*drafting_heads(bench.scenario, bench.model, heads_frac))
