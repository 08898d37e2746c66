"""Shipped scenarios: each number has a reason and a known source, and the run tells the story, more of it in test_baselines."""

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


@pytest.mark.parametrize("name", list_scenarios())
def test_every_number_has_a_reason_and_a_source(name, tables):
    scenario, sources = load_scenario(name, tables), {row["key"] for row in tables["sources"]}
    changed = [item for item in scenario.inputs.values() if item.origin.place.startswith("scenarios/")]
    assert bool(changed) == (name != "base") and len(scenario.story.split()) >= 30
    for item in changed:
        assert item.origin.why, item.key
        assert item.origin.source in sources, item.key


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
