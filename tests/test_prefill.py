"""Prefill alone against the times to first token that were measured beside the throughput."""

import numpy as np
import pytest

from forecast.calibration.observations import runs
from forecast.measured_runs import other_system
from forecast.serving.kinds import served_row
from forecast.serving.speed import effect_values, throughputs
from forecast.serving.workloads import Request, workloads


@pytest.fixture(scope="module")
def waits(base):
    """Measured times to first token over the fitted prefill terms, without what alone adds: dense models, mixtures."""
    rows = [
        row for row in runs(base.tables["throughput"])
        if row["ttft_ms"] and row["scenario"] == "concurrency" and row["concurrency"] == 4
        and row["input_tokens"] in (7372.8, 8192) and not other_system(row["framework"])
        and row["accelerator"] in base.rows["accelerators"] and row["status"] != "claim"
    ]  # fmt: skip
    columns = workloads(
        base,
        [
            Request(row["accelerator"], row["model"], row["input_tokens"], row["output_tokens"],
                    None if row["precision"] == "unset" else row["precision"], row["accelerator_count"], row["concurrency"])
            for row in rows
        ],
    )  # fmt: skip
    fitted = {name: value for name, value in effect_values(base).items() if not name.startswith("prefill_alone")}
    found = throughputs(fitted, columns, float("inf"))
    ratio = np.array([
        row["ttft_ms"] / 1000 * speed.accelerators * speed.input_tok_per_s / row["input_tokens"]
        for row, speed in zip(rows, found, strict=True)
    ])  # fmt: skip
    moe = columns["moe"] > 0
    assert moe.sum() > 40 and (~moe).sum() > 15
    return np.median(ratio[~moe]), np.median(ratio[moe])


def test_a_prompt_waits_longer_than_its_arithmetic(waits):
    """Four sequences queue a little: a dense model's first token takes one to two times its prefill."""
    assert 1.0 < waits[0] < 2.2


def test_mixtures_pay_more_for_prefill_alone(base, waits):
    """Times to first token and a published day say 1.5 and 1.7, and in both sequences queue: the row lies below both."""
    dense, moe = waits
    found = effect_values(base)["prefill_alone:kind:moe"]
    assert 0 < found < np.log(moe / dense) < found + 0.3


def test_tokens_behind_a_cache_attend_to_more(base):
    """Attention alone takes 1.75 times as long behind three quarters of a prompt; decoding and benchmarks are as without."""
    cases = [Request("h200", "llama-3.3-70b", 32_000, 500, "fp8", 8, 16, cached) for cached in (0.0, 0.75)]
    whole, behind = throughputs(effect_values(base), workloads(base, cases), float("inf"))
    assert whole.input_tok_per_s / 1.75 < behind.input_tok_per_s < 0.95 * whole.input_tok_per_s
    assert (behind.decode_tok_per_s, behind.output_tok_per_s) == (whole.decode_tok_per_s, whole.output_tok_per_s)


def test_the_last_tokens_of_a_prompt_are_always_computed(base):
    """Where all of it is said to be cached, a thousandth is not: what attends to the rest is a number."""
    cases = [Request("h200", "llama-3.3-70b", 32_000, 500, "fp8", 8, 16, cached) for cached in (0.0, 0.999, 1.0)]
    whole, most, all_of_it = workloads(base, cases)["uncached_attention_gflop"]
    assert all_of_it == most
    assert np.isclose(all_of_it / whole, 2, rtol=0.001)  # the last tokens see every key, those of a whole prompt half


def test_a_token_takes_two_operations_a_weight_and_attention_sixteen_bits(base):
    columns = workloads(base, [Request("h100", "llama-3.3-70b", 1000.0, 100.0, each) for each in ("bf16", "fp8")])
    assert columns["peak_tflops"].tolist() == [989, 1979]  # of the datasheet
    assert columns["attention_tflops"].tolist() == [989, 989]
    active_b = served_row(base, "llama-3.3-70b")["active_computed_b"]
    assert columns["weight_gflop_per_token"].tolist() == [2 * active_b, 2 * active_b]
