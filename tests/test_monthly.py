"""Monthly series: what is set aside, and that the rest goes on."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.trends.monthly import Reading, month_end, monthly_series
from forecast.units import month_of


def reading(day, value, name="tier", row=2):
    return Reading(name, "kind", day, value, f"data/made.csv row {row}")


def days(count):
    return [month_end(24300 + at) for at in range(count)]


def test_unsorted_rows_and_gaps_are_taken_as_they_are():
    (one,), problems = monthly_series([reading(days(6)[at], float(at + 1)) for at in (5, 0, 2)])
    assert one.months.tolist() == [24300, 24302, 24305]
    np.testing.assert_allclose(np.exp(one.logs), [1.0, 3.0, 6.0])
    assert problems == ()
    assert len(one.steps()[0]) == 0


def test_the_last_day_of_a_month_counts():
    rows = [reading(date(2025, 5, 3), 1.0), reading(date(2025, 5, 20), 2.0), reading(date(2025, 6, 1), 4.0)]
    (one,), problems = monthly_series(rows)
    np.testing.assert_allclose(np.exp(one.logs), [2.0, 4.0])
    assert problems == ()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (reading(days(3)[1], 0.0, row=7), "data/made.csv row 7: price 0; prices are positive. Row left out."),
        (reading(days(3)[1], -2.0, row=7), "data/made.csv row 7: price -2; prices are positive. Row left out."),
        (
            reading(days(3)[1], float("nan"), row=7),
            "data/made.csv row 7: price nan; prices are positive. Row left out.",
        ),
        (
            reading(days(3)[1], 2500.0, row=7),
            "data/made.csv row 7: 2500 is over 100 times off the months around it. Check the unit; row left out.",
        ),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_on(bad, said):
    good = [reading(day, 2.0) for day in (days(4)[0], days(4)[2], days(4)[3])]
    (one,), problems = monthly_series([*good, bad])
    assert problems == (said,)
    assert len(one) == 3


def test_two_values_of_a_day_are_both_left_out_and_twins_are_one():
    rows = [reading(day, 2.0) for day in days(3)]
    (one,), problems = monthly_series([*rows, reading(days(3)[1], 3.0, row=9)])
    said = "data/made.csv row 2 and data/made.csv row 9: two values for tier on 2025-02-28. Rows left out."
    assert problems == (said,)
    assert one.months.tolist() == [24300, 24302]
    (same,), none = monthly_series([*rows, rows[1]])
    assert none == () and len(same) == 3


def test_a_single_month_is_no_series_and_nothing_at_all_is_nothing():
    found, problems = monthly_series(
        [reading(days(1)[0], 2.0), reading(days(2)[1], 2.0, name="other"), *[reading(days(2)[0], 1.0, name="other")]]
    )
    assert [one.name for one in found] == ["other"]
    assert problems == ("tier: 1 usable month(s); a series needs two. Series left out.",)
    assert monthly_series([]) == ((), ())


def test_the_fast_fall_of_a_new_capability_is_no_slip_of_units():
    (one,), problems = monthly_series(
        [reading(day, v) for day, v in zip(days(4), (26.25, 1.2, 0.2, 0.03), strict=True)]
    )
    assert problems == () and len(one) == 4


@given(st.lists(st.tuples(st.dates(date(2024, 1, 1), date(2026, 12, 31)), st.floats(-1.0, 1e6)), max_size=30))
def test_whatever_comes_in_months_ascend_and_values_are_finite(rows):
    found, _ = monthly_series([reading(day, value, row=at) for at, (day, value) in enumerate(rows)])
    for one in found:
        assert (np.diff(one.months) > 0).all() and np.isfinite(one.logs).all() and len(one) >= 2
        assert set(one.months.tolist()) <= {month_of(day) for day, _ in rows}
