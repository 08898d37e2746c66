"""What buying costs: by hand on planted histories, equal where it must be, refused where it cannot be priced."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from forecast.contract.pricing import _cost, _strategies, price_strategies, verdicts
from forecast.contract.terms import Terms, sellers
from forecast.draws import Draws
from forecast.errors import InputError
from forecast.march import march
from forecast.market.doors import BOUGHT, NEVER, SHUT
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from tests.test_cli import forecast


def terms(**changed):
    base = {"segment": "commodity", "providers": ("a",), "mtok_per_month": 10.0, "months": 3}
    return Terms(**{**base, "fixed_usd_per_mtok": 2.0, "switch_cost_months": 0.5, **changed})


NAMES = SimpleNamespace(providers=["a", "b"], segments=["commodity"], offer_at=np.array([[0], [1]]))


def history(exit_month, exit_kind=SHUT):
    """One path, months 0 to 3: the market at 1, 3, 4, 5; provider a at 2 throughout, b at 6."""
    return SimpleNamespace(
        series={
            "constant_mix_price": np.array([[[1.0], [3.0], [4.0], [5.0]]]),
            "market_price": np.array([[[1.0], [3.0], [2.0], [1.0]]]),
            "offer_price": np.array([[[2.0]] * 4, [[6.0]] * 4]),
        },
        exit_month=np.array([[exit_month], [NEVER]]),
        exit_kind=np.array([[exit_kind], [0]]),
    )


def test_costs_by_hand():
    """Fixed at 2 for three months: 60. Gone at the end of month 1: 2 + 4 + 5 and half of the market's 4 is 13, times ten."""
    assert _cost(history(NEVER, 0), NAMES, terms(), "a", 2.0)[0] == pytest.approx(60.0)
    assert _cost(history(1), NAMES, terms(), "a", 2.0)[0] == pytest.approx(130.0)
    assert _cost(history(1), NAMES, terms(), "a", None)[0] == pytest.approx(130.0)


def test_the_month_in_which_a_provider_leaves_is_served():
    """Gone at the end of month 2: 2 + 2 + 5 and half of the market's 5 is 11.5; of the last month nothing is lost."""
    assert _cost(history(2), NAMES, terms(), "a", 2.0)[0] == pytest.approx(115.0)
    assert _cost(history(3), NAMES, terms(), "a", 2.0)[0] == pytest.approx(60.0)
    assert not next(
        s for s in _strategies(history(3), NAMES, terms(providers=("a",))) if s.name == "spot at a"
    ).switched[0]


def test_the_march_sells_the_tokens_of_the_month_of_exit(tables):
    """What `_served` rests on: tokens in the month of the exit, none in the next."""
    scenario = load_scenario("base", tables, ["regimes.hot.acquired_per_year=0.9"], months=8)
    names = market_names(scenario)
    past = march(scenario, names, Draws(scenario, 7, 0), watch=True)
    row = names.providers.index("hyperbolic")
    paths = np.flatnonzero((past.exit_month[row] != NEVER) & (past.exit_month[row] < 8))
    gone, sold = past.exit_month[row, paths], past.series["provider_tokens"][row]
    assert len(paths) > 100 and (sold[gone, paths] > 0).all() and (sold[gone + 1, paths] == 0).all()


def test_who_buys_a_provider_keeps_its_contracts():
    assert _cost(history(2, BOUGHT), NAMES, terms(), "a", 2.0)[0] == pytest.approx(60.0)


def test_strategies_by_hand():
    found = {s.name: s for s in _strategies(history(1), NAMES, terms(providers=("a", "b"), fixed_usd_per_mtok=None))}
    assert found["spot at the market's price"].cost_usd[0] == pytest.approx(120.0)
    assert found["fixed at b"].cost_usd[0] == found["spot at b"].cost_usd[0] == pytest.approx(180.0)
    both = found["fixed, half at a and half at b"]
    assert both.cost_usd[0] == pytest.approx((130.0 + 180.0) / 2) and both.switched[0]
    assert not found["fixed at b"].switched[0]


def test_a_mix_that_drifts_lowers_every_bill_alike():
    """Of the market's 3, 4, 5 for today's mix 3, 2, 1 are paid: worth 1, 1/2, 1/5. Fixed at 2: 2 + 1 + 0.4, times ten."""
    drifting = terms(drifting_mix=True)
    assert _cost(history(NEVER, 0), NAMES, drifting, "a", 2.0)[0] == pytest.approx(34.0)
    spot = _strategies(history(NEVER, 0), NAMES, drifting)[0]
    assert spot.cost_usd[0] == pytest.approx(60.0)


@pytest.fixture(scope="module")
def base(tables):
    return load_scenario("base", tables, months=12)


def test_at_the_price_that_breaks_even_it_does(base):
    asked = terms(providers=("together",), mtok_per_month=1e4, months=12, fixed_usd_per_mtok=None)
    _, even = price_strategies(base, asked, 2_000, 7)
    fixed, _ = price_strategies(
        base, terms(providers=("together",), mtok_per_month=1e4, months=12, fixed_usd_per_mtok=even), 2_000, 7
    )
    spot, at_even = (next(s for s in fixed if s.name.startswith(name)) for name in ("spot at the market", "fixed at"))
    assert at_even.cost_usd.mean() == pytest.approx(spot.cost_usd.mean(), rel=1e-9)


def test_cost_is_proportional_to_volume_and_chances_are_not(base):
    small, large = (
        verdicts(price_strategies(base, terms(providers=("groq",), mtok_per_month=n, months=12), 1_000, 7)[0])
        for n in (1e3, 1e4)
    )
    for one, ten in zip(small, large, strict=True):
        assert ten.mean_usd == pytest.approx(10 * one.mean_usd, rel=1e-9)
        assert ten.switch_prob == one.switch_prob
    assert small[0].switch_prob == 0 and small[0].dearer_than_spot_prob == 0


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"segment": "comodity"}, 'Did you mean "commodity"'),
        ({"providers": ("grok",)}, 'does not sell commodity; .*Did you mean "groq"'),
        ({"providers": ("anthropic",)}, "does not sell commodity"),
        ({"providers": ("groq", "groq")}, "groq, groq given; at least one, each once, is allowed"),
        ({"providers": ("groq",), "months": 13}, "outside 1 to the horizon of 12"),
        ({"providers": ("groq",), "mtok_per_month": -1.0}, "--mtok-per-month -1: a number above 0"),
        ({"providers": ("groq",), "fixed_usd_per_mtok": float("nan")}, "--fixed-usd-per-mtok nan: a number above 0"),
        ({"providers": ("groq",), "switch_cost_months": 40.0}, "outside 0 to 12"),
    ],
)
def test_terms_that_cannot_be_priced(base, changed, says):
    with pytest.raises(InputError, match=says):
        price_strategies(base, terms(**changed), 100, 7)


def test_the_verb():
    words = ["contract", "--mtok-per-month", "5e4", "--segment", "commodity", "--months", "3", "--provider", "together"]
    document = json.loads(forecast(*words, "--provider", "groq", "--paths", "500", "--json").stdout)
    assert len(document["strategies"]) == 6 and document["break_even_usd_per_mtok"] > 0
    assert "must switch" in forecast(*words, "--paths", "500").stdout


def test_providers_by_any_name_or_the_largest():
    words = ["contract", "--mtok-per-month", "5e4", "--segment", "open-frontier", "--months", "1", "--paths", "50"]

    def providers(*more):
        return json.loads(forecast(*words, *more, "--json").stdout)["terms"]["providers"]

    assert providers("--provider", "Fireworks AI", "--provider", "DEEPSEEK") == ["fireworks", "deepseek"]
    assert len(set(providers())) == 2 and "fringe" not in providers()
    unknown = forecast(*words, "--provider", "togeter")
    assert (
        unknown.returncode == 2
        and 'no provider "togeter" known at 2026-10-31. Did you mean "together"?' in unknown.stderr
    )
    done = forecast(*words[:6], "0")
    assert done.returncode == 2 and "months = 0: outside 1 to 240." in done.stderr


def test_the_largest_sellers_by_hand(tables):
    everyone = {f"provider_finances.{row['provider']}.tokens_mtok_per_day": 1 for row in tables["provider_finances"]}
    everyone |= {"provider_finances.groq.tokens_mtok_per_day": 10, "provider_finances.together.tokens_mtok_per_day": 4}
    everyone |= {"offers.groq:commodity.tokens_frac": 0.2, "offers.groq:open-frontier.tokens_frac": 0.8}
    everyone |= {"offers.together:commodity.tokens_frac": 0.9, "offers.together:open-frontier.tokens_frac": 0.1}
    scenario = load_scenario("base", tables, [f"{name}={value}" for name, value in everyone.items()], months=1)
    assert sellers(scenario, "commodity")[:2] == ("together", "groq")  # 4 · 0.9 and 10 · 0.2
    assert sellers(scenario, "open-frontier")[0] == "groq"  # 10 · 0.8


def test_every_seller_is_compared_the_cheapest_first():
    words = [
        "contract",
        "--mtok-per-month",
        "5e4",
        "--segment",
        "commodity",
        "--months",
        "2",
        "--paths",
        "100",
        "--json",
    ]
    everyone = json.loads(forecast(*words, "--provider", "all").stdout)
    bought_of = everyone["terms"]["providers"]
    assert len(bought_of) > 10 and bought_of[:2] == json.loads(forecast(*words).stdout)["terms"]["providers"]
    costs = [one["mean_usd"] for one in everyone["strategies"]]
    assert costs == sorted(costs) and len(costs) == 1 + 2 * len(bought_of)
