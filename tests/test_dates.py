"""Dates by hand: each outcome reads its own series, ends included, and asks for six months in a row."""

from types import SimpleNamespace

import numpy as np
import pytest

from forecast.market.doors import NEVER
from forecast.outcomes.dates import DATES


def found(outcome, **series):
    """The date of one path whose series, of one entity, are given month by month."""
    history = SimpleNamespace(series={k: np.array(v, np.float32)[None, :, None] for k, v in series.items()})
    (month,) = DATES[outcome].find(history)[0]
    return month


@pytest.mark.parametrize(
    ("ratio", "month"),
    [
        ([2.0, 1.25, 1.0, 0.75, 1.1, 0.9, 1.2, 2.0], 1),
        ([2.0, 1.25, 1.0, 0.74, 1.1, 0.9, 1.2, 1.0, 1.0], NEVER),
        ([2.0, 1.25, 1.0, 0.75, 1.1, 0.9, 1.26], NEVER),
        ([2.0] * 8, NEVER),
        ([0.5] * 8, NEVER),
        ([1.0] * 6, 0),
        ([1.0] * 5, NEVER),
        ([2.0, *[1.0] * 5], NEVER),  # of a row that may go on after the horizon nobody knows
    ],
)
def test_convergence_is_a_quarter_to_either_side_for_six_months(ratio, month):
    assert found("convergence_month", price_to_floor_ratio=ratio) == month


@pytest.mark.parametrize("outcome", ["consolidation_month", "convergence_month"])
def test_a_definition_says_that_a_row_ends_within_the_horizon(outcome):
    """By 2031-10 a chance of 24 % is one of 26 with six months more: who has the files alone must read why."""
    assert DATES[outcome].definition.endswith("; the six must end within the horizon")


def test_consolidation_of_tokens_and_of_spend_are_two_dates():
    tokens, spend = [0.7, *[0.8] * 7], [0.9, 0.79, *[0.8] * 6]
    assert found("consolidation_month", top5_tokens_frac=tokens, top5_spend_frac=spend) == 1
    assert found("consolidation_spend_month", top5_tokens_frac=tokens, top5_spend_frac=spend) == 2
    assert found("consolidation_month", top5_tokens_frac=[0.79] * 8, top5_spend_frac=spend) == NEVER


def test_a_price_rise_is_of_todays_mix():
    flat, up = [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.25, 1.0]  # for a month
    assert found("price_rise", constant_mix_price=up, market_price=flat) == 2
    assert found("price_rise", constant_mix_price=flat, market_price=up) == NEVER
