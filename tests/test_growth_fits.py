"""Demand, software, hardware and electricity: what made the data is found again, and the far off moves little."""

from datetime import date

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spoiling import written

from forecast.equations.hardware import serving_gain_log
from forecast.tables import load_tables
from forecast.trends.demand import demand_trend
from forecast.trends.electricity import electricity_trend
from forecast.trends.evidence import huber
from forecast.trends.hardware_price import hardware_price_trend, pooled_rate
from forecast.trends.known import TooFew
from forecast.trends.registry import TRENDS, trends_of
from forecast.trends.software import Gains, gain_law, measured_gains, software_trend
from forecast.trends.spans import VOLUME, spans_of
from forecast.trends.volumes import FADE_MONTHS, NO_FADE, Assumed, growth, reach_years, volume_pairs
from forecast.units import months_between

ASSUMED = Assumed(long_run_per_year=0.3, fade_log=float(np.log(19)), fade_log_sd=0.36)
V26, V_2026 = date(2026, 10, 31), date(2026, 1, 1)
FITTED_TABLES = (
    "provider_history demand electricity accelerator_prices launch_slips round_intervals hazard_cohort events rents "
    "tier_prices price_changes token_shares token_mix throughput"
).split()
NUMBERS = (
    "value mid usd_per_accelerator_hour third_cheapest_usd_per_mtok input_usd_per_mtok output_usd_per_mtok share_frac "
    "completion_frac cached_of_input_frac output_tok_per_s_per_accelerator"
).split()


def made_pairs(start_growth, fade_months, noise=0.0, count=40):
    """Return volumes that grew by the law: G today, fading to 0.3 a year."""
    rng = np.random.default_rng(5)
    start = rng.uniform(-3.0, -1.0, count)
    end = start + rng.uniform(0.4, 1.0, count)
    pairs = spans_of([(f"e{i % 8}", VOLUME, 12 * start[i], 12 * end[i], 0.0, 0.0) for i in range(count)])
    log = (
        0.3 * (end - start)
        + (start_growth - 0.3) * reach_years(pairs, fade_months)
        + noise * rng.standard_normal(count)
    )
    return pairs._replace(growth_log=log)


def test_growth_and_fade_are_found_again():
    made = growth(made_pairs(1.5, 18.0, noise=0.1), ASSUMED, FADE_MONTHS)
    assert_allclose(made.mean, 1.5, atol=0.15)
    assert_allclose(np.exp(made.fade_log), 18.0, rtol=0.15)


def test_a_growth_that_never_faded_is_found_by_the_rival():
    pairs = made_pairs(2.0, 1e6, noise=1e-6)  # of a perfect fit statsmodels warns
    assert_allclose(growth(pairs, ASSUMED, NO_FADE).mean, 2.0, atol=1e-5)
    assert growth(pairs, ASSUMED, FADE_MONTHS).mean < 1.9  # the negative control: a wrong form is felt


def test_one_wrong_figure_does_not_decide():
    pairs = made_pairs(1.5, 18.0, noise=0.1)
    spoilt = pairs._replace(growth_log=np.where(np.arange(40) == 3, -9.0, pairs.growth_log))
    assert_allclose(growth(spoilt, ASSUMED, FADE_MONTHS).mean, growth(pairs, ASSUMED, FADE_MONTHS).mean, atol=0.1)


def test_reach_is_the_integral_of_the_fade():
    pairs = spans_of([("a", VOLUME, -12.0, -6.0, 0.0, 0.0)])
    t = np.linspace(-1.0, -0.5, 100_001)
    assert_allclose(reach_years(pairs, 18.0)[0], np.mean(np.exp(-t / 1.5)) * 0.5, rtol=1e-6)


def test_pairs_lie_five_months_apart_and_chain(tables):
    today = date(2026, 9, 10)
    pairs = volume_pairs(tables, today)
    assert (pairs.months >= 5).all()
    google = pairs.firm == "google"
    assert_allclose(np.sort(pairs.start_months[google])[1:], np.sort(pairs.end_months[google])[:-1])


def test_the_vintage_decides_what_demand_knows(tables):
    with pytest.raises(TooFew, match=r"1 entities with two token volumes known by 2025-01-01; a fit needs 3"):
        demand_trend(tables.vintage(date(2025, 1, 1)))
    assert demand_trend(tables.vintage(date(2025, 7, 1))).estimates[0].observations_count == 4


@pytest.mark.parametrize(
    ("day", "judged"),
    [
        (date(2026, 11, 26), 2),  # the scale of an origin's misfit closes in by a fortieth a step
        (date(2028, 1, 31), 0),  # of the last year nothing is known, so no origin has seen anything come
    ],
)
def test_a_refit_without_news_is_a_fit_all_the_same(tables, day, judged):
    """Demand is fitted anew every night, also while nobody publishes."""
    made = demand_trend(tables.vintage(day))
    assert len(made.scores()) == judged and made.estimates[0].value.median() > 0


def test_a_gain_is_of_one_stack_and_the_median_of_its_settings(overlay):
    """Four settings a year apart: gains of 0, 10 and 50 %; one measured on another stack, once, or claimed counts for nothing."""

    def replaced(rows):
        like = next(r for r in rows if r["accelerator"] == "h100" and r["status"] == "measured")
        like |= {"measured_on": "2025-01-15", "output_tok_per_s_per_accelerator": "1000", "source": "own-assumption"}
        like |= {"framework": "vllm 0.9", "model": "llama-3.3-70b"}
        first = [like | {"concurrency": str(c)} for c in (1, 2, 3, 4, 5)]
        later = {"measured_on": "2026-01-15", "framework": "vllm 0.14"}
        last = [
            r | later | {"output_tok_per_s_per_accelerator": str(v)}
            for r, v in zip(first, (1000, 1100, 1500), strict=False)
        ]
        most = {"output_tok_per_s_per_accelerator": "9000"}
        return [
            *first,
            *last,
            first[3] | later | most | {"status": "claim"},
            first[4] | later | most | {"framework": "sglang"},
        ]

    gains = measured_gains(load_tables(overlay("throughput", replaced)))
    assert_allclose(gains.gain_log, np.log(1.1))
    assert_allclose(gains.later_age_years - gains.age_years, 1.0)
    assert_allclose(
        gains.age_years, months_between(date(2023, 7, 18), date(2025, 1, 1)) / 12
    )  # of Llama 2 70B's layers
    assert not gains.mixture.any()


def test_the_law_behind_made_up_gains_is_found():
    """200 gains with a little noise, one of them absurd: rate and fade come out."""
    random = np.random.default_rng(3)
    age = random.uniform(0.2, 3.0, 200)
    gain = serving_gain_log(age, age + 0.5, 0.2, 1.2) + random.normal(0, 0.02, 200)
    gain[0] = 9.0
    rate, fade, _ = gain_law(Gains(age, age + 0.5, gain, age > 1))
    assert_allclose((rate.p50, fade.p50), (0.2, 1.2), rtol=0.15)


def test_the_rows_of_the_software_gain_are_those_of_the_fit(base, tables):
    """They were written by hand from `forecast trend software`: the same middle within a fifth, ends that hold the fit's."""
    said = {each.name: each.value for each in software_trend(tables).diagnostics}
    bands = zip(("efficiency_per_year", "fade_years"), gain_law(measured_gains(tables)), strict=False)
    for (name, band), key in zip(bands, ("gain_per_year_at_one_year", "fade_years"), strict=True):
        row = base.input(f"parameters.serving_{name}").value
        assert said[key] == band.p50
        assert_allclose(row.median(), band.p50, rtol=0.2)
        low, high = row.quantile(np.array([0.1, 0.9]))
        assert low < 1.1 * band.p10 and high > band.p90


def test_what_the_data_cannot_tell_is_not_handed_over(tables):
    """Software, hardware prices: a refit moves neither."""
    for fitted in (software_trend, hardware_price_trend):
        made = fitted(tables.vintage(V26))
        assert made.estimates == ()
        assert made.more and "not handed to the model" in made.more


def test_decline_by_hand():
    """Two parts: 10 % in one year, 50 % in two: 0.6/3; left out one by one 0.25 and 0.1, each 0.075 from their mean."""
    rate, error = pooled_rate(np.array([1.0, 2.0]), np.array([0.1, 0.5]))
    assert_allclose((rate, error), (0.2, np.sqrt(0.5 * 2 * 0.075**2)))


def test_parts_need_a_price_of_their_own(tables):
    parts = {row["accelerator"] for row in tables["accelerator_prices"]}
    (counted,) = (d.meaning for d in hardware_price_trend(tables.vintage(V26)).diagnostics if d.name == "parts_count")
    assert "h100" in counted
    assert "vr200" in parts
    assert "vr200" not in counted  # its first price is an analogy


def test_the_centre_is_hubers():
    """What is left over, cut at 1.345 times its median size over 0.6745, adds up to nothing: Huber's equation."""
    logs = np.log([0.05, 0.07, 0.08, 0.085, 0.09, 0.1, 0.3])
    left = logs - huber(logs, np.ones(7), "this test")
    assert_allclose(np.clip(left / (np.median(np.abs(left)) / 0.6745), -1.345, 1.345).sum(), 0.0, atol=1e-4)


def test_prices_in_euros_and_wholesale_are_left_out(tables):
    made = electricity_trend(tables.vintage(V26))
    rows = [row for row in tables["electricity"] if row["category"] == "price"]
    assert made.estimates[0].observations_count < len(rows) - 4
    assert max(value for _, value in made.observed) < 0.2  # Germany, 0.252 EUR


@pytest.fixture(scope="module")
def spoilt_future(tmp_path_factory):
    """Return the tables with every row that the fits of 2026-01-01 did not know made absurd, where it can be."""
    folder = tmp_path_factory.mktemp("future")
    for table in FITTED_TABLES:
        written(
            folder,
            table,
            lambda rows: [absurd(*at) if at[1]["as_of"] > str(V_2026) else at[1] for at in enumerate(rows)],
        )
    return load_tables(folder)


def absurd(number, row):
    """Return a row of the future with its numbers and its events changed, each second row by more."""
    ratio = 0.3 if number % 2 else 0.7
    numbers = {column: repr(ratio * float(row[column])) for column in NUMBERS if row.get(column)}
    events = {c: "2025-02-01" for c in ("to_on", "exit_on", "broad_on") if c in row}
    return row | numbers | events


# The list price takes long and is tested in `test_backtest.py`: no price after an origin moves its forecast.
@pytest.mark.parametrize("name", [name for name in TRENDS if name != "list_price"])
def test_rows_of_the_future_move_nothing(name, tables, spoilt_future):
    def known(source, as_of):
        try:
            return [(trend.estimates, trend.diagnostics) for trend in trends_of(name, source.vintage(as_of))]
        except TooFew as error:
            return str(error).partition("/")[2]  # but for the folder

    assert known(spoilt_future, V_2026) == known(tables, V_2026)


def test_the_absurd_future_is_seen_once_it_has_come(tables, spoilt_future):
    """The negative control: the same rows, asked for later, do move the fits."""
    moved = {"repricing", "router", "token_mix", "demand", "exits", "funding", "launch_slips", "software", "ladder"}
    for name in moved:
        spoilt, sound = (trends_of(name, one.vintage(V26))[0] for one in (spoilt_future, tables))
        assert (spoilt.estimates, spoilt.diagnostics) != (sound.estimates, sound.diagnostics), name
