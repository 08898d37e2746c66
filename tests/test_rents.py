"""Rents: the filter against statsmodels, the forecasts at past months, the trend and the numbers it gives."""

from datetime import date

import numpy as np
import pytest
from spoiling import said_by

from forecast.distributions import parse
from forecast.owning import FIRST_PARAMETERS, owned_usd_per_accelerator_hour
from forecast.scenario import load_scenario
from forecast.serving.token_cost import owned_cost
from forecast.tables import load_tables
from forecast.trends import cloud as clouds
from forecast.trends import rent_law, rents
from forecast.trends.known import TooFew
from forecast.trends.monthly import MonthlySeries
from forecast.trends.rivals import rolled
from forecast.trends.rolling import LEVELS, scores, scores_by_horizon

TRUE = {"reversion_per_month": 0.1, "level_log": 0.6, "shock_log": 0.05, "noise_log": 0.04}
VINTAGES = ("2025-01-01", "2025-07-01", "2026-01-01", "2026-07-01", "2026-10-31")


@pytest.fixture(scope="module")
def cases(tables):
    return rents.rent_cases(tables)


def made(count=6, months=48, seed=4):
    """Indices of the law itself."""
    reversion, level, shock, noise = (TRUE[prior.name] for prior in rent_law.PRIORS)
    chance = np.random.default_rng(seed)
    found = []
    for at in range(count):
        state, logs = level + chance.normal(0, 0.3), []
        for _ in range(months):
            logs.append(state + noise * chance.normal())
            state += reversion * (level - state) + shock * chance.normal()
        found.append(MonthlySeries(f"made {at}", "made", np.arange(24300, 24300 + months), np.array(logs)))
    return found


def gappy():
    months = np.array([24300, 24301, 24302, 24305, 24306, 24310])
    return MonthlySeries("gappy", "made", months, np.array([1.1, 1.2, 0.9, 1.0, 0.7, 0.8]))


def test_the_likelihood_is_that_of_statsmodels_gaps_and_all():
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    points = clouds.cloud(rent_law.PRIORS, 8)
    ours = rent_law.filtered(gappy(), points)
    every_month = np.full(11, np.nan)
    every_month[gappy().months - 24300] = gappy().logs
    for at, (reversion, level, shock, noise) in enumerate(points.T):
        model = SARIMAX(every_month - level, order=(1, 0, 0), measurement_error=True)
        model.update([1 - reversion, noise**2, shock**2])
        model.ssm.initialize_known(np.zeros(1), np.array([[rent_law.START_SD**2]]))
        oracle = model.ssm.filter()
        np.testing.assert_allclose(ours.log_likelihood[at], oracle.llf, rtol=1e-9)
        np.testing.assert_allclose(ours.mean_log[at], oracle.filtered_state[0, -1] + level, rtol=1e-9)
        np.testing.assert_allclose(ours.variance[at], oracle.filtered_state_cov[0, 0, -1], rtol=1e-9)


def test_far_ahead_nothing_is_left_but_the_level_and_its_noise():
    points = np.array([[0.5], [0.6], [0.3], [0.4]])
    state = rent_law.Filtered(np.zeros(1), np.array([2.0]), np.array([0.04]))
    mean, sd = rent_law.ahead(state, points, 1)
    np.testing.assert_allclose(mean, 1.3)
    np.testing.assert_allclose(sd, np.sqrt(0.25 * 0.04 + 0.09 + 0.16))
    mean, sd = rent_law.ahead(state, points, 200)
    np.testing.assert_allclose(mean, 0.6)
    np.testing.assert_allclose(sd, np.sqrt(0.09 / 0.75 + 0.16))


def test_one_month_ahead_is_the_step_of_the_filter():
    one, point = gappy(), np.array([0.1, 0.8, 0.05, 0.03])
    expected, surprise = rent_law.innovations(one, point)
    assert expected[0] == 0.8
    before = MonthlySeries("cut", "made", one.months[:-1], one.logs[:-1])
    mean, sd = rent_law.ahead(rent_law.filtered(before, point[:, None]), point[:, None], 4)
    np.testing.assert_allclose(expected[-1], mean[0])
    np.testing.assert_allclose(surprise[-1], (one.logs[-1] - mean[0]) / sd[0])


def test_the_law_finds_itself_again_and_convergence_is_reported():
    points = clouds.cloud(rent_law.PRIORS, 20_000)
    pool = made()
    likelihood = np.array([rent_law.filtered(one, points).log_likelihood for one in pool])
    pooled = clouds.weights(likelihood, 1.0)[0]
    assert 1 / (pooled @ pooled) > 10
    for at, prior in enumerate(rent_law.PRIORS):
        low, _, high = np.quantile(points[at], (0.01, 0.5, 0.99), weights=pooled, method="inverted_cdf")
        assert low < TRUE[prior.name] < high, prior.name
    checks = {d.name: d.value for d in rent_law.maximum_likelihood(made(1, 200)[0])}
    assert checks["ml_converged"] == 1.0
    assert checks["ml_reversion"] == pytest.approx(TRUE["reversion_per_month"], abs=0.06)
    assert rent_law.maximum_likelihood(gappy()) == (), "six months are too few"


def test_owning_costs_the_same_from_the_tables_as_in_the_model(tables):
    for as_of in ("2025-07-01", "2026-10-31"):
        known = owned_usd_per_accelerator_hour(tables.vintage(date.fromisoformat(as_of)))
        scenario = load_scenario("base", tables, as_of=date.fromisoformat(as_of))
        for accelerator in ("h100", "h200", "b200", "h20"):  # of an h20 only the design power is known
            same = owned_cost(scenario, accelerator).total_usd_per_accelerator_hour
            assert known[accelerator] == pytest.approx(float(same), rel=1e-12)
    assert min(row["as_of"] for row in tables["parameters"]) == FIRST_PARAMETERS
    early = owned_usd_per_accelerator_hour(tables.vintage(date(2023, 6, 30)))
    assert set(early) >= {"h100"} and "b200" not in early
    assert early["h100"] > known["h100"]


def test_rents_beat_the_driftless_walk_with_bands_that_hold(cases):
    """The figures of the project: skill of 10 % at 6 and 12 months, 80 % bands holding 75 to 88 %."""
    found = scores_by_horizon(cases)
    for months in (6, 12):
        assert found[months].skill >= 0.10
        assert 0.75 <= found[months].coverage_80 <= 0.88
    assert found[3].skill >= 0.10
    assert found[3].coverage_80 <= 0.90


def test_each_half_of_the_origins_each_index_and_each_accelerator_left_out_keep_a_skill(cases):
    middle = sorted(cases.origin)[len(cases) // 2]
    late = np.array([origin >= middle for origin in cases.origin])
    machine = np.array([name.split()[0] for name in cases.series])
    kind = np.array(cases.kind)
    for months in (6, 12):
        at = cases.horizon_months == months
        groups = [late, ~late, kind == "raw", kind == "normalised", *(machine != one for one in np.unique(machine))]
        assert min(scores(cases, at & group).skill for group in groups) > 0.05


def test_walks_are_no_rents():
    """Negative control: on true walks, the law that expects a level must not seem better than the walk."""
    steps = np.random.default_rng(8).normal(0, 0.1, (8, 40))
    walks = [
        MonthlySeries(f"walk {at}", "made", np.arange(24300, 24340), 0.85 + np.cumsum(row))
        for at, row in enumerate(steps)
    ]
    cases = rolled(walks, lambda day: walks, lambda pool, horizons, _: rent_law.rent_quantiles(pool, horizons))
    assert all(score.skill < 0.05 for score in scores_by_horizon(cases).values())


def spoiled(overlay, date_on, as_of, usd="9.99"):
    """The shipped rents with a copy of those of one day more."""
    new = {"date_on": date_on, "usd_per_accelerator_hour": usd, "as_of": as_of}
    return load_tables(overlay("rents", lambda rows: rows + [r | new for r in rows if r["date_on"] == "2026-03-31"]))


@pytest.mark.parametrize("date_on", ["2026-10-31", "2026-03-31", "2025-11-30"])
def test_a_row_from_the_future_moves_no_forecast_made_before(cases, overlay, date_on):
    before = said_by(cases, date(2026, 4, 30))
    after = said_by(rents.rent_cases(spoiled(overlay, date_on, "2026-05-15")), date(2026, 4, 30))
    same = before.keys() & after.keys()
    assert len(same) > 150
    assert all(before[key] == after[key] for key in same)


def test_the_same_row_known_in_time_moves_them(cases, overlay):
    before = said_by(cases, date(2026, 4, 30))
    after = said_by(rents.rent_cases(spoiled(overlay, "2025-11-30", "2025-11-30")), date(2026, 4, 30))
    assert any(before[key] != said for key, said in after.items() if key in before)


def test_a_later_price_of_the_accelerator_moves_no_earlier_forecast(cases, overlay):
    def dearer(rows):
        last = [row for row in rows if row["accelerator"] == "h100"][-1]
        return [*rows, last | {"price_low_usd": "90000", "price_high_usd": "99000", "as_of": "2026-05-15"}]

    before = said_by(cases, date(2026, 4, 30))
    after = rents.rent_cases(load_tables(overlay("accelerator_prices", dearer)))
    assert before == said_by(after, date(2026, 4, 30))
    assert said_by(cases, date(2026, 12, 31)) != said_by(after, date(2026, 12, 31)), "control"


@pytest.mark.parametrize("as_of", VINTAGES)
def test_every_vintage_has_a_trend_and_estimates_the_tables_would_accept(tables, as_of):
    trend = rents.rent_trend(tables.vintage(date.fromisoformat(as_of)))
    assert trend.form == rents.FORM
    assert max(day for day, _ in trend.observed) <= date.fromisoformat(as_of)
    assert (np.diff(trend.fan.quantiles, axis=0) > 0).all()
    assert trend.fan.quantiles.shape == (len(LEVELS), 24)
    checks = {d.name: d.value for d in trend.diagnostics}
    assert checks["effective_points"] > 10 and checks["ml_converged"] == 1.0
    assert checks["ljung_box_p"] > 0.05
    value = {e.key.removeprefix("parameters."): e.value for e in trend.estimates}
    rows = {row["parameter"]: row for row in tables["parameters"]}
    for name, law in value.items():
        assert str(parse(str(law))) == str(law)
        low, high = law.quantile(np.array([0.001, 0.999]))
        assert rows[name]["minimum"] <= low < high <= rows[name]["maximum"]


def test_the_numbers_handed_over_make_the_fan_of_the_trend(tables):
    """The month loop's law without tightness, on the estimates and the level of the months seen, spreads as the fan of the index."""
    vintage = tables.vintage(date(2026, 10, 31))
    trend = rents.rent_trend(vintage)
    value = {e.key.removeprefix("parameters."): e.value for e in trend.estimates}
    assert set(value) == {"rent_to_owned_log_start", "rent_reversion_per_month", "rent_shock_sd"}
    pool = rents.rent_series(vintage)[0]
    fit = rent_law.fit_rents(rents.over_owned(pool, vintage)[0])
    weight = fit.weight[[one.name for one in pool].index(rents.LOOP_INDEX)]
    u = (np.argsort(np.random.default_rng(1).random((3, 20_000)), axis=1) + 0.5) / 20_000
    start, reversion, shock = (law.quantile(row) for law, row in zip(value.values(), u, strict=True))
    level = np.random.default_rng(3).permutation(fit.points[1][clouds.resampled(weight, 20_000)])
    normal = np.random.default_rng(2).standard_normal((11, 20_000))
    for row in normal:  # the start stands a month after the last index: eleven more make a year
        start = start + reversion * (level - start) + shock * row
    owned = owned_usd_per_accelerator_hour(vintage)["h100"]
    ours = np.quantile(owned * np.exp(start), [0.1, 0.5, 0.9])
    np.testing.assert_allclose(ours, trend.fan.quantiles[[1, 3, 5], 11], rtol=0.04)


def test_a_vintage_without_an_index_has_no_trend(tables):
    with pytest.raises(TooFew, match=r"data/rents.csv: no index of the H100 known by 2023-06-30"):
        rents.rent_trend(tables.vintage(date(2023, 6, 30)))


def test_a_bad_rent_is_named_and_left_out(overlay):
    trend = rents.rent_trend(spoiled(overlay, "2026-03-31", "2026-05-15", "3.00"))
    assert "two values for h100 normalised on 2026-03-31. Rows left out." in trend.more["left out"]
    assert "overlay/rents.csv row " in trend.more["left out"]
