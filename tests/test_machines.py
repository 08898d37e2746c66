"""Machines of the market: the best of each family, what gains and errors reach, and fleets that follow."""

from datetime import date
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations import hardware
from forecast.families import FLEETS
from forecast.market.machines import OPEN, Machines
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.serving.speed import throughput
from forecast.serving.token_cost import number_of
from forecast.serving.workloads import Request, number
from forecast.units import months_between


def test_twice_the_power_price_is_twice_the_energy_term(tables):
    def machines(price):
        scenario = load_scenario("base", tables, settings=[f"electricity_usd_per_kwh={price}"])
        return Machines(scenario, market_names(scenario), Draws(scenario, 7, 0))

    cheap, dear = machines(0.07), machines(0.14)
    for low, high in zip(cheap.groups, dear.groups, strict=True):
        assert_array_equal(high.power_usd_per_hour, 2 * low.power_usd_per_hour)
        assert_array_equal(high.capital_usd_per_hour, low.capital_usd_per_hour)
        assert_array_equal(high.rest_usd_per_hour, low.rest_usd_per_hour)
    assert (dear.floor_usd_per_mtok > cheap.floor_usd_per_mtok).all()


def test_twice_the_serving_gain_is_half_the_cost(base, block):
    _, names, draws = block
    machines = Machines(base, names, draws)
    for month in (0, 40):
        machines.choose(month)
        plain = machines.best_usd_per_mtok
        machines.serving_gain *= 2
        machines.choose(month)
        assert_array_equal(machines.best_usd_per_mtok, plain / 2)  # a power of two: exact


def test_software_gains_less_on_an_old_design(base, block):
    """Llama 3.3 70B has the layers of Llama 2 70B, and its age; two years of months add up to the law."""
    _, names, draws = block
    machines = Machines(base, names, draws)
    age, at = names.speed.design_age_years, names.segments.index("commodity")
    assert base.rows["segments"]["commodity"]["reference_model"] == "llama-3.3-70b"
    assert_allclose(age[at], months_between(date(2023, 7, 18), base.as_of) / 12)
    for month in range(1, 25):
        machines.step(month, np.ones(BLOCK_PATHS, REAL))
    rate, fade = (draws.parameter(f"serving_{name}") for name in ("efficiency_per_year", "fade_years"))
    gain = np.log(machines.serving_gain)
    assert_allclose(gain, hardware.serving_gain_log(age[:, None], age[:, None] + 2, rate, fade), rtol=1e-4, atol=1e-6)
    assert (np.diff(gain[np.argsort(age)], axis=0) < 0).all()


def test_the_best_of_a_family_against_brute_force(base, block):
    _, names, draws = block
    machines = Machines(base, names, draws)
    cost = np.empty((len(names.accelerators), len(names.segments), BLOCK_PATHS))
    assert sorted(np.concatenate([group.rows for group in machines.groups])) == list(range(len(cost)))
    rows_of = base.rows["accelerators"]
    own = [rows_of[name]["vendor"] in ("groq", "cerebras") for name in names.accelerators]
    assert sorted(name for name, alone in zip(names.accelerators, own, strict=True) if alone) == [
        "cerebras-wse-3",
        "groq-lpu-v1",
    ]
    for group in machines.groups:
        known = np.broadcast_to(group.available_month, (len(group.rows), BLOCK_PATHS))
        assert_array_equal(machines.available_month()[group.rows], known)
    for month in (0, 12):
        machines.choose(month)
        for group in machines.groups:
            owned = group.capital_usd_per_hour + group.power_usd_per_hour + group.rest_usd_per_hour
            hours = group.hours_per_mtok / (1 + group.gain_frac * group.maturity[:, None])
            cost[group.rows] = np.where((group.available_month <= month)[:, None], hours * owned[:, None], np.inf)
        for place, family in enumerate(FLEETS):
            rows = [
                a for a, name in enumerate(names.accelerators) if base.rows["accelerators"][name]["family"] == family
            ]
            gain = machines.generations.gain(month)[place]  # within a year of some that came by now
            cost[rows] /= gain
            expected = np.min(cost[rows], axis=0, initial=np.inf)
            assert_allclose(machines.best_usd_per_mtok[place], expected, rtol=1e-6)  # a few operations of seven digits
            if month == 0:
                fleet = expected * draws.parameter("fleet_lag_ratio")
                assert_allclose(machines.fleet_usd_per_mtok[place], fleet, rtol=1e-6)
        assert_allclose(machines.floor_usd_per_mtok, cost[~np.array(own)].min(axis=0), rtol=1e-6)


def test_families_go_on_after_their_last_announced_part(tables):
    """By the gain of each generation, a gap after the last part that came; one whose next part never comes stands still."""

    def gain(month, cancelled):
        asked = {"generation_gap_months": 20, "generation_gain_log": 0.5, "launch_slip_months": 3}
        settings = [f"{name}={value}" for name, value in (asked | {"launch_cancel_prob": cancelled}).items()]
        scenario = load_scenario("base", tables, settings)
        machines = Machines(scenario, market_names(scenario), Draws(scenario, 7, 0))
        last = scenario.rows["accelerators"]["rubin-ultra"]["promised_on"]
        return machines.generations.gain(month), months_between(scenario.as_of, last) + 3

    found, ultra = gain(60, 0)
    expected = {"wafer": 3, "nvidia": (60 - ultra) // 20}  # Cerebras has announced nothing, NVIDIA Rubin Ultra
    for family, count in expected.items():
        assert_allclose(found[FLEETS.index(family)], np.exp(0.5 * count), rtol=1e-5)
    assert_array_equal(gain(19, 0)[0], 1.0)
    mortal = gain(60, 0.3)[0][FLEETS.index("wafer")]
    for count in range(4):  # three standard errors of a share of 5,000 paths
        assert_allclose((mortal > np.exp(0.5 * count - 0.1)).mean(), 0.7**count, atol=0.02)


def test_hours_of_a_million_tokens_are_those_of_each_kind_together(base, block):
    """Output one by one, input by prefill, cached input at a part of that; at launch software is slower by its whole gain."""
    names = block[1]
    at, ratio = names.accelerators.index("h100"), number_of(base, "cached_cost_ratio")
    for place, segment in enumerate(names.segments):
        asked = base.rows["segments"][segment]
        lengths = asked["input_tokens"], asked["output_tokens"]
        inputs, cached = (number(base, "segments", segment, f"{kind}_frac") for kind in ("input", "cached"))
        request = Request("h100", asked["reference_model"], *lengths, cached_frac=cached)
        speed = throughput(base, request, asked["latency_ms_per_token"] / 1000)
        seconds = (1 - inputs) / speed.decode_tok_per_s + inputs * (1 - cached + cached * ratio) / speed.input_tok_per_s
        at_launch = 1e6 * seconds / 3600 * (1 + names.speed.gain_frac[at, place])
        assert_allclose(names.speed.hours_per_mtok[at, place], at_launch, rtol=1e-9)


@pytest.mark.parametrize("parameter", ["wide_parallel_gain_ratio", "custom_silicon_gain_ratio"])
def test_a_gain_reaches_those_it_is_meant_for(tables, parameter):
    """Wide expert parallelism serves mixtures of experts faster, makers' claims all their parts; nothing else moves."""

    def machines(gain):
        scenario = load_scenario("base", tables, settings=[f"{parameter}={gain}"], months=1)
        names = market_names(scenario)
        return Machines(scenario, names, Draws(scenario, 7, 0)), names, scenario

    (slow, names, scenario), (fast, _, _) = machines(1), machines(2)
    speed, family = names.speed, [scenario.rows["accelerators"][name]["family"] for name in names.accelerators]
    reached = {
        "wide_parallel_gain_ratio": np.broadcast_to(speed.moe, (len(family), len(names.segments))),
        "custom_silicon_gain_ratio": np.isin(family, ["lpu", "wafer"])[:, None] & np.ones(len(names.segments), bool),
    }[parameter]
    assert reached.any() and not reached.all()
    for before, after in zip(slow.groups, fast.groups, strict=True):
        gained = np.where(reached[before.rows], 2.0, 1.0)[:, :, None]
        assert_allclose(after.hours_per_mtok * gained, before.hours_per_mtok, rtol=1e-6)  # infinite where none fits


def test_machines_that_are_busy_twice_the_time_serve_at_half_the_hours(tables):
    def groups(busy_frac):
        scenario = load_scenario("base", tables, settings=[f"floor_utilisation_frac={busy_frac}"], months=1)
        return Machines(scenario, market_names(scenario), Draws(scenario, 7, 0)).groups

    for idle, busy in zip(groups(0.3), groups(0.6), strict=True):
        assert_allclose(2 * busy.hours_per_mtok, idle.hours_per_mtok, rtol=1e-6)


def test_only_an_unmeasured_design_is_wrong_on_all_families_at_once(base, block):
    """No two families share a draw where the model was measured; of one that was not they share the design's part."""
    _, names, draws = block
    on_market = Machines(base, names, draws).groups[0]
    family, speed = np.array([names.speed.families[row] for row in on_market.rows]), names.speed
    one, other = (int(np.flatnonzero(family == name)[0]) for name in ("nvidia-blackwell", "amd-cdna4"))
    wide = np.log(draws.parameter("wide_parallel_gain_ratio"))
    shared = np.log(draws.parameter("floor_utilisation_frac"))
    for segment, design_log_sd in enumerate(speed.design_log_sd):
        hours = np.log(on_market.hours_per_mtok[[one, other], segment])
        error = -(hours - hours.mean(axis=1, keepdims=True)) - (shared - shared.mean())
        error -= (wide - wide.mean()) * speed.moe[segment]
        sd = speed.log_sd[on_market.rows[[one, other]], segment]
        assert_allclose(error.std(axis=1), sd, rtol=0.02)
        # Of independent draws on 5,000 paths the standard error is a seventieth of the product of their spreads.
        assert_allclose(np.cov(error)[0, 1], design_log_sd**2, atol=3 * sd[0] * sd[1] / 70)
    assert (speed.design_log_sd > 0).any() and (speed.design_log_sd == 0).any()


def test_a_year_makes_hardware_cheaper_once_it_is_sold_and_moves_power(base, block):
    _, names, draws = block
    machines = Machines(base, names, draws)
    before = [(group.capital_usd_per_hour.copy(), group.power_usd_per_hour.copy()) for group in machines.groups]
    for month in range(1, 13):
        machines.step(month, np.ones(BLOCK_PATHS, REAL))
    decline, power = (
        draws.parameter(name) for name in ("hardware_price_decline_per_year", "electricity_growth_per_year")
    )
    assert np.median(decline) > 0.02
    for group, (capital_then, power_then) in zip(machines.groups, before, strict=True):
        months_sold = np.clip(13 - np.ceil(group.available_month), 0, 12)  # of an announced one from its own month on
        assert_allclose(group.capital_usd_per_hour, capital_then * (1 - decline) ** (months_sold / 12), rtol=1e-5)
        assert_allclose(group.power_usd_per_hour, power_then * (1 + power), rtol=1e-5)
    assert 0 < months_sold.mean() < 12  # announced ones come within the year or not
    assert_array_equal(machines.floor_usd_per_mtok, machines.best_usd_per_mtok.min(axis=0))


def test_prices_lie_above_the_electricity_in_them(base, block):
    history, names, draws = block
    machines = Machines(base, names, draws)
    cheapest = np.full_like(machines.floor_usd_per_mtok, np.inf)
    for group, segment in product(machines.groups, range(len(names.segments))):
        hours = hardware.hours_after_software(
            group.hours_per_mtok[:, segment], group.maturity, group.gain_frac[:, segment]
        )
        power = np.where(group.available_month <= 0, hours * group.power_usd_per_hour, np.inf)
        cheapest[segment] = np.minimum(cheapest[segment], power.min(axis=0, initial=np.inf))
    assert (cheapest > 0).all()
    for name in ("floor", "market_price", "unit_cost"):
        assert (history.series[name][:, 0] > cheapest).all(), name


def test_a_fleet_that_grows_costs_less_than_one_that_only_replaces(base, block):
    _, names, draws = block
    grown, still = (Machines(base, names, draws) for _ in range(2))
    for month in range(1, 13):
        grown.step(month, np.full(BLOCK_PATHS, 1.08, REAL))
        still.step(month, np.ones(BLOCK_PATHS, REAL))
    best = np.isfinite(still.best_usd_per_mtok)
    assert_array_equal(grown.best_usd_per_mtok, still.best_usd_per_mtok)
    ahead = still.fleet_usd_per_mtok[best] > still.best_usd_per_mtok[best]
    assert (grown.fleet_usd_per_mtok[best] < still.fleet_usd_per_mtok[best])[ahead].all()


def test_sellers_cross_to_what_is_sold_and_makers_of_chips_stay(tables):
    """Who could buy anything serves at no more than the best chip sold; a fleet of one's own chips never moves."""

    def fleets(crossing_frac):
        changes = [f"fleet_crossing_frac={crossing_frac}", "fleet_newest_frac=1"]
        scenario = load_scenario("base", tables, changes, months=1)
        machines = Machines(scenario, market_names(scenario), Draws(scenario, 7, 0))
        machines.step(1, np.full(BLOCK_PATHS, 1e6, REAL))  # all but a millionth is bought this month
        return machines

    locked, free = fleets(0), fleets(1)
    sold = np.minimum(locked.best_usd_per_mtok[OPEN].min(axis=0), locked.custom_sold_usd_per_mtok)
    for family, name in enumerate(FLEETS):
        if name in ("nvidia", "amd", "tpu", "trainium"):
            least = np.minimum(locked.best_usd_per_mtok[family], sold)
            assert_allclose(free.fleet_usd_per_mtok[family], least, rtol=1e-4)
        else:
            assert_array_equal(free.fleet_usd_per_mtok[family], locked.fleet_usd_per_mtok[family])
    tpu = FLEETS.index("tpu")
    own = locked.best_usd_per_mtok[tpu] < sold  # Google's chips are the cheapest there, and nobody else can buy them
    assert own.any() and (free.fleet_usd_per_mtok[0] > free.fleet_usd_per_mtok[tpu])[own].all()


def test_what_rests_on_claims_sets_no_floor(tables):
    def machines(usd):
        price = [f"accelerator_prices.cerebras-wse-3.price_{end}_usd={usd}" for end in ("low", "high")]
        scenario = load_scenario("base", tables, price, months=1)
        return Machines(scenario, market_names(scenario), Draws(scenario, 7, 0))

    dear, cheap = machines(2_000_000), machines(2_000)
    assert (cheap.best_usd_per_mtok[FLEETS.index("wafer")] < cheap.floor_usd_per_mtok).any()
    assert_array_equal(cheap.floor_usd_per_mtok, dear.floor_usd_per_mtok)
