"""Tokens per second of a served model on accelerators: a roofline with overhead, cache and prefill.

Symbols: c sequences in a batch, n accelerators, ctx tokens of context, k of E experts per token.
Time = fixed overhead + weights read + cache read + arithmetic, summed (measured engines do not overlap them).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Num = float | NDArray[np.float64]

GB_PER_TB = 1000.0
BYTES_PER_GB = 1e9
FLOP_PER_GFLOP = 1e9
GFLOP_PER_TFLOP = 1000.0
LARGEST_BATCH = 2**20
REFERENCE_LAYERS = 60.0

# Stored bytes per weight with scales: NVFP4 has one fp8 scale per 16 values, 0.5 + 1/16; INT2 0.25 + 1/16.
BYTES_PER_WEIGHT: Mapping[str, float] = MappingProxyType(
    {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "fp4": 0.5625, "int4": 0.5625, "int2": 0.3125}
)

# Accuracy points (of 100) lost against bf16 weights. fp8 and four bits: common experience on reasoning sets,
# 0.0-0.3 and 0.5-1.0 (own assumption). int2: the founding article's claim of 5-10 points, its middle.
QUALITY_LOSS_POINTS: Mapping[str, float] = MappingProxyType(
    {"bf16": 0.0, "fp16": 0.0, "fp8": 0.1, "int8": 0.1, "fp4": 0.7, "int4": 0.7, "int2": 7.5}
)


def _num(value: Num) -> Num:
    """A plain float for a 0-d result, the array itself otherwise."""
    return float(value) if np.ndim(value) == 0 else value


def bytes_per_weight(precision: str, native_precision: str) -> float:
    """Bytes one weight takes: the served precision's, but never more than the checkpoint's own format.

    b = min(b(served), b(native))

    precision, native_precision: keys of BYTES_PER_WEIGHT. Returns bytes. Source: facts-compilation.

    >>> bytes_per_weight("bf16", "fp4"), bytes_per_weight("fp4", "bf16")
    (0.5625, 0.5625)
    """
    return min(BYTES_PER_WEIGHT[precision], BYTES_PER_WEIGHT[native_precision])


def peak_tflops(precision: str, fp16_dense_tflops: Num, fp8_dense_tflops: Num, fp4_dense_tflops: Num) -> Num:
    """Dense peak that applies to a precision: its own rate, or the next wider one the accelerator has.

    F(fp4) = F₄ or F₈ or F₁₆;  F(fp8, int8) = F₈ or F₁₆;  else F₁₆ or F₈/2  (int4 and int2 store weights only)

    precision: key of BYTES_PER_WEIGHT; peaks in TFLOP/s, NaN where the accelerator has none.
    Returns TFLOP/s, NaN if no peak is known. Source: facts-compilation.

    >>> peak_tflops("fp4", 989.0, 1979.0, float("nan"))
    1979.0
    """
    fp16_or_half_fp8 = np.where(np.isnan(fp16_dense_tflops), np.divide(fp8_dense_tflops, 2.0), fp16_dense_tflops)
    fp8_or_wider = np.where(np.isnan(fp8_dense_tflops), fp16_or_half_fp8, fp8_dense_tflops)
    fp4_or_wider = np.where(np.isnan(fp4_dense_tflops), fp8_or_wider, fp4_dense_tflops)
    peaks = {"fp4": fp4_or_wider, "fp8": fp8_or_wider, "int8": fp8_or_wider}
    return _num(peaks.get(precision, fp16_or_half_fp8))


def expert_fraction_touched(concurrency: Num, experts_per_token: Num, experts_count: Num) -> Num:
    """Share of a layer's experts that at least one token of the batch uses, under uniform routing.

    f = 1 − (1 − k/E)ᶜ ;  f = 0 for a dense model (E = 0)

    concurrency c ≥ 0 [tokens in the step], experts_per_token k ≤ E, experts_count E ≥ 0. Returns 0–1.
    Limits: k/E at c = 1, one as c → ∞. Source: facts-compilation.

    >>> expert_fraction_touched(2.0, 1.0, 4.0)
    0.4375
    """
    untouched = 1.0 - np.divide(experts_per_token, np.maximum(experts_count, 1.0))
    return _num(np.where(np.greater(experts_count, 0.0), 1.0 - np.power(untouched, concurrency), 0.0))


def weights_read_gb(
    dense_params_b: Num,
    expert_params_b: Num,
    experts_per_token: Num,
    experts_count: Num,
    concurrency: Num,
    bytes_per_weight: Num,
) -> Num:
    """Weights streamed from memory in one step of a batch.

    W(c) = b·(P_dense + P_expert·(1 − (1 − k/E)ᶜ))

    params in 10⁹, bytes_per_weight b [B]; concurrency counts tokens verified in the step.
    Returns GB per step. Source: facts-compilation.

    >>> weights_read_gb(10.0, 80.0, 1.0, 4.0, 2.0, 2.0)
    90.0
    """
    touched = expert_fraction_touched(concurrency, experts_per_token, experts_count)
    return bytes_per_weight * (dense_params_b + expert_params_b * touched)


def kv_cached_gb(
    context_tokens: Num,
    kv_full_elements_per_token: Num,
    kv_window_elements_per_token: Num,
    kv_window_tokens: Num,
    kv_index_elements_per_token: Num,
    kv_state_bytes_per_seq: Num,
    bytes_per_kv: Num,
    bytes_per_index: Num,
) -> Num:
    """Memory one sequence holds: full cache, windowed cache, index cache and constant recurrent state.

    M = (b·(full·ctx + window·min(ctx, w)) + bᵢ·index·ctx + state) / 10⁹

    context_tokens ctx ≥ 0, elements per token, bytes per element. Returns GB per sequence.
    Source: facts-compilation.

    >>> kv_cached_gb(1000.0, 1000.0, 500.0, 200.0, 100.0, 1e6, 2.0, 1.0)
    0.0033
    """
    elements = kv_full_elements_per_token * context_tokens
    elements = elements + kv_window_elements_per_token * np.minimum(context_tokens, kv_window_tokens)
    index_bytes = bytes_per_index * kv_index_elements_per_token * context_tokens
    return _num((bytes_per_kv * elements + index_bytes + kv_state_bytes_per_seq) / BYTES_PER_GB)


def kv_read_elements(
    context_tokens: Num,
    kv_full_elements_per_token: Num,
    kv_sparse_elements_per_token: Num,
    kv_sparse_read_tokens: Num,
    kv_window_elements_per_token: Num,
    kv_window_tokens: Num,
) -> Num:
    """Cache elements attended to by one new token, index cache not counted.

    R = (full − sparse)·ctx + sparse·min(ctx, s) + window·min(ctx, w);  s = 0 reads everything

    context_tokens ctx ≥ 0; elements per token with sparse ≤ full. Returns elements per sequence and step.
    Source: facts-compilation.

    >>> kv_read_elements(1000.0, 1000.0, 400.0, 100.0, 500.0, 200.0)
    740000.0
    """
    sparse_tokens = np.where(
        np.greater(kv_sparse_read_tokens, 0.0),
        np.minimum(context_tokens, kv_sparse_read_tokens),
        context_tokens,
    )
    return _num(
        (kv_full_elements_per_token - kv_sparse_elements_per_token) * context_tokens
        + kv_sparse_elements_per_token * sparse_tokens
        + kv_window_elements_per_token * np.minimum(context_tokens, kv_window_tokens)
    )


def kv_read_gb(
    context_tokens: Num,
    kv_full_elements_per_token: Num,
    kv_sparse_elements_per_token: Num,
    kv_sparse_read_tokens: Num,
    kv_window_elements_per_token: Num,
    kv_window_tokens: Num,
    kv_index_elements_per_token: Num,
    kv_state_bytes_per_seq: Num,
    bytes_per_kv: Num,
    bytes_per_index: Num,
) -> Num:
    """Cache traffic of one sequence in one step; recurrent state is read and written, so it counts twice.

    R_GB = (b·R(ctx) + bᵢ·index·ctx + 2·state) / 10⁹

    Arguments as kv_read_elements and kv_cached_gb. Returns GB per sequence and step.
    Source: facts-compilation.

    >>> round(kv_read_gb(1000.0, 1000.0, 400.0, 100.0, 500.0, 200.0, 100.0, 1e6, 2.0, 1.0), 12)
    0.00358
    """
    elements = kv_read_elements(
        context_tokens,
        kv_full_elements_per_token,
        kv_sparse_elements_per_token,
        kv_sparse_read_tokens,
        kv_window_elements_per_token,
        kv_window_tokens,
    )
    index_bytes = bytes_per_index * kv_index_elements_per_token * context_tokens
    return (bytes_per_kv * elements + index_bytes + 2.0 * kv_state_bytes_per_seq) / BYTES_PER_GB


def decode_gflop_per_token(active_params_b: Num, attn_flops_per_kv_element: Num, kv_elements: Num) -> Num:
    """Arithmetic for one new token: weights and attention over the cache it reads.

    D = 2·P_active + a·R/10⁹

    active_params_b [10⁹], attn_flops_per_kv_element a [FLOP] (0 leaves attention out), kv_elements R from
    kv_read_elements. Returns GFLOP. Source: facts-compilation.

    >>> decode_gflop_per_token(70.0, 16.0, 1e9)
    156.0
    """
    return 2.0 * active_params_b + attn_flops_per_kv_element * kv_elements / FLOP_PER_GFLOP


def prefill_gflop_per_token(
    active_params_b: Num, prefill_attn_flops_per_pair: Num, input_tokens: Num, kv_sparse_read_tokens: Num
) -> Num:
    """Arithmetic for one input token, averaged over a causal prompt; sparse attention caps the keys at s.

    Q = 2·P_active + a·(m − m²/(2·ISL))/10⁹,  m = min(ISL, s), m = ISL (all keys) at s = 0

    active_params_b [10⁹], prefill_attn_flops_per_pair a [FLOP], input_tokens ISL > 0. Returns GFLOP.
    Source: facts-compilation.

    >>> prefill_gflop_per_token(70.0, 1e6, 8000.0, 0.0), prefill_gflop_per_token(70.0, 1e6, 8000.0, 2000.0)
    (144.0, 141.75)
    """
    sparse_tokens = np.minimum(input_tokens, kv_sparse_read_tokens)
    attended = np.where(np.greater(kv_sparse_read_tokens, 0.0), sparse_tokens, input_tokens)
    keys = attended - attended * attended / (2.0 * input_tokens)
    return _num(2.0 * active_params_b + prefill_attn_flops_per_pair * keys / FLOP_PER_GFLOP)


def overhead_s(layers_count: Num, accelerators_count: Num, overhead_base_s: Num, overhead_per_log2_s: Num) -> Num:
    """Fixed launch and synchronisation time of a step; every layer launches and synchronises anew.

    t₀ = (a₀ + a₁·log₂(n))·L/60

    layers_count L > 0, accelerators_count n ≥ 1, coefficients [s at 60 layers]. Returns s.
    Source: own-fit-throughput.

    >>> overhead_s(30.0, 8.0, 0.002, 0.001)
    0.0025
    """
    overhead = overhead_base_s + overhead_per_log2_s * np.log2(accelerators_count)
    return _num(overhead * layers_count / REFERENCE_LAYERS)


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
    return _num(np.where(certain, draft_tokens + 1.0, (1.0 - np.power(safe, draft_tokens + 1.0)) / (1.0 - safe)))


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
    return _num((1.0 + maturity_gain_frac * gained) / (1.0 + maturity_gain_frac))


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
    return _num(np.clip(np.floor(np.divide(free_gb, kv_gb_per_sequence)), 0.0, float(LARGEST_BATCH)))


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
    return _num(low)


def minimum_accelerators(footprint_gb: Num, memory_gb: Num, usable_frac: Num) -> Num:
    """Accelerators needed to hold the weights: few with HBM, hundreds with SRAM only.

    n = max(1, ⌈footprint / (u·M)⌉)

    footprint_gb ≥ 0, memory_gb M > 0 of one accelerator, usable_frac u 0–1. Returns a whole number.
    Source: facts-compilation.

    >>> minimum_accelerators(70.0, 0.25, 0.8)
    350.0
    """
    return _num(np.maximum(np.ceil(np.divide(footprint_gb, usable_frac * memory_gb)), 1.0))
