"""Speculative decoding: what drafting and verifying cost against the tokens they win."""

from __future__ import annotations

from forecast.units import Num


def drafting_s(pass_s: Num, passes_count: Num) -> Num:
    """Time of drafting in a step: passes of the drafter follow one another.

    t_d = k·t_pass

    pass_s ≥ 0 [s], passes_count k ≥ 0 (0: nothing is drafted apart from the target). Returns s.
    Source: arxiv-2211-17192.

    >>> drafting_s(0.002, 4.0)
    0.008
    """
    return pass_s * passes_count


def speculation_gain_ratio(accepted_tokens: Num, plain_step_s: Num, verify_step_s: Num, draft_s: Num) -> Num:
    """Tokens per second with speculation over those without, at the same batch.

    G = A·t₁ / (t_v + t_d)

    accepted_tokens A ≥ 1 a step, plain_step_s t₁ of a step with one token a sequence, verify_step_s t_v ≥ t₁ of one
    that verifies several, draft_s t_d ≥ 0. Returns a ratio: A where both reads dominate and drafting is free, A/v
    with v tokens verified where arithmetic does. Source: arxiv-2211-17192.

    >>> speculation_gain_ratio(2.5, 4.0, 4.0, 1.0)
    2.0
    """
    return accepted_tokens * plain_step_s / (verify_step_s + draft_s)
