"""The month loop: what is true of every path, and what the same chance gives again."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, Draws
from forecast.march import march
from forecast.market.customers import Customers
from forecast.market.doors import ALIVE, EXIT_KINDS, NEVER, Doors
from forecast.market.names import market_names
from forecast.scenario import load_scenario


def assert_same_history(first, second):
    assert first.series.keys() == second.series.keys()
    for name in first.series:
        assert_array_equal(first.series[name], second.series[name], err_msg=name)
    for name in ("exit_month", "exit_kind", "listed_month", "runway_months"):
        assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)


@pytest.fixture(scope="module")
def watched(tables, run_block):
    """A base run of 18 months that notes, each month, who is alive and every offer's share."""
    alive, share = [], []
    step, shares_of = Doors.step, Customers.share

    def noted_step(self, *args, **kwargs):
        step(self, *args, **kwargs)
        alive.append(self.alive.copy())

    def noted_share(self, absent):
        share.append((np.isfinite(absent), shares_of(self, absent)))
        return share[-1][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Doors, "step", noted_step)
        patch.setattr(Customers, "share", noted_share)
        history, names, _ = run_block(load_scenario("base", tables, months=18))
    return SimpleNamespace(history=history, names=names, alive=np.array(alive), share=share)


def test_every_number_is_a_positive_number(block):
    history, names, _ = block
    for name, values in history.series.items():
        assert np.isfinite(values).all(), name
        assert (values >= 0).all(), name
    for name in ("market_price", "cheapest_price", "tier_price", "floor", "unit_cost", "rent", "volume"):
        assert (history.series[name] > 0).all(), name
    assert history.series["market_price"].shape == (len(names.segments), 13, BLOCK_PATHS)


def test_providers_stand_in_groups(base, block):
    _, names, _ = block
    rows = base.rows["providers"]
    of_group = [[p for p in names.providers if p in group] for group in groups_of(base)]
    assert names.providers == [p for group in of_group for p in group]
    own, backed, fringe = of_group
    assert names.providers[names.own_cash] == own
    assert names.providers[names.single] == own + backed
    assert {names.providers[names.offer_provider[o]] for o in names.fringe_offers} == set(fringe)
    assert not any(rows[p]["parent_backed"] or p in names.clouds for p in own)
    assert_array_equal(names.backed[:, 0], [p not in own for p in names.providers])


def groups_of(scenario):
    """Return the providers of the table on their own cash, those with a parent, and the small ones."""
    rows = scenario.rows["providers"]
    fringe = [p for p in rows if rows[p]["kind"] == "fringe"]
    own = [p for p in rows if not (rows[p]["parent_backed"] or p in scenario.rows["cloud_finances"] or p in fringe)]
    return own, [p for p in rows if p not in own and p not in fringe], fringe


def test_sums_over_offers_against_brute_force(block):
    _, names, _ = block
    # Whole numbers: exact in any order.
    values, weights = np.random.default_rng(5).integers(1, 100, (2, len(names.offers), 7)).astype(REAL)
    total, by_segment, dot = (np.zeros((len(axis), 7), REAL) for axis in (names.providers, *[names.segments] * 2))
    np.add.at(total, names.offer_provider, values)
    np.add.at(by_segment, names.offer_segment, values)
    np.add.at(dot, names.offer_segment, values * weights)
    least = np.full_like(by_segment, np.inf)
    np.minimum.at(least, names.offer_segment, values)
    assert_array_equal(names.provider_sum(values), total)
    assert_array_equal(names.segment_sum(values), by_segment)
    assert_array_equal(names.segment_dot(values, weights), dot)
    assert_array_equal(names.segment_min(values), least)
    assert_array_equal(names.segment_scaled(values, by_segment), values * by_segment[names.offer_segment])


def test_the_cheapest_offer_is_below_the_market(block):
    history = block[0]
    dearer = history.series["cheapest_price"] > history.series["market_price"] * (1 + 1e-6)
    _, month, path = np.nonzero(dearer)
    # Only where the cheapest seller closed in that very month: its sales count, its offer no longer does.
    assert (history.exit_month[:, path] == month).any(axis=0).all()
    assert dearer.mean() < 1e-3


def test_the_ratio_to_the_floor_is_the_ratio(block):
    series = block[0].series
    assert_allclose(series["price_to_floor_ratio"], series["market_price"] / series["floor"], rtol=1e-5)
    with pytest.raises(AssertionError):  # the control: it is the fixed model's floor, not the capability's
        assert_allclose(series["price_to_floor_ratio"], series["market_price"] / series["capability_floor"], rtol=1e-5)


def test_shares_sum_to_one_in_each_segment(watched):
    for _, share in watched.share:
        total = watched.names.segment_sum(share)
        assert_allclose(total, np.ones_like(total), rtol=1e-6)  # some tens of terms of seven digits


@pytest.mark.parametrize("level", [-120.0, 0.0, 120.0])
def test_a_weight_common_to_a_segment_cancels_in_the_shares(block, level):
    # Prices fall and weights drift for 240 months; the exponential of 120 is beyond single precision.
    _, names, draws = block
    random = np.random.default_rng(6)
    weight = random.integers(-3, 4, (len(names.offers), BLOCK_PATHS)).astype(REAL)
    wanted, revenue = (np.ones((len(of), BLOCK_PATHS), REAL) for of in (names.segments, names.providers))
    customers = Customers(draws, names, wanted, np.exp(weight), revenue)
    customers.log_weight = weight + REAL(level)
    absent = np.where(random.random((len(names.providers), BLOCK_PATHS)) < 0.1, np.inf, 0.0).astype(REAL)
    exact = np.exp(weight.astype(float)) * np.isfinite(absent)[names.offer_provider]
    share = exact / names.segment_sum(exact)[names.offer_segment]
    assert_allclose(customers.share(absent), share, rtol=1e-5)


def test_the_dead_sell_nothing_and_stay_dead(watched):
    for living, share in watched.share:
        assert (share[~living[watched.names.offer_provider]] == 0).all()
    returns = watched.alive[1:] & ~watched.alive[:-1]
    assert not returns.any()
    assert (~watched.alive[-1]).any()  # or nothing was tested


def test_an_exit_has_a_month_and_a_kind(watched):
    history, alive = watched.history, watched.alive
    assert_array_equal(history.exit_month == NEVER, history.exit_kind == ALIVE)
    assert_array_equal(history.exit_month == NEVER, alive[-1])
    assert history.exit_kind.max() < len(EXIT_KINDS)
    provider, path = np.nonzero(history.exit_month != NEVER)
    month = history.exit_month[provider, path]
    assert not alive[month - 1, provider, path].any()  # month 1 is the first noted
    later = month > 1
    assert alive[month[later] - 2, provider[later], path[later]].all()


def test_a_parent_pays(watched):
    history, backed = watched.history, watched.names.backed[:, 0]
    assert np.isnan(history.runway_months[backed]).all()
    assert not np.isnan(history.runway_months[~backed]).any()
    assert set(np.unique(history.exit_kind[backed])) <= {ALIVE, EXIT_KINDS.index("left the market")}


def test_the_same_seed_gives_the_same_history(base, block, run_block):
    assert_same_history(block[0], run_block(base)[0])


def test_another_seed_or_block_gives_another(base, block, run_block):
    price = block[0].series["market_price"]
    for address in ({"seed": 8}, {"block": 1}):
        assert (run_block(base, **address)[0].series["market_price"] != price).mean() > 0.9


def test_memory_used_again_gives_the_same_history(base, block, run_block):
    names, draws = market_names(base), Draws(base, 7, 0)
    memory = run_block(base, block=1)[0].series
    stale = {name: values.copy() for name, values in memory.items()}
    again = march(base, names, draws, memory)
    for name, values in again.series.items():
        assert np.shares_memory(values, memory[name])  # written over, not made anew
        assert (values != stale[name]).any()
    assert_same_history(block[0], again)


def test_a_longer_horizon_keeps_the_first_months(tables, block, run_block):
    longer = run_block(load_scenario("base", tables, months=14))[0]
    for name, values in block[0].series.items():
        assert_array_equal(longer.series[name][:, :13], values, err_msg=name)
