"""Group sizes, static batches, speculation and energy: values by hand, limits on paper, properties."""

import math

from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.equations import batching, roofline


def test_static_batch_of_two_by_hand():
    # E[max of two] = 2·e^(σ²/2)·Φ(σ/√2), so the useful share is 1 / (2·Φ(σ/√2))
    sd = 1.0
    normal = 0.5 * math.erfc(-(sd / math.sqrt(2)) / math.sqrt(2))
    assert_allclose(batching.static_batching_frac(2.0, sd), 1 / (2 * normal), rtol=2e-3)  # 4,096 slices


@given(st.integers(1, 500), st.floats(0.0, 1.5))
def test_static_batches_waste_more_the_larger_and_the_more_uneven(concurrency, sd):
    share = batching.static_batching_frac(float(concurrency), sd)
    assert 0 < share <= 1 + 1e-12
    assert batching.static_batching_frac(concurrency + 1.0, sd) <= share + 1e-12
    assert batching.static_batching_frac(float(concurrency), sd + 0.1) <= share + 1e-12


@given(st.floats(0, 0.99), st.integers(1, 8), st.floats(0.001, 0.1))
def test_speculation_limits(acceptance, tokens, step_s):
    accepted = roofline.accepted_tokens_per_step(acceptance, float(tokens))
    free = roofline.speculation_gain_ratio(accepted, step_s, step_s, 0.0, 0.0)
    assert_allclose(free, accepted)  # reading bound, drafting free: all it wins
    bound = roofline.speculation_gain_ratio(accepted, step_s, step_s * (tokens + 1), 0.0, 0.0)
    assert bound <= 1 + 1e-12  # arithmetic bound: never a gain
