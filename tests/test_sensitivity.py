"""Sensitivity against closed forms: Ishigami, a linear correlated model, a box that was put there, a loss by hand."""

import csv
import json
from copy import copy
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from command import forecast

from forecast.cli import sensitivity_verb
from forecast.errors import InputError
from forecast.market.names import market_names
from forecast.monte_carlo import jackknife_error
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.scenario import load_scenario
from forecast.sensitivity.analysis import analyse
from forecast.sensitivity.asked import Asked, parse_asked
from forecast.sensitivity.boxes import find_box
from forecast.sensitivity.first_order import first_order, importance
from forecast.sensitivity.learning import commitment_loss, learning_worth
from forecast.sensitivity.sample import Sample, draw_sample, uniform_ranks
from forecast.sensitivity.shares import independent_shapley, normal_correlation, shapley, total_indices
from forecast.sensitivity.signals import Question, is_open, meanings, question_of, rank_signals
from forecast.sensitivity.surrogate import design, fit_surrogate, legendre, terms
from forecast.sensitivity.words import borrowed, convergence, sensitivity_figure, sensitivity_text, settled

N = 10_000


def uniform(inputs, seed=1, n=N):
    return np.random.default_rng(seed).random((inputs, n))


def near(effect, wanted, sds=3.5, bias=0.003):
    """Within three and a half standard errors, and a small allowance for what bins and polynomials cannot follow."""
    return np.all(np.abs(effect.index - wanted) <= sds * effect.error + bias)


@pytest.fixture(scope="module")
def ishigami():
    u = uniform(3)
    x = np.pi * (2 * u - 1)
    return u, np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


V = np.array([0.5 * (1 + np.pi**4 / 50) ** 2, 49 / 8, 0.0])  # variances of the main effects of the Ishigami function
INTERACTION = 0.01 * np.pi**8 * (1 / 18 - 1 / 50)  # of the first and the third
VARIANCE = V.sum() + INTERACTION


def test_first_order_indices_of_ishigami(ishigami):
    assert near(first_order(*ishigami), V / VARIANCE, bias=0.012)  # twenty bins miss 1 % of a sine


def test_total_and_shapley_indices_of_ishigami(ishigami):
    made = fit_surrogate(*ishigami)
    assert made.explained > 0.999
    assert near(total_indices(made), (V + INTERACTION * np.array([1, 0, 1])) / VARIANCE)
    assert near(independent_shapley(made), (V + INTERACTION * np.array([0.5, 0, 0.5])) / VARIANCE)


def lent(part, slope):
    """Three inputs, the third with the values of the first on a part of the paths, and y = slope·x₁ + x₂."""
    rng = np.random.default_rng(5)
    u = rng.random((3, N))
    together = rng.random(N) < part
    u[2, together] = u[0, together]
    return u, slope * u[0] + u[1]


def test_an_input_that_only_goes_with_a_leading_one_by_chance_is_not_important():
    """y = 10·x₁ + x₂; x₃ has no part in y but lies with x₁ in this sample, at a correlation of 0.2."""
    u, y = lent(0.2, 10)
    first, none = first_order(u, y), np.eye(3)
    assert first.index[2] > 3 * first.index[1]  # what it seems: 0.04 against 0.01
    left = importance(u, y, first, none)
    assert left[0] == first.index[0] and left[1] > 5 * left[2]
    meant = none.copy()
    meant[2, 0] = meant[0, 2] = 0.2  # correlated on purpose: what it carries counts as its own
    assert importance(u, y, first, meant)[2] == first.index[2]


def test_what_seems_to_lead_because_it_goes_with_a_leading_one_by_chance_does_not():
    """y = 3·x₁ + x₂; x₃ takes the values of x₁ on half the paths, as coordinates of few Sobol points may, and has no part in y."""
    u, y = lent(0.5, 3)
    first = first_order(u, y)
    assert first.index[2] > 2 * first.index[1] > 0.1  # both beyond a twentieth
    left = importance(u, y, first, np.eye(3))
    assert left[0] == first.index[0] and left[1] > 0.05 and left[2] < 0.05


@pytest.mark.parametrize("rho", [0.0, 0.6, -0.5])
def test_shapley_effects_of_a_linear_correlated_model(rho):
    """y = 2·x₁ + x₂, normal with correlation ρ: V₁ = (2 + ρ)², V₂ = (1 + 2ρ)², Sh₁ = (V₁ + V − V₂)/(2V)."""
    from scipy.special import ndtr

    z = np.linalg.cholesky([[1, rho], [rho, 1]]) @ np.random.default_rng(3).standard_normal((2, N))
    scores, y = ndtr(z), 2 * z[0] + z[1]
    variance, first, second = 5 + 4 * rho, (2 + rho) ** 2, (1 + 2 * rho) ** 2
    found = shapley(fit_surrogate(scores, y), normal_correlation(scores), seed=4)
    wanted = np.array([first + variance - second, second + variance - first]) / (2 * variance)
    np.testing.assert_allclose(
        found.index, wanted, atol=0.025
    )  # 8,192 conditional draws; a polynomial of a normal tail
    assert near(first_order(scores, y), np.array([first, second]) / variance, bias=0.02)


def test_polynomials_are_orthonormal():
    u = (np.arange(20_000) + 0.5) / 20_000
    p = legendre(u, 5)
    np.testing.assert_allclose(p @ p.T / len(u), np.eye(6), atol=1e-6)
    assert len(terms(3, 4)) == 35  # C(7, 3)
    np.testing.assert_allclose(design(np.array([[1.0], [1.0]]), np.array([[1, 2]])), [[np.sqrt(3 * 5)]])


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(5).standard_normal(1_000)
    left = np.array([[np.delete(values, i).mean()] for i in range(len(values))])
    assert jackknife_error(left)[0] == pytest.approx(values.std(ddof=1) / np.sqrt(1_000), rel=1e-9)


def test_a_box_that_was_put_there_is_found():
    u = uniform(4, seed=6)
    inside = (u[1] > 0.7) & (u[3] < 0.4)
    box = find_box(u, inside | (np.random.default_rng(7).random(N) < 0.02))
    assert set(box.ranges) == {1, 3}
    assert box.ranges[1] == pytest.approx((0.7, 1.0), abs=0.02)
    assert box.ranges[3] == pytest.approx((0.0, 0.4), abs=0.02)
    assert box.density > 0.9 and box.coverage > 0.8


def test_no_box_where_nothing_matters():
    """Before, of a rare event a box was found in each of these, in some of which it was rarer than elsewhere."""
    for seed in range(20):
        random = np.random.default_rng(seed)
        assert find_box(random.random((8, 1_000)), random.random(1_000) < 0.09) is None


def test_a_commitment_is_judged_on_the_other_half():
    """0 is chosen on even paths and falls 10 short on odd ones, 7.5 each; 10 is chosen there and exceeds by 10, 2.5 each."""
    assert commitment_loss(np.array([0.0, 10.0, 0.0, 10.0])) == pytest.approx((2 * 7.5 + 2 * 2.5) / 4)


def test_learning_everything_spares_the_whole_loss():
    """y = x: bins of a twentieth leave a twentieth of the loss; ∫ρ₀.₇₅(x − ¾) over (0, 1) = 0.75·0.25/2 = 0.09375."""
    u = uniform(2, seed=10)
    assert commitment_loss(u[0]) == pytest.approx(0.09375, rel=0.03)
    worth = learning_worth(u, u[0])
    assert worth[0] == pytest.approx(0.09375 * 19 / 20, rel=0.03)
    assert abs(worth[1]) < 0.002


def planted(noise, n=4_000):
    """y = exp(x₁ + noise·luck): the share of the inputs is 1/(1 + 12·noise²) of the logarithm."""
    rng = np.random.default_rng(11)
    u = uniform(3, seed=12, n=n)
    luck = noise * rng.standard_normal((2, n))
    asked = Asked("rent", None, 5, "USD/accelerator-hour")
    outcome, twin = np.exp(u[0] + luck)
    return Sample(("parameters.a", "b", "c"), u, 10 * u, {str(asked): outcome}, {str(asked): twin}), asked


def test_without_luck_inputs_decide_all_and_not_more():
    """Covariance and variances are of one denominator: n − 1 over n gave shares above one, and errors below zero."""
    found = analyse(*planted(0.0, n=1_000))
    assert found.inputs_share == pytest.approx(1, abs=1e-12)
    assert found.inputs_share_error == pytest.approx(0, abs=1e-12)


def test_luck_and_inputs_are_told_apart():
    sample, asked = planted(0.3)
    found = analyse(sample, asked)
    assert found.inputs[0] == "parameters.a" and found.on_log
    assert found.inputs_share == pytest.approx(1 / (1 + 12 * 0.09), abs=4 * found.inputs_share_error)
    assert found.first.index[0] == pytest.approx(found.inputs_share, abs=0.04)
    assert found.box_limits["parameters.a"][1] == np.inf
    assert settled(found) >= 1
    text = sensitivity_text(found)
    assert "WHAT DRIVES rent@5" in text and "a ≥" in text and "the luck of the months" in text
    assert "Converged: " in text
    assert max(map(len, text.splitlines())) <= 120, "a pipe takes whole tables, but no sentence of 150 letters"
    few = copy(found)
    few.n_paths = 10
    assert "on 10 paths" in convergence(few) and convergence(few).startswith("Not converged: ")
    shares, tornado = sensitivity_figure(found).axes
    assert shares.get_yticklabels()[0].get_text() == "a" and tornado.get_legend()._loc == 4, "clear of the longest bars"


def test_an_input_that_only_goes_with_a_leading_one_is_marked():
    """y = exp(3·x₁ + x₂); x₃ has no part in y but lies with x₁, so alone it seems to explain what x₁ does."""
    u, y = lent(0.5, 3)
    asked = Asked("rent", None, 5, "USD")
    found = analyse(
        Sample(("a", "b", "c"), uniform_ranks(u), u, {str(asked): np.exp(y)}, {str(asked): np.exp(y)}), asked
    )
    assert dict(zip(found.inputs, borrowed(found), strict=True))["c"] and not borrowed(found)[found.inputs.index("b")]
    text = sensitivity_text(found)
    assert "  c*? " in text and "? more alone than its Shapley part" in text
    assert "?" not in sensitivity_text(analyse(*planted(0.3)))


def test_what_cannot_be_analysed_is_refused():
    sample, asked = planted(0.3, n=900)
    with pytest.raises(InputError, match="900 paths; at least 1,000 are needed"):
        analyse(sample, asked)
    sample, asked = planted(0.3)
    sample.outcomes[str(asked)][:] = 2.0
    with pytest.raises(InputError, match="is 2 on every path, so nothing drives it"):
        analyse(sample, asked)


@pytest.fixture(scope="module")
def base(tables):
    return load_scenario("base", tables, months=13)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("zzz", 'no outcome "zzz".* Outcomes: market_price, .*, runway_months.'),
        ("exi:groq", 'no outcome "exi".*Did you mean "exit"'),
        ("exit:grq", 'entity "grq".*Did you mean "groq"'),
        ("rent@99", "month 99 is outside 0 to 13"),
        ("rent:groq", "allowed for rent: none"),
        ("out_of_cash:vertex", 'entity "vertex"'),
        ("a b", r"write OUTCOME\[:ENTITY\]\[@MONTH\]"),
    ],
)
def test_an_outcome_that_is_none(base, text, says):
    with pytest.raises(InputError, match=says):
        parse_asked(text, market_names(base), base.months)


def test_cash_and_burn_drive_a_runway(base):
    asked = parse_asked("out_of_cash:parasail@13", market_names(base), base.months)
    found = analyse(draw_sample(base, [asked], 5_000, 7), asked)
    assert set(found.inputs[:2]) == {f"provider_finances.parasail.{x}" for x in ("burn_usd_per_year", "cash_usd")}


def test_the_verb(tmp_path):
    options = ["--months", "4", "--paths", "1000", "--outcome", "rent@3"]
    out, picture = tmp_path / "s.csv", tmp_path / "s.png"
    done = forecast("sensitivity", *options, "--json", "--out", str(out), "--picture", str(picture))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)["outcomes"][0]
    assert document["outcome"] == "rent@3" and 0 < document["inputs_share"] < 1
    assert len(list(csv.reader(out.read_text("utf-8").splitlines()))) == len(document["inputs"]) + 1
    assert picture.stat().st_size > 10_000
    done = forecast("sensitivity", "--picture", "x.png", "--months", "2")
    assert done.returncode == 2 and "shows one outcome, 4 are asked for" in done.stderr


@pytest.mark.parametrize(
    ("options", "says"), [(["--paths", "512"], "512 paths; at least 1,000"), (["--above", "nan"], "finite number")]
)
def test_what_cannot_be_studied_is_refused_before_sampling(monkeypatch, options, says):
    monkeypatch.setattr("forecast.cli.sensitivity_verb.draw_sample", None)
    assert says in str(CliRunner().invoke(sensitivity_verb.command, options).exception)


def test_a_signal_that_turns_the_answer_is_found_with_its_level():
    sample, _ = planted(0.3)
    rng = np.random.default_rng(13)
    seen = sample.scores[1] * 40
    yes = np.where(seen > 30, rng.random(len(seen)) < 0.8, rng.random(len(seen)) < 0.1)
    found = rank_signals(Question("it happens", yes), sample, [("rent@6", seen, 17.0)])
    assert found[0].name in ("rent@6", "b")  # the same thing under two names
    mine = next(s for s in found if s.name == "rent@6")
    assert mine.turns and mine.above and mine.latest == 17.0
    assert mine.level == pytest.approx(30, abs=0.5)
    assert mine.chance_beyond == pytest.approx(0.8, abs=0.04)
    assert mine.chance_else == pytest.approx(0.1, abs=0.03)
    idle = next(s for s in found if s.name == "c")
    assert not idle.turns and idle.told < 3.5 * idle.told_error + 0.002


def test_signals_of_every_kind_have_their_meaning(tables):
    names = (
        "price_rise:commodity@24",
        "hhi_tokens@6",
        "rent@6",
        "parameters.launch_slip_months@vr200",
        "offers.groq:commodity.tokens_frac",
    )
    told = meanings(names, tables)
    assert list(told) == ["price_rise", "hhi_tokens", "rent", "launch_slip_months", "tokens_frac"]
    assert told["rent"] == FANS["rent"].definition and told["price_rise"] == DATES["price_rise"].definition
    assert told["launch_slip_months"] == tables["parameters"].latest("parameter")["launch_slip_months"]["meaning"]
    assert told["tokens_frac"] == next(c.meaning for c in tables.schema["offers"] if c.name == "tokens_frac")


def test_the_verb_watch():
    options = ["--months", "8", "--paths", "1000", "--within", "3"]
    document = json.loads(forecast("watch", *options, "--outcome", "out_of_cash:novita", "--json").stdout)
    assert document["within_months"] == 3
    said = forecast("watch", *options, "--outcome", "rent").stdout
    assert said.startswith("rent@8 is above today's (2027-06): chance ") and "USD/accelerator-hour" in said
    assert f"\nrent: {FANS['rent'].definition}\n" in said
    assert "Signals that end in @3" in said and "turns: beyond it the other answer is likelier" in said
    done = forecast("watch", "--months", "8", "--within", "8")
    assert done.returncode == 2 and "--within 8: outside 1 to 7" in done.stderr
    done = forecast("watch", *options, "--outcome", "exit:fringe")
    assert done.returncode == 2 and "so no signal can change it" in done.stderr
    said = forecast("watch", *options, "--outcome", "exit:fringe", "--outcome", "runway_months:novita").stdout
    assert (
        "  exit:fringe@8 happens on no path, so no signal can change it.\n\nrunway_months:novita@8 is longer than "
        in said
    )
    assert " 7 months (2027-06): chance " in said and "provider_finances.novita.burn_usd_per_year" in said


def test_a_runway_is_longer_than_its_median_or_lasts(base):
    """The question on months 1 to 9, and on months most of which lie beyond those that are followed."""
    asked = parse_asked("runway_months:groq@9", market_names(base), base.months)
    sample, _ = planted(0.3)
    short = np.arange(len(sample.scores[0])) % 9 + 1.0
    for months, text, yes in (
        (short, "longer than 5 months, its median", short > 5),
        (np.maximum(short, 8) + (short > 3), "longer than 8 months", np.maximum(short, 8) + (short > 3) >= 9),
    ):
        question = question_of(asked, replace(sample, outcomes={str(asked): np.minimum(months, 9)}))
        assert question.text == f"runway_months:groq@9 is {text}"
        assert (question.yes == yes).all() and is_open(question)


def test_the_revenue_of_a_provider_can_be_asked_for(base):
    names = market_names(base)
    asked = parse_asked("revenue:groq@12", names, base.months)
    assert asked.unit == "USD/year"
    done = []
    found = draw_sample(replace(base, months=12), [asked], 5001, 7, done.append)
    assert done == [5000, 1]
    values = found.outcomes["revenue:groq@12"]
    assert (values >= 0).all() and 0.2 < (values > 1e8).mean() < 1
    assert set(found.twins) == {"revenue:groq@12"}
    with pytest.raises(InputError, match='entity "azure"; allowed for cash: together, .*groq'):
        parse_asked("cash:azure@12", names, base.months)
    assert parse_asked("margin:azure@12", names, base.months).unit == "fraction"
    with pytest.raises(InputError, match='no outcome "asked_price"'):
        parse_asked("asked_price:groq:commodity@12", names, base.months)


def test_a_margin_is_read_where_there_is_one():
    """Paths on which the firm has left, with either luck, say nothing of it; ranks are those of the paths that are left."""
    random, asked = np.random.default_rng(5), Asked("margin", "groq", 12, "fraction")
    values = random.random((2, 6_000))
    first, gone, gone_too = values[0], random.random(6_000) < values[1] / 2, random.random(6_000) < 0.1
    outcomes, twins = (
        {"margin:groq@12": np.where(left, np.nan, first + 0.1 * random.random(6_000))} for left in (gone, gone_too)
    )
    sample = Sample(("a", "b"), uniform_ranks(values), values, outcomes, twins)
    here = sample.known("margin:groq@12")
    assert len(here.outcomes["margin:groq@12"]) == (~gone & ~gone_too).sum()
    assert np.array_equal(here.scores, uniform_ranks(values[:, ~gone & ~gone_too]))
    found = analyse(sample, asked)
    assert found.inputs == ("a", "b") and found.first.index[0] > 0.95
    assert found.known_frac == (~gone & ~gone_too).mean() and found.n_paths == (~gone & ~gone_too).sum()
    share = f"Read on the {100 * found.known_frac:.0f} % of paths on which it is in the market with this luck"
    assert share in sensitivity_text(found)
    whole = Sample(("a", "b"), sample.scores, values, {"rent@12": first}, {"rent@12": first})
    assert whole.known("rent@12") is whole
    few = Sample(("a", "b"), sample.scores, values, outcomes, {"margin:groq@12": np.full(6_000, np.nan)})
    with pytest.raises(InputError, match="sensitivity: 0 paths on which margin:groq@12 is a number; at least 1,000"):
        analyse(few, asked)


@pytest.mark.parametrize("left_in", ["outcomes", "twins"])
def test_a_firm_that_leaves_with_one_luck_only(left_in):
    """Where it had left with the other luck alone, the share of all inputs was the logarithm of 0: nan %."""
    random, asked = np.random.default_rng(6), Asked("revenue", "groq", 12, "USD/year")
    values = random.random((2, 2_000))
    of = {name: (1 + values[0] + 0.1 * random.random(2_000)) * 1e9 for name in ("outcomes", "twins")}
    sample = Sample(
        ("a", "b"), uniform_ranks(values), values, *({"revenue:groq@12": of[n]} for n in ("outcomes", "twins"))
    )
    assert analyse(sample, asked).on_log
    of[left_in][0] = 0.0
    found = analyse(sample, asked)
    assert not found.on_log and 0.9 < found.inputs_share <= 1
    assert "> 1." in found.event and found.event.endswith("B")
