"""Predictions: bad queries, truth on planted paths, months, Brier scores by hand, vintages, one JSON shape."""

import json
from datetime import date

import numpy as np
import pytest
from command import forecast

from forecast.errors import InputError
from forecast.market.doors import BOUGHT, NEVER, SHUT
from forecast.market.names import market_names
from forecast.outcomes.by_path import BY_PATH
from forecast.paths import Work, no_paths
from forecast.predictions.names import known_predictions
from forecast.predictions.query import QUERIED, holds, parse_query
from forecast.predictions.scored import (
    days_to_score,
    months_needed,
    outcomes_needed,
    predictions,
    probability,
    scored,
)
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.tables import load_tables

AS_OF = date(2025, 7, 1)


@pytest.fixture
def planted(tables):
    """Four paths of twelve months: a price, exits, runways and a date of our own."""
    scenario = load_scenario("base", tables, as_of=AS_OF, months=12)
    names = market_names(scenario)
    more = ("price_rank[deepseek:open-frontier]", "purchases[azure]")
    paths = no_paths(Work(scenario, 7, 4, (6, 12), more), names)
    at = {name: i for i, name in enumerate(names.providers)}
    paths.kept["tier_price"][0, 1] = [0.01, 0.02, 0.03, 0.04]
    paths.kept["price_rank[deepseek:open-frontier]"][0, 1] = [1, 2, np.nan, 1]
    paths.kept["purchases[azure]"][0, 0] = [0, 1, 2, 0]
    for months in (paths.exit_month, paths.listed_month, *paths.dates.values()):
        months[...] = NEVER
    paths.exit_month[at["groq"]] = [3, 9, NEVER, NEVER]
    paths.exit_kind[at["groq"]] = [BOUGHT, SHUT, 0, 0]
    paths.runway_months[...] = np.inf
    paths.runway_months[at["together"]] = [2, 5, 6, np.inf]
    paths.dates["price_rise"][0] = [1, NEVER, 7, NEVER]
    return paths


@pytest.mark.parametrize(
    "text, truth",
    [
        ("tier_price[commodity] at 2026-06 <= 0.02", [1, 1, 0, 0]),
        ("tier_price[commodity] at 2026-06 >= 0.02 and tier_price[commodity] at 2026-06 <= 0.03", [0, 1, 1, 0]),
        ("not tier_price[commodity] at 2026-06 <= 0.02", [0, 0, 1, 1]),
        ("price_rank[deepseek:open-frontier] at 2026-06 <= 1", [1, 0, 0, 1]),
        ("price_rank[deepseek:open-frontier] at 2026-06 >= 1", [1, 1, 0, 1]),  # who is gone asks no price
        ("purchases[azure] at 2025-12 >= 1", [0, 1, 1, 0]),
        ("exit[groq] by 2026-03", [1, 1, 0, 0]),
        ("exit[groq] by 2026-02", [1, 0, 0, 0]),
        ("bought[groq] by 2026-06", [1, 0, 0, 0]),
        ("shut[groq] by 2026-06", [0, 1, 0, 0]),
        ("not exit[groq] by 2026-06", [0, 0, 1, 1]),
        ("listed[groq] by 2026-06", [0, 0, 0, 0]),
        ("out_of_cash[together] by 2025-11", [1, 1, 0, 0]),
        ("price_rise[commodity] by 2025-11", [1, 0, 0, 0]),
        ("price_rise[commodity] by 2026-01 and out_of_cash[together] by 2026-01", [1, 0, 1, 0]),
        ("price_rise[commodity] by 2026-01 or out_of_cash[together] by 2026-01", [1, 1, 1, 0]),
    ],
)
def test_truth_on_planted_paths(planted, text, truth):
    np.testing.assert_array_equal(holds(parse_query(text), planted), np.array(truth, bool))


@pytest.mark.parametrize(
    "text, said",
    [
        ("tier_price[commodity] <= 1", "is no condition; write OUTCOME[ENTITY] at YYYY-MM <= NUMBER"),
        ("__import__('os')", "is no condition"),
        ("teir_price[commodity] at 2026-06 <= 1", 'no outcome "teir_price" to ask for. Did you mean "tier_price"?'),
        ("exit[groq] by 2026-13", "2026-13: a month from 01 to 12 is required"),
        ("exit[groq] at 2026-06", "exit is asked for by YYYY-MM without a number"),
        ("tier_price[commodity] by 2026-06", "tier_price is asked for at YYYY-MM with <= or >= and a number"),
        ("exit by 2026-06", "exit is given for each provider; name one in [] unless that is the market"),
        ("rent[groq] at 2026-06 <= 1", "rent is given for each market"),
        ("available by 2026-06", "available is given for each accelerator"),
        ("price_rank[deepseek] at 2026-06 <= 1", "price_rank is given for each provider:segment; name one in []"),
        ("exit[deepseek:commodity] by 2026-06", "exit is given for each provider; name one in []"),
        ("price_rank[deepseek:commodity] by 2026-06", "price_rank is asked for at YYYY-MM with <= or >= and a number"),
        ("rent at 2026-06 <= 1 and rent at 2026-06 >= 1 or rent at 2026-07 <= 1", "mixes and with or"),
        ("subsidy_usd_per_month[groq] at 2026-06 <= 1", 'no outcome "subsidy_usd_per_month" to ask for.'),
    ],
)
def test_bad_queries(text, said):
    with pytest.raises(ValueError) as error:
        parse_query(text)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "as_of, until, months",
    [
        (date(2025, 7, 1), "2026-12", 18),  # a year and a half, the last day included
        (date(2025, 7, 1), "2025-07", 1),
        (date(2025, 6, 30), "2026-12", 18),  # a day earlier is no month more
        (date(2026, 10, 31), "2026-12", 2),
        (date(2026, 10, 31), "2026-10", 0),
        (date(2026, 11, 15), "2026-11", 1),
        (date(2026, 11, 16), "2026-11", 0),
    ],
)
def test_a_month_counts_to_its_end(as_of, until, months):
    (condition,) = parse_query(f"exit[groq] by {until}").conditions
    assert condition.months_after(as_of) == months


def test_arrivals_are_those_of_the_simulation(tables):
    """Availability is drawn again; it must be what the march saw, and follow promise and slip."""
    soon = ["launch_slip_months=3", "launch_cancel_prob=0"]
    scenario = load_scenario("base", tables, soon, as_of=AS_OF, months=24)
    paths = simulate(scenario, 6_000, seed=7, threads=1)  # more than a block
    assert not holds(
        parse_query("available[mi455x] by 2026-11"), paths
    ).any()  # promised for 1 October 2026, 15.01 months on
    assert holds(parse_query("available[mi455x] by 2027-01"), paths).all()
    assert holds(parse_query("available[h100] by 2025-07"), paths).all()
    with pytest.raises(InputError, match='available: no accelerator "falcon-shores" in the market of base'):
        holds(parse_query("available[falcon-shores] by 2026-06"), paths)


def test_an_unknown_entity_is_named(planted):
    with pytest.raises(
        InputError, match=r'exit: no provider "grok" in the market of base at 2025-07-01. Did you mean "groq"'
    ):
        holds(parse_query("exit[grok] by 2026-06"), planted)


def test_an_offer_that_is_not_made_is_named(planted):
    with pytest.raises(InputError) as error:
        holds(parse_query("price_rank[deepseek:commodity] at 2026-06 <= 1"), planted)
    assert str(error.value) == (
        'price_rank: no provider:segment "deepseek:commodity" in the market of base at 2025-07-01. '
        'Did you mean "deepseek:open-frontier"?'
    )


def spoilt(overlay, **change):
    def spoil(rows):
        return [{**rows[0], **change}]

    return overlay("predictions", spoil)


def rows_with(overlay, **change):
    return load_tables(spoilt(overlay, **change))["predictions"]


@pytest.mark.parametrize(
    "query, said",
    [
        ("exit[grok] by 2026-06", 'exit[grok]: no provider "grok". Did you mean "groq"? Correct the query.'),
        (
            "price_rank[depseek:open-frontier] at 2026-06 <= 1",
            'no provider "depseek". Did you mean "deepseek"? Correct the query.',
        ),
        (
            "asked_price[deepseek:open-frontir] at 2026-06 <= 1",
            'no segment "open-frontir". Did you mean "open-frontier"? Correct the query.',
        ),
        ("cost_to_gpu_ratio[lpx:commodity] at 2026-06 <= 1", 'no family "lpx". Did you mean "lpu"? Correct the query.'),
        ("available[mi45x] by 2026-06", 'no accelerator "mi45x". Did you mean "mi455x"? Correct the query.'),
        ("sustainability_ratio[bedrok] at 2026-06 <= 1", 'no cloud "bedrok". Did you mean "bedrock"?'),
    ],
)
def test_a_slip_in_a_name_is_said_before_anything_is_simulated(overlay, query, said):
    with pytest.raises(InputError) as error:
        known_predictions(load_tables(spoilt(overlay, query=query)))
    assert "predictions.csv row 2, collapse-18-months: " in str(error.value) and said in str(error.value)


def test_a_slip_ends_the_verbs_with_one_message(overlay, monkeypatch):
    folder = str(spoilt(overlay, query="exit[grok] by 2026-06"))
    monkeypatch.setenv("FORECAST_DATA", folder)
    for arguments in (["predictions"], ["check", folder]):
        done = forecast(*arguments)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert 'exit[grok]: no provider "grok". Did you mean "groq"? Correct the query.' in done.stderr


@pytest.mark.parametrize(
    "change, said",
    [
        ({"query": "exit[groq] by then"}, '"exit[groq] by then" is no condition'),
        ({"query": ""}, "a query or the reason why there is none is required, not both. Correct the row."),
        ({"no_query": "why not"}, "a query or the reason why there is none is required, not both. Correct the row."),
        ({"resolved_on": "2026-01-01"}, "resolved_on and happened belong together. Fill both or neither."),
    ],
)
def test_bad_rows(overlay, change, said):
    with pytest.raises(InputError) as error:
        predictions(rows_with(overlay, **change))
    assert "predictions.csv row 2, collapse-18-months: " in str(error.value) and said in str(error.value)


def test_a_new_row_is_scored_when_its_date_comes(overlay, planted):
    table = rows_with(overlay, query="exit[groq] by 2026-02", resolved_on="2026-03-31", happened="1")
    asked = predictions(table)
    assert days_to_score(asked, date(2026, 3, 30)) == []  # not yet known
    assert days_to_score(asked, date(2026, 3, 31)) == [AS_OF]
    (row,) = scored(asked, [planted], {AS_OF: planted}, date(2026, 3, 31))
    assert row["happened"] is True and row["probability_when_made"] == 0.25
    assert row["brier"] == pytest.approx((0.25 - 1) ** 2)
    assert row["probabilities"][0]["standard_error"] == pytest.approx((0.25 * 0.75 / 4) ** 0.5)
    (early,) = scored(asked, [planted], {}, date(2026, 3, 30))
    assert early["happened"] is None and early["brier"] is None and early["resolution"] is None


def test_outcomes_by_path_are_kept_only_for_who_asks(overlay):
    asked = predictions(rows_with(overlay, query="price_rank[groq:commodity] at 2026-06 <= 1 or exit[groq] by 2026-08"))
    assert outcomes_needed(asked) == ("price_rank[groq:commodity]",)
    assert months_needed(asked, AS_OF, 12) == (20, (12,))
    assert outcomes_needed(predictions(rows_with(overlay, query="exit[groq] by 2026-08"))) == ()


def test_dates_outside_the_simulation_have_no_probability(overlay, planted):
    for query, reason in (
        ("exit[groq] by 2025-06", "its date lies before the scenario's"),
        ("exit[groq] by 2027-06", "its date lies beyond the longest horizon"),
        ("exit[grok] by 2026-06", 'exit: no provider "grok"'),
    ):
        (asked,) = predictions(rows_with(overlay, query=query))
        found = probability(asked, planted)
        assert found["probability"] is None and found["reason"].startswith(reason)


def test_the_horizon_reaches_beyond_the_last_date(overlay):
    asked = predictions(rows_with(overlay, query="rent at 2030-12 <= 2 and exit[groq] by 2030-11"))
    assert months_needed(asked, AS_OF, 60) == (72, (66,))
    assert months_needed(asked, AS_OF, 90) == (90, (66,))
    assert months_needed(asked, date(2032, 1, 1), 60) == (60, ())


def test_shipped_predictions(tables):
    asked = known_predictions(tables)
    sources = {row["key"] for row in tables["sources"]}
    assert all(p.row["source"] in sources for p in asked)
    for prediction in asked:
        if prediction.row["happened"] is not None:
            assert prediction.row["resolution"]
    wanted = (
        "collapse-18-months few-dominant-tokens groq-survives groq-parity deepseek-cheapest deepseek-solvent both-bought "
        "clouds-premium clouds-budget-brands price-2028 groq-files mi400-breaks-duopoly falcon-shores silicon-ten-times "
        "tiered-pricing"
    )
    assert set(wanted.split()) <= {p.row["prediction"] for p in asked}


def test_probabilities_agree_with_the_tidy_table(tables):
    """The same event asked as a query and read from the forecast."""
    from forecast.summary import summarize_paths

    paths = simulate(load_scenario("base", tables, as_of=AS_OF, months=18), 1_000, seed=7, keep_months=(12,))
    made = summarize_paths(paths)
    (fact,) = made.find("out_of_cash", provider="groq", month=12)
    assert holds(parse_query("out_of_cash[groq] by 2026-06"), paths).mean() == fact.value
    (fact,) = made.find("market_price", segment="commodity", month=12, quantile=0.5)
    share = holds(parse_query(f"market_price[commodity] at 2026-06 <= {fact.value:.6f}"), paths).mean()
    assert share == pytest.approx(0.5, abs=0.02)  # the histogram's bins are 1.6 % wide


def test_command_line():
    arguments = ("predictions", "base", "article-corrected", "--paths", "300", "--threads", "1")
    document = json.loads(forecast(*arguments, "--json").stdout)
    keys = {"id", "statement", "query", "probabilities", "happened", "source", "brier", "no_query"}
    for row in document["predictions"]:
        assert keys <= set(row)
        assert [each["scenario"] for each in row["probabilities"]] == ["base", "article-corrected"]
        for each in row["probabilities"]:
            assert (each["probability"] is None) != (each["reason"] is None)
    assert document["brier"]["n"] >= 5 and 0 <= document["brier"]["mean"] <= 1
    assert forecast("predictions", "bse").returncode == 2


def test_settings_and_vintage_reach_the_simulation():
    poor = ("--as-of", "2025-07-01", "--set", "provider_finances.together.cash_usd=1000000")
    done = forecast("predictions", *poor, "--paths", "300", "--threads", "1")
    assert done.returncode == 0 and "no query: " in done.stdout and "resolved by 2025-07-01" in done.stdout
    assert "CAME TRUE" not in done.stdout  # nothing was known of it
    said = done.stdout.split("out_of_cash[together] by 2026-12 or out_of_cash[fireworks] by 2026-12\n")[1]
    assert float(said.split("base 2025-07-01: ")[1].split(" ")[0]) > 90  # with the cash known then it is about 12


def test_every_outcome_can_be_asked():
    assert set(BY_PATH) < set(QUERIED) and "subsidy_usd_per_month" not in QUERIED and len(set(QUERIED)) == len(QUERIED)
