"""What buying costs: by hand on planted histories, equal where it must be, refused where it cannot be priced."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from command import forecast
from rooms import marched_once

from forecast.contract import pricing
from forecast.contract.bought import Bought, Strategy, strategies
from forecast.contract.pricing import price_strategies, verdicts
from forecast.contract.terms import Terms, check_terms, sellers
from forecast.draws import Draws
from forecast.errors import InputError
from forecast.march import march
from forecast.market.doors import BOUGHT, NEVER, SHUT
from forecast.market.names import market_names
from forecast.scenario import load_scenario


@pytest.fixture(scope="module", autouse=True)
def _marched_once():
    with pytest.MonkeyPatch.context() as patch:
        marched_once(patch, pricing)
        yield


def terms(**changed):
    base = {"segment": "commodity", "providers": ("a",), "mtok_per_month": 10.0, "months": 3}
    return Terms(**{**base, "fixed_usd_per_mtok": 2.0, "switch_cost_months": 0.5, **changed})


NAMES = SimpleNamespace(providers=["a", "b"], segments=["commodity"], offer_at=np.array([[0], [1]]))


def history(exit_month, exit_kind=SHUT):
    """One path, months 0 to 3: the market at 1, 3, 4, 5; provider a at 2 throughout, b at 6."""
    return SimpleNamespace(
        series={
            "constant_mix_price": np.array([[[1.0], [3.0], [4.0], [5.0]]]),
            "offer_price": np.array([[[2.0]] * 4, [[6.0]] * 4]),
        },
        exit_month=np.array([[exit_month], [NEVER]]),
        exit_kind=np.array([[exit_kind], [0]]),
    )


def test_costs_by_hand():
    """Fixed at 2 for three months: 60. Gone at the end of month 1: 2 + 4 + 5 and half of the market's 4 is 13, times ten."""
    assert Bought(history(NEVER, 0), NAMES, terms()).cost("a", 2.0)[0] == pytest.approx(60.0)
    assert Bought(history(1), NAMES, terms()).cost("a", 2.0)[0] == pytest.approx(130.0)
    assert Bought(history(1), NAMES, terms()).cost("a", None)[0] == pytest.approx(130.0)


def test_a_contract_may_end_before_the_run():
    """Two of three months: fixed at 2 is 40, the market's 3 + 4 is 70."""
    short = terms(months=2)
    assert Bought(history(NEVER, 0), NAMES, short).cost("a", 2.0)[0] == pytest.approx(40.0)
    assert Bought(history(NEVER, 0), NAMES, short).cost("b", None)[0] == pytest.approx(120.0)
    assert strategies(Bought(history(NEVER, 0), NAMES, short))[0].cost_usd[0] == pytest.approx(70.0)
    assert not strategies(Bought(history(3), NAMES, short))[1].switched[0], "it left after the end"


def test_the_month_in_which_a_provider_leaves_is_served():
    """Gone at the end of month 2: 2 + 2 + 5 and half of the market's 5 is 11.5; of the last month nothing is lost."""
    assert Bought(history(2), NAMES, terms()).cost("a", 2.0)[0] == pytest.approx(115.0)
    assert Bought(history(3), NAMES, terms()).cost("a", 2.0)[0] == pytest.approx(60.0)
    assert not next(
        s for s in strategies(Bought(history(3), NAMES, terms(providers=("a",)))) if s.name == "spot at a"
    ).switched[0]


def test_the_march_sells_the_tokens_of_the_month_of_exit(tables):
    """What `Bought.served` rests on: tokens in the month of the exit, none in the next."""
    scenario = load_scenario("base", tables, ["regimes.hot.acquired_per_year=0.9"], months=8)
    names = market_names(scenario)
    past = march(scenario, names, Draws(scenario, 7, 0), watch=True)
    row = names.providers.index("novita")
    paths = np.flatnonzero((past.exit_month[row] != NEVER) & (past.exit_month[row] < 8))
    gone, sold = past.exit_month[row, paths], past.series["provider_tokens"][row]
    assert len(paths) > 100 and (sold[gone, paths] > 0).all() and (sold[gone + 1, paths] == 0).all()


def test_who_buys_a_provider_keeps_its_contracts():
    assert Bought(history(2, BOUGHT), NAMES, terms()).cost("a", 2.0)[0] == pytest.approx(60.0)


def test_strategies_by_hand():
    found = {
        s.name: s for s in strategies(Bought(history(1), NAMES, terms(providers=("a", "b"), fixed_usd_per_mtok=None)))
    }
    assert found["spot at the market's price"].cost_usd[0] == pytest.approx(120.0)
    assert found["fixed at b"].cost_usd[0] == found["spot at b"].cost_usd[0] == pytest.approx(180.0)
    both = found["fixed, half at a and half at b"]
    assert both.cost_usd[0] == pytest.approx((130.0 + 180.0) / 2) and both.switched[0]
    assert not found["fixed at b"].switched[0]
    last = {s.name: s for s in strategies(Bought(history(2), NAMES, terms(fixed_usd_per_mtok=3.0)))}
    assert last["fixed at a"].cost_usd[0] == pytest.approx(
        10 * (3 + 3 + 5 + 0.5 * 5)
    )  # the price quoted, not that of today
    assert last["fixed at a"].switched[0] and len(last) == 3


def test_blocks_are_put_together_by_hand(monkeypatch):
    """Three paths in blocks of two: on the second a leaves after month 1, in the second block all prices are twice those of the first.

    Once a is gone 4 + 5 and half of 4 are paid, times ten.
    """
    even, own = (480 - 110) / (30 + 10 + 30), (60 + 130 + 120 - 110) / (30 + 10 + 30)

    def marched(scenario, names, draws, watch):
        assert watch
        first, second = history(NEVER, 0), history(1)
        return SimpleNamespace(
            series={n: np.dstack([v, v]) * (1 + draws) for n, v in first.series.items()},
            exit_month=np.hstack([first.exit_month, second.exit_month]),
            exit_kind=np.hstack([first.exit_kind, second.exit_kind]),
        )

    monkeypatch.setattr("forecast.draws.BLOCK_PATHS", 2)
    planted = {"march": marched, "market_names": lambda scenario: NAMES}
    planted |= {
        "Draws": lambda scenario, seed, block: {("base", 7): block}[scenario, seed],
        "check_terms": lambda *args: None,
    }
    for name, value in planted.items():
        monkeypatch.setattr(pricing, name, value)
    done = []
    whole, found = price_strategies("base", terms(fixed_usd_per_mtok=None), 3, 7, done.append)
    assert done == [2, 1], "each path is told of once"
    assert [one.name for one in whole] == ["spot at the market's price", "spot at a", "fixed at a"]
    assert whole[0].cost_usd.tolist() == pytest.approx([120, 120, 240])
    assert whole[2].switched.tolist() == [False, True, False]
    assert (found["a"].market, found["a"].own) == pytest.approx((even, own))
    assert [one.even_usd_per_mtok for one in verdicts(whole, found)] == [None, None, pytest.approx(own)]


def test_verdicts_by_hand():
    """Eleven paths at 0 to 10, or all at 4: dearer than spot on four of them, on the fifth the same."""
    spot = Strategy("spot", np.arange(11.0), np.zeros(11, bool))
    first, second = verdicts([spot, Strategy("fixed", np.full(11, 4.0), np.arange(11) < 2)], {})
    assert (first.mean_usd, first.p10_usd, first.p50_usd, first.p90_usd) == (5, 1, 5, 9)
    assert first.mean_usd_error == pytest.approx(np.sqrt(10 / 11))  # the variance of 0 to 10 is 10
    assert (first.switch_prob, first.dearer_than_spot_prob) == (0, 0)
    assert (second.strategy, second.mean_usd, second.mean_usd_error) == ("fixed", 4, 0)
    assert (second.switch_prob, second.dearer_than_spot_prob) == pytest.approx((2 / 11, 4 / 11))
    assert second.switch_prob_error == pytest.approx(np.sqrt(2 / 11 * 9 / 11 / 11))


@pytest.mark.parametrize(
    "changed", [{"months": 1, "switch_cost_months": 0.0}, {"months": 12, "switch_cost_months": 12.0}]
)
def test_terms_at_the_limits_are_allowed(changed):
    check_terms(SimpleNamespace(months=12), NAMES, terms(**changed))


def test_all_that_is_wrong_with_terms_is_said_at_once():
    wrong = terms(providers=(), months=0, mtok_per_month=0.0, fixed_usd_per_mtok=1e15, switch_cost_months=-0.1)
    with pytest.raises(InputError) as refused:
        check_terms(SimpleNamespace(months=12), NAMES, wrong)
    for said in (
        "at least one, each once", "--months 0: outside 1 to the horizon of 12", "--mtok-per-month 0: a number above 0",
        "--fixed-usd-per-mtok 1e+15: a number above 0 and below 1e+15", "--switch-cost-months -0.1: outside 0 to 12",
    ):  # fmt: skip
        assert said in str(refused.value)


@pytest.mark.parametrize(("against", "as_dear_as"), [("market", "spot at the market"), ("own", "spot at together")])
def test_at_the_price_that_breaks_even_it_does(base, against, as_dear_as):
    asked = terms(providers=("together", "groq"), mtok_per_month=1e4, months=12, fixed_usd_per_mtok=None)
    _, even = price_strategies(base, asked, 2_000, 7)
    quote = getattr(even["together"], against)
    fixed, _ = price_strategies(base, replace(asked, fixed_usd_per_mtok=quote), 2_000, 7)
    spot, at_even = (next(s for s in fixed if s.name.startswith(name)) for name in (as_dear_as, "fixed at together"))
    assert at_even.cost_usd.mean() == pytest.approx(spot.cost_usd.mean(), rel=1e-9)


def test_shorter_contracts_break_even_where_they_do_alone(base):
    asked = terms(providers=("together",), months=12, fixed_usd_per_mtok=None)
    _, even = price_strategies(base, asked, 500, 7)
    assert list(even["together"].own_by_months) == [3, 6, 12]
    assert even["together"].own_by_months[12] == even["together"].own
    _, short = price_strategies(base, replace(asked, months=6), 500, 7)
    assert even["together"].own_by_months[6] == pytest.approx(short["together"].own, rel=1e-12)
    assert list(short["together"].own_by_months) == [3, 6]


def test_a_mix_of_the_buyer_by_hand(tables):
    """Output at 4 and cached input at 0.1 of an input token: 0.05·4 + 0.95·(0.3 + 0.7·0.1) of the segment, 0.2·4 + 0.8 of the buyer."""
    fixed = {"output_price_ratio": 4, "cached_price_ratio": 0.1, "segments.commodity.input_frac": 0.95}
    fixed |= {"segments.commodity.cached_frac": 0.7}
    made = load_scenario("base", tables, [f"{name}={value}" for name, value in fixed.items()], months=12)
    usual = terms(providers=("together",), months=12, fixed_usd_per_mtok=None)
    whole, even = price_strategies(made, usual, 200, 7)
    own, own_even = price_strategies(made, replace(usual, output_frac=0.2, cached_frac=0.0), 200, 7)
    ratio = (0.2 * 4 + 0.8) / (0.05 * 4 + 0.95 * (0.3 + 0.7 * 0.1))
    for one, other in zip(whole, own, strict=True):
        np.testing.assert_allclose(other.cost_usd, one.cost_usd * ratio, rtol=1e-5)  # single precision
    assert own_even["together"].own == pytest.approx(even["together"].own * ratio, rel=1e-5)
    assert own_even["together"].today == pytest.approx(even["together"].today * ratio, rel=1e-5)
    same, _ = price_strategies(made, replace(usual, output_frac=0.05), 200, 7)
    np.testing.assert_allclose(same[0].cost_usd, whole[0].cost_usd, rtol=1e-5)
    quoted = replace(usual, fixed_usd_per_mtok=0.3, output_frac=0.2)
    paid = price_strategies(made, quoted, 200, 7)[0][2].cost_usd
    assert np.median(paid) == pytest.approx(0.3 * 12 * 10), "a quote is of the mix that is bought"


def test_equal_costs_have_no_error():
    """The mean of equal numbers is not exactly theirs: 0.1 on seven paths has a deviation of 1e-17."""
    same = Strategy("fixed", np.full(7, 0.1), np.zeros(7, bool))
    assert verdicts([same], {})[0].mean_usd_error == 0.0


def test_one_path_has_no_error(base):
    found = verdicts(*price_strategies(base, terms(providers=("groq",), months=12), 1, 7))
    assert {one.mean_usd_error for one in found} == {None}


def test_cost_is_proportional_to_volume_and_chances_are_not(base):
    small, large = (
        verdicts(*price_strategies(base, terms(providers=("groq",), mtok_per_month=n, months=12), 1_000, 7))
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
        ({"providers": ("groq",), "fixed_usd_per_mtok": float("nan")}, "--fixed-usd-per-mtok nan: a number above 0"),
        ({"providers": ("groq",), "output_frac": 1.5}, "--output-frac 1.5: outside 0 to 1"),
        ({"providers": ("groq",), "cached_frac": -0.1}, "--cached-frac -0.1: outside 0 to 1"),
    ],
)
def test_terms_that_cannot_be_priced(base, changed, says):
    with pytest.raises(InputError, match=says):
        price_strategies(base, terms(**changed), 100, 7)


def test_chance_that_cannot_be_drawn():
    with pytest.raises(InputError, match="paths = 1000001: outside 1 to 1000000"):
        price_strategies(None, terms(), 1_000_001, 7)


def test_the_verb():
    words = ["contract", "--mtok-per-month", "5e4", "--segment", "commodity", "--months", "3", "--provider", "together"]
    document = json.loads(forecast(*words, "--provider", "groq", "--paths", "500", "--json").stdout)
    assert len(document["strategies"]) == 6 and document["break_even_usd_per_mtok"] > 0
    assert set(document["router_usd_per_mtok"]) == {"together", "groq"}
    fixed = next(one for one in document["strategies"] if one["strategy"] == "fixed at groq")
    assert document["even_usd_per_mtok_by_months"]["groq"] == {"3": fixed["even_usd_per_mtok"]}
    assert 0 < fixed["today_usd_per_mtok"] < 1
    said = forecast(*words, "--paths", "500").stdout
    assert "must switch" in said and "a lower quote saves" in " ".join(said.split()) and "By length" not in said
    shown = forecast(*words[: words.index("--months")], "--months", "1", "--paths", "1").stdout
    assert "commodity (70B-class open weights) for 1 month from" in shown and "cost of 1 month, USD" in shown


def test_a_buyer_sees_the_price_by_length_and_what_the_router_says():
    words = "contract --mtok-per-month 5e4 --segment open-frontier --paths 200 --provider fireworks".split()
    said = forecast(*words, "--months", "12", "--output-frac", "0.2", "--cached-frac", "0").stdout
    assert "By length, fixed at fireworks is even at: 3 months " in said
    assert "your mix of 80 % input, 0 % of it cached" in said
    plain = " ".join(said.split())
    assert "not the price of one model" in plain
    assert "Today: the provider's revenue of the segment" in plain and "Router: what customers of the largest" in plain
    fixed = next(line for line in said.splitlines() if line.startswith("  fixed at fireworks"))
    assert " 2.11 " in fixed  # 0.2·8.480909 + 0.8·0.521945 of host_prices.csv
    assert "Fixed: at the price of today, as no quote is known" in plain
    quoted = forecast(*words, "--months", "2", "--fixed-usd-per-mtok", "0.5").stdout
    assert "By length" not in quoted and "Fixed: at the price you were quoted." in quoted
    everyone = forecast(*words[:-1], "all", "--months", "2", "--fixed-usd-per-mtok", "0.5")
    assert everyone.returncode == 2 and "--fixed-usd-per-mtok is one provider's quote" in everyone.stderr


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
    listed = forecast(*words, "--provider", "amzn")  # an alias of a firm that sells no tokens under it
    assert listed.returncode == 2 and " Known: " in listed.stderr and "Did you mean" not in listed.stderr
    for seller in ("cloudflare", "inference"):  # of price lists only; the second under an alias
        listed = forecast(*words, "--provider", seller)
        assert listed.returncode == 2 and 'all that are not named are "fringe". Known: alibaba, ' in listed.stderr
    assert providers("--provider", "Google") == ["vertex"]
    alone = forecast(*words, "--provider", "all", "--provider", "groq")
    assert alone.returncode == 2 and "--provider all stands alone" in alone.stderr
    done = forecast(*words[:6], "0")
    assert done.returncode == 2 and "months = 0: outside 1 to 240." in done.stderr


def test_the_largest_sellers_by_hand(tables):
    selling = load_scenario("base", tables, months=1).entities("provider_finances")
    everyone = {f"provider_finances.{provider}.tokens_mtok_per_day": 1 for provider in selling}
    everyone |= {"provider_finances.groq.tokens_mtok_per_day": 10, "provider_finances.together.tokens_mtok_per_day": 4}
    everyone |= {"offers.groq:commodity.tokens_frac": 0.2, "offers.groq:open-frontier.tokens_frac": 0.8}
    everyone |= {"offers.together:commodity.tokens_frac": 0.9, "offers.together:open-frontier.tokens_frac": 0.1}
    scenario = load_scenario("base", tables, [f"{name}={value}" for name, value in everyone.items()], months=1)
    assert sellers(scenario, "commodity")[:2] == ("together", "groq")  # 4 · 0.9 and 10 · 0.2
    assert sellers(scenario, "open-frontier")[0] == "groq"  # 10 · 0.8


def test_every_seller_is_compared_the_cheapest_first():
    words = "contract --mtok-per-month 5e4 --segment commodity --months 2 --paths 100 --json".split()
    everyone = json.loads(forecast(*words, "--provider", "all").stdout)
    bought_of = everyone["terms"]["providers"]
    assert len(bought_of) > 9 and bought_of[:2] == json.loads(forecast(*words).stdout)["terms"]["providers"]
    costs = [one["mean_usd"] for one in everyone["strategies"]]
    assert costs == sorted(costs) and len(costs) == 1 + 2 * len(bought_of)
    fixed = {one["strategy"]: one["today_usd_per_mtok"] for one in everyone["strategies"] if one["today_usd_per_mtok"]}
    assert f"fixed at {everyone['break_even_provider']}" == min(fixed, key=fixed.get)


def test_a_seller_whose_two_prices_are_far_apart_is_starred():
    """Its customers pay for other models than the router's: fireworks stood first at 0.05 beside 1.0, without a word."""
    words = "contract --mtok-per-month 5e4 --segment commodity --months 1 --paths 50 --provider fireworks".split()
    said = forecast(*words, "--provider", "deepinfra").stdout
    rows = [line.partition("  $")[0].strip().split("  ")[0] for line in said.splitlines() if "$" in line]
    assert rows == [
        "spot at the market's price", "spot at fireworks *", "spot at deepinfra", "fixed at fireworks *",
        "fixed at deepinfra", "fixed, half at fireworks and half at deepinfra *",
    ]  # fmt: skip
    assert "* Today and router are 3 or more times apart" in said
    assert "3 or more times apart" not in forecast(*words[:-1], "groq").stdout
