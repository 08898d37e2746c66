"""The router as an observation: its law found again, and what it does and does not do to the market's shares."""

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, Draws
from forecast.market.names import market_names
from forecast.market.router import Router
from forecast.scenario import load_scenario
from forecast.tables import load_tables
from forecast.trends import router as law
from forecast.trends.known import TooFew
from forecast.trends.router_shares import HOSTS, shares_among_named, size_shown

DAY = date(2026, 1, 4)


def weekly(shares, scope=law.SCOPES[0]):
    """Return rows of weekly shares, a list by seller; the table's name is that of a place in messages."""
    return [
        {"scope": scope, "entity": seller, "date_on": DAY + timedelta(weeks=week), "share_frac": share}
        for seller, found in shares.items()
        for week, share in enumerate(found)
    ]


def made(sd, fade_weeks, sellers=200, weeks=40, seed=2):
    """Return shares whose logs have a part that fades, by the law."""
    chance = np.random.default_rng(seed)
    kept = np.exp(-1 / fade_weeks)
    passing, found = sd * chance.standard_normal(sellers), []
    for _ in range(weeks):
        found.append(np.exp(passing - 2.0))
        passing = kept * passing + sd * np.sqrt(1 - kept**2) * chance.standard_normal(sellers)
    return {f"seller {i}": column for i, column in enumerate(np.array(found).T)}


def test_differences_by_hand():
    found = {"big": [0.2, 0.1, 0.4], "tiny": [0.001, 0.002, 0.004], "others": [0.5, 0.1, 0.2]}
    squares, pairs = law.differences({"token_shares": weekly(found)})
    assert_array_equal(pairs[:, :3], [[2, 1, 0]])
    assert_allclose(squares[0, :2], 0.5 * np.log(2) ** 2 * np.array([1 + 4, 1]))


@pytest.mark.parametrize(("sd", "fade_weeks"), [(0.5, 4.0), (0.8, 12.0)])
def test_what_was_made_is_found_again(sd, fade_weeks):
    squares, pairs = law.differences({"token_shares": weekly(made(sd, fade_weeks))})
    swing, fade = law.passing_part(squares.sum(axis=0), pairs.sum(axis=0))
    assert fade == pytest.approx(fade_weeks / law.WEEKS_PER_MONTH, rel=0.2)
    assert swing == pytest.approx(sd * np.sqrt(-2 * np.expm1(-law.WEEKS_PER_MONTH / fade_weeks)), rel=0.05)


def test_too_few_sellers_are_named(tables):
    with pytest.raises(TooFew, match=r"sellers seen twice on the router known by 2025-01-01; a fit needs 5"):
        law.router_trend(tables.vintage(date(2025, 1, 1)))


@pytest.fixture(scope="module")
def asked():
    """Return draws of a scenario with a swing of 0.5 that fades in three months, and its names."""
    scenario = load_scenario(
        "base", load_tables(), settings=["router_swing_log=0.5", "router_fade_months=3", "router_size_ratio=0.5"]
    )
    return Draws(scenario, 7, 0), market_names(scenario)


def test_the_passing_part_is_at_rest_and_swings_as_asked(asked):
    router = Router(*asked)
    sd = 0.5 / np.sqrt(2 * (1 - np.exp(-1 / 3)))
    # Of 30 sellers on 5,000 paths; the fourth moment of a heavy tail makes a standard error of half a per cent.
    assert_allclose(router.passing.std(), sd, rtol=0.03)
    before = router.passing.copy()
    router.step()
    assert_allclose((router.passing - before).std(), 0.5, rtol=0.03)
    for _ in range(12):
        router.step()
    assert_allclose(router.passing.std(), sd, rtol=0.03)
    assert abs(np.corrcoef(router.passing[0], router.passing[1])[0, 1]) < 0.06


def test_a_seller_draws_its_own_churn(asked):
    """Who else is in the market moves nobody's part."""
    draws, names = asked
    fewer = SimpleNamespace(providers=names.providers[:3], single=slice(3))
    assert_array_equal(Router(draws, fewer).passing, Router(draws, names).passing[:3])


def test_shares_there_are_the_market_s_flattened_where_nothing_swings(asked):
    draws, names = asked
    router = Router(draws, names)
    tokens = np.random.default_rng(1).random((len(names.providers), BLOCK_PATHS)).astype(REAL)
    tokens[0] = 0  # dead
    shown = router.share(tokens)
    assert ((shown[1:] > 0) & (shown[1:] < 1)).all() and not shown[0].any()
    assert_allclose(shown.sum(axis=0), 1.0, rtol=1e-5)  # the many small ones are nobody there
    router.passing[:] = 0
    flat = np.sqrt(tokens[names.single])
    assert_allclose(router.share(tokens), flat / flat.sum(axis=0), rtol=1e-4)


def test_google_is_one_seller_and_others_are_nobody():
    named = [
        {"provider": "vertex", "kind": "cloud"},
        {"provider": "near", "kind": "host"},
        {"provider": "fringe", "kind": "fringe"},
    ]
    shares = {"google": 0.2, "vertex": 0.1, "near": 0.1, "free": 0.4, "others": 0.2}
    rows = [{"scope": HOSTS, "entity": seller, "date_on": DAY, "share_frac": share} for seller, share in shares.items()]
    found = shares_among_named({"providers": named, "token_shares": rows}, HOSTS)
    assert found == {DAY: {"vertex": pytest.approx(0.75), "near": pytest.approx(0.25)}}


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_the_size_shown_is_found_again(power):
    """Shares that are a power of volumes, on two days: the slope is the power, whoever is drawn."""
    volumes = {f"seller {i}": 10.0**i for i in range(6)}
    rows = [
        {"scope": HOSTS, "entity": seller, "date_on": day, "share_frac": volume**power}
        for seller, volume in volumes.items()
        for day in (DAY - timedelta(weeks=1), DAY)
    ]
    old = {"scope": HOSTS, "entity": "seller 0", "date_on": DAY - timedelta(weeks=60), "share_frac": 1.0}
    tables = {
        "token_shares": [*rows, old],
        "providers": [{"provider": seller, "kind": "host"} for seller in [*volumes, "elsewhere"]],
        "provider_finances": SimpleNamespace(
            latest=lambda key: {
                s: {"tokens_mtok_per_day": SimpleNamespace(median=lambda v=v: v)} for s, v in volumes.items()
            }
        ),
    }
    band, pairs = size_shown(tables)
    assert pairs == 6
    assert_allclose(band, power)


def test_sellers_that_the_market_does_not_know_are_too_few(tables):
    with pytest.raises(TooFew, match=r"0 sellers of the market on the router known by 2025-04-30; a fit needs 5"):
        size_shown(tables.vintage(date(2025, 4, 30)))
