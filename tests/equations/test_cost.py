"""Cost: values by hand, and waterfalls that add up."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.equations import cost

OWNED = {
    "capex_usd": 43800.0,
    "capital_rate_per_year": 0.0,
    "accelerator_life_years": 5.0,
    "power_kw": 2.0,
    "power_load_frac": 0.4,
    "pue_ratio": 1.2,
    "electricity_usd_per_kwh": 0.1,
    "facility_usd_per_kw_month": 146.0,
    "network_frac": 0.1,
    "operations_usd_per_accelerator_hour": 0.05,
}
POSITIVE = st.floats(1e-3, 1e6)
FRACTION = st.floats(0.01, 1.0)


def owned(**changes: float) -> cost.HourlyCost:
    return cost.owned_cost(**(OWNED | changes))


def test_capital_recovery_limits():
    # 8 % over 5 years is 0.25046 in annuity tables; free money is straight line; forever pays interest only
    assert_allclose(cost.capital_recovery_factor(0.08, 5.0), 0.25046, atol=1e-5)
    assert_allclose(cost.capital_recovery_factor(0.0, 5.0), 0.2, rtol=1e-12)
    assert_allclose(cost.capital_recovery_factor(1e-8, 5.0), 0.2, rtol=1e-6)
    assert_allclose(cost.capital_recovery_factor(0.08, 1000.0), 0.08, rtol=1e-9)


@given(st.floats(0.01, 1.0))
def test_twice_the_power_price_is_twice_the_electricity(price: float):
    once, twice = owned(electricity_usd_per_kwh=price), owned(electricity_usd_per_kwh=2 * price)
    assert twice.electricity == 2 * once.electricity
    assert twice._replace(electricity=once.electricity) == once


def test_rent_is_cost_times_scarcity():
    assert_allclose(cost.rented_usd_per_accelerator_hour(1.5, np.log([1.0, 2.0, 0.5])), [1.5, 3.0, 0.75])


@given(POSITIVE, POSITIVE, POSITIVE, FRACTION, FRACTION)
def test_blending_rates_and_blending_costs_agree(inputs, cached, outputs, output_frac, cached_frac):
    rate = cost.blended_tok_per_s(inputs, cached, outputs, output_frac, cached_frac)
    by_kind = [cost.usd_per_mtok(1.7, kind, 0.6) for kind in (inputs, cached, outputs)]
    blended = cost.usd_per_mtok_blended(*by_kind, output_frac, cached_frac)
    assert_allclose(cost.usd_per_mtok(1.7, rate, 0.6), blended, rtol=1e-9)


@given(POSITIVE, FRACTION)
def test_token_waterfall_adds_up(rate: float, utilisation_frac: float):
    parts = cost.token_cost(owned()._asdict(), rate, utilisation_frac)
    hourly = owned().total_usd_per_accelerator_hour
    assert_allclose(sum(parts.values()), cost.usd_per_mtok(hourly, rate, utilisation_frac), rtol=1e-9)
