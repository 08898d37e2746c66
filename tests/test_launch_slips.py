"""Slips of launches: by hand, and at past quarters against the launches that came after."""

from datetime import date

import numpy as np
from numpy.testing import assert_allclose
from statsmodels.duration.survfunc import SurvfuncRight

from forecast.families import FAMILIES, MAKER
from forecast.trends.evidence import EVEN
from forecast.trends.slips import GRID_MONTHS, _foretold, launch_slips_trend, slip_quantiles
from forecast.units import months_between

TODAY = date(2026, 10, 31)
ORIGINS = [date(year, month, 1) for year in (2024, 2025, 2026) for month in (1, 4, 7, 10)][
    3:
]  # five launches were known
STEP_MONTHS = 0.1


def programmes(tables, own_service=False):
    """Return announced and promised days of every programme that was not cancelled, and the day it came if it has."""
    served_by = {row["name"]: FAMILIES[row["family"]].served_by for row in tables["accelerators"]}
    rows = tables.vintage(TODAY)["launch_slips"].latest("product").values()
    rows = [row for row in rows if not row["cancelled"] and (own_service or served_by[row["accelerator"]] != MAKER)]
    came = [row["broad_on"] if row["broad_on"] and row["broad_on"] <= TODAY else None for row in rows]
    return [(row["announced_on"], row["promised_on"], day) for row, day in zip(rows, came, strict=True)]


def known_at(origin, every):
    """Return slips, whether each launch has come, and promised months after the origin."""
    known = [each for each in every if each[0] <= origin]
    came = np.array([day is not None and day <= origin for _, _, day in known])
    end = [day if there else origin for (_, _, day), there in zip(known, came, strict=True)]
    slips = np.array([months_between(promised, on) for (_, promised, _), on in zip(known, end, strict=True)])
    return slips, came, np.array([months_between(origin, promised) for _, promised, _ in known])


def walking(slips, came, promised):
    return slip_quantiles(slips, came, promised)


def still(slips, came, promised):
    return slip_quantiles(slips, came, promised, (0.0,))


def backwards(slips, came, promised):
    """The negative control: the oldest promises count most, as if time ran the other way."""
    return slip_quantiles(slips, came, np.where(came, promised.min() + promised.max() - promised, promised))


def all_alike(slips, came, promised):
    """Kaplan–Meier's quantiles, whatever was promised; a level never reached gets the longest slip."""
    shift = 1.0 - slips.min()  # statsmodels asks for times above zero
    made = SurvfuncRight(slips + shift, came.astype(int))
    return np.append(made.surv_times - shift, slips.max())[np.searchsorted(1.0 - made.surv_prob, EVEN - 1e-9)]


def judged(tables, law, own_service=False):
    """Return the mean CRPS in months of arrivals awaited at the origins, cut at today, and the part inside 80 % bands of those that came."""
    taught, crps, inside = programmes(tables, own_service), [], []
    for origin in ORIGINS:
        slips = law(*known_at(origin, taught))
        for announced, promised, day in programmes(tables):
            if announced > origin or (day and day <= origin):
                continue
            arrival = months_between(origin, promised) + slips
            arrival = arrival[arrival > 0]
            grid = np.arange(0.0, months_between(origin, TODAY), STEP_MONTHS)
            there = grid >= months_between(origin, day) if day else np.zeros(len(grid), bool)
            miss = (arrival[:, None] <= grid).mean(axis=0) - there
            crps.append(STEP_MONTHS * miss @ miss)
            if day:
                low, high = np.quantile(arrival, (0.1, 0.9))
                inside.append(low <= months_between(origin, day) <= high)
    return np.mean(crps), np.mean(inside)


def test_a_level_that_walks_foretells_launches_better_than_one_that_does_not(tables):
    crps, inside = judged(tables, walking)
    for rival in (still, all_alike):
        other, held = judged(tables, rival)
        assert crps < 0.9 * other, rival
        assert inside > held, rival


def test_time_that_runs_backwards_foretells_worse(tables):
    assert judged(tables, backwards)[0] > 1.2 * judged(tables, walking)[0]


def test_what_no_cloud_lets_foretells_the_others_worse(tables):
    assert judged(tables, walking)[0] < judged(tables, walking, own_service=True)[0]


def test_a_still_level_is_a_normal_mean():
    """By hand, one noise: from N(4, 4²) slips of 1 and 3 with noise s leave N(m, v), 1/v = 1/16 + 2/s²; the next has v + s²."""
    slips, came, promised = np.array([1.0, 3.0]), np.ones(2, bool), np.array([-9.0, -3.0])
    density, log_likelihood = _foretold(slips, came, promised, 0.0, 0.0, 2.0)
    v = 1 / (1 / 16 + 2 / 4)
    mean, sd = v * (4 / 16 + 4 / 4), np.sqrt(v + 4)
    made = np.array([density @ GRID_MONTHS, np.sqrt(density @ GRID_MONTHS**2 - (density @ GRID_MONTHS) ** 2)])
    assert_allclose(made, [mean, sd], atol=0.01)
    both = np.array([[20.0, 16.0], [16.0, 20.0]])  # covariance of the two: 4² + 2² and 4²
    off = slips - 4.0
    expected = -0.5 * off @ np.linalg.solve(both, off) - 0.5 * np.log(np.linalg.det(both))
    assert_allclose(log_likelihood, expected, atol=0.01)


def test_a_walking_level_follows_the_recent_and_is_less_sure_of_later_promises():
    slips, came = np.array([10.0, 9.0, 0.0, 1.0]), np.ones(4, bool)
    promised = np.array([-36.0, -30.0, -6.0, -1.0])
    moving, fixed = slip_quantiles(slips, came, promised), slip_quantiles(slips, came, promised, (0.0,))
    assert np.median(moving) < 2.5 < np.median(fixed)
    awaited = [np.append(promised, later) for later in (1.0, 36.0)]
    near, far = (slip_quantiles(np.append(slips, -later), np.append(came, False), p)
                 for later, p in zip((1.0, 36.0), awaited, strict=True))  # fmt: skip
    assert np.ptp(far) > 1.3 * np.ptp(near)


def test_to_forget_what_is_overdue_makes_launches_look_punctual():
    slips, came = np.array([1.0, 1.0, 1.0, 8.0]), np.array([True, True, True, False])
    promised = np.array([-20.0, -16.0, -12.0, -8.0])
    with_it, without = slip_quantiles(slips, came, promised), slip_quantiles(slips[:3], came[:3], promised[:3])
    assert np.median(with_it) > np.median(without) + 1.0


def test_a_makers_own_service_is_no_launch(tables):
    """Corsair came 13 months late in 2026-06 by its maker's word: no accelerator that a cloud lets."""
    known = launch_slips_trend(tables.vintage(TODAY))
    assert date(2026, 6, 15) not in {on for on, _ in known.observed}
    assert {row["broad_on"] for row in tables["launch_slips"]} >= {date(2026, 6, 15)}
