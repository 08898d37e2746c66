"""Speculative decoding: what drafting and verifying cost against the tokens they win."""

from __future__ import annotations

from forecast.units import Num


def speculation_gain_ratio(
    accepted_tokens: Num, plain_step_s: Num, verify_step_s: Num, pass_s: Num, passes_count: Num
) -> Num:
    """Tokens per second with speculation over those without, at the same batch.

    G = A·t₁ / (t_v + k·t_p)

    accepted_tokens A ≥ 1 a step, plain_step_s t₁ of a step with one token a sequence, verify_step_s t_v ≥ t₁ of one
    that verifies several, pass_s t_p ≥ 0 of a pass of the drafter, passes_count k ≥ 0 of them one after another (0:
    nothing is drafted apart from the target). Returns a ratio: A where both reads dominate and drafting is free, A/v
    with v tokens verified where arithmetic does. Source: arxiv-2211-17192.

    >>> speculation_gain_ratio(2.5, 4.0, 4.0, 0.25, 4.0)
    2.0
    """
    return accepted_tokens * plain_step_s / (verify_step_s + pass_s * passes_count)
