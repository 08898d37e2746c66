"""Nothing known later than a vintage moves any number of it; the same rows known before do."""

import csv
from datetime import date, timedelta

import pytest

from forecast.errors import InputError
from forecast.scenario import load_scenario
from forecast.serving.speed import resolve
from forecast.serving.token_cost import market_accelerators
from forecast.shipped import INPUT_TABLES
from forecast.simulation import simulate
from forecast.summary import summarize_paths
from forecast.tables import load_tables, shipped_directory

VINTAGE = date(2025, 7, 1)
LATER, BEFORE = VINTAGE + timedelta(days=1), VINTAGE
# Tables whose rows the engine reads besides the inputs of a scenario.
READ = ("parameters", "fits", "correlations", "served_models", "rents", *INPUT_TABLES)
# Of these, tables whose rows the month loop does not read (only `forecast cost` does).
COST_ONLY = ("speculation", "serving_stacks", "load_power", "outside_prices")
# Rows that move a number only in a slump: tests/test_contracts.py makes one, and asks which vintage knows what.
SLUMP_ONLY = ("contracts",)
# Rows of which a shutdown alone moves a number: tests/test_scenario.py plants one, and asks which vintage knows it.
CLOSURES_ONLY = ("events",)
WILD = 1.31  # times every number, within what the schema allows


def wild(row, columns):
    """Return a row with every plain number a third larger or, where the schema forbids that, at its limit."""
    changed = dict(row)
    for column in columns:
        cell = row[column.name]
        if column.kind not in ("number", "integer") or not cell:
            continue
        try:
            value = float(cell) * WILD
        except ValueError:
            changed[column.name] = repr(_middle(column)) if column.uncertain else cell
            continue
        value = min(max(value, -1e300 if column.minimum is None else column.minimum), column.maximum or 1e300)
        changed[column.name] = str(round(value)) if column.kind == "integer" else repr(value)
    return changed


def _middle(column):
    low, high = column.minimum or 0.0, 1.0 if column.maximum is None else column.maximum
    return low + 0.37 * (min(high, low + 1.0) - low)


def planted(overlay, tables, name, as_of):
    """Write a table with a wild copy of every row that the vintage knows, known on `as_of`."""
    columns = tables.schema[name]

    def change(rows):
        known = {}
        for row in rows:
            if row["as_of"] <= str(VINTAGE):
                known[identity(name, row)] = row
        return [r for r in rows if not (as_of == BEFORE and r["as_of"] == str(BEFORE))] + [
            wild(row, columns) | {"as_of": str(as_of)} for row in known.values()
        ]

    return overlay(name, change)


def identity(name, row):
    """Return what names a row, so that of several vintages one copy is planted."""
    keys = {
        "fits": ("key",),
        "parameters": ("parameter",),
        "correlations": ("first", "second"),
        "served_models": ("model",),
        "rents": ("provider", "accelerator"),  # their last rows: what all rise by moves nothing
    }
    return tuple(row[key] for key in INPUT_TABLES.get(name, keys.get(name, ("as_of",))))


def numbers(folder=None):
    """Return every number of a short forecast at the vintage."""
    scenario = load_scenario("base", load_tables(folder), as_of=VINTAGE, months=3)
    facts = summarize_paths(simulate(scenario, n_paths=100, threads=1)).facts
    return [fact[4:] for fact in facts]


@pytest.fixture(scope="module")
def known():
    return numbers()


def test_every_table_says_when_a_row_was_known(tables):
    for name, columns in tables.schema.items():
        if name == "schema":  # describes the tables, dates nothing
            continue
        assert "as_of" in [column.name for column in columns], f"{name} has no column as_of"


def test_no_row_from_the_future_moves_a_number(overlay, tables, known):
    for name in READ:
        folder = planted(overlay, tables, name, LATER)
    assert numbers(folder) == known


def test_without_the_rows_from_the_future_every_number_is_the_same(overlay, known):
    for name in READ:
        folder = overlay(name, lambda rows: [r for r in rows if r["as_of"] <= str(VINTAGE)] or rows)
    assert numbers(folder) == known


@pytest.mark.parametrize("name", [name for name in READ if name not in COST_ONLY + SLUMP_ONLY])
def test_the_same_rows_known_in_time_move_something(overlay, tables, known, name):
    folder = planted(overlay, tables, name, BEFORE)
    try:
        moved = numbers(folder) != known
    except InputError:  # a wild row may break a rule: then it was read
        moved = True
    assert moved


def test_no_table_that_the_engine_reads_is_forgotten(tables):
    scenario = load_scenario("base", load_tables(), as_of=VINTAGE, months=1)
    simulate(scenario, n_paths=10, threads=1)
    read = {label.removeprefix("data/").removesuffix(".csv") for label in scenario.tables.digests()}
    assert read <= {
        *READ,
        *CLOSURES_ONLY,
        "aliases",
        "hindcast_checks",
        "sobol",
    }  # sobol.csv holds no fact of the market


def test_when_an_accelerator_came_later_is_not_known_in_its_row_either(overlay, known):
    """The rows of announced accelerators hold the day they came: moving it past the vintage changes no number."""

    def change(rows):
        for row in rows:
            if row["available_on"] > str(VINTAGE):
                row["available_on"] = "2031-01-01"
        return rows

    assert numbers(overlay("accelerators", change)) == known


def test_what_came_later_can_not_be_named_at_the_vintage(tables):
    scenario = load_scenario("base", tables, as_of=VINTAGE, months=1)
    for kind, name in (("model", "glm-5"), ("accelerator", "groq-3-lpu")):
        with pytest.raises(InputError, match=rf'no {kind} "{name}" known at 2025-07-01'):
            resolve(scenario, kind, name)
        assert resolve(load_scenario("base", tables, months=1), kind, name) == name
    # The MI350X was announced by then, but for no date: it is not on the roadmap until it comes.
    assert "mi350x" not in market_accelerators(scenario)


def test_a_revenue_in_the_finances_was_public_by_then():
    def rows(name):
        with (shipped_directory("data") / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    public = [
        (row["provider"], float(row["value"]), row["as_of"])
        for row in rows("provider_history")
        if row["metric"] in ("revenue_run_rate_usd", "revenue_year_usd")
    ]
    for row in rows("provider_finances"):
        if row["known_revenue_usd_per_year"] and row["as_of"] < "2026-10":
            value = float(row["known_revenue_usd_per_year"])
            then = [v for firm, v, as_of in public if firm == row["provider"] and as_of <= row["as_of"]]
            assert any(abs(v / value - 1) < 1e-3 for v in then), f"{row['provider']} at {row['as_of']}: {value:g}"


@pytest.mark.parametrize("as_of", [date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1), date(2026, 7, 1)])
def test_every_vintage_has_its_own_state(as_of, tables):
    scenario = load_scenario("base", tables, as_of=as_of, months=1)
    for table in ("provider_finances", "cloud_finances", "segments"):
        assert {row["as_of"] for row in scenario.rows[table].values()} == {as_of}, table


def test_providers_that_did_not_sell_tokens_yet_are_not_in_the_first_vintage(tables):
    names = set(load_scenario("base", tables, as_of=date(2025, 1, 1)).rows["provider_finances"])
    assert names.isdisjoint({"coreweave", "crusoe", "gmi", "parasail"})


def test_before_the_first_vintage_the_first_is_named(tables):
    scenario = load_scenario("base", tables, as_of=date(2024, 12, 31), months=1)
    with pytest.raises(InputError) as refused:
        simulate(scenario, n_paths=10)
    assert refused.value.problems == (
        "as of 2024-12-31: no provider's finances are known before 2025-01-01. Choose that date or a later one.",
    )
