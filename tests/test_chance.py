"""The months' luck: uniforms bit for bit NumPy's, normals that are means of strata of the normal law."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.chance import STRATA, Normals, Uniforms, normal_strata
from forecast.draws import BLOCK_PATHS, stream


def streams():
    return [stream(7, 0, "provider:groq", purpose) for purpose in ("exit", "funding", "bid")]


def test_uniforms_are_those_of_the_streams_themselves():
    drawn, alone = Uniforms(streams()), streams()
    for _ in range(3):
        assert_array_equal(drawn.draw(), [one.random(BLOCK_PATHS, np.float32) for one in alone])


def test_normals_are_looked_up_by_the_words_of_their_own_stream():
    drawn, alone = Normals(streams()), streams()
    for _ in range(3):
        words = [one.bit_generator.random_raw(BLOCK_PATHS // 4).view(np.uint16) for one in alone]
        assert_array_equal(drawn.draw(), normal_strata()[np.array(words)])


def test_strata_hold_the_quantiles_of_the_normal_law():
    from scipy.special import ndtri

    middle = ndtri((np.arange(STRATA) + 0.5) / STRATA)
    assert_allclose(normal_strata()[50:-50], middle[50:-50], atol=1e-4)
    assert (np.diff(normal_strata()) > 0).all()


@pytest.mark.parametrize(("power", "moment"), [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (5, 0.0), (6, 15.0)])
def test_strata_have_the_moments_of_the_normal_law(power, moment):
    found = (normal_strata().astype(float) ** power).mean()
    assert_allclose(found, moment, rtol=0.001, atol=1e-6)


def test_drawn_normals_are_normal_and_independent():
    from scipy.stats import kstest

    drawn = Normals(streams())
    values = np.concatenate([drawn.draw().astype(float) for _ in range(20)], axis=1)  # 100,000 of each stream
    for row in values:
        assert kstest(row, "norm").pvalue > 0.001
    assert np.abs(np.corrcoef(values) - np.eye(3)).max() < 0.013  # four standard errors
    assert np.abs([np.corrcoef(row[1:], row[:-1])[0, 1] for row in values]).max() < 0.013
