"""A step: limits known on paper, and what must hold for any numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.equations.roofline import accepted_tokens_per_step, output_tok_per_s_per_accelerator
from forecast.equations.step import (
    all_reduce_s,
    cache_copies,
    expert_exchange_s,
    prefill_s_per_token,
    step_s,
    step_terms_s,
)

CASE = {
    "concurrency": 16.0, "accelerators_count": 2.0, "engines_count": 1.0, "largest_pass_tokens": 1000.0,
    "input_per_output_ratio": 4.0,
    "layers_count": 60.0, "hidden_size": 4096.0, "kv_heads_count": 8.0, "experts_per_token": 2.0, "dense_gb": 40.0,
    "expert_gb": 40.0, "kv_gb_per_sequence": 0.5, "weight_gflop_per_token": 100.0, "decode_attention_gflop": 5.0,
    "prefill_attention_gflop": 10.0, "memory_bandwidth_tb_per_s": 4.0, "peak_tflops": 1000.0, "attention_tflops": 500.0,
    "scaleup_gb_per_s": 450.0, "verified_tokens": 1.0, "accepted_tokens": 1.0,
}  # fmt: skip


def whole_s(**changed):
    terms = step_terms_s(**(CASE | changed))
    return step_s(terms, dict.fromkeys(terms, 0.0))


def test_a_step_by_hand():
    terms = step_terms_s(**CASE)
    assert_allclose(terms["overhead_base"], 1e-3)
    assert_allclose(terms["dense_weights"], 40 / 8000)
    assert_allclose(terms["kv_cache"], 16 * 0.5 / 8000)
    assert_allclose(terms["prefill_compute"], 16 * 4 * 100 / 2e6)
    assert_allclose(terms["all_reduce"], 16 * 5 * 60 * 4 * 4096 / 450e9)
    assert_allclose(terms["decode_compute"], 16 * 100 / 2e6)
    assert_allclose(terms["attention"], 16 * (5 + 4 * 10) / 1e6)


def test_overheads_grow_with_the_layers():
    shallow, deep = (step_terms_s(**(CASE | {"layers_count": layers})) for layers in (60.0, 90.0))
    for term in ("overhead_base", "per_sequence"):
        assert_allclose(deep[term], 1.5 * shallow[term])


def test_what_one_pass_cannot_take_launches_and_reads_the_weights_again():
    # 16 sequences with 4 input tokens for each output token: 80 tokens a step, two passes of 40
    one, two, many = (step_terms_s(**(CASE | {"largest_pass_tokens": tokens})) for tokens in (80.0, 40.0, 1.0))
    for term, seconds in one.items():
        passes = 2.0 if term in ("overhead_base", "dense_weights", "expert_weights") else 1.0
        assert_allclose(two[term], passes * seconds)
    assert_allclose(many["dense_weights"], 80 * one["dense_weights"])
    engines = step_terms_s(**(CASE | {"largest_pass_tokens": 40.0, "engines_count": 2.0}))  # 40 tokens each
    assert_allclose(engines["overhead_base"], one["overhead_base"])


def test_one_accelerator_exchanges_nothing():
    assert all_reduce_s(1000.0, 60.0, 4096.0, 1.0, 450.0) == 0.0
    assert expert_exchange_s(1000.0, 60.0, 4096.0, 8.0, 1.0, 450.0) == 0.0


def test_a_token_goes_to_no_more_accelerators_than_it_has_experts():
    few, many = (expert_exchange_s(1.0, 60.0, 4096.0, 2.0, n, 450.0) for n in (2.0, 64.0))
    assert_allclose(few, 60 * 4096 * 3 / 450e9)
    assert_allclose(many, 2 * 63 / 64 * few)


def test_split_attention_sums_nothing_within_a_layer_and_sends_tokens_to_experts():
    split = step_terms_s(**(CASE | {"engines_count": 2.0}))
    assert_allclose(split["all_reduce"], expert_exchange_s(8.0 * 5, 60.0, 4096.0, 2.0, 2.0, 450.0))
    assert_allclose(split["dense_weights"], 40 / 4000)
    assert_allclose(split["per_sequence"], 8e-5)


def test_without_bounds_of_hardware_only_overhead_is_left():
    endless = dict.fromkeys(("memory_bandwidth_tb_per_s", "peak_tflops", "attention_tflops", "scaleup_gb_per_s"), 1e15)
    assert_allclose(whole_s(**endless), 1e-3 + 16e-5, rtol=1e-9)


def test_a_latent_is_held_by_every_accelerator_and_by_one_engine_only():
    assert cache_copies(8.0, 1.0) == 8.0
    shared = step_terms_s(**(CASE | {"accelerators_count": 16.0, "engines_count": 2.0, "kv_heads_count": 1.0}))
    alone = step_terms_s(**(CASE | {"accelerators_count": 16.0, "kv_heads_count": 1.0}))
    assert_allclose(np.divide(alone["kv_cache"], shared["kv_cache"]), 16.0)
    assert_allclose(np.divide(shared["dense_weights"], alone["dense_weights"]), 2.0)


def test_a_factor_scales_its_term_only():
    terms = step_terms_s(**CASE)
    none = dict.fromkeys(terms, 0.0)
    twice = step_s(terms, none | {"kv_cache": np.log(2.0)})
    assert_allclose(twice - step_s(terms, none), terms["kv_cache"])


def test_a_prompt_costs_its_arithmetic_and_its_sums():
    terms = step_terms_s(**(CASE | {"concurrency": 1.0, "input_per_output_ratio": 1000.0, "verified_tokens": 0.0}))
    found = prefill_s_per_token(terms, dict.fromkeys(terms, 0.0), 1000.0)
    assert_allclose(found - terms["all_reduce"] / 1000.0, 100 / 2e6 + 10 / 1e6)


@given(st.floats(1, 4000), st.floats(1.01, 8), st.sampled_from([1.0, 2.0, 4.0, 8.0]))
def test_more_sequences_take_longer_and_yield_more_until_a_pass_is_full(concurrency, factor, accelerators):
    few = whole_s(concurrency=concurrency, accelerators_count=accelerators)
    many = whole_s(concurrency=concurrency * factor, accelerators_count=accelerators)
    assert many > few
    gain = concurrency * factor / many / (concurrency / few)
    assert gain > 1.0 if 5.0 * concurrency < CASE["largest_pass_tokens"] else gain > 1.0 - 1e-9


@pytest.mark.parametrize("better", ["memory_bandwidth_tb_per_s", "peak_tflops", "attention_tflops", "scaleup_gb_per_s"])
def test_better_hardware_is_never_slower(better):
    assert whole_s(**{better: 2 * CASE[better]}) < whole_s()


def test_speculation_pays_at_small_batch_and_hurts_at_large():
    def rate(concurrency: float, drafts: float) -> float:
        accepted = accepted_tokens_per_step(0.5, drafts)
        changed = {"verified_tokens": drafts + 1, "accepted_tokens": accepted, "input_per_output_ratio": 0.0}
        return output_tok_per_s_per_accelerator(concurrency, whole_s(concurrency=concurrency, **changed), 2.0, accepted)

    assert rate(1.0, 3.0) > 1.5 * rate(1.0, 0.0)
    assert rate(4000.0, 3.0) < rate(4000.0, 0.0)


@given(st.lists(st.floats(1, 1e4), min_size=2, max_size=5))
def test_arrays_give_what_floats_give(concurrencies: list[float]):
    together = whole_s(concurrency=np.array(concurrencies))
    assert_allclose(together, [whole_s(concurrency=c) for c in concurrencies], rtol=1e-12)
