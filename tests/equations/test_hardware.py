"""Hardware: launches, software, prices and fleets, by hand and by property."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from forecast.equations import hardware, launches

FRACTION = st.floats(0.0, 1.0)
POSITIVE = st.floats(1e-3, 1e6)
MIDPOINTS = (np.arange(20_000) + 0.5) / 20_000


def test_an_accelerator_comes_with_its_slip_or_never():
    found = launches.available_month(
        np.array([4.0, -3.0, 4.0, 4.0]),
        np.array([2.5, 1.0, -9.0, 2.5]),
        np.array([0.5, 0.5, 0.5, 0.05]),
        0.06,
    )
    assert_array_equal(found, [6.5, 1.0, 1.0, np.inf])


@given(st.floats(-12.0, 12.0))
def test_an_awaited_accelerator_keeps_only_slips_that_let_it_come_later(promised):
    slip, uniform = np.linspace(-3.0, 9.0, 200), MIDPOINTS[:: len(MIDPOINTS) // 200]
    found = launches.slip_when_awaited(slip, np.array(promised), uniform)
    assert (found + promised > 0.0).all()
    kept = slip + promised > 0.0  # one that comes within the first month is awaited today
    assert_array_equal(found[kept], slip[kept])
    if kept.any():
        assert set(found) <= set(slip[kept])
    else:
        assert_array_equal(found, np.full_like(slip, 1.0 - promised))


def test_errors_of_two_families_share_the_designs_part_and_no_more():
    own, other, design = (np.random.default_rng(seed).standard_normal(200_000) for seed in (1, 2, 3))
    first, second = (hardware.step_error_log(z, design, sd, 0.2) for z, sd in ((own, 0.25), (other, 0.5)))
    assert_allclose([first.std(), second.std()], [0.25, 0.5], rtol=0.01)
    assert_allclose(np.cov(first, second)[0, 1], 0.2**2, atol=0.002)  # whatever else each is unsure of
    assert_allclose(hardware.step_error_log(own, design, 0.25, 0.0), 0.25 * own)  # a measured design: as before
    assert_allclose(hardware.step_error_log(own, design, 0.1, 0.2), 0.1 * design)  # never more than the whole


@given(st.floats(-0.5, 0.9))
def test_twelve_monthly_declines_make_a_year(decline):
    assert_allclose(hardware.decline_factor(decline) ** 12, 1 - decline, rtol=1e-12)


def test_software_matures_on_the_market_only_and_then_stays():
    found = hardware.maturity_next(np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 1.0]), np.array([4.0, 4.0, 4.0]))
    assert_array_equal(found, [0.25, 0.0, 1.0])


def test_a_fleet_serves_the_tokens_of_its_machines():
    """Three dollars an hour of machines at 0.5 a token, and one of machines at 0.1: six and ten tokens for four dollars.

    Where two fifths of that one dollar go to machines at 0.04, it serves six and ten tokens in place of ten.
    """
    assert_allclose(hardware.fleet_cost_next(0.5, 0.1, 0.25, 0.04, 0.0), 4 / (6 + 10))
    assert_allclose(hardware.fleet_cost_next(0.5, 0.1, 0.25, 0.04, 0.4), 4 / (6 + 6 + 10))


@given(POSITIVE, POSITIVE, FRACTION, POSITIVE, FRACTION)
def test_crossing_never_makes_a_fleet_dearer(fleet, best, newest, elsewhere, crossing):
    """Nobody crosses to what is dearer, and without crossing the other families do not exist: to the last bit."""
    locked = hardware.fleet_cost_next(fleet, best, newest, elsewhere, 0.0)
    assert locked == 1.0 / ((1.0 - newest) / fleet + newest / best)
    crossed = hardware.fleet_cost_next(fleet, best, newest, elsewhere, crossing)
    assert min(fleet, best, elsewhere) * (1 - 1e-12) <= crossed <= locked * (1 + 1e-12)
    if elsewhere >= best:
        assert_allclose(crossed, locked, rtol=1e-12)


@given(st.floats(1.0, 10.0), FRACTION)
def test_what_a_fleet_grew_by_is_new(growth, retired):
    """Beside it, machines that are replaced; a fleet that shrinks replaces fewer, and of the best kind is a part."""
    assert_allclose(hardware.newest_frac(growth, 0.0, 1.0), 1 - 1 / growth, atol=1e-12)
    assert_allclose(hardware.newest_frac(1 / growth, retired, 1.0), max(0.0, 1 - (1 - retired) * growth), atol=1e-12)
    assert_allclose(hardware.newest_frac(1.0, retired, 1.0), retired, atol=1e-12)
    assert_allclose(hardware.newest_frac(growth, retired, 0.5), hardware.newest_frac(growth, retired, 1.0) / 2)
