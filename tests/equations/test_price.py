"""Prices of sellers and of fixed capabilities: by hand, and limits known on paper."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.equations import price

FRACTION = st.floats(0.0, 1.0)
LOG = st.floats(-5.0, 5.0)
LN2, LN3 = np.log(2.0), np.log(3.0)
MIDPOINTS = (np.arange(20_000) + 0.5) / 20_000


def test_target_price_by_hand():
    # Half the market's 9, half cost 2 with a markup of one: the geometric mean of 9 and 4.
    found = price.target_log_price(np.log(9.0), LN2, 9.9, 1.0, 0.5, 0.0, 0.0)
    assert_allclose(found, np.log(6.0))
    # A premium that is wholly kept, the market alone: the price stays.
    assert_allclose(price.target_log_price(1.0, -3.0, 1.7, 0.5, 1.0, 1.0, 0.0), 1.7)
    # A market far below cost: no lower than subsidised cost.
    assert_allclose(price.target_log_price(-9.0, LN2, -9.0, 0.0, 1.0, 0.0, 0.5), 0.0, atol=1e-15)


@given(LOG, LOG, LOG, st.floats(-0.5, 5), FRACTION, FRACTION, st.floats(0, 0.95))
def test_no_price_below_subsidised_cost(market, cost, now, markup, weight, kept, subsidy):
    target = price.target_log_price(market, cost, now, markup, weight, kept, subsidy)
    assert target >= cost + np.log1p(-subsidy)
    higher = price.target_log_price(market, cost + 1, now, markup, weight, kept, subsidy)
    assert higher >= target - 1e-9  # a dearer token is never sold cheaper


def test_what_is_left_of_a_uniform_number_is_uniform():
    """The first event lies below a fifth, the second in the three tenths above: each is cut out and stretched to the whole."""
    uniform = MIDPOINTS / 2
    for event, above, prob in ((uniform < 0.2, 0.0, 0.2), (uniform >= 0.2, 0.2, 0.3)):
        left = price.uniform_again(uniform[event], above, prob)
        assert_allclose(left, (np.arange(event.sum()) + 0.5) / event.sum())


def test_logistic_shocks_have_their_scale():
    assert_allclose(price.logistic_shock(0.75, np.pi / np.sqrt(3)), LN3)
    shocks = price.logistic_shock(MIDPOINTS, 0.2)
    assert_allclose([shocks.mean(), shocks.std()], [0.0, 0.2], atol=1e-3)  # midpoints cut the tails
    assert price.logistic_shock(0.3, 0.0) == 0
