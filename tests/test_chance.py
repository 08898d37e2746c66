"""The months' luck: uniforms that are middles of strata, normals that are means of strata of the normal law."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.chance import STRATA, normal_strata, normals, uniforms
from forecast.draws import BLOCK_PATHS, stream


def streams():
    return [stream(7, 0, "provider:groq", purpose) for purpose in ("exit", "funding", "bid")]


def test_uniforms_are_the_middles_of_the_strata_that_words_choose():
    drawn, alone = streams(), streams()
    for _ in range(3):
        words = [one.bit_generator.random_raw(BLOCK_PATHS // 4).view(np.uint16) for one in alone]
        assert_array_equal(uniforms(drawn), (np.array(words) + 0.5) / STRATA)  # exact in single precision


@pytest.mark.parametrize("chance", [0.0004, 0.0167, 0.3])
def test_a_chance_is_met_within_half_a_stratum_and_no_uniform_is_an_end(chance):
    class Every:
        """A stream whose words take every value in turn."""

        def __init__(self):
            self.bit_generator, self.next = self, 0

        def random_raw(self, count):
            self.next += 4 * count
            return np.arange(self.next - 4 * count, self.next).astype(np.uint16).view(np.uint64)

    drawn = [Every()]
    values = np.concatenate([uniforms(drawn)[0] for _ in range(-(-STRATA // BLOCK_PATHS))])[:STRATA]
    assert 0 < values.min() < values.max() < 1
    assert_allclose((values < chance).mean(), chance, atol=0.5 / STRATA)
    assert_allclose((values > 1 - chance).mean(), chance, atol=0.5 / STRATA)


def test_drawn_uniforms_are_uniform_and_independent():
    from scipy.stats import kstest

    drawn = streams()
    values = np.concatenate([uniforms(drawn).astype(float) for _ in range(20)], axis=1)  # 100,000 of each stream
    assert all(kstest(row, "uniform").pvalue > 0.001 for row in values)
    assert np.abs(np.corrcoef(values) - np.eye(3)).max() < 0.013  # four standard errors
    assert np.abs([np.corrcoef(row[1:], row[:-1])[0, 1] for row in values]).max() < 0.013


def test_normals_are_looked_up_by_the_words_of_their_own_stream():
    drawn, alone = streams(), streams()
    for _ in range(3):
        words = [one.bit_generator.random_raw(BLOCK_PATHS // 4).view(np.uint16) for one in alone]
        assert_array_equal(normals(drawn), normal_strata()[np.array(words)])


def test_strata_hold_the_quantiles_of_the_normal_law():
    from scipy.special import ndtri

    middle = ndtri((np.arange(STRATA) + 0.5) / STRATA)
    assert_allclose(normal_strata()[50:-50], middle[50:-50], atol=1e-4)
    assert (np.diff(normal_strata()) > 0).all()


@pytest.mark.parametrize(("power", "moment"), [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (5, 0.0), (6, 15.0)])
def test_strata_have_the_moments_of_the_normal_law(power, moment):
    found = (normal_strata().astype(float) ** power).mean()
    assert_allclose(found, moment, rtol=0.001, atol=1e-6)
