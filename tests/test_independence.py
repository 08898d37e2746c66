"""What one provider may do to the others: nothing by its place in a table, nothing by being there."""

import numpy as np
from numpy.testing import assert_array_equal

from forecast.arrays import REAL
from forecast.chance import PROVIDER_NORMALS, PROVIDER_UNIFORMS, Chance
from forecast.draws import BLOCK_PATHS, Draws
from forecast.market.customers import Customers
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.tables import load_tables

NO_SALES = [
    f"regimes.{regime}.{column}=0"
    for regime in ("hot", "normal", "cold")
    for column in ("acquired_per_year", "distressed_sale_prob")
]


def reversed_scenario(overlay, settings, months):
    tables = load_tables(overlay("providers", lambda rows: rows[::-1]))
    return load_scenario("base", tables, settings=settings, months=months)


def by_name(values, found, wanted):
    """Return rows by provider in the order of other names."""
    return values[[found.providers.index(provider) for provider in wanted.providers]]


def test_permuting_providers_permutes_results(tables, overlay, run_block):
    plain, names, _ = run_block(load_scenario("base", tables, settings=NO_SALES, months=24))
    turned, other, _ = run_block(reversed_scenario(overlay, NO_SALES, 24))
    for group in (names.own_cash, slice(names.own_cash.stop, names.single.stop), slice(names.single.stop, None)):
        assert other.providers[group] == names.providers[group][::-1]  # each group is turned for itself
    # Sums in another order differ in their last digits, and once in a while such a digit decides.
    assert (by_name(turned.exit_month, other, names) != plain.exit_month).mean() < 1e-4
    assert (turned.exit_month != plain.exit_month).mean() > 0.01  # the control: by row they differ
    for name in ("market_price", "floor", "volume", "rent"):
        off = np.abs(turned.series[name] / plain.series[name] - 1) > 1e-5
        assert off.mean() < 1e-3, name


def test_permuting_providers_permutes_results_with_sales(tables, overlay, run_block, block):
    turned, other, _ = run_block(reversed_scenario(overlay, [], 12))
    plain, names, _ = block
    for what in ("exit_month", "exit_kind", "listed_month"):
        assert (by_name(getattr(turned, what), other, names) != getattr(plain, what)).mean() < 1e-4, what


NEGLIGIBLE = {
    "acquirer_weight": "0",
    "tokens_mtok_per_day": "0.0001",
    "growth_apart_per_month": "normal(mean=0, sd=0.1)",
}


def newcomer_scenario(overlay):
    """The base scenario with a provider too small to matter, in the tables' first row."""

    def added(rows):
        rows = [*[r | {"provider": "aardvark"} for r in rows if r["provider"] == "novita"], *rows]
        for row in rows:
            if row["provider"] == "aardvark":
                row |= {k: v for k, v in NEGLIGIBLE.items() if k in row}
        return rows

    for table in ("providers", "provider_finances", "offers"):
        folder = overlay(table, added)
    return load_scenario("base", load_tables(folder), months=12)


def test_a_newcomer_leaves_the_draws_of_the_others(base, block, overlay):
    _, names, draws = block
    scenario = newcomer_scenario(overlay)
    more = market_names(scenario)
    assert more.providers == ["aardvark", *names.providers]
    others = Draws(scenario, 7, 0)
    before, after = Chance(draws, names), Chance(others, more)
    for _ in range(3):
        for purpose in PROVIDER_NORMALS:
            assert_array_equal(after.normals(purpose)[1:], before.normals(purpose))
        for purpose in PROVIDER_UNIFORMS:
            assert_array_equal(after.uniforms(purpose)[1:], before.uniforms(purpose))
        assert_array_equal(after.normals("rent")[0], before.normals("rent")[0])
        assert_array_equal(after.normals("demand"), before.normals("demand"))
    share = np.ones((len(names.offers), BLOCK_PATHS), REAL)
    many = np.ones((len(more.offers), BLOCK_PATHS), REAL)
    wanted = np.ones((len(names.segments), BLOCK_PATHS), REAL)
    revenue = np.full((len(more.providers), BLOCK_PATHS), 1e11, REAL)
    apart = Customers(draws, names, wanted, share, revenue[1:]).apart_per_month
    assert_array_equal(Customers(others, more, wanted, many, revenue).apart_per_month[1:], apart)


def test_a_newcomer_too_small_to_matter_changes_no_other_fate(block, overlay, run_block):
    after, _, _ = run_block(newcomer_scenario(overlay))
    off = np.abs(after.series["market_price"] / block[0].series["market_price"] - 1) > 1e-4
    assert off.mean() < 1e-3
