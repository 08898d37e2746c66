"""The price of a fixed capability: its law, its forecasts at past months, its trend and the numbers it gives."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from spoiling import said_by

from forecast.distributions import parse
from forecast.equations.tier import tier_shock_scale
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.summary import fan_quantiles
from forecast.tables import load_tables
from forecast.tidy_table import PROBS
from forecast.trends import cloud as clouds
from forecast.trends import evidence, tier_law, tiers
from forecast.trends.known import TooFew
from forecast.trends.monthly import MonthlySeries
from forecast.trends.rivals import RIVALS, rolled
from forecast.trends.rolling import LEVELS, scores, scores_by_horizon

TRUE = {"reversion_per_month": 0.15, "floor_log": np.log(0.03), "shock_log": 0.15, "shock_far_ratio": 0.25}


@pytest.fixture(scope="module")
def cases(tables):
    return tiers.tier_cases(tables)


def made(count=6, months=30, seed=2):
    """Series of the law itself."""
    reversion, floor, shock, far = (TRUE[prior.name] for prior in tier_law.PRIORS)
    chance = np.random.default_rng(seed)
    found = []
    for at in range(count):
        logs = [float(np.log(3.0))]
        for eps in np.clip(chance.standard_t(4.0, months), -6, 6):
            distance = logs[-1] - floor
            logs.append(logs[-1] - reversion * distance + float(np.hypot(shock, far * max(distance, 0.0))) * eps)
        span = np.arange(24300, 24301 + months)
        found.append(MonthlySeries(f"tier {at}", "made", span, np.array(logs)))
    return found


def test_the_density_of_a_step_is_students(tables):
    from scipy.stats import t

    point = np.array([[0.1], [0.0], [0.3], [0.1]])
    before, after = np.array([4.0, -1.0]), np.array([3.0, -0.5])
    scale = np.array([0.5, 0.3])
    z = (after - before + 0.1 * before) / scale
    expected = t.logpdf(z, 4.0) - np.log(scale) - (t.logpdf(0.0, 4.0))
    np.testing.assert_allclose(tier_law.step_log_density(before, after, point)[0], expected, rtol=1e-12)


def test_without_shock_a_price_closes_the_same_share_of_its_distance_each_month():
    points = np.array([[0.2], [0.0], [0.0], [0.0]])
    paths = tier_law.tier_paths(np.array([1.0, -1.0]), np.array([points, points]), np.ones((2, 1)), 3)
    np.testing.assert_allclose(paths[:, :, 0], [[0.8, -0.8], [0.64, -0.64], [0.512, -0.512]])


def test_the_shock_near_the_floor_is_a_normals_times_the_ratio():
    points = np.array([[0.0], [0.0], [1.0], [0.0]])
    paths = tier_law.tier_paths(np.zeros(1), points[None], np.ones((1, 1)), 24)
    steps = np.diff(np.concatenate([np.zeros((1, 1, clouds.POINTS)), paths]), axis=0)
    assert steps.std() == pytest.approx(tier_law.NORMAL_RATIO, rel=0.02)


def test_the_law_finds_itself_again():
    points = clouds.cloud(tier_law.PRIORS, 20_000)
    pool = made()
    pooled = tier_law.tier_weights(pool, np.array([points] * len(pool)), 1.0)[1]
    assert 1 / (pooled @ pooled) > 10
    for at, prior in enumerate(tier_law.PRIORS):
        low, _, high = np.quantile(points[at], (0.01, 0.5, 0.99), weights=pooled, method="inverted_cdf")
        assert low < TRUE[prior.name] < high, prior.name


def test_the_third_cheapest_is_shocked_half_as_much_at_the_floor_and_alike_far_above_it():
    points = clouds.cloud(tier_law.PRIORS, 4)
    third = tier_law.of_rank(points, "third-cheapest")
    np.testing.assert_allclose(third[2], points[2] / 2)
    assert np.array_equal(third[[0, 1, 3]], points[[0, 1, 3]])
    assert np.array_equal(tier_law.of_rank(points, "cheapest"), points)


def test_the_prior_is_what_it_says():
    points = clouds.cloud(tier_law.PRIORS)
    for prior, of in zip(tier_law.PRIORS, points, strict=True):
        low, middle, high = np.quantile(np.log(of) if prior.in_logs else of, (0.1587, 0.5, 0.8413))
        assert middle == pytest.approx(np.log(prior.middle) if prior.in_logs else prior.middle, abs=0.02)
        assert (high - low) / 2 == pytest.approx(prior.sd, rel=0.05)


def test_tiers_beat_the_driftless_walk_with_bands_that_hold(cases):
    """The figures of the project: skill of 10 % at 6 and 12 months, 80 % bands holding 75 to 88 %."""
    found = scores_by_horizon(cases)
    for months in (6, 12):
        assert found[months].skill >= 0.10
        assert found[months].skill_drift >= 0.10
    assert [0.75 <= found[months].coverage_80 <= 0.885 for months in (3, 6, 12)] == [True] * 3


def test_each_half_of_the_origins_and_each_threshold_left_out_keeps_the_skill(cases):
    middle = sorted(cases.origin)[len(cases) // 2]
    late = np.array([origin >= middle for origin in cases.origin])
    threshold = np.array([name.split()[1] for name in cases.series])
    for months in (6, 12):
        at = cases.horizon_months == months
        groups = [late, ~late, *(threshold != one for one in np.unique(threshold))]
        assert min(scores(cases, at & group).skill for group in groups) >= 0.10


def test_walks_are_no_tiers():
    """Negative control: on true walks, the law that expects a floor must not seem better than the walk."""
    steps = np.random.default_rng(8).normal(0, 0.15, (8, 36))
    made_walks = [replace(one, logs=np.cumsum(row)) for one, row in zip(made(8, 35), steps, strict=True)]
    cases = rolled(
        made_walks, lambda day: made_walks, lambda pool, horizons, _: tier_law.tier_quantiles(pool, horizons)
    )
    assert all(score.skill < 0.05 for score in scores_by_horizon(cases).values())


def planted(overlay, date_on, as_of):
    """Cases of the shipped table with a row of each threshold more."""
    new = {"date_on": date_on, "cheapest_usd_per_mtok": "0.01", "third_cheapest_usd_per_mtok": "0.02", "as_of": as_of}
    more = overlay("tier_prices", lambda rows: rows + [r | new for r in rows if r["date_on"] == "2026-05-31"])
    return tiers.tier_cases(load_tables(more))


@pytest.mark.parametrize("date_on", ["2026-09-30", "2026-03-31", "2026-04-30"])
def test_a_row_from_the_future_moves_no_forecast_made_before(cases, overlay, date_on):
    """A later month, and other values for months gone by that became known later."""
    before = said_by(cases, date(2026, 5, 31))
    after = said_by(planted(overlay, date_on, "2026-06-15"), date(2026, 5, 31))
    same = before.keys() & after.keys()
    assert len(same) > 350
    assert all(before[key] == after[key] for key in same)


def test_the_same_row_known_in_time_moves_them(cases, overlay):
    before = said_by(cases, date(2026, 5, 31))
    after = said_by(planted(overlay, "2026-04-29", "2026-04-29"), date(2026, 5, 31))
    assert before == after, "the last day of a month counts"
    after = said_by(planted(overlay, "2026-04-30", "2026-04-30"), date(2026, 5, 31))
    assert any(before[key] != said for key, said in after.items())


@pytest.mark.parametrize("as_of", ["2025-01-01", "2025-07-01", "2026-01-01", "2026-07-01", "2026-10-31"])
def test_every_vintage_has_trends_and_estimates_the_tables_would_accept(tables, as_of):
    found = tiers.tier_trends(tables.vintage(date.fromisoformat(as_of)))
    first, *rest = found
    assert all(not trend.estimates for trend in rest)
    for trend in found:
        assert trend.fan.quantiles.shape == (len(LEVELS), 24)
        assert (np.diff(trend.fan.quantiles, axis=0) >= 0).all()
        assert max(day for day, _ in trend.observed) <= date.fromisoformat(as_of)
        assert next(d.value for d in trend.diagnostics if d.name == "effective_points") > 10
        assert trend.annual_change.p10 < trend.annual_change.p50 < trend.annual_change.p90
    for estimate in first.estimates:
        assert str(parse(str(estimate.value))) == str(estimate.value)
        assert estimate.observations_count > 0
    law = {e.key: e.value for e in first.estimates}
    low, high = law["parameters.tier_reversion_per_month"].quantile(np.array([0.001, 0.999]))
    assert 0 < low < high < 1


def test_young_vintages_are_less_sure(tables):
    width = []
    for as_of in (date(2025, 1, 1), date(2026, 10, 31)):
        found = {t.name: t for t in tiers.tier_trends(tables.vintage(as_of))}
        width.append(found["tier-0.49"].floor_ratio.p90 / found["tier-0.49"].floor_ratio.p10)
    assert width[0] > 1.5 * width[1]


def test_the_trend_says_how_its_form_was_chosen_and_that_the_regression_converged(tables):
    first = tiers.tier_trends(tables)[0]
    assert first.form == tiers.FORM
    assert {score.form for score in first.scores()} == {tiers.FORM, *RIVALS}
    checks = {d.name: d.value for d in first.diagnostics}
    assert checks["regression_converged"] == 1.0
    low, _, high = (p for p in evidence.band(clouds.cloud(tier_law.PRIORS)[0], np.full(2048, 1 / 2048)))
    assert low < checks["regression_reversion"] < high, "a regression without a prior agrees with it"


def test_a_regression_on_prices_that_hardly_move_says_so_itself(tables):
    """At the end of 2024 most tiers stood still: statsmodels warned on stderr, and the fit passed for converged."""
    found = tier_law.pooled_regression(tiers.tier_series(tables.vintage(date(2024, 12, 1)))[0])
    assert {one.name: one.value for one in found}["regression_converged"] == 0.0


def test_a_threshold_nobody_met_has_no_trend(tables):
    with pytest.raises(
        TooFew, match=r"data/tier_prices.csv: 0 tiers with two months known by 2024-01-01; a fit needs 1"
    ):
        tiers.tier_trends(tables.vintage(date(2024, 1, 1)))


def test_the_shock_ends_where_no_tier_was_seen():
    scale = tier_shock_scale(np.array([-3.0, 0.0, 4.0, 7.0, 60.0]), 0.3, 0.1)
    np.testing.assert_allclose(scale, [0.3, 0.3, 0.5, np.hypot(0.3, 0.7), np.hypot(0.3, 0.7)])
    assert tier_shock_scale(np.array([5.0]), 0.12, 0.0).tolist() == [0.12]


def spread_of_the_loop(tables, settings=()):
    """Log of the 90 % over the 10 % quantile of the month loop's tier prices after half a year, `[segment]`."""
    paths = simulate(load_scenario("base", tables, settings=settings, months=6), n_paths=10_000, threads=1)
    quantiles = np.log(fan_quantiles(paths, "tier_price")[0][:, 6])
    return quantiles[:, PROBS.index(0.9)] - quantiles[:, PROBS.index(0.1)]


def test_the_numbers_handed_over_spread_the_month_loops_tiers_as_the_trend_does(tables):
    trends = {trend.name: trend for trend in tiers.tier_trends(tables.vintage(date(2026, 10, 31)))}
    handed = [f"{e.key}={e.value}" for trend in trends.values() for e in trend.estimates]
    fans = [trends[f"tier-{gpqa}"].fan.quantiles for gpqa in (0.49, 0.75, 0.85)]
    wanted = np.array([np.log(fan[5, 5] / fan[1, 5]) for fan in fans])
    # the loop's floor moves and is the same law for all tiers: within 40 %
    np.testing.assert_allclose(spread_of_the_loop(tables, handed), wanted, rtol=0.40)
    young = ["segments.closed-frontier.tier_price_usd_per_mtok=3"]  # far above its floor, as a new level is
    law = [one for one in handed if one.startswith("parameters.")]
    alike = ["parameters.tier_shock_sd=0.12", "parameters.tier_shock_far_ratio=0"]
    assert spread_of_the_loop(tables, young + alike)[2] < 0.7 * spread_of_the_loop(tables, young + law)[2], (
        "control: shocks all alike are too sure of a young tier"
    )
