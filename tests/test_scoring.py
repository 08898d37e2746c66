"""Scores against brute force and against a public library, and controls that must fail."""

from dataclasses import replace

import numpy as np
import pytest
import scoringrules as oracle
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast import scoring
from forecast.trends.rolling import DRIFT, LEVELS, WALK, Cases, joined, scores

numbers = st.floats(-5.0, 5.0)
samples = st.lists(numbers, min_size=1, max_size=12)


def some_cases(seed=5, cases=400):
    """Return quantiles `[level, case]` that ascend, and values, among which are ties."""
    rng = np.random.default_rng(seed)
    quantiles = np.sort(rng.normal(size=(len(LEVELS), cases)).round(1), axis=0)
    return quantiles, rng.normal(size=cases).round(1)


# brute force


@given(samples, numbers)
def test_crps_of_many_quantiles_comes_to_that_of_the_samples(sample, value):
    """The integral over levels: 2,000 midpoints come within a thousandth of the range of E|X − y| − ½·E|X − X′|."""
    levels = (np.arange(2000) + 0.5) / 2000
    quantiles = np.quantile(sample, levels, method="inverted_cdf")[:, None]
    found = scoring.crps_of_quantiles(quantiles, levels, np.array([value]))
    x = np.array(sample)
    brute = np.mean(np.abs(x - value)) - 0.5 * np.mean(np.abs(x[:, None] - x[None, :]))
    assert_allclose(found, [brute], atol=1e-2)


# the oracle


def test_crps_agrees_with_the_oracle():
    quantiles, value = some_cases()
    assert_allclose(
        scoring.crps_of_quantiles(quantiles, LEVELS, value),
        oracle.crps_quantile(value, quantiles.T, LEVELS, backend="numpy"),
        atol=1e-12,
    )


def test_interval_score_agrees_with_the_oracle():
    quantiles, value = some_cases()
    low, high = quantiles[1], quantiles[-2]
    assert_allclose(
        scoring.interval_score(low, high, value, 0.8), oracle.interval_score(value, low, high, 0.2, backend="numpy")
    )


def test_scores_of_events_agree_with_the_oracle():
    rng = np.random.default_rng(2)
    prob, happened = rng.uniform(0.01, 0.99, 200), (rng.uniform(size=200) < 0.3).astype(float)
    assert_allclose(scoring.brier_score(prob, happened), oracle.brier_score(happened, prob, backend="numpy"))
    assert_allclose(scoring.log_score(prob, happened), oracle.log_score(happened, prob, backend="numpy"))


def test_the_oracle_would_notice_a_wrong_score():
    """The control: a mean without its factor, and ends swapped, are seen."""
    quantiles, value = some_cases()
    wrong = scoring.pinball_loss(quantiles, LEVELS, value).mean(axis=0)
    assert np.abs(wrong - oracle.crps_quantile(value, quantiles.T, LEVELS, backend="numpy")).max() > 0.1
    swapped = scoring.interval_score(quantiles[-2], quantiles[1], value, 0.8)
    assert np.abs(swapped - oracle.interval_score(value, quantiles[1], quantiles[-2], 0.2, backend="numpy")).max() > 0.1


# calibration


def test_pit_distance_is_the_mean_of_many_randomisations():
    quantiles, value = some_cases(cases=150)
    low, high = scoring.pit_bounds(quantiles, LEVELS, value)
    drawn = np.sort((low + np.random.default_rng(1).uniform(size=(4000, 150)) * (high - low)).ravel())
    steps = np.arange(1, len(drawn) + 1) / len(drawn)
    assert scoring.pit_distance(low, high) == pytest.approx(np.abs(steps - drawn).max(), abs=0.003)


def test_pit_of_true_quantiles_is_uniform_and_of_shifted_ones_is_not():
    rng = np.random.default_rng(4)
    value = rng.normal(size=20_000)
    true = np.repeat(np.quantile(rng.normal(size=200_000), LEVELS)[:, None], len(value), axis=1)
    assert scoring.pit_distance(*scoring.pit_bounds(true, LEVELS, value)) < 0.015
    assert scoring.pit_distance(*scoring.pit_bounds(true + 0.5, LEVELS, value)) > 0.1


def test_an_atom_at_the_last_price_is_calibrated_when_as_many_move_as_it_says():
    """9 in 10 stay: quantiles 0.05 and 0.95 lie at the edges of the atom, and the randomised PIT is uniform."""
    rng = np.random.default_rng(6)
    moves = rng.uniform(size=20_000)
    value = np.where(moves < 0.05, -1.0, np.where(moves > 0.95, 1.0, 0.0))
    quantiles = np.zeros((len(LEVELS), len(value)))
    quantiles[0], quantiles[-1] = -1e-9, 1e-9
    assert scoring.pit_distance(*scoring.pit_bounds(quantiles, LEVELS, value)) < 0.01


def test_skill_is_of_the_mean_loss():
    """Means 1 and 2, of one large loss among small ones: a half, whatever the middle case does."""
    assert scoring.skill(np.array([0.0, 0.0, 3.0]), np.array([1.0, 2.0, 3.0])) == 0.5


def test_coverage_counts_the_ends():
    low, high = np.zeros(4), np.ones(4)
    assert scoring.coverage(low, high, np.array([0.0, 1.0, 0.5, 1.1])) == 0.75


# cases


def small(change_prob=0.25):
    zeros = np.zeros((len(LEVELS), 2))
    return Cases(
        ("a", "b"), ("host", "host"), (), np.array([3, 3]), np.zeros(2), np.array([0.0, 1.0]), zeros + 0.5,
        {WALK: zeros, DRIFT: zeros - 1.0}, np.full(2, change_prob), np.full(2, 0.5),
    )  # fmt: skip


def test_scores_of_two_cases_by_hand():
    found = scores(small())
    # a flat forecast at 0.5 is 0.5 away from both; 2·mean of ρ over levels symmetric about a half is that distance
    assert found.crps == pytest.approx(0.5) and found.crps_naive == pytest.approx(0.5)
    assert found.skill == pytest.approx(0.0)
    assert found.skill_drift == pytest.approx(1 - 0.5 / 1.5)
    assert found.skill_no_change == pytest.approx(1 - 0.5 / ((0.0 + 1.0) / 2))
    assert scores(replace(small(), last_log=np.array([-1.0, -1.0]))).skill_no_change == pytest.approx(1 - 0.5 / 1.5)
    assert found.brier_skill_change == pytest.approx(1 - (0.0625 + 0.5625) / 2 / 0.25)
    assert found.coverage_80 == 0.0


def test_joined_cases_score_as_their_parts_together():
    whole = joined([small(), small(), small()])
    assert len(whole) == 6
    assert scores(whole).crps == pytest.approx(scores(small()).crps)
    assert whole.provider is None
