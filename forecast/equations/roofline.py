"""How fast accelerators serve: the time of a step, of a prompt, and the batch that memory and patience allow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecast.units import GB_PER_TB, GFLOP_PER_TFLOP, Num, as_given

LARGEST_BATCH = 2**20
REFERENCE_LAYERS = 60.0


def overhead_s(layers_count: Num, accelerators_count: Num, overhead_base_s: Num, overhead_per_log2_s: Num) -> Num:
    """Fixed launch and synchronisation time of a step; every layer launches and synchronises anew.

    t₀ = (a₀ + a₁·log₂(n))·L/60

    layers_count L > 0, accelerators_count n ≥ 1, coefficients [s at 60 layers]. Returns s.
    Source: own-fit-throughput.

    >>> overhead_s(30.0, 8.0, 0.002, 0.001)
    0.0025
    """
    overhead = overhead_base_s + overhead_per_log2_s * np.log2(accelerators_count)
    return as_given(overhead * layers_count / REFERENCE_LAYERS)


def read_s(read_gb: Num, accelerators_count: Num, memory_bandwidth_tb_per_s: Num, mbu_frac: Num) -> Num:
    """Time to stream bytes spread evenly over accelerators.

    t = G / (1000·n·BW·MBU)

    read_gb G, memory_bandwidth_tb_per_s BW of one accelerator, mbu_frac 0–1. Returns s.
    Source: facts-compilation.

    >>> read_s(80.0, 2.0, 4.0, 0.5)
    0.02
    """
    return read_gb / (GB_PER_TB * accelerators_count * memory_bandwidth_tb_per_s * mbu_frac)


def compute_s(gflop: Num, accelerators_count: Num, peak_tflops: Num, mfu_frac: Num) -> Num:
    """Time of arithmetic spread evenly over accelerators.

    t = D / (1000·n·F·MFU)

    gflop D, peak_tflops F of one accelerator, mfu_frac 0–1. Returns s. Source: facts-compilation.

    >>> compute_s(1000.0, 2.0, 1000.0, 0.5)
    0.001
    """
    return gflop / (GFLOP_PER_TFLOP * accelerators_count * peak_tflops * mfu_frac)


def decode_step_s(
    *,
    concurrency: Num,
    accelerators_count: Num,
    layers_count: Num,
    weights_gb: Num,
    kv_gb_per_sequence: Num,
    decode_gflop_per_token: Num,
    prefill_gflop_per_token: Num,
    input_per_output_ratio: Num,
    draft_tokens: Num,
    acceptance_frac: Num,
    memory_bandwidth_tb_per_s: Num,
    peak_tflops: Num,
    mbu_weights_frac: Num,
    mbu_kv_frac: Num,
    mfu_frac: Num,
    overhead_base_s: Num,
    overhead_per_log2_s: Num,
    prefill_interference: Num,
) -> Num:
    """Time of one step of a continuously batched engine, with the prefill that keeps its batch full.

    t = t₀(L, n) + W/(n·BW·MBU_w) + c·R/(n·BW·MBU_kv) + c·(D·(g+1) + Q·ρ·A·p)/(n·F·MFU)

    weights_gb W = weights_read_gb at c·(g+1) tokens; kv R [GB per sequence]; D and Q [GFLOP per token];
    input_per_output_ratio ρ = uncached input tokens per output token (0 where prefill has its own
    accelerators); draft_tokens g and acceptance_frac a give A = accepted_tokens_per_step(a, g), both 0
    without speculation; prefill_interference p = cost of a FLOP of prefill next to one of decode.
    Returns s per step; each sequence gains A tokens in it. Source: own-fit-throughput.

    >>> step_s = decode_step_s(concurrency=10.0, accelerators_count=2.0, layers_count=60.0, weights_gb=80.0,
    ...     kv_gb_per_sequence=0.8, decode_gflop_per_token=100.0,
    ...     prefill_gflop_per_token=50.0, input_per_output_ratio=4.0,
    ...     draft_tokens=0.0, acceptance_frac=0.0, memory_bandwidth_tb_per_s=4.0, peak_tflops=1000.0,
    ...     mbu_weights_frac=0.5, mbu_kv_frac=0.25, mfu_frac=0.5, overhead_base_s=0.002,
    ...     overhead_per_log2_s=0.001, prefill_interference=0.5)
    >>> round(step_s, 9)
    0.029
    """
    accepted = accepted_tokens_per_step(acceptance_frac, draft_tokens)
    prefill_gflop = prefill_gflop_per_token * input_per_output_ratio * accepted * prefill_interference
    gflop = concurrency * (decode_gflop_per_token * (draft_tokens + 1.0) + prefill_gflop)
    return (
        overhead_s(layers_count, accelerators_count, overhead_base_s, overhead_per_log2_s)
        + read_s(weights_gb, accelerators_count, memory_bandwidth_tb_per_s, mbu_weights_frac)
        + read_s(concurrency * kv_gb_per_sequence, accelerators_count, memory_bandwidth_tb_per_s, mbu_kv_frac)
        + compute_s(gflop, accelerators_count, peak_tflops, mfu_frac)
    )


def prefill_s_per_token(
    prefill_gflop_per_token: Num, accelerators_count: Num, peak_tflops: Num, prefill_mfu_frac: Num
) -> Num:
    """Time of one uncached input token on accelerators that do prefill: compute-bound.

    t = Q / (1000·n·F·MFU_prefill)

    Arguments as compute_s; a cached input token takes none. Returns s per token; times n it is the
    accelerator-seconds an input token costs. Source: own-fit-throughput.

    >>> prefill_s_per_token(140.0, 2.0, 2000.0, 0.35)
    0.0001
    """
    return compute_s(prefill_gflop_per_token, accelerators_count, peak_tflops, prefill_mfu_frac)


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

    c = ⌊(u·n·M − footprint) / kv⌋, between 0 and 2²⁰

    memory_gb M of one accelerator, kv_gb_per_sequence > 0 (from kv_cached_gb), usable_frac u 0–1.
    Returns a whole number of sequences. Source: facts-compilation.

    >>> largest_batch_by_memory(80.0, 2.0, 70.0, 1.0, 0.9)
    74.0
    """
    free_gb = usable_frac * memory_gb * accelerators_count - footprint_gb
    return as_given(np.clip(np.floor(np.divide(free_gb, kv_gb_per_sequence)), 0.0, float(LARGEST_BATCH)))


def best_batch(step_s: Callable[[Num], Num], largest_batch: Num, target_s: Num) -> Num:
    """Largest batch that fits memory and meets a latency target, by bisection on whole numbers.

    c* = max{c ≤ c_max : t(c) ≤ target};  zero if even one sequence is too slow or does not fit

    step_s: seconds per token of a sequence at concurrency c (not falling in c; step time over accepted
    tokens), elementwise; largest_batch c_max ≤ 2²⁰; target_s > 0 of the same shape. Returns sequences.
    Source: own-assumption (full batches are cheapest).

    >>> best_batch(lambda c: 0.01 + 0.001 * c, 1000.0, 0.0455)
    35.0
    """
    low = np.zeros(np.broadcast(largest_batch, target_s, step_s(1.0)).shape)
    high = low + largest_batch + 1.0
    for _ in range(LARGEST_BATCH.bit_length()):
        middle = np.maximum(np.floor((low + high) / 2.0), 1.0)
        fits = np.less_equal(step_s(middle), target_s) & (middle < high)
        low, high = np.where(fits, middle, low), np.where(fits, high, np.minimum(middle, high))
    return as_given(low)


def minimum_accelerators(footprint_gb: Num, memory_gb: Num, usable_frac: Num) -> Num:
    """Accelerators needed to hold the weights: few with HBM, hundreds with SRAM only.

    n = max(1, ⌈footprint / (u·M)⌉)

    footprint_gb ≥ 0, memory_gb M > 0 of one accelerator, usable_frac u 0–1. Returns a whole number.
    Source: facts-compilation.

    >>> minimum_accelerators(70.0, 0.25, 0.8)
    350.0
    """
    return as_given(np.maximum(np.ceil(np.divide(footprint_gb, usable_frac * memory_gb)), 1.0))
