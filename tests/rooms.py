"""Rooms of the month loop made up for tests: a treasury, and customers of equal sellers whom nothing moves but what is asked."""

import numpy as np

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, Draws
from forecast.march import march
from forecast.market.customers import Customers
from forecast.market.sellers import start_books
from forecast.market.treasury import Treasury
from forecast.scenario import load_scenario
from forecast.tables import load_tables


def marched_once(patch, module):
    """Let a module march each block of a scenario once, however many contracts are priced on its paths."""
    found = {}

    def once(scenario, names, draws, **how):
        key = id(scenario), draws.seed, draws.block
        if key not in found:
            found[key] = march(scenario, names, draws, **how), scenario  # kept with it: no other takes its id
        return found[key][0]

    patch.setattr(module, "march", once)


def made_up_treasury(base, names, draws, apart_per_month=0.0):
    """Return a treasury whose firms have drawn revenue of tokens at a margin of a half, and that revenue."""
    shape = (len(names.providers[names.own_cash]), BLOCK_PATHS)
    revenue = np.random.default_rng(1).uniform(1e6, 1e8, shape).astype(REAL)
    other = start_books(draws, names).other_usd_per_month
    apart = np.full_like(revenue, apart_per_month)
    return Treasury(base, draws, names, revenue, revenue / 2, other, apart), revenue


def stand_still(treasury):
    """The market's growth of other business, out."""
    growth = ("other_growth_start_per_year", "demand_growth_long_per_year")
    treasury.other.theta |= dict.fromkeys(growth, np.zeros(BLOCK_PATHS, REAL))


def still_customers(base, names, draws, share, revenue_usd_per_year=1.0, **theta):
    """Return customers without price changes, shocks or inertia, but for what `theta` asks; all sellers are small."""
    theta = {"growth_apart_renewal_ratio": 0} | theta
    scenario = load_scenario("base", load_tables(), settings=[f"{name}={value}" for name, value in theta.items()])
    wanted = np.ones((len(names.segments), BLOCK_PATHS), REAL)
    revenue = np.full((len(names.providers), BLOCK_PATHS), revenue_usd_per_year, REAL)
    customers = Customers(Draws(scenario, 7, 0), names, wanted, share, revenue)
    customers.theta["share_inertia_per_month"] = np.zeros(BLOCK_PATHS, REAL)
    return customers


def equal_shares(names):
    """Return shares of a segment that are alike for all who sell in it, `[offer, path]`."""
    count = np.array([offers.stop - offers.start for offers in names.offers_of_segment])
    return np.repeat((1 / count[names.offer_segment]).astype(REAL)[:, None], BLOCK_PATHS, axis=1)


def growth_today(customers):
    """Return own growth in the as_of month: half a month after the state that the first month starts from."""
    return customers.apart_per_month * np.sqrt(customers.apart_kept)


def after_months(customers, months, first=1):
    """Return the shares after so many months without chance in which nobody leaves."""
    nobody = np.zeros((len(customers.names.providers), BLOCK_PATHS), REAL)
    share = customers.share(nobody)
    for month in range(first, first + months):
        customers.reconsider(month, nobody, share)
        share = customers.share(nobody)
    return share
