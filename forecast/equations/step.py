"""One step of a serving engine as the sum of what it waits for, each term with its own fitted factor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forecast.units import BYTES_PER_GB, GB_PER_TB, Num, as_given

REFERENCE_LAYERS = 60.0
BYTES_PER_ACTIVATION = 2.0
REDUCTIONS_PER_LAYER = 2.0
BYTES_TO_EXPERTS_AND_BACK = 3.0  # one out in fp8, two back, for each element of the width


def split_s(amount: Num, accelerators_count: Num, peak_per_s: Num) -> Num:
    """Time of reading or arithmetic spread evenly over accelerators, at the printed peak.

    t = G / (1000·n·R)

    amount G [GB or GFLOP], peak_per_s R of one accelerator [TB/s or TFLOP/s]. Returns s.
    Source: facts-compilation.

    >>> split_s(80.0, 2.0, 4.0)
    0.01
    """
    return as_given(np.divide(amount, GB_PER_TB * np.multiply(accelerators_count, peak_per_s)))


def all_reduce_s(
    tokens: Num, layers_count: Num, hidden_size: Num, accelerators_count: Num, scaleup_gb_per_s: Num
) -> Num:
    """Time to add up the halves of every layer over the accelerators that share it (ring), at the printed link.

    t = T·L·2·H·2 B·2·(n − 1)/n / link;  0 at n = 1

    tokens T in the step (prefill included), hidden_size H, scaleup_gb_per_s [GB/s] of one accelerator. Returns s.
    Source: facts-compilation.

    >>> all_reduce_s(1000.0, 50.0, 5000.0, 2.0, 500.0)
    0.002
    """
    moved = 2.0 * (np.asarray(accelerators_count) - 1.0) / accelerators_count
    layer_bytes = REDUCTIONS_PER_LAYER * BYTES_PER_ACTIVATION * hidden_size
    return as_given(tokens * layers_count * layer_bytes * moved / (scaleup_gb_per_s * BYTES_PER_GB))


def expert_exchange_s(
    tokens: Num,
    layers_count: Num,
    hidden_size: Num,
    experts_per_token: Num,
    accelerators_count: Num,
    scaleup_gb_per_s: Num,
) -> Num:
    """Time in which the tokens of one accelerator reach their experts on others and return, at the printed link.

    t = T·L·H·3 B·min(k, n)·(n − 1)/n / link;  0 at n = 1

    tokens T of this accelerator in the step (prefill included), hidden_size H, experts_per_token k, scaleup_gb_per_s [GB/s].
    Returns s. Source: facts-compilation.

    >>> expert_exchange_s(1000.0, 50.0, 5000.0, 8.0, 2.0, 500.0)
    0.0015
    """
    copies = (
        np.minimum(experts_per_token, accelerators_count) * (np.asarray(accelerators_count) - 1.0) / accelerators_count
    )
    moved = tokens * layers_count * hidden_size * BYTES_TO_EXPERTS_AND_BACK * copies
    return as_given(moved / (scaleup_gb_per_s * BYTES_PER_GB))


def cache_copies(accelerators_count: Num, kv_heads_count: Num) -> Num:
    """Times the cache is held and read: heads cannot be cut, so beyond one head each accelerator keeps a copy.

    r = max(1, n/h)

    kv_heads_count h ≥ 1 (1 where a latent is shared). Returns a ratio ≥ 1. Source: facts-compilation.

    >>> cache_copies(8.0, 2.0), cache_copies(2.0, 8.0)
    (4.0, 1.0)
    """
    return as_given(np.maximum(1.0, np.divide(accelerators_count, kv_heads_count)))


def step_terms_s(
    *,
    concurrency: Num,
    accelerators_count: Num,
    engines_count: Num,
    largest_pass_tokens: Num,
    input_per_output_ratio: Num,
    layers_count: Num,
    hidden_size: Num,
    kv_heads_count: Num,
    experts_per_token: Num,
    dense_gb: Num,
    expert_gb: Num,
    kv_gb_per_sequence: Num,
    weight_gflop_per_token: Num,
    decode_attention_gflop: Num,
    prefill_attention_gflop: Num,
    memory_bandwidth_tb_per_s: Num,
    peak_tflops: Num,
    attention_tflops: Num,
    scaleup_gb_per_s: Num,
    verified_tokens: Num,
    accepted_tokens: Num,
) -> dict[str, Num]:
    """What a step would take at the printed peaks, term by term, and its overheads in units of 1 ms and 10 µs.

    overhead m·1 ms·L/60 · dense m·W/(n·BW) · experts m·W/(n·BW) · cache c·R·r/(n·BW)
    · decode c·v·2P/(n·F) · prefill c·A·ρ·2P/(n·F) · attention c·(v·a + A·ρ·q)/(n·F₁₆) · exchange · c·10 µs·L/60,
    m = max(1, c·(v + A·ρ)/(d·T)) passes through the layers

    engines_count d: engines of n/d accelerators that share the experts only (expert parallelism, d = n: attention is
    split); each has its own sequences c/d and dense weights, no sequence is cached twice, and tokens travel to their
    experts besides the sums within an engine. largest_pass_tokens T > 0 of an engine: what is more takes another pass, which
    launches and reads all weights again. input_per_output_ratio ρ: uncached input tokens per output token;
    verified_tokens v and accepted_tokens A of a sequence in a step (1 without speculation); expert_gb: of the experts
    touched. Returns s, by term.
    Source: own-fit-throughput.

    >>> found = step_terms_s(concurrency=10.0, accelerators_count=2.0, engines_count=1.0,
    ...     largest_pass_tokens=1000.0, input_per_output_ratio=4.0,
    ...     layers_count=60.0, hidden_size=5000.0, kv_heads_count=8.0, experts_per_token=0.0, dense_gb=80.0, expert_gb=0.0,
    ...     kv_gb_per_sequence=0.8,
    ...     weight_gflop_per_token=100.0, decode_attention_gflop=10.0, prefill_attention_gflop=0.0,
    ...     memory_bandwidth_tb_per_s=4.0, peak_tflops=1000.0, attention_tflops=500.0, scaleup_gb_per_s=500.0,
    ...     verified_tokens=1.0, accepted_tokens=1.0)
    >>> found["dense_weights"], found["kv_cache"], found["decode_compute"], found["prefill_compute"]
    (0.01, 0.001, 0.0005, 0.002)
    """
    c, n, depth = concurrency, accelerators_count, np.divide(layers_count, REFERENCE_LAYERS)
    given = accepted_tokens * input_per_output_ratio
    width, own = np.divide(n, engines_count), np.divide(c, engines_count)
    several, tokens = np.greater(engines_count, 1.0), verified_tokens + given
    copies = np.where(several, 1.0, cache_copies(n, kv_heads_count))
    passes = np.maximum(1.0, own * tokens / largest_pass_tokens)
    sums = all_reduce_s(own * tokens, layers_count, hidden_size, width, scaleup_gb_per_s)
    away = expert_exchange_s(c / n * tokens, layers_count, hidden_size, experts_per_token, n, scaleup_gb_per_s)
    return {
        "overhead_base": as_given(1e-3 * depth * passes),
        "per_sequence": 1e-5 * depth * own,
        "dense_weights": split_s(passes * dense_gb, width, memory_bandwidth_tb_per_s),
        "expert_weights": split_s(passes * expert_gb, n, memory_bandwidth_tb_per_s),
        "kv_cache": as_given(split_s(c * kv_gb_per_sequence * copies, n, memory_bandwidth_tb_per_s)),
        "decode_compute": split_s(c * verified_tokens * weight_gflop_per_token, n, peak_tflops),
        "prefill_compute": split_s(c * given * weight_gflop_per_token, n, peak_tflops),
        "attention": split_s(
            c * (verified_tokens * decode_attention_gflop + given * prefill_attention_gflop), n, attention_tflops
        ),
        "all_reduce": as_given(sums + np.where(several, away, 0.0)),
    }


def step_s(terms_s: Mapping[str, Num], log_factors: Mapping[str, Num]) -> Num:
    """Time of a step: each term at its peak times its fitted factor, one over the share of the peak reached.

    t = Σ tᵢ·exp(θᵢ)

    terms_s from step_terms_s, log_factors θ by the same names. Returns s. Source: own-fit-throughput.

    >>> step_s({"dense_weights": 0.01, "kv_cache": 0.001}, {"dense_weights": 0.0, "kv_cache": 0.0})
    0.011
    """
    return as_given(np.asarray(sum(term * np.exp(log_factors[name]) for name, term in terms_s.items())))


def prefill_s_per_token(terms_s: Mapping[str, Num], log_factors: Mapping[str, Num], input_tokens: Num) -> Num:
    """Time of one input token where prefill runs alone: the terms of a step that grow with its input.

    t = (t_prefill·e^θ + t_attention·e^θ + t_sums·e^θ) / m

    terms_s of a step that holds m = input_tokens input tokens and decodes nothing. Returns s per token.
    Source: own-fit-throughput.

    >>> prefill_s_per_token({"prefill_compute": 0.2, "attention": 0.04, "all_reduce": 0.01},
    ...     {"prefill_compute": 0.0, "attention": 0.0, "all_reduce": 0.0}, 1000.0)
    0.00025
    """
    busy = {name: terms_s[name] for name in ("prefill_compute", "attention", "all_reduce")}
    return step_s(busy, log_factors) / input_tokens
