"""Exits: who is looked at, what a draw means for him, and where customers and cash go; by hand and by brute force."""

from types import SimpleNamespace

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL, spots, spots_at
from forecast.draws import BLOCK_PATHS, Draws
from forecast.market.doors import ALIVE, EXIT_KINDS, NEVER, Doors
from forecast.market.regimes import COLD, REGIMES
from forecast.scenario import load_scenario


def money_of_all(names, random):
    """A treasury of small firms in any regime; a twentieth is out of cash, and as many are without rounds."""
    shape = (len(names.providers[names.own_cash]), BLOCK_PATHS)
    money = [np.where(random.random(shape) < 0.05, -1, random.uniform(1, 2, shape)).astype(REAL) for _ in range(2)]
    regime = random.integers(0, len(REGIMES), BLOCK_PATHS)
    turnover = np.ones(shape, REAL)
    return SimpleNamespace(
        regime=regime, cash_usd=money[0], cash_without_rounds_usd=money[1], turnover_average=turnover
    )


def test_nobody_to_whom_something_happens_is_overlooked(tables, block):
    """Only those at the door are looked at: of all others no draw may mean a sale, a closing or a listing."""
    names, asked = (
        block[1],
        ("groq.acquirable_ratio", "cerebras.listing_per_year"),
    )  # likelier on some paths than on others
    settings = [f"providers.{one}=uniform(low=0, high=4)" for one in asked]
    scenario = load_scenario("base", tables, [*settings, "providers.together.acquirable_ratio=0"], months=1)
    doors, random = Doors(Draws(scenario, 7, 0), names), np.random.default_rng(9)
    treasury = money_of_all(names, random)
    treasury.turnover_average[:, ::3] = 1e8  # a large firm
    u = (random.random((len(names.providers), BLOCK_PATHS)) ** 4).astype(REAL)
    u = np.where(random.random(u.shape) < 0.5, u, 1 - u)  # most near 0 or 1
    doors.alive[:, ::7] = False
    door = doors._at_the_door(treasury, u)
    seen = np.zeros(treasury.cash_usd.shape, bool)
    door.put(seen, True)
    everyone = spots(np.ones_like(seen))
    tokens = random.choice([1, 1e9], seen.shape)
    kind, lists, rescued = doors._fates(everyone, treasury, everyone.of(tokens), everyone.of(u))
    alive = doors.alive[names.own_cash]
    fate = ((kind != ALIVE) | lists | rescued).reshape(seen.shape) & alive
    assert fate.mean() > 0.01 and seen.mean() < 0.8
    assert not seen[~alive].any()
    assert seen[fate].all() and seen[alive & ((treasury.cash_usd < 0) | (treasury.cash_without_rounds_usd < 0))].all()


def equal_chances(draws, names):
    """Doors at which a small firm is bought by a chance of 0.1 a month and gives up by 0.05, and all are listed by 0.15."""
    doors, one = Doors(draws, names), np.ones((len(names.providers), 1), REAL)
    yearly = {"acquired_per_year": 0.1, "ipo_per_year": 0.15}
    chance_of = {name: -12 * np.log(1 - prob) for name, prob in yearly.items()} | {"distressed_sale_prob": 0.3}
    doors.by_regime = {name: np.full((3, 1), value, REAL) for name, value in chance_of.items()}
    doors.kind = {"acquired_ratio": one / 2, "give_up_ratio": one / 4, "retention_frac": one}
    doors.acquirable_ratio, doors.private = 2 * one, one
    doors.listing_per_year = 0 * one
    told = {"licence_frac": 0.4, "small_firm_usd_per_year": 12e6, "give_up_per_year": -48 * np.log(0.95)}
    told |= {"bought_size_power": 0.25, "rescue_size_power": 0.5, "listing_size_power": 0.25}
    told |= {"listing_size_usd_per_year": 12e6, "listing_size_most_usd_per_year": 16 * 12e6}
    doors.theta |= {name: np.full(BLOCK_PATHS, value, REAL) for name, value in told.items()}
    return doors


def fates(doors, treasury, tokens, u):
    """Kinds of exit, who is listed and who is carried on, in the shape of the draws."""
    everyone = spots(np.ones(u.shape, bool))
    found = doors._fates(everyone, treasury, everyone.of(np.full(u.shape, tokens)), everyone.of(u))
    return [each.reshape(u.shape) for each in found]


def test_fates_by_the_place_of_a_draw(block):
    """Small firms: below 0.1 bought, of these below 0.04 the people only, below 0.15 given up, above 0.8 listed, once, in a cold market above 0.85."""
    _, names, draws = block
    doors, random = equal_chances(draws, names), np.random.default_rng(9)
    filed = -12 * np.log(0.8)
    doors.listing_per_year = np.full((len(names.providers), 1), filed, REAL)
    doors.listed_month[:, ::2] = 1
    treasury = money_of_all(names, random)
    treasury.turnover_average[:] = 1e6  # listed as often as the cohort
    u = random.random(treasury.cash_usd.shape).astype(REAL)
    kind, lists, rescued = fates(doors, treasury, 1.0, u)
    clear = np.logical_and.reduce([np.abs(u - edge) > 1e-5 for edge in (0.04, 0.1, 0.15, 0.3, 0.8, 0.85)])
    ways = [EXIT_KINDS.index(way) for way in ("people and licence bought", "bought", "left the market")]
    goes = np.select([u < 0.04, u < 0.1, u < 0.15], ways, ALIVE)
    broke = np.where(u < 0.3, EXIT_KINDS.index("sold in distress"), EXIT_KINDS.index("shut"))
    expected = np.where(treasury.cash_usd < 0, broke, goes)
    assert_array_equal(kind[clear], expected[clear])
    may = (np.arange(BLOCK_PATHS) % 2 == 1) & (treasury.cash_usd > 0) & (u > 0.8)
    waits = (treasury.regime == COLD) & (u <= 0.85)  # a filing counts for nothing in a cold market
    assert_array_equal(lists[clear], (may & ~waits)[clear])
    assert not rescued.any()


def test_the_large_are_bought_and_end_less_often_are_listed_oftener_and_give_up_less_the_more_tokens_bring(block):
    """Sixteen times a small firm's revenue: bought at half the rate, listed at twice; out of cash a quarter of the chance to end."""
    _, names, draws = block
    doors, random = equal_chances(draws, names), np.random.default_rng(9)
    treasury = money_of_all(names, random)
    treasury.turnover_average[:] = 16e6
    u = random.random(treasury.cash_usd.shape).astype(REAL)
    kind, lists, rescued = fates(doors, treasury, 2e6, u)
    bought = 1 - np.sqrt(0.9)
    given_up = bought + 1 - np.sqrt(0.95)  # tokens bring twice what they bring a small firm
    listed = 1 - 0.85**2
    edges = (0.4 * bought, bought, given_up, 0.075, 0.25, 1 - listed)
    clear = np.logical_and.reduce([np.abs(u - edge) > 1e-5 for edge in edges])
    ways = [EXIT_KINDS.index(way) for way in ("people and licence bought", "bought", "left the market")]
    goes = np.select([u < edge for edge in edges[:3]], ways, ALIVE)
    out = [EXIT_KINDS.index(way) for way in ("sold in distress", "shut")]
    ends = np.select([u < 0.075, u < 0.25], out, ALIVE)
    broke = treasury.cash_usd < 0
    assert_array_equal(kind[clear], np.where(broke, ends, goes)[clear])
    assert_array_equal(rescued[clear], (broke & (u > 0.25))[clear])
    assert_array_equal(lists[clear], (~broke & (u > 1 - listed))[clear])


def test_a_runway_is_noted_once_and_of_whoever_goes_with_cash_left_at_his_last_burn(block):
    """In month 5 of 12: out of cash; gone with 6 at a burn of 2; gone with 20, beyond the horizon; noted before; stays."""
    _, names, draws = block
    doors, cells = Doors(draws, names), spots_at(np.zeros(5, np.intp), np.arange(5), BLOCK_PATHS)
    shape = doors.runway_months.shape
    money = {name: np.zeros(shape, REAL) for name in ("cash_without_rounds_usd", "net_flow_without_rounds")}
    money["cash_without_rounds_usd"][0, :5], money["net_flow_without_rounds"][0, :5] = [-1, 6, 20, 6, 6], -2
    doors.runway_months[0, 3] = 2
    gone = np.array([False, True, True, True, False])
    doors._note_runways(5, 12, cells, gone, SimpleNamespace(**money))
    assert_array_equal(doors.runway_months[0, :6], [5, 8, np.inf, 2, np.inf, np.inf])
    assert np.isinf(doors.runway_months[1:]).all()


def test_buyers_are_found_by_weight_among_the_living_and_get_customers_and_cash(block):
    _, names, draws = block
    doors, random = Doors(draws, names), np.random.default_rng(10)
    followed = []
    own = len(names.providers[names.own_cash])
    treasury = SimpleNamespace(cash_usd=np.where(random.random((own, BLOCK_PATHS)) < 0.5, -7, 3).astype(REAL))
    before = treasury.cash_usd.copy()
    doors.acquirer_weight = np.repeat(np.arange(1, len(doors.acquirers) + 1, dtype=REAL)[:, None], BLOCK_PATHS, axis=1)
    dead = doors.acquirers[-1]
    doors.present[dead] = 0
    seller = next(p for p in range(own) if p not in doors.acquirers)
    sold = spots_at(np.full(BLOCK_PATHS, seller), np.arange(BLOCK_PATHS), BLOCK_PATHS)
    bids = random.random((len(names.providers), BLOCK_PATHS)).astype(REAL)
    doors._hand_over(sold, treasury, SimpleNamespace(follow=lambda *args: followed.append(args)), bids)
    ((sellers, buyer, path, kept),) = followed
    assert (sellers == seller).all() and (path == np.arange(BLOCK_PATHS)).all()
    retained = draws.column("provider_kinds", "retention_frac", names.kinds)[seller]
    assert_array_equal(kept, np.broadcast_to(retained, BLOCK_PATHS))
    weight = np.arange(1.0, len(doors.acquirers))
    part = [(buyer == p).mean() for p in doors.acquirers]
    assert part[-1] == 0
    assert_allclose(part[:-1], weight / weight.sum(), atol=4 * 0.5 / np.sqrt(BLOCK_PATHS))
    assert_array_equal(doors.purchases, np.arange(len(names.providers))[:, None] == buyer)
    gained = np.where(np.arange(own)[:, None] == buyer, np.maximum(before[seller], 0), 0)
    assert_array_equal(treasury.cash_usd, before + gained)


def test_who_is_sold_finds_a_buyer_who_is_shut_none_and_who_is_carried_on_a_round(block):
    """One seller is out of cash on every second path: sold, shut, or large and carried on; nobody else has a reason to go."""
    _, names, draws = block
    doors, followed, raised, path = Doors(draws, names), [], [], np.arange(BLOCK_PATHS)
    doors.by_regime["distressed_sale_prob"] = np.full((3, 1), 0.6, REAL)
    seller = next(p for p in range(len(names.providers[names.own_cash])) if p not in doors.acquirers)
    shape = doors.runway_months.shape
    treasury = SimpleNamespace(
        regime=np.zeros(BLOCK_PATHS, np.intp), cash_usd=np.full(shape, 9, REAL), net_flow_without_rounds=np.zeros(shape, REAL),
        cash_without_rounds_usd=np.full(shape, 9, REAL), give_money=lambda providers: None, carry_on=raised.append,
        turnover_average=np.ones(shape, REAL),
    )  # fmt: skip
    treasury.cash_usd[seller, ::2] = -1
    treasury.turnover_average[seller, 6::8] = 1e12
    uniform = np.full((len(names.providers), BLOCK_PATHS), 0.5, REAL)
    uniform[seller, ::4] = 0.7  # shut
    bids = np.random.default_rng(1).random(uniform.shape).astype(REAL)
    customers = SimpleNamespace(follow=lambda *args: followed.append(args))
    clouds = SimpleNamespace(leaving=lambda alive, uniform: spots(np.zeros_like(alive)))
    doors.step(5, 12, treasury, customers, np.ones_like(uniform), clouds, uniform, bids)
    sold, shut, carried = path % 8 == 2, path % 4 == 0, path % 8 == 6
    ((kept),) = raised
    assert_array_equal(kept.path, path[carried])
    assert (kept.row == seller).all()
    ((sellers, buyer, where, _),) = followed
    assert_array_equal(where, path[sold])
    assert (sellers == seller).all() and np.isin(buyer, doors.acquirers).all()
    assert_array_equal(doors.purchases.sum(axis=0), sold)
    kinds = [EXIT_KINDS.index(kind) for kind in ("sold in distress", "shut")]
    assert_array_equal(doors.exit_kind[seller], np.select([sold, shut], kinds, ALIVE))
    assert_array_equal(doors.exit_month[seller], np.where(sold | shut, 5, NEVER))
    gone = (np.arange(len(names.providers)) == seller)[:, None] & (sold | shut)
    assert_array_equal(doors.alive, ~gone)
    assert_array_equal(doors.present, ~gone)
    assert_array_equal(doors.absent, np.where(gone, np.inf, 0))
