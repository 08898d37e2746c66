"""How fast accelerators serve: tokens of a step, what drafting wins, the batch that memory allows, and the power drawn."""

from __future__ import annotations

import numpy as np

from forecast.units import Num, as_given

NO_CACHE_GB = 1e-9  # models without a cache are not limited by memory


def accepted_tokens_per_step(acceptance_frac: Num, draft_tokens: Num) -> Num:
    """Tokens a sequence gains per step when g drafted tokens are verified, each accepted with probability a.

    A = (1 − a^(g+1)) / (1 − a);  A = g + 1 at a = 1

    acceptance_frac a 0–1, draft_tokens g ≥ 0. Returns 1…g+1 (1 at a = 0 or g = 0). Source: facts-compilation.

    >>> accepted_tokens_per_step(0.5, 2.0), accepted_tokens_per_step(1.0, 2.0)
    (1.75, 3.0)
    """
    certain = np.greater_equal(acceptance_frac, 1.0)
    safe = np.where(certain, 0.0, acceptance_frac)
    return as_given(np.where(certain, draft_tokens + 1.0, (1.0 - np.power(safe, draft_tokens + 1.0)) / (1.0 - safe)))


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


def output_tok_per_s_per_accelerator(
    concurrency: Num, step_s: Num, accelerators_count: Num, accepted_tokens: Num
) -> Num:
    """Output tokens per second of one accelerator.

    y = c·A / (n·t)

    step_s t > 0, accepted_tokens A from accepted_tokens_per_step. Returns tok/s. Source: facts-compilation.

    >>> output_tok_per_s_per_accelerator(10.0, 0.02, 2.0, 1.0)
    250.0
    """
    return concurrency * accepted_tokens / (accelerators_count * step_s)


def software_maturity_frac(months_since_launch: Num, maturity_gain_frac: Num, maturity_months: Num) -> Num:
    """Throughput on a young platform over that on a mature one; efficiencies are those of a mature one.

    m = (1 + γ·(1 − e^(−t/τ))) / (1 + γ)

    months_since_launch t ≥ 0, maturity_gain_frac γ ≥ 0 (whole gain after launch), maturity_months τ > 0.
    Returns 1/(1+γ) at launch, one as t → ∞. Source: own-fit-throughput.

    >>> software_maturity_frac(0.0, 0.25, 4.0)
    0.8
    """
    gained = 1.0 - np.exp(-np.divide(months_since_launch, maturity_months))
    return as_given((1.0 + maturity_gain_frac * gained) / (1.0 + maturity_gain_frac))


def largest_batch_by_memory(
    memory_gb: Num, accelerators_count: Num, footprint_gb: Num, kv_gb_per_sequence: Num, usable_frac: Num
) -> Num:
    """Sequences whose cache fits beside the weights; zero if the weights do not fit.

    c = max(0, ⌊(u·n·M − footprint) / kv⌋)

    memory_gb M of one accelerator, kv_gb_per_sequence ≥ 0 (from kv_cached_gb), usable_frac u 0–1.
    Returns a whole number of sequences. Source: facts-compilation.

    >>> largest_batch_by_memory(80.0, 2.0, 70.0, 1.0, 0.9)
    74.0
    """
    free_gb = usable_frac * memory_gb * accelerators_count - footprint_gb
    return as_given(np.maximum(np.floor(np.divide(free_gb, np.maximum(kv_gb_per_sequence, NO_CACHE_GB))), 0.0))


def minimum_accelerators(footprint_gb: Num, memory_gb: Num, usable_frac: Num) -> Num:
    """Accelerators needed to hold the weights: few with HBM, hundreds with SRAM only.

    n = max(1, ⌈footprint / (u·M)⌉)

    footprint_gb ≥ 0, memory_gb M > 0 of one accelerator, usable_frac u 0–1. Returns a whole number.
    Source: facts-compilation.

    >>> minimum_accelerators(70.0, 0.25, 0.8)
    350.0
    """
    return as_given(np.maximum(np.ceil(np.divide(footprint_gb, usable_frac * memory_gb)), 1.0))


def loaded_watts(tdp_watts: Num, base_frac: Num, slope_frac: Num, read_frac: Num) -> Num:
    """Power of the accelerator alone when its memory is read at a share of peak: decoding is bound by reading.

    P = TDP·min(1, p₀ + p₁·x)

    tdp_watts > 0, base_frac p₀ (kernels running, nothing read), slope_frac p₁ ≥ 0, read_frac x 0–1 of peak
    bandwidth. Returns W, at most the design power. Source: own-power-fit.

    >>> loaded_watts(1000.0, 0.25, 1.0, 0.5), loaded_watts(1000.0, 0.25, 1.0, 0.9)
    (750.0, 1000.0)
    """
    return as_given(tdp_watts * np.minimum(1.0, base_frac + slope_frac * read_frac))
