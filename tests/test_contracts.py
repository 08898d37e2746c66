"""Contracts that customers have signed: what they hold up, for whom, and until when."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from rooms import stand_still

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, Draws
from forecast.equations.demand import contracted_ratio
from forecast.errors import InputError
from forecast.market.market import Market
from forecast.market.names import market_names
from forecast.market.sellers import start_books
from forecast.market.treasury import Treasury
from forecast.scenario import load_scenario
from forecast.table_rules import table_problems
from forecast.tables import load_tables

SIGNED = ["nebius", "coreweave"]


def test_what_contracts_leave_by_hand():
    # CoreWeave in 2026-05: 18.6 billion a year signed, 16 earned: a ratio of 1.1625. Where 6 % a year are lost it covers today's
    # revenue until 1.1625·e^(−0.06·t) = 1, two and a half years on; a year later e^(−0.06) of it is left.
    lost_at = 12 * np.log(1.1625) / 0.06
    assert 30 < lost_at < 31
    assert contracted_ratio(1.1625, 0.06, lost_at - 1, 57.0) == 1
    assert_allclose(contracted_ratio(1.1625, 0.06, lost_at + 12, 57.0), np.exp(-0.06))
    assert contracted_ratio(1.1625, 0.0, 57, 57.0) == 1  # its last month
    assert contracted_ratio(1.1625, 0.0, 58, 57.0) == 0


@given(st.floats(0, 10), st.floats(0, 5), st.integers(0, 100), st.floats(0, 100))
def test_contracts_keep_at_most_todays_revenue_and_less_each_month(signed, default, month, ends):
    found = contracted_ratio(signed, default, month, ends)
    assert 0 <= found <= min(1.0, signed)
    assert contracted_ratio(signed, default, month + 1, ends) <= found


def in_a_slump(scenario, months=60):
    """Return a treasury at today's books, and after each month of one in which nobody wants what it sells beside tokens."""
    names, draws = market_names(scenario), Draws(scenario, 7, 0)
    shape = (len(names.providers[names.own_cash]), BLOCK_PATHS)
    revenue, whole = np.full(shape, 1e6, REAL), np.ones(shape, REAL)
    other = start_books(draws, names).other_usd_per_month
    treasury = Treasury(scenario, draws, names, revenue, revenue / 2, other, 0 * revenue)
    stand_still(treasury)
    treasury.theta["austerity_frac"] = np.zeros(BLOCK_PATHS, REAL)
    treasury.other.unbound_ratio *= REAL(0.06)
    own = names.own_cash
    found = [(treasury.other.usd_per_month()[own], treasury.net_flow.copy(), treasury.fixed_cost + 0 * revenue)]
    for month in range(1, months + 1):
        treasury.step(month, revenue, revenue / 2, REAL(0), REAL(0), whole, np.inf * whole)
        found.append((treasury.other.usd_per_month()[own], treasury.net_flow, treasury.fixed_cost))
    other, flow, fixed = (np.stack(each) for each in zip(*found, strict=True))
    return names.providers[names.own_cash], draws, treasury, other, flow, fixed


@pytest.fixture(scope="module")
def slump(base):
    return in_a_slump(base)


def test_a_slump_leaves_what_is_under_contract(base, slump):
    providers, draws, treasury, other, flow, fixed = slump
    market = treasury.other.market_ratio  # the same in each month
    for row, provider in enumerate(providers):
        start = other[0, row]
        if provider not in SIGNED:
            assert_allclose(other[24, row], start * market, rtol=1e-4, atol=1e-3)
            continue
        signed = base.rows["contracts"][provider]
        lost = np.exp(-2 * draws.parameter("contract_default_per_year"))
        least = np.minimum(start, signed["contracted_usd_per_year"] / 12 * lost)
        assert_allclose(other[24, row], np.maximum(least, start * market), rtol=1e-4)
        # Profit and cost go with the revenue.
        margin = draws.values(*2 * [f"provider_finances.{provider}.other_margin_frac"])
        earned = 5e5 + other[24, row] * margin - fixed[24, row] - treasury.debt_service[row]
        assert_allclose(flow[24, row], earned, rtol=1e-3, atol=1e3)
    coreweave = other[:, providers.index("coreweave")]
    assert (coreweave[24] < coreweave[0]).any() and (coreweave[24] == coreweave[0]).any()
    # They end on the last day of June 2031, 56 months on, and then the market decides.
    assert_allclose(coreweave[57], coreweave[0] * market, rtol=1e-4)
    assert (coreweave[56] >= coreweave[57]).all() and np.median(coreweave[56] / coreweave[57]) > 2


def test_fixed_cost_follows_revenue_that_contracts_hold_up(base, slump):
    providers, _, _, other, _, fixed = slump
    _, _, _, without, _, lean = in_a_slump(
        load_scenario("base", base.tables, ["contracts.coreweave.contracted_usd_per_year=0"]), 24
    )
    row = providers.index("coreweave")
    assert (without[24, row] < other[24, row]).all()
    assert (lean[24, row] < 0.8 * fixed[24, row]).all()
    others = [r for r, p in enumerate(providers) if p != "coreweave"]
    assert_array_equal(without[24, others], other[24, others])  # nobody else gains or loses by it


def test_growth_is_not_held_down_and_today_is_as_it_was(base, block):
    _, names, draws = block
    market = Market(base, names, draws)
    treasury = market.treasury
    assert_array_equal(treasury.other.ratio, 1)
    for month in (0, 1, 24):
        grown = np.full(treasury.other.ratio.shape, 1.5, REAL)
        treasury.other.bind(grown, month)
        assert_array_equal(grown, REAL(1.5))


def test_letting_without_a_contract_earns_less_as_rents_fall(base, block):
    """By hand: at a margin of 0.40 a dollar of rent costs 0.60, and 0.75 once rents have fallen by a fifth.

    Once all have doubled, half of Nebius' revenue is under contract: its margin is 1 − (0.60 + 0.75)/2. All of Crusoe's is not.
    """
    _, names, draws = block
    treasury = Market(base, names, draws).treasury
    stand_still(treasury)
    other, own = treasury.other, names.own_cash
    other.part_of_limit, other.unbound_ratio = REAL(0), np.full(BLOCK_PATHS, 2, REAL)
    other.signed_ratio = np.ones_like(other.signed_ratio)
    other.theta |= {"contract_default_per_year": np.zeros(BLOCK_PATHS, REAL)}
    known = draws.column("provider_finances", "other_margin_frac", names.providers[own])
    margin = np.broadcast_to(known, (len(names.providers[own]), BLOCK_PATHS)).copy()
    # Costs over revenue, times: nebius and coreweave have half of it under contract, crusoe none.
    dearer = {"nebius": (1 + 1.25) / 2, "crusoe": 1.25, "coreweave": (1 + 1.25) / 2}
    for fall, by_hand in ((0.0, {}), (np.log(1.25), dearer)):
        other.step(1, REAL(0), np.full(BLOCK_PATHS, fall, REAL))
        for provider, times in by_hand.items():
            row = names.providers.index(provider)
            margin[row] = 1 - times * (1 - margin[row])
        earned = other.usd_per_month(own)
        assert_allclose(other.cost_usd_per_month(own), earned * (1 - margin), rtol=1e-4, atol=1e-3)


def test_only_contracts_known_and_of_firms_on_their_own_cash_count(tables):
    for day, known in (("2025-01-01", []), ("2025-07-01", ["coreweave"]), ("2026-01-01", SIGNED)):
        scenario = load_scenario("base", tables, as_of=date.fromisoformat(day), months=2)
        names = market_names(scenario)
        other = Market(scenario, names, Draws(scenario, 7, 0)).treasury.other
        assert sorted(names.providers[row] for row in other.signed_rows) == sorted(known)
        assert other.ends_month.shape == (len(known), 1)


def test_a_contract_of_a_firm_with_a_parent_is_refused(data_copy):
    """It would move nothing, and nobody would know."""
    with (data_copy / "contracts.csv").open("a") as file:
        file.write("azure,9000000000,2031-12-31,derived,low,2026-05-07,coreweave-backlog-2026-05,\n")
    said = r"contracts.csv row 9, provider = azure: contracts bind a provider on its own cash"
    with pytest.raises(InputError, match=said):
        load_scenario("base", load_tables(data_copy), months=2)
    (problem,) = table_problems(load_tables(data_copy))
    assert "provider = azure: contracts bind" in problem


def test_contracts_add_up_to_the_published_backlog(tables):
    """Signed revenue times the years from the day of the backlog to the end is the backlog."""
    known = {
        (row["company"], row["as_of"]): (row["date_on"], row["value_usd"])
        for row in tables["hyperscaler_finance"]
        if row["metric"] == "rpo"
    }
    rows = [row for row in tables["contracts"] if row["provider"] == "coreweave"]
    assert len(rows) == 4
    rows += [row for row in tables["contracts"] if row["source"] == "nebius-rpo-2026-06"]
    since = {date(2026, 8, 11): 25e9}  # added after the day of that backlog, as published with it
    for row in rows:
        day, backlog = known[row["provider"], row["as_of"]]
        backlog += since.get(row["as_of"], 0)
        years = (row["ends_on"] - day).days / 365.25
        assert_allclose(row["contracted_usd_per_year"] * years, backlog, rtol=0.01)
