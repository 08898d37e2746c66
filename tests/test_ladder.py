"""What moves the mean list price on the router: by hand, and as an identity."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.trends.known import TooFew
from forecast.trends.ladder import (
    LEAST_WEEKS,
    Moves,
    Week,
    ladder_trend,
    list_prices,
    mean_price,
    moves_log,
    paid_weeks,
)

FIRST, LATER = date(2026, 1, 4), date(2026, 1, 11)


def priced(**usd):
    """Return a reader of prices: a number, or one for each of the two weeks."""
    return lambda model, on: float(np.broadcast_to(usd[model.replace("/", "_")], 2)[int(on == LATER)])


@pytest.mark.parametrize(
    ("after", "usd", "what"),
    [
        ({"a/x": 1.0}, {"a_x": (1.0, 2.0)}, Moves(np.log(2), 0, 0)),
        ({"a/y": 7.0}, {"a_x": 1.0, "a_y": 2.0}, Moves(0, np.log(2), 0)),
        ({"b/x": 7.0}, {"a_x": 1.0, "b_x": 2.0}, Moves(0, 0, np.log(2))),
    ],
)
def test_each_kind_of_move_by_itself(after, usd, what):
    found = moves_log(Week(FIRST, {"a/x": 3.0}), Week(LATER, after), priced(**usd))
    assert_allclose(found, what, atol=1e-12)


SOME = st.floats(0.01, 100.0)


@given(
    st.lists(SOME, min_size=4, max_size=4),
    st.lists(SOME, min_size=4, max_size=4),
    st.lists(SOME, min_size=8, max_size=8),
)
def test_the_parts_add_up(before, after, usd):
    models = ("a/x", "a/y", "b/x", "c/x")
    price = priced(**{m.replace("/", "_"): tuple(usd[2 * i : 2 * i + 2]) for i, m in enumerate(models)})
    first, later = (Week(on, dict(zip(models, n, strict=True))) for on, n in ((FIRST, before), (LATER, after)))
    total = np.log(mean_price(later, price) / mean_price(first, price))
    assert_allclose(sum(moves_log(first, later, price)), total, atol=1e-6)  # the logarithmic mean of two near ones


def test_nine_tenths_of_the_tokens_that_are_paid_for_have_a_price(tables):
    price = list_prices(tables)
    paid = [row for row in tables["token_shares"] if row["scope"].endswith("(weekly top 9-10)") and row["tokens"]
            and ":free" not in row["entity"] and not row["entity"].startswith("openrouter/")]  # fmt: skip
    weeks = paid_weeks(tables, price)
    assert sum(sum(week.tokens.values()) for week in weeks) > 0.9 * sum(row["tokens"] for row in paid)
    assert price("anthropic/claude-4.5-opus-20251124", date(2026, 1, 4)) < price(
        "anthropic/claude-opus-4", date(2026, 1, 4)
    )
    assert price("tencent/hy3-preview-20260421:free", date(2026, 5, 4)) is None


def test_the_trend_is_the_chain_of_its_weeks(tables):
    trend = ladder_trend(tables)
    change, *parts = (each.value for each in trend.diagnostics)
    assert_allclose(change, sum(parts), atol=1e-12)
    assert_allclose(change, np.log(trend.observed[-1][1] / trend.observed[0][1]), atol=1e-9)
    assert not trend.estimates


def test_an_early_vintage_is_refused(tables):
    with pytest.raises(TooFew, match=f"a fit needs {LEAST_WEEKS}"):
        ladder_trend(tables.vintage(date(2025, 3, 1)))
