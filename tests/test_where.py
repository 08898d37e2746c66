"""`forecast where`: each kind of name is found in its file and line; what is shown is what stands there."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import forecast
from forecast.cli.main import VERBS
from forecast.cli.where_verb import command
from forecast.errors import InputError
from forecast.finding.code import Module, parts_of, places_in, readers
from forecast.finding.data import OUTCOMES
from forecast.finding.search import whereabouts
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.summary import summarize_paths

ROOT = Path(forecast.__file__).parent.parent


@pytest.fixture(scope="module")
def base(tables):
    return load_scenario("base", tables)


@pytest.fixture(scope="module")
def find(base):
    return lambda name: whereabouts(name, base)


def line_of(place):
    return (ROOT / place.file).read_text("utf-8").splitlines()[place.line - 1]


def test_an_equation_shows_formula_and_source(find):
    (place,) = find("split_s")
    assert (place.kind, place.name, place.file) == (
        "function",
        "forecast.equations.step.split_s",
        "forecast/equations/step.py",
    )
    assert line_of(place).startswith("def split_s(")
    assert place.formula == "t = G / (1000·n·R)"
    assert place.source.startswith("facts-compilation: Compiled from public material")
    assert place.signature.startswith("split_s(amount: Num, accelerators_count: Num")
    assert find("step.split_s") == find("forecast.equations.step.split_s") == [place]


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_is_found_first_and_computed_somewhere(find, name):
    place = find(name)[0]
    assert (place.kind, place.name) == ("outcome", name) and place.meaning and place.used_by
    if name in FANS:
        assert (place.unit, place.meaning) == (FANS[name].unit, FANS[name].definition)
    elif name in DATES:
        assert place.meaning == DATES[name].definition
    assert (f'"{name}"' if not name.startswith("exit_") else 'f"exit_{') in line_of(place)


def test_every_outcome_of_a_run_is_known(small_run):
    assert {fact.outcome for fact in small_run.facts} == OUTCOMES.keys()


@pytest.fixture(scope="module")
def small_run(tables):
    return summarize_paths(simulate(load_scenario("base", tables, months=3), 40, seed=7))


@pytest.mark.parametrize("name", ["parameters.pue_ratio", "pue_ratio", "parameters.rent_shock_sd"])
def test_an_input_shows_the_value_of_base_and_its_row(find, base, name):
    place = find(name)[0]
    item = base.inputs[place.name]
    assert (place.kind, place.value, place.unit) == ("input", str(item.value), item.unit)
    assert place.name.split(".")[1] in line_of(place), "the row, a fit where the cell says fitted"
    assert place.source.startswith(f"{item.origin.source} ({item.origin.status}, known {item.origin.as_of}): ")
    assert len(place.source) > 40, "cited"


def test_the_equation_that_takes_an_input_is_named(find):
    assert any(" owned_cost" in one and "equations/cost.py" in one for one in find("pue_ratio")[0].used_by)
    assert any("Rents.step" in one for one in find("rent_shock_sd")[0].used_by)


def test_a_cell_a_column_and_a_table(find):
    assert [place.kind for place in find("providers.openai.listing_per_year")] == ["input"]
    (column,) = find("rents.usd_per_accelerator_hour")
    assert (column.kind, column.unit, column.meaning) == (
        "column", "USD/accelerator-hour", "Rent of one accelerator for an hour.",
    )  # fmt: skip
    assert "usd_per_accelerator_hour" in line_of(column)
    assert len(find("usd_per_accelerator_hour")) > 1, "a column of several tables: all of them"
    assert find("rents")[0].kind == "table" and "rents.py" in " ".join(find("rents")[0].used_by)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_found(find, verb):
    (place,) = [place for place in find(verb) if place.kind == "verb"]
    assert place.file == f"forecast/cli/{verb}_verb.py" and line_of(place).startswith("def command(")


def test_the_best_answer_comes_first(find):
    assert [place.kind for place in find("rent")][:2] == ["outcome", "function"]


def test_text_and_json_agree():
    shown = CliRunner().invoke(command, ["split_s"]).output
    assert shown.splitlines()[0].startswith("forecast/equations/step.py:")
    assert "    formula: t = G / (1000·n·R)" in shown
    found = json.loads(CliRunner().invoke(command, ["split_s", "--json"]).output)
    assert found["name"] == "split_s" and found["places"][0]["formula"] == "t = G / (1000·n·R)"
    many = CliRunner().invoke(command, ["usd_per_accelerator_hour"]).output
    assert "more: --json lists all" in many


def test_an_unknown_name_is_one_message(base):
    with pytest.raises(InputError, match='where "pue_ration": nothing has this name.* Did you mean "pue_ratio"'):
        whereabouts("pue_ration", base)


def test_a_part_of_a_name_lists_the_formulas_that_hold_it(base):
    with pytest.raises(
        InputError, match="Formulas whose names hold it: round_size_usd. `forecast show --match round` lists"
    ):
        whereabouts("round", base)


def test_what_follows_a_name_is_left_out():
    said = CliRunner().invoke(command, ["market_price:commodity@6"]).output
    assert said == CliRunner().invoke(command, ["market_price"]).output
    assert "parameters.throughput_error_log" in CliRunner().invoke(command, ["throughput_error_log@tpu"]).output


def test_part_of_a_name_leads_to_the_inputs_that_hold_it():
    with pytest.raises(InputError, match="`forecast show --match groq` lists the inputs whose names hold it"):
        CliRunner().invoke(command, ["groq"], catch_exceptions=False)


def test_no_private_name_is_suggested():
    with pytest.raises(InputError) as refused:
        CliRunner().invoke(command, ["_bandd"], catch_exceptions=False)
    assert 'Did you mean "_' not in str(refused.value)


def test_docstrings_without_parts_have_none():
    assert parts_of(None) == ("", "", "")
    assert parts_of("Add.\n\nArgs:\n    a: b = c.\n").formula == ""
    assert parts_of("Add.\n\n>>> a == b\nTrue\n").formula == ""


TEXT = '''"""A room."""
HALF = 0.5  # of a whole
NAMES = "a_frac b_frac"
def f(x, *, b_frac=1):
    """Reads a_frac in prose only."""
def g():
    return row["a_frac"], f"t.{x}.a_frac"
class C:
    def m(self):
        return "a_frac"
'''


def test_readers_and_names_by_hand():
    module = Module("room", "room.py", TEXT)
    assert readers("a_frac", [module]) == ("room.py:7 g", "room.py:10 C.m", "room.py:3 NAMES")
    assert readers("b_frac", [module]) == ("room.py:4 f", "room.py:3 NAMES")
    assert readers("frac", [module]) == ()
    found = {place.name: place for place in places_in(module)}
    assert found.keys() == {"room", "room.f", "room.g", "room.C", "room.C.m", "room.HALF", "room.NAMES"}
    assert (found["room.HALF"].value, found["room.HALF"].meaning) == ("0.5", "of a whole")
    assert found["room.f"].signature == "f(x, *, b_frac=1)"
