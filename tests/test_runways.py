"""Runways: the first-passage law of a walk, and what more cash and a drought do to them."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forecast.arrays import REAL, spots
from forecast.draws import BLOCK_PATHS
from forecast.market.doors import EXIT_KINDS, Doors
from forecast.scenario import load_scenario


def walk_runways(base, names, draws, start, drift, sd, months):
    """Return the runways of providers whose cash without rounds is a random walk that no funding ends."""
    doors = Doors(draws, names)
    shape = (len(names.providers[names.own_cash]), BLOCK_PATHS)
    customers = SimpleNamespace(follow=lambda *args: None)
    treasury = SimpleNamespace(
        regime=np.zeros(BLOCK_PATHS, np.intp),
        cash_usd=np.full(shape, 1e15, REAL),
        cash_without_rounds_usd=np.full(shape, start, REAL),
        net_flow_without_rounds=np.full(shape, drift, REAL),
        turnover_average=np.ones(shape, REAL),
        give_money=lambda providers: None,
        carry_on=lambda providers: None,
    )
    clouds = SimpleNamespace(leaving=lambda alive, uniform: spots(np.zeros_like(alive)))  # no hyperscaler leaves
    half = np.full((len(names.providers), BLOCK_PATHS), 0.5, REAL)  # neither bought nor listed
    chance = np.random.default_rng(3)
    for month in range(1, months + 1):
        treasury.cash_without_rounds_usd += REAL(drift) + REAL(sd) * chance.standard_normal(shape, REAL)
        doors.step(month, months, treasury, customers, half, clouds, half, half)
    assert doors.alive.all()
    assert doors.runway_months.shape == shape
    return doors.runway_months.ravel()


def first_passage_prob(start, drift, sd, month):
    """The first-passage law of a drifted Brownian motion; a walk in steps sees a barrier 0.5826 sd lower (Siegmund)."""
    from scipy.stats import norm

    barrier = start + 0.5826 * sd
    spread = sd * np.sqrt(month)
    above, image = (-barrier - drift * month) / spread, (-barrier + drift * month) / spread
    return norm.cdf(above) + np.exp(-2 * drift * barrier / sd**2) * norm.cdf(image)


def walk_passage_prob(start, drift, sd, month):
    """The first-passage law of a walk in monthly steps: its density above zero, month after month, on a fine grid."""
    from scipy.stats import norm

    width = 0.2  # halving it moves the fifth digit
    above = (np.arange(400) + 0.5) * width
    edges = above[:, None] - [-width / 2, width / 2]
    to, away = (norm.cdf((edges[:, side, None] - above - drift) / sd) for side in (0, 1))
    alive = np.diff(norm.cdf((edges[:, ::-1] - start - drift) / sd), axis=1)[:, 0]
    passed = [1 - alive.sum()]
    for _ in range(int(max(month)) - 1):
        alive = (to - away) @ alive
        passed.append(1 - alive.sum())
    return np.array(passed)[np.asarray(month) - 1]


def test_runways_follow_the_first_passage_law(base, block):
    _, names, draws = block
    start, drift, sd = 20.0, -1.0, 3.0
    runway = walk_runways(base, names, draws, start, drift, sd, 40)
    months = np.array([10, 20, 30, 40])
    found = (runway[:, None] <= months).mean(axis=0)
    law = walk_passage_prob(start, drift, sd, months)
    error = 4 * 0.5 / np.sqrt(len(runway))
    assert_allclose(found, law, atol=error)
    # The closed form is asymptotic: at ten months of 3 for 20 it is a hundredth off.
    assert_allclose(law, first_passage_prob(start, drift, sd, months), atol=0.011)
    for wrong in ((start, -1e-9, sd), (start, drift, sd * 1.05), (start + 0.5, drift, sd)):  # the controls
        with pytest.raises(AssertionError):
            assert_allclose(found, walk_passage_prob(*wrong, months), atol=error)


def test_a_steady_burn_ends_in_the_month_after_its_runway(base, block):
    _, names, draws = block
    assert (walk_runways(base, names, draws, 9.5, -1.0, 0.0, 12) == 10).all()
    assert np.isinf(walk_runways(base, names, draws, 12.0, -1.0, 0.0, 12)).all()  # zero cash is not below zero


CASH_BLIND = ["austerity_frac=0", "subsidy_depth_frac=0"]  # neither costs nor prices look at cash


def with_cash(tables, provider, factor, settings):
    key = f"provider_finances.{provider}.cash_usd"
    value = load_scenario("base", tables).inputs[key].value
    assert value.name in ("fixed", "lognormal")  # whose arguments scale with the value
    text = str(type(value)(value.name, tuple(float(f"{a:.6g}") * factor for a in value.arguments)))
    return load_scenario("base", tables, settings=[*settings, f"{key}={text}"], months=24)


@pytest.mark.parametrize("provider", ["novita", "together"])
def test_more_cash_never_shortens_a_runway(tables, run_block, provider):
    runways = []
    for factor in (1.0, 2.0):
        history, names, _ = run_block(with_cash(tables, provider, factor, CASH_BLIND))
        runways.append(history.runway_months[names.providers.index(provider)])
    assert (runways[1] >= runways[0]).all()
    assert (runways[1] > runways[0]).any()


def test_more_run_out_of_cash_in_a_drought(tables, run_block):
    # Counted by kind: a drought also stops purchases, and whoever is not bought lives on.
    ended = {}
    for drought in (0, 60):
        scenario = load_scenario("base", tables, settings=[f"funding_drought_months={drought}"], months=24)
        history, names, _ = run_block(scenario)
        kind = history.exit_kind[~names.backed[:, 0]]
        ended[drought] = {name: (kind == number).mean() for number, name in enumerate(EXIT_KINDS)}
    assert ended[60]["shut"] > 3 * ended[0]["shut"]
    assert sum(ended[60][k] for k in ("shut", "sold in distress")) > sum(
        ended[0][k] for k in ("shut", "sold in distress")
    )
    assert ended[60]["bought"] < ended[0]["bought"]
