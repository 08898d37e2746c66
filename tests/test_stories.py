"""Shipped scenarios: each number has a reason and a known source, and the run tells the story."""

import numpy as np
import pytest

from forecast.draws import Draws
from forecast.march import march
from forecast.market.market import Market
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios
from forecast.simulation import simulate
from forecast.summary import summarize_paths

LATER = 36


@pytest.fixture(scope="module")
def median(tables):
    """Return a function that gives a median of a scenario's fan; each scenario is run once."""
    made = {}

    def of(name, outcome, month, segment):
        if name not in made:
            made[name] = summarize_paths(simulate(load_scenario(name, tables, months=LATER), 1_000, seed=7))
        (fact,) = made[name].find(outcome, month=month, segment=segment, quantile=0.5, provider=None)
        return fact.value

    return of


@pytest.mark.parametrize("name", list_scenarios())
def test_every_number_has_a_reason_and_a_source(name, tables):
    scenario, sources = load_scenario(name, tables), {row["key"] for row in tables["sources"]}
    changed = [item for item in scenario.inputs.values() if item.origin.place.startswith("scenarios/")]
    assert bool(changed) == (name != "base") and len(scenario.story.split()) >= 30
    for item in changed:
        assert item.origin.why, item.key
        assert item.origin.source in sources, item.key


@pytest.mark.parametrize(
    "name, outcome, segment, low, high",
    [
        ("scarcity", "rent", None, 1.5, 4),
        ("power-crunch", "rent", None, 1.3, 4),
        ("power-crunch", "floor", "commodity", 1.01, 1.5),
        ("blackwell-rubin-on-time", "floor", "commodity", 0.6, 0.97),
        ("blackwell-rubin-on-time", "rent", None, 0.5, 0.95),
        ("mi400-breaks-duopoly", "rent", None, 0.3, 0.8),
        ("mi400-breaks-duopoly", "floor", "open-frontier", 0.4, 0.9),
        ("capital-drought", "independent_providers", None, 0.5, 0.85),
        ("capital-drought", "market_price", "closed-frontier", 1.01, 1.2),
        ("accelerator-glut", "rent", None, 0.3, 0.7),
        ("lpu-floor", "floor", "commodity", 0.2, 0.7),
        ("lpu-floor", "market_price", "commodity", 0.6, 0.85),
        ("efficiency-leap", "floor", "commodity", 0.4, 0.9),
        ("efficiency-leap", "market_price", "commodity", 0.6, 0.98),
    ],
)
def test_the_run_tells_the_story(name, outcome, segment, low, high, median):
    later, today = (median(name, outcome, m, segment) / median("base", outcome, m, segment) for m in (LATER, 0))
    assert low < later < high
    assert today == pytest.approx(1.0, rel=0.005)


@pytest.mark.parametrize(
    "name, low", [("scarcity", 0.8), ("power-crunch", 0.75), ("base", 0.4), ("accelerator-glut", 0.2)]
)
def test_rents_of_three_years_on_are_such_a_part_of_todays(name, low, median):
    assert low < median(name, "rent", LATER, None) / median(name, "rent", 0, None) < low + 0.2


@pytest.mark.parametrize("name", ["scarcity", "accelerator-glut"])
def test_other_business_grows_with_tokens_as_in_base(name, tables):
    """Both say so in their reasons; new fits move base's and would leave them behind."""

    def growth(scenario, what):
        return scenario.input(f"parameters.{what}_growth_start_per_year").value.median()

    made = [load_scenario(each, tables) for each in ("base", name)]
    moved = [growth(made[1], what) / growth(made[0], what) for what in ("other", "demand")]
    assert moved[0] == pytest.approx(moved[1], rel=0.02) and abs(moved[1] - 1) > 0.05


def test_a_glut_hurts_hosts_that_own_before_those_that_rent(tables):
    """DeepInfra owns nearly all of its machines, Baseten none."""
    paths = [simulate(load_scenario(each, tables, months=24), 1_000, seed=7) for each in ("base", "accelerator-glut")]
    margin = [
        summarize_paths(each).find("firm_margin_frac", month=24, segment=None, quantile=0.5, provider=p)[0].value
        for each in paths
        for p in ("deepinfra", "baseten")
    ]
    assert margin[2] < margin[0] - 0.1 and abs(margin[3] - margin[1]) < 0.02


def test_a_claim_explains_what_its_makers_spend_and_counts_once(tables):
    """By the claim Groq serves today at what the roofline says; on the parts of its family it then serves near the floor, not below."""
    # Generations that nobody has announced draw the floor away from all fleets: what is asked here is the claim.
    scenario = load_scenario("lpu-floor", tables, settings=["generation_gain_log=0"], months=LATER)
    names = market_names(scenario)
    draws = Draws(scenario, 7, 0)
    history, sellers = march(scenario, names, draws, note_months=[LATER]), Market(scenario, names, draws).sellers
    groq = names.offer_provider == names.providers.index("groq")
    assert (
        ((overhead := np.median(sellers.overhead_ratio[groq], axis=1)) > 0.5) & (overhead < 2.2)
    ).all()  # of margins not published
    floor = history.series["floor"][names.offer_segment[groq], LATER]
    ratio = np.nanmedian(history.noted["serving_cost"][groq, 0] / floor, axis=1)
    assert ((ratio > 1) & (ratio < 8)).all()  # hosts stand at 4 to 5


def test_a_loss_of_three_dollars_kills_within_months(tables):
    paths = simulate(load_scenario("article-as-printed", tables, months=12), 1_000, seed=7)
    place = {name: i for i, name in enumerate(paths.names.providers)}
    for provider, within in (("together", 6), ("fireworks", 2)):
        assert (paths.runway_months[place[provider]] <= within).mean() > 0.7
    real = simulate(load_scenario("article-corrected", tables, months=12), 1_000, seed=7)
    assert (real.runway_months[place["together"]] <= 6).mean() < 0.05
