"""What a served model asks of an accelerator: bytes of weights and cache, arithmetic for each token."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from forecast.units import BYTES_PER_GB, FLOP_PER_GFLOP, Num, as_given

# Stored bytes per weight with scales: NVFP4 has one of eight bits per 16 values, 0.5 + 1/16; MXFP4 one per 32, 0.5 + 1/32;
# INT4 one of sixteen bits per 32; INT2 0.25 + 1/16. What is served at "fp4" is NVFP4, unless it was published in MXFP4.
BYTES_PER_WEIGHT: Mapping[str, float] = MappingProxyType(
    {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "fp4": 0.5625, "int4": 0.5625, "mxfp4": 0.53125, "int2": 0.3125}
)

BYTES_PER_INDEX = 1.0  # of an element of the index cache, which is kept at eight bits whatever the rest

# Accuracy points (of 100) that weights published at bf16 lose. fp8 and four bits: common experience on reasoning sets,
# 0.0-0.3 and 0.5-1.0 (own assumption). int2: the founding article's claim of 5-10 points, its middle.
QUALITY_LOSS_POINTS: Mapping[str, float] = MappingProxyType(
    {"bf16": 0.0, "fp16": 0.0, "fp8": 0.1, "int8": 0.1, "fp4": 0.7, "int4": 0.7, "mxfp4": 0.7, "int2": 7.5}
)


def quality_lost_points(precision: str, native_precision: str) -> float:
    """Accuracy points lost against the weights as published: none where they were published as narrow.

    l = max(0, l(served) − l(native))

    precision, native_precision: keys of QUALITY_LOSS_POINTS. Returns points of 100. Source: own-assumption.

    >>> quality_lost_points("fp4", "bf16"), quality_lost_points("fp4", "fp4"), quality_lost_points("bf16", "fp4")
    (0.7, 0.0, 0.0)
    """
    return max(0.0, QUALITY_LOSS_POINTS[precision] - QUALITY_LOSS_POINTS[native_precision])


def bytes_per_weight(precision: str, native_precision: str) -> float:
    """Bytes one weight takes: the served precision's, but never more than the checkpoint's own format.

    b = min(b(served), b(native))

    precision, native_precision: keys of BYTES_PER_WEIGHT. Returns bytes. Source: facts-compilation.

    >>> bytes_per_weight("bf16", "mxfp4"), bytes_per_weight("fp4", "bf16")
    (0.53125, 0.5625)
    """
    return min(BYTES_PER_WEIGHT[precision], BYTES_PER_WEIGHT[native_precision])


def bytes_per_kv(precision: str) -> float:
    """Bytes one cache element takes: full precision keeps two, everything narrower one.

    precision: key of BYTES_PER_WEIGHT. Returns bytes. Source: facts-compilation.

    >>> bytes_per_kv("bf16"), bytes_per_kv("fp4")
    (2.0, 1.0)
    """
    return 2.0 if precision in ("bf16", "fp16") else 1.0


def arithmetic(precision: str, stored_bytes: float, peaks_tflops: Mapping[str, float]) -> tuple[str, float]:
    """Arithmetic an accelerator uses for a precision, and its dense peak: its own rate, or the next wider one it has.

    F(fp4) = F₄ or F₈ or F₁₆;  F(fp8, int8) = F₈ or F₁₆;  else F₁₆ or F₈/2  (int4 and int2 store weights only).
    Weights stored in four bits or fewer are widened to sixteen where there is no F₄.

    precision: key of BYTES_PER_WEIGHT; stored_bytes of a weight; peaks_tflops of fp16, fp8 and fp4, NaN where the
    accelerator has none. Returns a name and TFLOP/s, NaN if no peak is known. Source: facts-compilation, own-fit-throughput.

    >>> hopper = {"fp16": 989.0, "fp8": 1979.0, "fp4": float("nan")}
    >>> arithmetic("fp8", 1.0, hopper), arithmetic("fp4", 0.5625, hopper)
    (('fp8', 1979.0), ('fp16', 989.0))
    """
    widened = stored_bytes < 1.0 and np.isnan(peaks_tflops["fp4"])
    wider = {"fp4": ("fp4", "fp8"), "fp8": ("fp8",), "int8": ("fp8",)}.get(precision, ())
    for name in (*(() if widened else wider), "fp16"):
        if not np.isnan(peaks_tflops[name]):
            return name, peaks_tflops[name]
    return "fp8 at half its rate", peaks_tflops["fp8"] / 2.0


def expert_fraction_touched(concurrency: Num, experts_per_token: Num, experts_count: Num) -> Num:
    """Share of a layer's experts that at least one token of the batch uses, under uniform routing.

    f = 1 − (1 − k/E)ᶜ ;  f = 0 for a dense model (E = 0)

    concurrency c ≥ 0 [tokens in the step], experts_per_token k ≤ E, experts_count E ≥ 0. Returns 0–1.
    Limits: k/E at c = 1, one as c → ∞. Source: facts-compilation.

    >>> expert_fraction_touched(2.0, 1.0, 4.0)
    0.4375
    """
    untouched = 1.0 - np.divide(experts_per_token, np.maximum(experts_count, 1.0))
    return as_given(np.where(np.greater(experts_count, 0.0), 1.0 - np.power(untouched, concurrency), 0.0))


def weights_read_gb(dense_gb: Num, expert_gb: Num, experts_per_token: Num, experts_count: Num, concurrency: Num) -> Num:
    """Weights streamed from memory in one step of a batch.

    W(c) = W_dense + W_expert·(1 − (1 − k/E)ᶜ)

    dense_gb and expert_gb as stored, k of E experts a token; concurrency c counts tokens verified in the step.
    Returns GB per step. Source: facts-compilation.

    >>> weights_read_gb(20.0, 160.0, 1.0, 4.0, 2.0)
    90.0
    """
    touched = expert_fraction_touched(concurrency, experts_per_token, experts_count)
    return dense_gb + expert_gb * touched


def kv_cached_gb(
    context_tokens: Num,
    kv_full_elements_per_token: Num,
    kv_window_elements_per_token: Num,
    kv_window_tokens: Num,
    kv_index_elements_per_token: Num,
    kv_state_bytes_per_seq: Num,
    bytes_per_kv: Num,
) -> Num:
    """Memory one sequence holds: full cache, windowed cache, index cache and constant recurrent state.

    M = (b·(full·ctx + window·min(ctx, w)) + index·ctx + state) / 10⁹

    context_tokens ctx ≥ 0, elements per token, bytes_per_kv b per element; an element of the index is a byte.
    Returns GB per sequence. Source: facts-compilation.

    >>> kv_cached_gb(1000.0, 1000.0, 500.0, 200.0, 100.0, 1e6, 2.0)
    0.0033
    """
    elements = kv_full_elements_per_token * context_tokens
    elements = elements + kv_window_elements_per_token * np.minimum(context_tokens, kv_window_tokens)
    index_bytes = BYTES_PER_INDEX * kv_index_elements_per_token * context_tokens
    return as_given((bytes_per_kv * elements + index_bytes + kv_state_bytes_per_seq) / BYTES_PER_GB)


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
    return as_given(
        (kv_full_elements_per_token - kv_sparse_elements_per_token) * context_tokens
        + kv_sparse_elements_per_token * sparse_tokens
        + kv_window_elements_per_token * np.minimum(context_tokens, kv_window_tokens)
    )


def kv_read_gb(
    kv_elements: Num,
    context_tokens: Num,
    kv_index_elements_per_token: Num,
    kv_state_bytes_per_seq: Num,
    bytes_per_kv: Num,
) -> Num:
    """Cache traffic of one sequence in one step; recurrent state is read and written, so it counts twice.

    R_GB = (b·R + index·ctx + 2·state) / 10⁹

    kv_elements R from kv_read_elements, the rest as kv_cached_gb. Returns GB per sequence and step.
    Source: facts-compilation.

    >>> round(kv_read_gb(740000.0, 1000.0, 100.0, 1e6, 2.0), 12)
    0.00358
    """
    index_bytes = BYTES_PER_INDEX * kv_index_elements_per_token * context_tokens
    return (bytes_per_kv * kv_elements + index_bytes + 2.0 * kv_state_bytes_per_seq) / BYTES_PER_GB


def attention_gflop_per_token(attn_flops_per_kv_element: Num, kv_elements: Num) -> Num:
    """Arithmetic of attention over the cache for one new token.

    D = a·R/10⁹

    attn_flops_per_kv_element a [FLOP], kv_elements R from kv_read_elements. Returns GFLOP. Source: facts-compilation.

    >>> attention_gflop_per_token(16.0, 1e9)
    16.0
    """
    return attn_flops_per_kv_element * kv_elements / FLOP_PER_GFLOP


def prefill_gflop_per_token(
    active_params_b: Num,
    prefill_attn_flops_per_pair: Num,
    input_tokens: Num,
    kv_sparse_read_tokens: Num,
    cached_frac: Num,
) -> Num:
    """Arithmetic for one input token computed anew, averaged over those of a causal prompt; its start may be cached.

    Q = 2·P_active + a·(K(ISL) − K(h·ISL))/((1 − h)·ISL)/10⁹,  K(x) = m·x − m²/2,  m = min(x, s), m = x (all keys) at s = 0

    active_params_b [10⁹], prefill_attn_flops_per_pair a [FLOP], input_tokens ISL > 0, kv_sparse_read_tokens s, cached_frac h
    of the prompt, 0 ≤ h < 1: what is cached is attended to all the same. Returns GFLOP. Source: facts-compilation.

    >>> prefill_gflop_per_token(70.0, 1e6, 8000.0, 0.0, 0.0), prefill_gflop_per_token(70.0, 1e6, 8000.0, 2000.0, 0.0)
    (144.0, 141.75)
    >>> prefill_gflop_per_token(70.0, 1e6, 8000.0, 0.0, 0.5)
    146.0
    """

    def pairs(tokens: Num) -> Num:
        sparse_tokens = np.minimum(tokens, kv_sparse_read_tokens)
        attended = np.where(np.greater(kv_sparse_read_tokens, 0.0), sparse_tokens, tokens)
        return as_given(attended * tokens - attended * attended / 2.0)

    cached = np.multiply(cached_frac, input_tokens)
    keys = (pairs(input_tokens) - pairs(as_given(cached))) / (input_tokens - cached)
    return as_given(2.0 * active_params_b + prefill_attn_flops_per_pair * keys / FLOP_PER_GFLOP)
