"""Chance that stays put: addresses, strata, correlations, and what may change without moving other draws."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.arrays import REAL
from forecast.draws import BLOCK_PATHS, MIDPOINTS, Draws, nearest_correlation, stream
from forecast.errors import InputError
from forecast.scenario import load_scenario
from forecast.tables import load_tables

ADDRESS = {"seed": 7, "block": 0, "entity": "provider:together", "purpose": "funding"}


def numbers(**changes):
    return stream(**(ADDRESS | changes)).random(5)


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"block": 1}, {"entity": "provider:fireworks"}, {"purpose": "exit"}], ids=str
)
def test_another_address_gives_others(change):
    assert not np.isin(numbers(**change), numbers()).any()


def test_a_block_draws_what_it_drew_before(base):
    names = ["together", "groq"]
    first, again = Draws(base, 7, 3), Draws(base, 7, 3, shared={})
    assert_array_equal(first.parameter("pue_ratio"), again.parameter("pue_ratio"))
    assert_array_equal(
        first.column("provider_finances", "cash_usd", names),
        again.column("provider_finances", "cash_usd", names),
    )
    for other in (Draws(base, 8, 3), Draws(base, 7, 4)):
        assert (first.parameter("pue_ratio") != other.parameter("pue_ratio")).mean() > 0.9
        assert np.corrcoef(first.parameter("pue_ratio"), other.parameter("pue_ratio"))[0, 1] < 0.1


def test_fixed_inputs_do_not_vary(base):
    draws = Draws(base, 7, 0)
    fixed = {key: item.value.arguments[0] for key, item in base.inputs.items() if item.value.name == "fixed"}
    assert len(fixed) > 100
    for key, value in fixed.items():
        assert_array_equal(draws.values(key, key), np.full(BLOCK_PATHS, value, REAL))


def test_a_column_of_which_one_cell_is_fixed_holds_each_as_it_is_drawn(base, tables):
    made = load_scenario("base", tables, ["provider_finances.groq.cash_usd=5e8"], months=1)
    groq, together = Draws(made, 7, 0).column("provider_finances", "cash_usd", ["groq", "together"])
    assert_array_equal(groq, np.full(BLOCK_PATHS, 5e8, REAL))
    assert_array_equal(together, Draws(base, 7, 0).column("provider_finances", "cash_usd", ["together"])[0])
    assert together.std() > 0


def test_draws_are_single_precision(base):
    draws = Draws(base, 7, 0)
    for key in base.inputs:  # fixed, independent and correlated
        assert draws.values(key, key).dtype == REAL, key
    names = ["together", "groq"]
    for table, column in (("provider_finances", "cash_usd"), ("provider_finances", "debt_service_usd_per_year")):
        assert draws.column(table, column, names).dtype == REAL


def test_every_uncertain_input_owns_a_dimension(base, block):
    """An input without one is drawn all the same, less evenly: give it a free row of data/sobol.csv."""
    names = block[1]
    places, _ = Draws(base, 7, 0)._sobol
    asked = [key for key, item in base.inputs.items() if item.value.name != "fixed" and item.persistence != "entity"]
    asked += [f"parameters.launch_slip_months@{name}" for name in names.accelerators]
    speed = names.speed
    asked += [f"parameters.throughput_error_log@{speed.designs[row]}" for row in np.flatnonzero(speed.design_log_sd)]
    fixed = {key for key in asked if key in base.inputs and base.inputs[key].value.name == "fixed"}
    without = sorted(set(asked) - fixed - set(places))
    assert not without, f"give each a row of data/sobol.csv whose address is empty: {', '.join(without)}"


def test_each_input_hits_each_stratum_about_once(base):
    """A net: 4,096 points in a row from a multiple of 4,096 on hit 4,096 strata once; 5,000 points nearly so."""
    draws = Draws(base, 7, 0)
    places, points = draws._sobol
    first = points[:, :4096] >> np.uint32(20)
    assert_array_equal(np.sort(first, axis=1), np.broadcast_to(np.arange(4096), first.shape))
    for key in places:
        if key in base.inputs and base.inputs[key].value.name != "fixed":
            assert np.bincount(draws._order(key), minlength=BLOCK_PATHS).max() <= 4, key


def test_an_input_without_a_dimension_hits_each_stratum_once(base):
    draws = Draws(base, 7, 0)
    assert "parameters.newcomer" not in draws._sobol[0]
    assert_array_equal(np.sort(draws._order("parameters.newcomer")), np.arange(BLOCK_PATHS))


def test_entities_draw_their_own_parameter(base):
    slips = Draws(base, 7, 0).entity_parameter("launch_slip_months", ["vr200", "mi455x"])
    assert slips.shape == (2, BLOCK_PATHS)
    assert abs(np.corrcoef(slips)[0, 1]) < 0.057
    assert_allclose(
        np.quantile(slips, [0.1, 0.5, 0.9], axis=1)[:, 0], np.quantile(slips[1], [0.1, 0.5, 0.9]), atol=0.05
    )


def test_a_missing_input_is_named(base):
    with pytest.raises(InputError) as caught:
        Draws(base, 7, 0).column("provider_finances", "cash_usd", ["nobody"])
    assert str(caught.value) == (
        f'the scenario needs a value for "provider_finances.nobody.cash_usd" at {base.as_of}. Add a row or set it.'
    )


# --- correlations ---------------------------------------------------------------------------------


def scores(values):
    from scipy.special import ndtri

    return ndtri((np.argsort(np.argsort(values)) + 0.5) / len(values))


def test_correlations_are_reached(base):
    draws = Draws(base, 7, 0)
    assert base.correlations
    for first, second, wanted in base.correlations:
        found = np.corrcoef(scores(draws.values(first, first)), scores(draws.values(second, second)))[0, 1]
        assert abs(found - wanted) < 0.05, (first, second)


def test_correlated_inputs_keep_their_marginals(base):
    draws = Draws(base, 7, 0)
    at = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    for name in {name for first, second, _ in base.correlations for name in (first, second)}:
        values, value = draws.values(name, name), base.inputs[name].value
        # The share of draws under each quantile: four standard errors of 5,000 draws are 0.029 in the middle.
        share = (values[:, None] <= value.quantile(at)).mean(axis=0)
        assert_allclose(share, at, atol=0.029, err_msg=name)
        exact = value.quantile(MIDPOINTS).astype(REAL)
        assert exact[0] <= values.min() and values.max() <= exact[-1]


def test_fixing_a_correlated_input_moves_no_other(tables, base):
    first, second, _ = base.correlations[0]
    fixed = Draws(load_scenario("base", tables, settings=[f"{first}=1"], months=12), 7, 0)
    assert_array_equal(fixed.values(first, first), np.ones(BLOCK_PATHS))
    assert_array_equal(fixed.values(second, second), Draws(base, 7, 0).values(second, second))


def test_a_possible_correlation_stays():
    matrix, move = nearest_correlation(["a", "b", "c"], (("a", "c", 0.5), ("b", "c", -0.2)))
    assert move == 0
    assert_array_equal(matrix, [[1, 0, 0.5], [0, 1, -0.2], [0.5, -0.2, 1]])


def test_an_impossible_correlation_is_repaired_and_reported():
    # a goes with b and b with c: then a cannot go against c.
    pairs = (("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9))
    matrix, move = nearest_correlation(["a", "b", "c"], pairs)
    assert np.linalg.eigvalsh(matrix).min() > 0
    assert_allclose(np.diag(matrix), 1.0, atol=1e-8)
    assert_allclose(matrix, matrix.T, atol=1e-15)
    # By hand: eigenvalues −0.8, 1.9, 1.9; cutting the negative one leaves ±½ off the diagonal.
    assert_allclose(matrix[[0, 1, 0], [1, 2, 2]], [0.5, 0.5, -0.5], atol=1e-6)
    assert_allclose(move, 0.4, atol=1e-6)


# --- what may be added ----------------------------------------------------------------------------


def test_an_added_provider_moves_no_other_draw(base, overlay):
    def copied(rows):
        added = [r | {"provider": "aardvark"} for r in rows if r["provider"] == "together"]
        known = {
            "growth_apart_per_month": "normal(mean=0, sd=0.1)",
            "revenue_usd_per_year": "",
        }  # no fit stands for a newcomer
        return [*(r | {name: cell for name, cell in known.items() if name in r} for r in added), *rows]

    for table in ("providers", "provider_finances", "offers"):
        folder = overlay(table, copied)
    with_it = load_scenario("base", load_tables(folder), months=12)
    assert len(with_it.inputs) > len(base.inputs)
    before, after = Draws(base, 7, 0), Draws(with_it, 7, 0)
    for key in base.inputs:
        assert_array_equal(before.values(key, key), after.values(key, key), err_msg=key)
    key = "provider_finances.aardvark.cash_usd"
    assert np.isfinite(after.values(key, key)).all()


def test_an_added_parameter_moves_no_other_draw(base, overlay):
    def more(rows):
        return [rows[0] | {"parameter": "a_new_one", "value": "uniform(low=0, high=1)"}, *rows]

    with_it = load_scenario("base", load_tables(overlay("parameters", more)), months=12)
    before, after = Draws(base, 7, 0), Draws(with_it, 7, 0)
    for key in base.inputs:
        assert_array_equal(before.values(key, key), after.values(key, key), err_msg=key)
