"""Families of hardware: the list in code and the tables name the same."""

from forecast.families import FAMILIES, FLEETS
from forecast.market.machines import CROSSING, OPEN, OTHERS
from forecast.outcomes.by_path import GPUS
from forecast.outcomes.fans import FANS
from forecast.serving.kinds import efficiency_family


def choices(tables, table):
    return next(column.allowed for column in tables.schema[table] if column.name == "family")


def test_tables_may_name_the_families_of_the_list_and_each_has_an_efficiency(tables):
    assert choices(tables, "accelerators") == tuple(FAMILIES)
    assert choices(tables, "providers") == FLEETS
    fitted = {name for family, of in FAMILIES.items() for name in of.fitted_as or (family,)}
    assert {row["family"] for row in tables["efficiency"]} == fitted
    assert {row["family"] for row in tables["load_power"]} <= FAMILIES.keys()


def test_what_the_market_decides_by_family():
    """By hand, from what is public of who sells what."""
    named = {
        what: {FLEETS[row] for row in rows} for what, rows in {"others": OTHERS, "open": OPEN, "gpu": GPUS}.items()
    }
    assert named["gpu"] == {"nvidia", "amd"}
    assert named["open"] == {"nvidia", "amd", "dataflow"}
    assert named["others"] == {"nvidia", "amd", "tpu", "trainium", "dataflow"}
    assert set(FLEETS) - named["others"] == {"lpu", "wafer"} and "but the LPUs and wafers" in FANS["floor"].definition
    assert {name for name, crosses in zip(FLEETS, CROSSING, strict=True) if crosses} == {
        "nvidia",
        "amd",
        "tpu",
        "trainium",
    }


def test_generations_are_told_by_their_arithmetic(tables):
    rows = tables["accelerators"].latest("name")
    parts = ("a100-80gb", "h100", "b200", "mi250x", "mi300x", "mi355x", "tpu-v7", "groq-lpu-v1")
    expected = ("nvidia-ampere", "nvidia-hopper", "nvidia-blackwell", "amd", "amd", "amd-cdna4", "tpu", "lpu")
    assert tuple(efficiency_family(rows[part]) for part in parts) == expected
