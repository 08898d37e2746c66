"""The rivals of a trend, the months they are judged at, and the choice between forms."""

import numpy as np
import pytest

from forecast.trends import evidence, rivals
from forecast.trends.monthly import MonthlySeries
from forecast.trends.rivals import rolled
from forecast.trends.rolling import DRIFT, LEVELS, WALK, scores_by_horizon


def series(logs, name="made", start=24300, kind="made"):
    months = np.arange(start, start + len(logs))
    return MonthlySeries(name, kind, months, np.asarray(logs, float))


def roll(made, form):
    return rolled(made, lambda day: made, form)


def test_increments_do_not_reach_over_a_gap():
    one = series([0.0, 0.5, 0.75])
    gappy = MonthlySeries(one.name, one.kind, np.array([24300, 24302, 24303]), one.logs)
    assert rivals.pooled_increments([one, gappy]).tolist() == [0.5, 0.25, 0.25]
    assert len(rivals.pooled_increments([])) == 0


def test_a_driftless_walk_has_no_mean_and_the_variance_of_independent_steps():
    steps = np.array([-1.0, 0.0, 0.0, 0.0, 1.0, 2.0])
    said = rivals.walk_quantiles(steps, [1, 12])
    np.testing.assert_allclose(said[3], [-steps.mean(), 0.0], atol=0.5)  # the median: at rest in a month, 0 in a year
    # of 12 steps nearly normal: 1.28 standard deviations to each side, 1,000 sums
    np.testing.assert_allclose(said[[1, 5], 1], np.array([-1.28, 1.28]) * steps.std() * 12**0.5, rtol=0.12)
    assert np.array_equal(said, rivals.walk_quantiles(steps, [1, 12]))


def test_halving_lies_under_the_walk_by_a_factor_two_a_year():
    young = series([0.0, 0.1, 0.1])
    said = rivals.rival_quantiles(young, [young, *walks(2)], [6, 12])
    assert set(said) == set(rivals.RIVALS)
    np.testing.assert_allclose(said[WALK] - said[DRIFT], [[np.log(2) / 2, np.log(2)]] * len(LEVELS))


def walks(count=12, months=40, seed=5):
    steps = np.random.default_rng(seed).normal(0, 0.1, (count, months))
    return [series(np.cumsum(row), name=f"walk {at}") for at, row in enumerate(steps)]


def the_walk_itself(pool, horizons, _):
    increments = rivals.pooled_increments(pool)
    said = [one.logs[-1] + rivals.walk_quantiles(increments, horizons) for one in pool]
    return np.moveaxis(np.array(said), 0, 2)


def test_the_walk_has_no_skill_over_itself_and_its_bands_hold_on_walks():
    for months, score in scores_by_horizon(roll(walks(), the_walk_itself)).items():
        assert score.skill == 0.0
        assert score.crps == score.crps_naive
        assert 0.7 < score.coverage_80 < 0.9, months
        assert score.pit_ks < 0.15  # twelve walks over forty months are few independent cases


def test_a_form_that_knows_too_much_is_noticed():
    made = walks()
    truth = {one.name: one.logs for one in made}

    def peeking(pool, horizons, _):
        at = [min(len(one) - 1 + h, 39) for one in pool for h in horizons]
        names = [one.name for one in pool for _ in horizons]
        values = np.array([truth[name][i] for name, i in zip(names, at, strict=True)]).reshape(len(pool), -1).T
        return np.repeat(values[None], len(LEVELS), axis=0)

    assert all(score.skill == 1.0 for score in scores_by_horizon(roll(made, peeking)).values())


def test_origins_start_at_ten_increments_and_need_a_value_at_the_horizon():
    cases = roll([series(np.zeros(15))], the_walk_itself)
    assert [str(day) for day in sorted(set(cases.origin))] == ["2025-11-30", "2025-12-31"]
    assert cases.horizon_months.tolist() == [3, 3]
    assert len(roll([series(np.zeros(8))], the_walk_itself)) == 0


def test_the_best_form_is_chosen_even_when_it_is_a_rival():
    def hopeless(pool, horizons, _):
        return the_walk_itself(pool, horizons, _) + 3.0

    scored = evidence.form_scores(roll(walks(), hopeless), "hopeless")
    form, why = evidence.best_form(scored, "hopeless")
    assert form == WALK
    assert why.startswith("CRPS over 6 and 12 months: walk 0.1")
    pool = walks()
    fan = evidence.chosen_fan(form, np.full((len(LEVELS), 12), 9.0), pool[0], pool, 12)
    expected = rivals.rival_quantiles(pool[0], pool, range(1, 13))[form]
    np.testing.assert_allclose(fan.quantiles, np.exp(expected))


def test_without_past_forecasts_the_form_stands_on_its_prior():
    assert evidence.best_form((), "mine") == (
        "mine",
        "0 past forecasts over 6 or 12 months can be judged; 20 would choose a form.",
    )


def test_residuals_that_hang_together_are_noticed_and_noise_is_not():
    noise = np.random.default_rng(11).normal(size=200)
    walked = np.cumsum(noise)
    clean, dirty = ({d.name: d.value for d in evidence.residual_diagnostics(x)} for x in (noise, walked / walked.std()))
    assert clean["ljung_box_p"] > 0.05 > dirty["ljung_box_p"]
    assert clean["residual_sd"] == pytest.approx(1.0, abs=0.15)
    assert evidence.residual_diagnostics(noise[:5]) == ()
