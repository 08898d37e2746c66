"""Capacity, rents and hours by hand, and what is served of what is wanted."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.equations import scarcity

POSITIVE = st.floats(1e-3, 1e6)
LN2, LN3 = np.log(2.0), np.log(3.0)


def test_capacity_by_hand():
    assert_allclose(scarcity.capacity_next(100.0, 1.2, 0.7, 0.9, 0.9, 0.02, 0.5), 100 * np.exp(0.1))
    assert_allclose(scarcity.capacity_next(100.0, 0.0, 1.2, 1.0, 0.0, 0.02, 0.0), 100 * np.exp(0.1))
    assert scarcity.capacity_next(100.0, 0.0, 0.0, 5.0, 0.0, 0.02, 1.0) == 100.0
    # A third of the machines is idle: of the twentieth that is retired a third is not replaced.
    assert_allclose(scarcity.capacity_next(100.0, 0.0, 0.0, 5.0, 0.0, 0.05, np.log(2 / 3)), 100 * np.exp(-0.05 / 3))


def test_rents_by_hand():
    assert_allclose(scarcity.scarcity_next(1.0, 0.8, 0.5, 0.4, 0.25, 0.1), 1.1)  # at rest, then shocked
    assert_allclose(scarcity.scarcity_next(0.0, 0.8, 0.0, 0.4, 0.25, 0.0), 0.2)


@given(POSITIVE, POSITIVE, st.floats(0, 2))
def test_all_is_served_that_machines_can(load, capacity, stretch):
    served = scarcity.served_frac(load, capacity, stretch)
    assert 0 < served <= 1
    assert served * load <= capacity * np.exp(stretch) * (1 + 1e-12)
    assert served == 1 or served * load >= capacity * np.exp(stretch) * (1 - 1e-12)  # none idle while some are refused


def test_hire_by_hand():
    assert_allclose(scarcity.hire_ratio(np.array([0.5, 1.0, 0.0]), LN3), [2.0, 1.0, 3.0])


def test_idle_hours_by_hand():
    # Twice the machines needed: an owner pays two hours for one, half an owner one and a half.
    assert_allclose(scarcity.idle_ratio(np.array([1.0, 0.5, 0.0]), -LN2, 3.0), [1.0, 0.5, 0.0])
    assert_allclose(scarcity.idle_ratio(1.0, -99.0, 3.0), 2.0)  # beyond, machines are switched off
    assert scarcity.idle_ratio(1.0, 0.3, 3.0) == 0.0  # none idle
