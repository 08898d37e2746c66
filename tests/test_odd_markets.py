"""Markets that a table or a setting allows and ours is not: each is computed, or refused in words."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from forecast.draws import Draws
from forecast.equations import exits
from forecast.errors import InputError
from forecast.march import march
from forecast.market.doors import EXIT_KINDS, NEVER
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.tables import load_tables


def test_a_provider_that_sells_nothing_is_refused(overlay, run_block):
    folder = overlay("offers", lambda rows: [row for row in rows if row["provider"] != "crusoe"])
    with pytest.raises(InputError, match="offers.csv: no row of crusoe"):
        run_block(load_scenario("base", load_tables(folder), months=1))


def test_rents_that_are_pushed_as_little_as_the_range_allows_can_be_computed(tables, run_block):
    history, _, _ = run_block(load_scenario("base", tables, settings=["rent_tightness_push=0.1"], months=2))
    assert all(np.isfinite(values).all() for values in history.series.values())


@pytest.mark.parametrize(
    "column", ["tokens_mtok_per_day", "paid_usd_per_mtok", "tokens_mtok_per_day paid_usd_per_mtok"]
)
def test_books_known_exactly_can_be_computed(base, tables, run_block, column):
    # An uncertain cell makes a column [row, path], none makes it [row, 1].
    settings = [
        f"{key}={item.value.quantile(np.array([0.5]))[0]}"
        for key, item in base.inputs.items()
        if key.startswith("provider_finances.") and key.rpartition(".")[2] in column.split()
    ]
    history, names, draws = run_block(load_scenario("base", tables, settings=settings, months=3))
    for name in column.split():
        assert draws.column("provider_finances", name, names.providers).shape[1] == 1  # or nothing is tested
    assert all(np.isfinite(values).all() for values in history.series.values())


def test_a_market_without_buyers_can_be_computed(base, tables, run_block):
    settings = [f"{key}=0" for key in base.inputs if key.startswith("providers.") and key.endswith(".acquirer_weight")]
    history, _, _ = run_block(load_scenario("base", tables, settings=settings, months=6))
    assert (history.exit_kind == EXIT_KINDS.index("bought")).any()  # or nothing is tested
    assert all(np.isfinite(values).all() for values in history.series.values())


def test_a_market_where_all_have_parents_can_be_computed(overlay, run_block):
    folder = overlay("providers", lambda rows: [row | {"parent_backed": "1"} for row in rows])
    history, names, _ = run_block(load_scenario("base", load_tables(folder), months=3))
    assert names.providers[names.own_cash] == []
    assert np.isnan(history.runway_months).all()
    assert all(np.isfinite(values).all() for values in history.series.values())


def test_entry_follows_margins_where_the_small_ones_start_with_losses(tables):
    losing = ["provider_finances.fringe.gross_margin_frac=-0.2"]
    scenario = load_scenario("base", tables, losing, months=18)
    asked = []

    def noted(count, entry, leaves, margin_ratio, normal):
        asked.append(margin_ratio.copy())
        return count

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exits, "fringe_count_next", noted)
        names = market_names(scenario)
        history = march(scenario, names, Draws(scenario, 7, 0), note_months=range(19))
    margins = history.noted["margin"][names.providers.index("fringe")]
    assert (margins[0] < 0).all() and 0.05 < (margins[-1] > 0).mean() < 0.95
    clear = np.abs(margins[1:]) > 1e-3  # of prices in single precision
    assert_array_equal(np.array(asked)[clear] > 0, margins[1:][clear] > 0)


def test_the_last_hyperscaler_stays(tables, run_block):
    """Even where none pays and all would leave at once, somebody sells closed models."""
    settings = ["cloud_leave_below_ratio=2", "cloud_leave_per_year=3"]
    settings += [
        f"cloud_finances.{cloud}.ai_depreciation_usd_per_year=900000000000" for cloud in ("bedrock", "vertex", "azure")
    ]
    history, names, _ = run_block(load_scenario("base", tables, settings, months=24))
    left = (history.exit_month[names.cloud_provider] != NEVER).sum(axis=0)
    assert left.max() == len(names.clouds) - 1
    assert np.isfinite(history.series["market_price"]).all()
