"""Slips of launches: by hand, and at past quarters against the launches that came after."""

from datetime import date

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forecast.trends.slips import HALF_LIFE_MONTHS, OWN_SERVICE, launch_slips_trend, slip_quantiles
from forecast.units import months_between

TODAY = date(2026, 10, 31)
ORIGINS = [date(year, month, 1) for year in (2024, 2025, 2026) for month in (1, 4, 7, 10)][
    3:
]  # five launches were known
STEP_MONTHS = 0.1


def programmes(tables, own_service=False):
    """Return announced and promised days of every programme that was not cancelled, and the day it came if it has."""
    family = {row["name"]: row["family"] for row in tables["accelerators"]}
    rows = tables.vintage(TODAY)["launch_slips"].latest("product").values()
    rows = [
        row for row in rows if not row["cancelled"] and (own_service or family[row["accelerator"]] not in OWN_SERVICE)
    ]
    came = [row["broad_on"] if row["broad_on"] and row["broad_on"] <= TODAY else None for row in rows]
    return [(row["announced_on"], row["promised_on"], day) for row, day in zip(rows, came, strict=True)]


def forecast_slips(known, origin, half_life_months):
    known = [each for each in known if each[0] <= origin]
    came = np.array([day is not None and day <= origin for _, _, day in known])
    end = [day if there else origin for (_, _, day), there in zip(known, came, strict=True)]
    slips = np.array([months_between(promised, on) for (_, promised, _), on in zip(known, end, strict=True)])
    age = np.array([months_between(on, origin) for on in end])
    return slip_quantiles(slips, came, age, half_life_months)


def crps_months(tables, half_life_months, own_service=False):
    """Return the mean CRPS of arrivals awaited at the origins, cut at today for those that have not come yet."""
    judged, taught, found = programmes(tables), programmes(tables, own_service), []
    for origin in ORIGINS:
        slips = forecast_slips(taught, origin, half_life_months)
        for announced, promised, day in judged:
            if announced > origin or (day and day <= origin):
                continue
            arrival = months_between(origin, promised) + slips
            arrival = arrival[arrival > 0]
            grid = np.arange(0.0, months_between(origin, TODAY), STEP_MONTHS)
            there = grid >= months_between(origin, day) if day else np.zeros(len(grid), bool)
            found.append(
                ((arrival[:, None] <= grid).mean(axis=0) - there) @ ((arrival[:, None] <= grid).mean(axis=0) - there)
            )
    return STEP_MONTHS * np.mean(found)


def test_alone_a_recent_launch_outweighs_an_old_one():
    slips, came = np.array([0.0, 10.0]), np.array([True, True])
    made = slip_quantiles(slips, came, np.array([0.0, 36.0]), 12.0)  # weights 1 and 1/8
    assert_allclose(np.mean(made < 5.0), 0.9, atol=0.06)
    assert_allclose(np.mean(slip_quantiles(slips, came, np.array([0.0, 36.0]), np.inf) < 5.0), 0.5, atol=0.01)


def test_only_ages_between_launches_count():
    """A year in which nothing comes and nothing is awaited says nothing about promises."""
    slips, came, age = np.array([1.0, 4.0, 9.0]), np.ones(3, bool), np.array([3.0, 9.0, 20.0])
    assert_allclose(slip_quantiles(slips, came, age + 12.0, 12.0), slip_quantiles(slips, came, age, 12.0))


@pytest.mark.parametrize("half_life_months", [6.0, HALF_LIFE_MONTHS, 24.0])
def test_recent_launches_foretell_the_next_better_than_all_alike(tables, half_life_months):
    assert crps_months(tables, half_life_months) < crps_months(tables, np.inf)


def test_what_no_cloud_lets_foretells_the_others_worse(tables):
    assert crps_months(tables, HALF_LIFE_MONTHS) < crps_months(tables, HALF_LIFE_MONTHS, own_service=True)


def test_the_oldest_alone_would_be_worse(tables):
    """The negative control: weights that grow with age."""
    assert crps_months(tables, -12.0) > crps_months(tables, np.inf)


def test_a_makers_own_service_is_no_launch(tables):
    """Corsair came 13 months late in 2026-06 by its maker's word: no accelerator that a cloud lets."""
    known = launch_slips_trend(tables.vintage(TODAY))
    assert date(2026, 6, 15) not in {on for on, _ in known.observed}
    assert {row["broad_on"] for row in tables["launch_slips"]} >= {date(2026, 6, 15)}
