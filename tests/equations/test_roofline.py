"""Roofline: values by hand, limits on paper, and properties."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.equations import roofline, served_model

NAN = float("nan")


def test_expert_fraction_limits():
    concurrency = np.array([0.0, 1.0, 1e6])
    assert_allclose(served_model.expert_fraction_touched(concurrency, 8.0, 256.0), [0.0, 8 / 256, 1.0], atol=1e-12)
    assert_array_equal(served_model.expert_fraction_touched(concurrency, 0.0, 0.0), 0.0)
    assert served_model.expert_fraction_touched(1.0, 4.0, 4.0) == 1.0


def test_recurrent_state_is_read_and_written_and_the_index_takes_a_byte_an_element():
    assert_allclose(served_model.kv_cached_gb(9.0, 0.0, 0.0, 0.0, 0.0, 2e9, 2.0), 2.0)
    assert_allclose(served_model.kv_read_gb(0.0, 9.0, 0.0, 2e9, 2.0), 4.0)
    # 100 entries for each of 1,000 tokens, beside a cache of two bytes an element
    assert_allclose(served_model.kv_cached_gb(1000.0, 0.0, 0.0, 0.0, 100.0, 0.0, 2.0), 1e-4)
    assert_allclose(served_model.kv_read_gb(3e5, 1000.0, 100.0, 0.0, 2.0), 7e-4)


def test_sparse_prefill_joins_the_full_one():
    full = served_model.prefill_gflop_per_token(37.0, 5e6, 2000.0, 0.0, 0.0)
    assert_allclose(full, 74.0 + 5e6 * 1000 / 1e9)
    assert_allclose(served_model.prefill_gflop_per_token(37.0, 5e6, 2000.0, 2000.0, 0.0), full)


@pytest.mark.parametrize("sparse_tokens", [0.0, 500.0, 1500.0])
def test_a_prompt_costs_as_much_computed_at_once_or_behind_its_cached_start(sparse_tokens):
    """3,000 tokens at once, or 1,200 and then 1,800 that attend to them."""

    def gflop(tokens, cached_frac):
        new = tokens * (1 - cached_frac)
        return new * served_model.prefill_gflop_per_token(37.0, 5e6, tokens, sparse_tokens, cached_frac)

    assert_allclose(gflop(1200.0, 0.0) + gflop(3000.0, 0.4), gflop(3000.0, 0.0))


@pytest.mark.parametrize(
    ("precision", "stored", "peaks", "expected"),
    [
        ("fp4", 0.5625, (2250.0, 4500.0, 9000.0), 9000.0),
        ("fp8", 1.0, (459.0, NAN, NAN), 459.0),
        ("fp8", 0.5625, (989.0, 1979.0, NAN), 989.0),  # stored in four bits, without arithmetic for them
        ("int4", 0.5625, (989.0, 1979.0, NAN), 989.0),
        ("bf16", 2.0, (NAN, 17500.0, 35000.0), 8750.0),
    ],
)
def test_peak_falls_back_to_the_next_wider(precision: str, stored: float, peaks: tuple[float, ...], expected: float):
    printed = dict(zip(("fp16", "fp8", "fp4"), peaks, strict=True))
    assert served_model.arithmetic(precision, stored, printed)[1] == expected


def test_a_weight_takes_its_bits_and_its_share_of_a_scale():
    """A byte is eight bits; of narrow formats sixteen values share a scale of eight bits, of MXFP4 thirty-two."""
    bits = {"bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "int2": 2 + 8 / 16}
    bits |= {"fp4": 4 + 8 / 16, "int4": 4 + 16 / 32, "mxfp4": 4 + 8 / 32}
    assert {name: 8 * size for name, size in served_model.BYTES_PER_WEIGHT.items()} == bits
    loss = served_model.QUALITY_LOSS_POINTS
    assert loss.keys() == bits.keys()
    assert sorted(bits, key=lambda name: -bits[name]) == sorted(bits, key=loss.get)  # fewer bits, more points lost
    assert {name for name, lost in loss.items() if not lost} == {"bf16", "fp16"}


def test_native_format_floors_the_bytes():
    assert served_model.bytes_per_weight("int2", "fp8") == 0.3125


def test_memory_decides_the_batch_and_the_count():
    # 2·80·0.9 − 70 = 74 GB free: 55 sequences of 1.34 GB; 70 GB at bf16 (140) leave 4 GB; 280 GB do not fit
    batch = roofline.largest_batch_by_memory(80.0, 2.0, np.array([70.0, 140.0, 280.0]), 1.34, 0.9)
    assert_array_equal(batch, [55.0, 2.0, 0.0])
    assert_array_equal(roofline.minimum_accelerators(np.array([0.0, 16.0, 140.0]), 80.0, 0.9), [1.0, 1.0, 2.0])
    assert roofline.minimum_accelerators(70.0, 0.23, 0.9) == 339.0  # 338.2 LPUs of SRAM


def test_maturity_runs_from_launch_to_one():
    maturity = roofline.software_maturity_frac(np.array([0.0, 1e9]), 0.75, 4.0)
    assert_allclose(maturity, [1 / 1.75, 1.0], rtol=1e-12)


def test_sparse_attention_without_a_number_of_tokens_reads_everything():
    """Of 1,000 tokens: 600 elements of each, and 400 of each, of all, of 100, of no more than there are."""
    for tokens, read in ((0.0, 1_000_000), (100.0, 640_000), (5000.0, 1_000_000)):
        assert_allclose(served_model.kv_read_elements(1000.0, 1000.0, 400.0, tokens, 0.0, 0.0), read)
    # windowed layers: 500 elements of the last 200 tokens, or of as many as there are
    for context, read in ((1000.0, 100_000), (50.0, 25_000)):
        assert_allclose(served_model.kv_read_elements(context, 0.0, 0.0, 0.0, 500.0, 200.0), read)
        assert_allclose(served_model.kv_cached_gb(context, 0.0, 500.0, 200.0, 0.0, 0.0, 2.0), 2 * read / 1e9)
