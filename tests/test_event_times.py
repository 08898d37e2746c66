"""Event rates: by hand, against statsmodels, and with what is still open left open."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.draws import Draws
from forecast.equations import funding
from forecast.equations.funding import funding_prob_per_month
from forecast.hindcast.happenings import firms_of
from forecast.march import march
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.table_files import Row
from forecast.tables import load_tables
from forecast.trends.firm_rates import ATTRACTION, exits_trend, funding_trend, round_spells
from forecast.trends.known import TooFew
from forecast.trends.regimes import Count, Spell, counts, difference_prob, dispersion, quarterly, rate_quantiles
from forecast.trends.slips import launch_slips_trend

V25, V26 = date(2025, 7, 1), date(2026, 10, 31)


def numbers(trend):
    return {found.name: found.value for found in trend.diagnostics}


def value_of(trend, key):
    (found,) = (e.value for e in trend.estimates if e.key == key)
    return found


# --- rates by regime ------------------------------------------------------------------------------------------------


def test_exposure_is_cut_where_the_market_turns():
    firms = [Spell(date(2022, 1, 1), date(2026, 1, 1), True), Spell(date(2024, 7, 2), V26, False)] * 6
    found = counts(firms)
    assert found["normal"].events == 0
    assert_allclose(found["normal"].years, 6 * (366 + 183) / 365)
    assert found["hot"].events == 6
    assert_allclose(found["hot"].years, 6 * (365 + 668) / 365)


def test_a_regime_with_little_exposure_says_nothing():
    assert counts([Spell(date(2024, 1, 1), date(2025, 2, 1), True)] * 10).keys() == {"normal"}


def test_rate_quantiles_by_the_gamma_function():
    from scipy.stats import gamma

    levels = np.array([0.1, 0.5, 0.9])
    assert_allclose(rate_quantiles(Count(14, 69.0), levels), gamma(14.5, scale=1 / 69).ppf(levels), rtol=1e-9)
    assert rate_quantiles(Count(0, 50.0), levels)[2] > 0.02  # no event in fifty years is not a rate of zero


def test_one_rate_or_two_against_a_poisson_regression():
    import statsmodels.api as sm

    events, years = np.array([3.0, 14.0]), np.array([50.0, 69.0])
    one = sm.GLM(events, np.ones((2, 1)), family=sm.families.Poisson(), exposure=years).fit()
    from scipy.stats import chi2

    assert_allclose(difference_prob(Count(3, 50.0), Count(14, 69.0)), chi2.sf(one.deviance, 1), rtol=1e-6)
    assert_allclose(np.exp(one.params[0]), 17 / 119, rtol=1e-6)
    assert difference_prob(Count(5, 50.0), Count(5, 50.0)) == 1.0
    assert difference_prob(Count(0, 50.0), Count(0, 50.0)) == 1.0


# --- the fits to the tables -----------------------------------------------------------------------------------------


def test_events_are_counted_as_by_hand(tables):
    """Purchases of sellers, from the rows: 2024 two, 2025 five, 2026 five; of makers of software one, two and three."""
    rows = tables["hazard_cohort"].latest("provider").values()
    years = [(row["kind"] != "software", row["exit_on"].year) for row in rows if row["outcome"] == "acquired"]
    assert [years.count((True, year)) for year in (2024, 2025, 2026)] == [2, 5, 5]
    assert [years.count((False, year)) for year in (2024, 2025, 2026)] == [1, 2, 3]
    notes = [e.note for e in exits_trend(tables.vintage(V26)).estimates if "acquired" in e.key]
    assert [note.partition(" ")[0] for note in notes] == ["2", "10"]


def test_makers_of_software_say_nothing_of_sellers(tables, overlay):
    """Not one of them need be bought: the market names no such firm."""

    def unsold(rows):
        return [row for row in rows if row["kind"] != "software" or not row["exit_on"]]

    assert exits_trend(load_tables(overlay("hazard_cohort", unsold))) == exits_trend(tables)


def test_a_listing_is_no_round(tables):
    """CoreWeave's gap after 2024-05 was ended by its listing."""
    (last,) = (s for s in round_spells(tables, V26, ("neocloud",)) if s.end == date(2025, 3, 28))
    assert last == Spell(date(2024, 5, 1), date(2025, 3, 28), False)


@given(st.lists(st.integers(0, 9), min_size=2, max_size=8).filter(any))
def test_dispersion_is_a_test_of_goodness_of_fit(events):
    from scipy.stats import chisquare

    years = np.arange(1.0, len(events) + 1)
    expected = years * sum(events) / years.sum()
    wanted = chisquare(events, expected).statistic / (len(events) - 1)
    assert_allclose(dispersion(np.array(events, float), years), wanted)


def test_quarters_hold_every_event_and_all_time_at_risk():
    firms = [Spell(date(2022, 1, 1), date(2025, 2, 10), True), Spell(date(2024, 5, 5), date(2026, 7, 1), False)]
    events, years = quarterly(firms, date(2026, 7, 1))
    assert len(events) == 10
    assert events.sum() == 1 and events[4] == 1
    assert_allclose(years.sum(), (406 + 787) / 365)


def test_a_provider_outside_the_cohort_is_followed_for_its_rounds(tables):
    """OpenAI raised in 2024-10, 2025-03 and 2026-03: two gaps closed, one open to the day; xAI's last one ends as it is bought."""
    told = {row["provider"] for row in tables["hazard_cohort"]}
    assert "openai" not in told and "xai" in told
    rows = tables["round_intervals"].latest("provider", "from_on")
    of = {p: [row["from_on"] for row in rows.values() if row["provider"] == p] for p in ("openai", "xai")}
    assert of["openai"] == [date(2024, 10, 2), date(2025, 3, 31), date(2026, 3, 31)]
    found = [gap for gap in round_spells(tables, date(2026, 10, 31)) if gap.start in of["openai"] + of["xai"][-1:]]
    assert [(gap.end, gap.happened) for gap in sorted(found)] == [
        (date(2025, 3, 31), True), (date(2026, 3, 31), True), (date(2026, 2, 2), False), (date(2026, 10, 31), False)
    ]  # fmt: skip


def test_who_is_listed_is_followed_for_its_rounds_until_then(tables):
    """Zhipu, which the cohort does not hold, raised in 2024-12, 2025-03 and 2025-07, and sold shares to all on 2026-01-08."""
    assert "zai" not in {row["provider"] for row in tables["hazard_cohort"]}
    starts, before = [date(2024, 12, 16), date(2025, 7, 2)], date(2025, 12, 31)
    found = [
        sorted(gap for gap in round_spells(tables.vintage(day), day) if gap.start in starts) for day in (before, V26)
    ]
    assert [(gap.end, gap.happened) for gap in found[0]] == [(date(2025, 3, 3), True), (before, False)]
    assert [(gap.end, gap.happened) for gap in found[1]] == [(date(2025, 3, 3), True), (date(2026, 1, 8), False)]
    rows = list(tables["providers"])
    later = [Row(row.values | {"as_of": V26}, 0) for row in rows if row["provider"] == "zai" and row["listed"]]
    again = tables.with_table(replace(tables["providers"], rows=(*rows, *later)))  # told anew, it was listed no later
    assert sorted(gap for gap in round_spells(again, V26) if gap.start in starts) == found[1]


def test_open_gaps_slow_the_rounds_down(tables):
    found = numbers(funding_trend(tables.vintage(V25)))
    assert found["gap_p50_months"] > found["closed_gap_p50_months"]


def test_a_round_that_came_later_is_an_open_gap_before(tables):
    """SambaNova raised in 2021-04 and in 2026-02: in 2025-07 it had waited for 50 months."""
    known = tables.vintage(V25)["round_intervals"].latest("provider", "from_on")
    assert known["sambanova", date(2021, 4, 13)]["to_on"] is None
    assert tables["round_intervals"].latest("provider", "from_on")["sambanova", date(2021, 4, 13)]["to_on"] == date(
        2026, 2, 24
    )


@pytest.mark.parametrize(
    ("table", "column"), [("round_intervals", "to_on"), ("hazard_cohort", "exit_on"), ("round_intervals", "from_on")]
)
def test_what_happened_was_known_when_it_did(tables, table, column):
    late = [row.number for row in tables[table] if row[column] and row[column] > row["as_of"]]
    assert late == []


def test_an_awaited_launch_is_censored(tables, overlay):
    """Rubin's expected date lies after its row's: it has not come, whatever the row expects."""
    before = launch_slips_trend(tables.vintage(V26))

    def sooner(rows):
        return [row | ({"broad_on": "2026-12-01"} if row["broad_on"] == "2026-12-31" else {}) for row in rows]

    after = launch_slips_trend(load_tables(overlay("launch_slips", sooner)).vintage(V26))
    assert after == before
    assert numbers(before)["awaited_count"] == 3


def test_cancelled_programmes_count_once_known(tables):
    assert numbers(launch_slips_trend(tables.vintage(date(2025, 1, 1))))["cancelled_count"] == 0
    assert numbers(launch_slips_trend(tables.vintage(V25)))["cancelled_count"] == 1


def test_too_few_launches_are_refused(tables):
    with pytest.raises(TooFew, match=r"data/launch_slips.csv: 1 launches delivered known by 2023-12-31; a fit needs 5"):
        launch_slips_trend(tables.vintage(date(2023, 12, 31)))


def test_the_rate_of_rounds_holds_what_was_seen(tables):
    """Times the attraction of a typical firm the fitted rate gives back rounds over months as they count, where nothing was judged before."""
    made = funding_trend(tables.vintage(V26))
    rate = value_of(made, "regimes.normal.funding_per_month").median()
    assert_allclose(rate * np.prod(ATTRACTION) ** 0.5, numbers(made)["rounds_per_month_normal"] * 9.5 / 9, rtol=0.003)


def test_what_was_judged_of_the_hot_market_counts_beside_what_was_seen(tables):
    """8 rounds in 110.3 months: log(8.5/110.3) − log(1.6·2.2)/2 = −3.192 ± 0.365, judged log(0.1) ± 0.541: −2.914 ± 0.302."""
    band = value_of(funding_trend(tables.vintage(V25)), "regimes.hot.funding_per_month").quantile(
        np.array([0.1, 0.5, 0.9])
    )
    assert_allclose(np.log(band), -2.914 + 0.302 * 1.2816 * np.array([-1, 0, 1]), atol=0.006)


@pytest.mark.parametrize("as_of", [date(2025, 1, 1), V25, date(2026, 1, 1), date(2026, 7, 1), V26])
def test_the_loop_gives_back_in_half_a_year_what_the_fit_took_off(tables, as_of, monkeypatch):
    """The followed firms of each vintage attract as much money as the rate of one that stands still is divided by."""
    scenario = load_scenario("base", tables, as_of=as_of, months=6)
    names, attraction = market_names(scenario), []
    followed = np.isin(names.providers[names.own_cash], list(firms_of(scenario, names, "followed")))

    def noted(rate, growth, runway, since):
        attraction.append(funding_prob_per_month(1.0, growth, runway, 12.0)[followed].mean())
        return funding_prob_per_month(rate, growth, runway, since)

    monkeypatch.setattr(funding, "funding_prob_per_month", noted)
    march(scenario, names, Draws(scenario, 7, 0))
    assert len(attraction) == 6 and ATTRACTION[0] < np.mean(attraction) < ATTRACTION[1]


@pytest.mark.parametrize("as_of", [date(2025, 1, 1), V25, date(2026, 1, 1), V26])
def test_no_rate_of_a_regime_is_known_exactly(tables, as_of):
    """A rate drawn once for all firms of a path is what makes their fates go together beside the regime itself."""
    inputs = load_scenario("base", tables, as_of=as_of).inputs
    exact = [
        f"{regime}.{rate}"
        for regime in ("hot", "normal", "cold")
        for rate in ("funding_per_month", "acquired_per_year", "ipo_per_year")
        if inputs[f"regimes.{regime}.{rate}"].value.name == "fixed"
    ]
    assert exact == []
