"""Firms grow apart in the month loop: by what is asked, less the larger they are, and shares revert."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from rooms import after_months, equal_shares, growth_today, made_up_treasury, stand_still, still_customers

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS
from forecast.market.customers import Customers
from forecast.market.sellers import start_books


def test_firms_grow_apart_by_what_is_asked_and_stop(base, block):
    """After many months lasting weights have grown by ∫g = g·τ, as the fit integrates it, and other revenue with them."""
    _, names, draws = block
    share = equal_shares(names)
    customers = still_customers(base, names, draws, share, share_reversion_per_month=0, growth_apart_fade_months=12)
    own = growth_today(customers)
    start = customers.log_weight.copy()
    treasury, revenue = made_up_treasury(base, names, draws)
    stand_still(treasury)
    whole = np.ones(revenue.shape, REAL)
    for _ in range(96):
        customers.reconsider(1, np.zeros((len(names.providers), BLOCK_PATHS), REAL), share)
        treasury.step(1, revenue, revenue / 2, customers.apart_per_month, REAL(0), whole, whole)
    expected = 12 * own
    # e^-8 is left, and the middle of a month is off by 1/(24·τ²).
    assert_allclose(customers.log_weight - start, expected[names.offer_provider], atol=0.004)
    # Other revenue, of firms with a parent too, grows apart by as much less as revenue does, all of it within what can be spent.
    grown = np.exp(draws.parameter("growth_apart_money_ratio") * expected)
    assert_allclose(treasury.other.apart_ratio, grown, rtol=0.01)  # on some paths twice as far
    all_other, part = start_books(draws, names).other_usd_per_month, treasury.other.part_of_limit
    assert_allclose(part, 12 * all_other.sum(axis=0) / draws.parameter("spend_limit_usd_per_year"), rtol=1e-5)
    mean = (all_other * treasury.other.apart_ratio).sum(axis=0) / all_other.sum(axis=0)
    assert_allclose(treasury.other.market_ratio, (1 + part) / (1 + part * mean), rtol=1e-4)


@pytest.mark.parametrize(("month", "left"), [(1, 1.0), (600, 0.5)])
def test_own_growth_that_is_renewed_keeps_its_spread(base, block, month, left):
    """σ² = φ²·σ² + (1 − φ²)·σ²: from the spread of the law on it neither grows nor fades, and half is left where firms have settled."""
    _, names, draws = block
    asked = {"growth_apart_renewal_ratio": 0.5, "growth_apart_sd_per_month": 0.2, "demand_fade_months": 100}
    customers = still_customers(base, names, draws, equal_shares(names), **asked)
    chance = np.random.default_rng(4)
    shape = (len(names.providers), BLOCK_PATHS)
    customers.apart_if_typical_per_month[:] = 0.2 * left * chance.standard_normal(shape, REAL)
    for _ in range(24):
        customers.reconsider(month, chance.standard_normal(shape, REAL), equal_shares(names))
    assert_allclose(customers.apart_per_month.std(axis=1), 0.2 * left, rtol=0.05)  # the standard error is 1 %


def test_luck_moves_revenue_beside_tokens_for_good_and_settles_as_the_market_does(base, block):
    """ν = 0.2 at a firm of typical size, half of it where q = 32, and of both r = ½ in the end: ν·(r + (1 − r)·e^(−(t − ½)/24))."""
    _, names, draws = block
    asked = {"growth_apart_luck_log": 0.2, "growth_apart_renewal_ratio": 0.5, "growth_apart_sd_per_month": 0}
    asked |= {"growth_apart_typical_usd_per_year": 1e9, "share_reversion_per_month": 0, "demand_fade_months": 24}
    chance, share, shape = np.random.default_rng(4), equal_shares(names), (len(names.providers), BLOCK_PATHS)
    for revenue, part in ((1e9, 1.0), (32e9, 0.5)):
        customers = still_customers(base, names, draws, share, revenue, **asked)
        customers.apart_if_typical_per_month[:] = 0
        start, treasury = customers.log_weight.copy(), made_up_treasury(base, names, draws)[0]
        stand_still(treasury)
        before, variance = REAL(1), 0.0
        for month in range(1, 49):
            customers.reconsider(month, REAL(0) * customers.attraction, share)
            luck = chance.standard_normal(shape, REAL)
            treasury.other.step(1, customers.apart_with_luck_per_month(month, luck), REAL(0))
            now = part * 0.2 * (0.5 + 0.5 * np.exp(-(month - 0.5) / 24))
            if month in (1, 48):
                grown = np.log(treasury.other.apart_ratio / before) / draws.parameter("growth_apart_money_ratio")
                assert_allclose(grown.std(), now, rtol=0.01)  # four standard errors of 200,000 draws
            before = treasury.other.apart_ratio.copy()
            variance += now**2
        whole = np.log(treasury.other.apart_ratio) / draws.parameter("growth_apart_money_ratio")
        assert_allclose(whole.std(axis=1), variance**0.5, rtol=0.05)  # it stays
        assert_array_equal(customers.log_weight, start)  # of tokens nothing does


def test_the_larger_a_firm_the_less_it_grows_apart(base, block):
    """From q = 32 typical firms on, y = q^0.2 = 2: dy/dt = β·ĝ, so a firm has grown by log(y/2)/β after 60 months."""
    _, names, draws = block
    share = equal_shares(names)
    asked = {"share_reversion_per_month": 0, "growth_apart_typical_usd_per_year": 1e9}
    customers = still_customers(base, names, draws, share, 32e9, **asked)
    customers.apart_kept = np.ones(BLOCK_PATHS, REAL)
    customers.apart_if_typical_per_month[:] = 0.05
    assert_allclose(customers.firm_size_log, np.log(32), rtol=1e-5)
    start = customers.log_weight.copy()
    after_months(customers, 60)
    single = [o for o in range(len(names.offers)) if o not in names.fringe_offers]
    grown = np.log((2 + 60 * 0.2 * 0.05) / 2) / 0.2
    assert_allclose((customers.log_weight - start)[single], grown, rtol=0.01)  # months are steps


def test_own_growth_is_that_of_the_fits(base, block):
    _, names, draws = block
    wanted, revenue = (np.ones((count, BLOCK_PATHS), REAL) for count in (3, len(names.providers)))
    apart = growth_today(Customers(draws, names, wanted, equal_shares(names), revenue))
    for provider, row in zip(names.providers, apart, strict=True):
        law = base.inputs[f"providers.{provider}.growth_apart_per_month"].value
        # Correlated with revenue, draws are no strata: three standard errors of a quantile of 5,000.
        assert_allclose(np.quantile(row, [0.1, 0.5, 0.9]), law.quantile(np.array([0.1, 0.5, 0.9])), atol=6e-3)


@pytest.mark.parametrize("renewal", [0, 1])
def test_the_large_lose_to_the_small_and_the_many_small_ones_keep_their_weight(base, block, renewal):
    """Of a difference Π (1 − κ(t)) is left: 0.98^60 where the market stays young, more where firms settle as its growth fades."""
    _, names, draws = block
    share = equal_shares(names)
    for offers in names.offers_of_segment:
        share[offers.start] *= 3  # one large seller in each segment
        share[offers] /= share[offers].sum(axis=0)
    asked = {"share_reversion_per_month": 0.02, "demand_fade_months": 24, "growth_apart_renewal_ratio": renewal}
    customers = still_customers(base, names, draws, share, **asked)
    customers.apart_if_typical_per_month[:] = 0
    start, large = customers.log_weight.copy(), [offers.start for offers in names.offers_of_segment]
    after, fringe = after_months(customers, 1), names.fringe_offers
    assert_array_equal(customers.log_weight[fringe], start[fringe])  # they move as the typical seller does
    after = after_months(customers, 59, first=2)
    left = np.prod(1 - 0.02 * (renewal + (1 - renewal) * np.exp(-(np.arange(60) + 0.5) / 24)))
    for offers, first in zip(names.offers_of_segment, large, strict=True):
        moving = [o for o in range(offers.start + 1, offers.stop) if o not in names.fringe_offers]
        apart = start[first] - start[moving]
        assert_allclose(customers.log_weight[first] - customers.log_weight[moving], apart * left, rtol=1e-3)
        assert_allclose(after[offers].sum(axis=0), 1.0, rtol=1e-5)
    assert (after[large] < share[large]).all()


def test_who_sells_tokens_beside_a_large_business_does_not_catch_up_as_a_small_firm(base, block):
    """A seller of a tenth of the typical weight gains on the typical one while its firm is small, and no longer once it is not."""
    _, names, draws = block
    share = equal_shares(names)
    for offers in names.offers_of_segment:
        share[offers.start] /= 10
    asked = {
        "share_reversion_per_month": 0.02,
        "growth_apart_typical_usd_per_year": 1e9,
        "growth_apart_renewal_ratio": 1,
    }
    single = [o for offers in names.offers_of_segment for o in range(offers.start + 1, offers.stop - 1)]
    for revenue, size in ((1e6, np.log(0.1)), (5e8, np.log(0.5)), (1e10, 0.0)):
        customers = still_customers(base, names, draws, share, revenue, **asked)
        customers.apart_if_typical_per_month[:] = 0
        start, small = customers.log_weight.copy(), [offers.start for offers in names.offers_of_segment]
        after_months(customers, 1)
        gained = (customers.log_weight - start)[small]
        assert_allclose(gained, -0.02 * size, atol=0.003)  # the typical seller of a month is a little smaller with it
        assert (gained >= (customers.log_weight - start)[single].max()).all()


def test_a_change_of_all_prices_alike_moves_no_share(base, block):
    """Not even to the many small ones, who do not revert: it is the typical seller of the time that others revert to."""
    _, names, draws = block
    random = np.random.default_rng(8)
    weight = random.lognormal(0, 1, (len(names.offers), BLOCK_PATHS)).astype(REAL)
    share = names.segment_scaled(weight, 1 / names.segment_sum(weight))
    found = []
    for change in (0.0, -1.5):
        customers = still_customers(base, names, draws, share.copy(), share_reversion_per_month=0.02)
        customers.apart_per_month[:] = 0
        customers.log_weight -= REAL(change)
        found.append(after_months(customers, 60))
    assert_allclose(found[1], found[0], rtol=1e-3)
