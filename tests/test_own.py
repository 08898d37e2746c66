"""Own or rent: by hand on a planted rent, equal to owned cost where it must be, refused where nothing can be bought."""

import json
from dataclasses import replace

import numpy as np
import pytest
from command import forecast
from numpy.testing import assert_allclose
from rooms import marched_once

from forecast.contract import capacity
from forecast.contract.capacity import Need, _of_block, need_of, own_or_rent, resale_of
from forecast.draws import BLOCK_PATHS, Draws
from forecast.errors import InputError
from forecast.renting import RECENT
from forecast.scenario import load_scenario
from forecast.serving.token_cost import owned_parts

STILL = (
    "capital_rate_per_year=0",
    "hardware_price_decline_per_year=0",
    "electricity_growth_per_year=0",
    "accelerator_life_years=5",
    "contract_rent_ratio=0.5",
    "used_price_ratio=1",
)
NEED = Need("h100", 24, 0.5, 4.0)


@pytest.fixture(scope="module", autouse=True)
def _marched_once():
    with pytest.MonkeyPatch.context() as patch:
        marched_once(patch, capacity)
        yield


@pytest.fixture(scope="module")
def still():
    """A world in which nothing changes and money is free: what a machine costs is spread evenly over its life."""
    return load_scenario("base", settings=STILL)


@pytest.fixture(scope="module")
def base(tables):
    return load_scenario("base", tables)


@pytest.fixture(scope="module")
def by_hand(still):
    """Ways of the first block with a rent that halves after a year, and owned cost, capital and running cost of an hour."""
    draws = Draws(still, 7, 0)
    rent = np.where(np.arange(still.months + 1)[:, None] <= 12, 2.0, 1.0) * np.ones(BLOCK_PATHS)
    capital, power, rest = (part[0].astype(float) for part in owned_parts(still, draws, ["h100"]))
    return _of_block(still, NEED, draws, rent), capital, power + rest


def test_without_interest_and_decline_owning_costs_its_hours(by_hand):
    (own, contract, on_demand, even, _, resale), capital, running = by_hand
    assert_allclose(resale, 0.6, rtol=1e-6)  # three of five years are left
    assert_allclose(own, capital + running, rtol=1e-6)
    assert_allclose(on_demand, 0.5 * (4.0 + 2.0) / 2)  # a year at 4 and one at 2, half of the hours
    assert_allclose(even, own / 3.0)
    assert_allclose(contract, np.sqrt(4.0 * (capital + running)), rtol=1e-6)  # half way to owned cost, in logs


def test_money_of_later_months_is_worth_less_and_electricity_dearer():
    """At 10 % a year: price of an annuity over five years, the sale after two, each month from its middle."""
    dear = load_scenario(
        "base",
        settings=(
            "capital_rate_per_year=0.1",
            "electricity_growth_per_year=0.2",
            "accelerator_life_years=5",
        ),
    )
    draws, months = Draws(dear, 7, 0), range(1, 25)
    rent = np.full((dear.months + 1, BLOCK_PATHS), 2.0)
    rent[13:] = 1.0
    own, _, on_demand, *_ = _of_block(dear, replace(NEED, resale_frac=0.5), draws, rent)
    capital, power, rest = (part[0].astype(float) for part in owned_parts(dear, draws, ["h100"]))
    worth = {month: 1.1 ** ((0.5 - month) / 12) for month in months}
    price = capital * 12 * (1 - 1.1**-5) / 0.1  # in months of an hour each
    running = sum(worth[month] * (power * 1.2 ** (month / 12) + rest) for month in months)
    assert_allclose(own, (price * (1 - 0.5 * 1.1**-2) + running) / sum(worth.values()), rtol=1e-5)
    rented = sum(worth[month] * (4.0 if month <= 12 else 2.0) for month in months)
    assert_allclose(on_demand, 0.5 * rented / sum(worth.values()))


def test_a_price_of_ones_own_is_paid_and_moves_no_contract(still, by_hand):
    draws, rent = Draws(still, 7, 0), np.full((still.months + 1, BLOCK_PATHS), 2.0)
    (_, contract, *_), _, running = by_hand
    own, same, *_ = _of_block(still, replace(NEED, price_usd=30_000.0), draws, rent)
    lost = 0.4 * 30_000 * (1 + draws.parameter("network_frac").astype(float))  # sold for three fifths
    assert_allclose(own, lost / (24 * 730) + running, rtol=1e-6)
    assert (same == contract).all()


def test_a_machine_has_paid_for_itself_when_what_it_spared_is_its_price(by_hand):
    (*_, paid, _), capital, running = by_hand
    price = capital * 60  # in months of an hour each
    spared = np.cumsum([0.5 * (4.0 if month < 12 else 2.0) - running for month in range(60)], axis=0)
    first = [next((i + 1.0 for i, sum_ in enumerate(path) if sum_ >= whole), np.inf) for path, whole in zip(spared.T, price, strict=True)]  # fmt: skip
    assert np.isfinite(first).any() and (paid == first).mean() > 0.999  # capital is of 32 bits


def test_resale_ends_with_life_and_falls_with_prices():
    rate, life, decline, used = np.full(3, 0.08), np.array([3.0, 5.0, 5.0]), np.array([0.1, 0.0, 0.1]), np.full(3, 0.8)
    assert_allclose(resale_of(rate, life, decline, 0, used), 0.8)
    ended, still, falling = resale_of(rate, life, decline, 36, used)
    assert ended < 1e-5 and falling == pytest.approx(0.9**3 * still)


@pytest.mark.parametrize(("months", "low", "high"), [(12, 0.60, 0.65), (24, 0.40, 0.45), (36, 0.25, 0.35)])
def test_an_h100_resells_as_claimed(base, months, low, high):
    """glri-2026-01-08; and nobody buys one for a month only to sell it at no loss."""
    need = need_of(base, "h100", months, 0.6, None, None)
    assert low <= np.median(own_or_rent(base, need, 400, 7).resale_frac) <= high


def test_owning_for_a_month_is_dearer_than_renting(base):
    ways = own_or_rent(base, need_of(base, "h100", 1, 0.6, None, None), 200, 7)
    assert (ways.own > ways.contract).all()


def test_more_paths_keep_the_first_ones_and_the_direction_is_right(base):
    few, many = (own_or_rent(base, NEED, n, 7) for n in (40, BLOCK_PATHS + 5))
    assert (few.own == many.own[:40]).all() and len(many.paid_back_months) == BLOCK_PATHS + 5
    dear = own_or_rent(base, replace(NEED, rent_usd_per_hour=8.0, busy_frac=1.0), 40, 7)
    assert (dear.even_busy_frac < few.even_busy_frac).all() and (dear.paid_back_months <= few.paid_back_months).all()
    unsold = own_or_rent(base, replace(NEED, resale_frac=0.0), 40, 7)
    assert (unsold.own > few.own).all() and (unsold.paid_back_months == few.paid_back_months).all()


def test_what_is_not_said_is_what_is_asked_today(base):
    need = need_of(base, "h100", 36, None, None, None)
    assert need == Need("h100", 36, 0.6, pytest.approx(3.8, abs=1.0))


@pytest.mark.parametrize("accelerator", ["h100", "h200", "b200", "b300", "mi300x"])
def test_contracts_are_near_those_quoted(base, accelerator):
    """Within two fifths: the quotes are those from which the one ratio for all accelerators comes."""
    quoted = [
        row["usd_per_accelerator_hour"]
        for row in base.tables["rents"]
        if (row["accelerator"], row["channel"]) == (accelerator, "contract-3y") and row["date_on"] > base.as_of - RECENT
    ]
    ways = own_or_rent(base, need_of(base, accelerator, 36, None, None, None), 200, 7)
    assert np.median(ways.contract) == pytest.approx(np.median(quoted), rel=0.4)


@pytest.mark.parametrize(
    ("accelerator", "months", "said"),
    [
        ("tpu-v7", 36, ["--accelerator tpu-v7: only its maker's cloud lets it"]),
        (
            "vr200",
            36,
            [
                "--accelerator vr200: not on the market at 2026-10-31; announced 2025-03-18, promised for 2026-10-01, now expected 2026-12-31. "
            ],
        ),
        ("tpu-v5e", 36, ["--accelerator tpu-v5e: only its maker's cloud lets it"]),
        ("falcon-shores", 36, ["--accelerator falcon-shores: cancelled. Choose another."]),
        ("a100-80gb", 36, ["--accelerator a100-80gb: no price is known. Give yours as --price-usd."]),
        ("h100", 61, ["--months 61: outside 1 to the horizon of 60. Choose a number in that range."]),
        ("h100", 0, ["--months 0: outside 1 to the horizon of 60. Choose a number in that range."]),
    ],
)
def test_what_cannot_be_bought_or_rented_is_refused(base, accelerator, months, said):
    with pytest.raises(InputError) as refused:
        need_of(base, accelerator, months, None, None, None)
    assert len(refused.value.problems) == len(said)
    assert all(part in problem for part, problem in zip(said, refused.value.problems, strict=True))


def test_numbers_that_are_none_are_refused_together(base):
    with pytest.raises(InputError) as refused:
        need_of(base, "h100", 36, float("nan"), 0.0, 1.5, 3.0)
    assert refused.value.problems == (
        "--utilisation nan: outside 0.01 to 1. Choose a number in that range.",
        "--rent-usd-per-hour 0: outside 0.0001 to 100000. Choose a number in that range.",
        "--resale-frac 1.5: outside 0 to 1. Choose a number in that range.",
        "--price-usd 3: outside 100 to 1e+07. Choose a number in that range.",
    )


def test_the_answer_in_words_and_in_json():
    words = ("own", "--accelerator", "H100", "--utilisation", "0.2", "--paths", "100", "--rent-usd-per-hour", "3")
    text, found = " ".join(forecast(*words).stdout.split()), json.loads(forecast(*words, "--json").stdout)
    assert found["need"]["rent_usd_per_hour"] == 3.0 and found["paid_back_months"]["p50"] is None
    costs = found["usd_per_accelerator_hour"]
    assert list(costs) == ["own", "contract", "on_demand"] and sum(way["cheapest_prob"] for way in costs.values()) == 1
    assert (
        costs["on_demand"]["cheapest_prob"] > 0.9
        and costs["on_demand"]["p50"] < costs["own"]["p50"]
        and found["even_busy_frac"]["p50"] > 0.2
    )
    assert (
        "Rent: $3.00 as you were quoted" in text
        and "has not paid for itself within 60 months on 100 % of paths." in text
    )
    assert f"from a busy share of {100 * found['even_busy_frac']['p50']:.0f} %" in text
    assert "± ?" in forecast("own", "--accelerator", "h100", "--paths", "1").stdout


def test_a_part_without_a_price_of_the_tables_is_bought_for_the_quoted_one(base):
    need = need_of(base, "a100-80gb", 36, 1.0, 2.0, None, price_usd=9_000.0)
    cheap, dear = (own_or_rent(base, replace(need, price_usd=price), 40, 7) for price in (9_000.0, 18_000.0))
    assert (dear.own > cheap.own).all() and (dear.contract > cheap.contract).all()
    assert (dear.on_demand == cheap.on_demand).all()
