"""Bad input that once ended in a traceback, in a number nobody asked for, or in a flood: one sentence, exit 2."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner
from command import forecast

from forecast import __main__
from forecast.cli import cost_verb
from forecast.cli.main import group
from forecast.deployments.deployment import Deployment
from forecast.deployments.priced import cost_of
from forecast.errors import InputError
from forecast.market.names import market_names
from forecast.outcomes.fans import FANS, count, quantiles
from forecast.scenario import load_scenario
from forecast.scenario_files import MOST_PROBLEMS
from forecast.sensitivity.first_order import first_order
from forecast.serving.effects import REQUIRED
from forecast.serving.speed import resolve
from forecast.store.database import open_store
from forecast.store.places import place_of
from forecast.table_rules import table_problems
from forecast.tables import load_tables


def without(column, *names):
    return lambda rows: [row for row in rows if row[column] not in names]


def market(folder):
    return market_names(load_scenario("base", load_tables(folder)))


@pytest.mark.parametrize("name", ["x" * 300, "a/" + "x" * 300, "x" * 300 + ".toml"])
def test_a_name_too_long_for_a_file_is_no_scenario(name, tables):
    with pytest.raises(InputError, match="no scenario|no such scenario file"):
        load_scenario(name, tables)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f'extends = "{"x" * 400}"', 'no scenario "x+…"'),
        (f'extends = "base"\nmonths = {"9" * 5000}', "a number of thousands of digits"),
        ('title = "a"\nx = ' + "[" * 3000 + "]" * 3000, "nested too deeply"),
    ],
)
def test_a_file_beyond_all_measure(content, said, written, tables):
    with pytest.raises(InputError, match=said):
        load_scenario(written(content), tables)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("9" * 400, '"9+…" is not a finite number'),
        ("nan", '"nan" is not a finite number'),
        ("[1.2]", "a number, or a distribution written as text, is required"),
        ("2026-01-01", "a number, or a distribution written as text, is required"),
        ('"choice(1e308: 1.2, 1e308: 1.3)"', "choice needs weights ≥ 0 that do not all vanish and have a finite sum"),
        ('"choice(0.9999: 1.2, 0.0001: 9)"', "9 is above the maximum 3 ratio"),
        ('"empirical(0.5, 1.2, 1.3)"', "0.5 is below the minimum 1 ratio"),
        ('"uniform(low=0.9999, high=1.5)"', "0.9999 is below the minimum 1 ratio"),
        ('"unifrom(low=1, high=2)"', r'fitted \(Did you mean "uniform"\?\)\. Correct the value'),
        ('"' + "x" * 10_000 + '"', '"x+…" is not a number'),
    ],
)
def test_values_that_are_none(value, said, written, tables):
    path = written(f'extends = "base"\n[parameters]\npue_ratio = {value}\n')
    with pytest.raises(InputError, match=said) as caught:
        load_scenario(path, tables)
    assert len(str(caught.value)) < 500 + len(str(path))


@pytest.mark.parametrize("section", ["", "[parameters]\n"])
def test_of_very_many_mistakes_the_first_are_told(section, written, tables):
    """Each takes a look at the file and at all names there are: a hundred thousand took hours."""
    path = written('extends = "base"\n' + section + "".join(f"wrong_{n} = 1\n" for n in range(3 * MOST_PROBLEMS)))
    with pytest.raises(InputError) as caught:
        load_scenario(path, tables)
    told = caught.value.problems
    assert len(told) <= MOST_PROBLEMS + 1 and "wrong_0" in told[0] and f"wrong_{MOST_PROBLEMS - 1}" in "".join(told)
    assert told[-1].endswith("perhaps more; the rest was not looked at.")


@pytest.mark.parametrize(
    ("table", "column", "gone", "said"),
    [
        ("providers", "provider", "crusoe", "provider = crusoe: not in providers.csv"),
        ("segments", "segment", "closed-frontier", "segment = closed-frontier: not in segments.csv"),
        ("served_models", "model", "glm-5", "model = glm-5: not in served_models.csv"),
        ("accelerator_prices", "accelerator", "h100", "accelerator h100: rents are quoted for it, but its price"),
    ],
)
def test_a_row_that_others_need(table, column, gone, said, overlay):
    """Before, the market was simulated without the provider, or failed in the middle."""
    with pytest.raises(InputError, match=said):
        market(overlay(table, without(column, gone)))


@pytest.mark.parametrize("lacking", ["provider_finances", "offers"])
def test_a_provider_that_stands_in_one_table_alone(lacking, overlay):
    """Before, it was left out of the market without a word."""

    def twice(rows):
        mine = [row | {"provider": "newhost"} for row in rows if row["provider"] == "parasail"]
        return [*rows, *(row | {"growth_apart_per_month": "0"} if "label" in row else row for row in mine)]

    for table in {"providers", "provider_finances", "offers"} - {lacking}:
        folder = overlay(table, twice)
    said = f"provider = newhost: no row of {lacking}.csv, so no run has it. Add one there."
    with pytest.raises(InputError, match=said):
        market(folder)
    assert len(found := table_problems(load_tables(folder))) == 1 and said in found[0]
    assert "newhost" in market_names(load_scenario("base", load_tables(overlay(lacking, twice)))).providers


def test_a_segment_in_which_nobody_sells(overlay):
    folder = overlay("segments", lambda rows: [*rows, rows[-1] | {"segment": "agents"}])
    with pytest.raises(InputError, match="segment agents: nobody sells in it. Add a row to data/offers.csv"):
        market(folder)


@pytest.mark.parametrize("also", [(), ("vertex",), ("fringe",), ("alibaba",)])
def test_a_segment_that_all_may_leave(also, overlay):
    """Before, the shares of a segment that everybody had left were no number, and the run ended in a traceback."""

    def split(rows):
        sold = [r for r in rows if r["provider"] in ("groq", *also)]
        halves = [r | {"tokens_frac": str(float(r["tokens_frac"]) / 2)} for r in sold]
        added = {r["provider"]: r | {"segment": "agents", "tokens_frac": "0.5"} for r in sold}
        return [*(r for r in rows if r not in sold), *halves, *added.values()]

    def twice(rows):
        return [*rows, *(r | {"segment": "agents"} for r in rows if r["segment"] == "open-frontier")]

    overlay("segments", twice)
    folder = overlay("offers", split)
    if also in (("fringe",), ("alibaba",)):
        assert "agents" in market(folder).segments
    else:  # a cloud may leave too, where another stays
        with pytest.raises(
            InputError, match="segment agents: all who sell in it may leave the market. Add an offer of fringe"
        ):
            market(folder)


def test_what_is_wrong_in_all_scenarios_is_said_once(overlay, monkeypatch):
    overlay("offers", lambda rows: [r for r in rows if (r["provider"], r["segment"]) != ("groq", "commodity")])
    folder = overlay("regimes", list)
    monkeypatch.setenv("FORECAST_DATA", str(folder))
    done = CliRunner().invoke(group, ["check"])
    assert isinstance(done.exception, InputError)
    assert sum("offers of groq: tokens_frac adds up to" in said for said in done.exception.problems) == 1


def test_a_table_of_ones_own_replaces_the_whole_one(overlay):
    """Before, who gave the one row that differs was told that nobody sells in a segment."""
    with pytest.raises(InputError) as caught:
        market(overlay("provider_finances", lambda rows: [r for r in rows if r["provider"] == "together"]))
    (said,) = caught.value.problems
    assert said.startswith("overlay/provider_finances.csv: no row of fireworks, groq, ")
    assert said.endswith("replaces the whole shipped one: keep its rows and change those that differ.")


def test_a_provider_that_is_known_later_says_when(overlay):
    def added(rows):
        mine = [r for r in rows if r["provider"] == "parasail"][-1]
        return [*rows, mine | {"provider": "newhost", "as_of": "2026-11-20"}]

    for table in ("provider_finances", "offers", "providers"):
        folder = overlay(table, added)
    scenario = load_scenario("base", load_tables(folder))
    with pytest.raises(
        InputError, match="known at 2026-10-31. Its first row is of 2026-11-20. Choose that --as-of or a later"
    ):
        resolve(scenario, "provider", "NewHost")


def test_a_family_without_an_accelerator(overlay, tables):
    """Before, the cost of its providers was no number."""
    rows = tables["accelerators"].latest("name")
    folder = overlay(
        "accelerator_prices", without("accelerator", *(n for n, r in rows.items() if r["family"] == "lpu"))
    )
    with pytest.raises(
        InputError, match="provider groq: no accelerator of its family lpu that is on the market and priced"
    ):
        market(folder)


def test_an_effect_that_every_case_needs(overlay):
    """Before, the term stood at its printed peak without a word."""
    assert {"dense_weights:one:all", "log_sd:both_new:moe"} <= set(REQUIRED)
    folder = overlay(
        "throughput_effects", lambda rows: [r for r in rows if (r["term"], r["feature"]) != ("dense_weights", "one")]
    )
    with pytest.raises(InputError, match='needs a value for "throughput_effects.dense_weights:one:all.value"'):
        market(folder)


def test_a_parameter_that_a_cost_needs(overlay):
    folder = overlay("parameters", without("parameter", "cached_cost_ratio"))
    with pytest.raises(InputError, match=r'the scenario needs a value for "parameters\.cached_cost_ratio"'):
        cost_of(
            load_scenario("base", load_tables(folder)),
            Deployment("h100", "llama-3.1-70b", 4000.0, 400.0),
        )


def test_a_table_that_is_a_folder(tmp_path):
    (tmp_path / "rents.csv").mkdir()
    with pytest.raises(InputError, match=r"rents\.csv: no file; a table is a CSV file\. Replace it"):
        load_tables(tmp_path)


def test_a_table_in_the_working_folder_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "rents.csv").write_text("a\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^\./rents\.csv row 1: no column date_on"):
        load_tables(".")


def test_today_is_not_years_after_the_data(tables):
    market_names(load_scenario("base", tables, as_of=date(2027, 10, 31), months=1))
    with pytest.raises(InputError, match=r"as of 9999-12-31: the newest of the providers' finances are of 2026-"):
        market_names(load_scenario("base", tables, as_of=date(9999, 12, 31), months=1))


def test_a_flood_of_problems_is_cut(overlay):
    done = forecast("check", str(overlay("sources", lambda rows: rows[:1])))
    lines = done.stderr.splitlines()
    assert done.returncode == 2 and len(lines) == 101
    assert lines[-1].startswith("forecast: and ") and lines[-1].endswith(" more. Correct these first.")


def test_interrupted_is_not_failed(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("forecast.scenario.load_scenario", interrupted)
    outcome = CliRunner().invoke(group, ["run"])
    assert outcome.exit_code == 130 and outcome.stderr == "forecast: interrupted\n" and outcome.stdout == ""


def test_interrupted_while_loading(monkeypatch, capsys):
    class Loading(ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "forecast.cli.main", Loading("forecast.cli.main"))
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130 and capsys.readouterr().err == "forecast: interrupted\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["list"], 1, "forecast: stdout: No space left on device. Choose another place, or give it room and rights.\n"),
        (["check", "x" * 300], 2, None),
        (
            ["run", "--paths", "100", "--months", "1", "--quiet", "--out", "x" * 300],
            2,
            "File name too long. Choose another place",
        ),
    ],
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_places_that_cannot_be_written(arguments, code, said, tmp_path):
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "forecast", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            check=False,
        )  # fmt: skip
    assert run.returncode == code and len(run.stderr.splitlines()) == 1 and (said or "forecast: ") in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("paths", "seed", "said"),
    [
        (0, 7, "sensitivity: 0 paths; at least 1,000 are needed"),
        (-1, 7, "sensitivity: -1 paths; at least 1,000 are needed"),
        (10**9, 7, "paths = "),
        (1000, -1, "seed = -1: below 0"),
    ],
)
def test_sensitivity_on_no_paths(paths, seed, said):
    outcome = CliRunner().invoke(group, ["sensitivity", "--paths", str(paths), "--seed", str(seed), "--months", "1"])
    assert isinstance(outcome.exception, InputError) and said in str(outcome.exception)


@pytest.mark.parametrize("level", ["nan", "inf", "-inf"])
def test_a_level_that_is_no_number(level):
    outcome = CliRunner().invoke(group, ["sensitivity", "--paths", "1000", "--months", "1", "--above", level])
    assert str(outcome.exception) == f"--above {level}: a finite number, in the outcome's unit, is needed. Correct it."


def test_an_outcome_that_never_varies_is_explained_by_nothing():
    """Before, a group left out that held the only other path gave a spread that was no number."""
    scores = (np.arange(2_000)[None, :] + 0.5) / 2_000
    rare = np.zeros(2_000)
    rare[7] = 1.0
    for outcome in (np.zeros(2_000), rare):
        told = first_order(scores, outcome)
        assert np.isfinite(told.index).all() and np.isfinite(told.error).all()


def test_a_share_of_one_is_one():
    """Before, all providers but one gone, the share of the five largest read 1.009."""
    fan = FANS["top5_tokens_frac"]
    for value in (1.0, np.float32(1.0000001), 3.0):
        found = quantiles(fan, count(fan, np.full((1, 1, 8), value, np.float32)), np.array([0.1, 0.5, 0.99]))
        assert found.tolist() == [[[1.0, 1.0, 1.0]]]


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + b"x" * 5000, b"hello", b"PK\x03\x04" * 2000])
def test_a_file_that_is_no_store(content, tmp_path):
    (tmp_path / "s.db").write_bytes(content)
    with pytest.raises(
        InputError, match=r"s\.db: no store, or a damaged one \(.*\)\. Name another --store, or put a copy"
    ):
        open_store(place_of(str(tmp_path / "s.db")))
    assert (tmp_path / "s.db").read_bytes() == content


CASES = "accelerator,n_accelerators,model,precision,input_tokens,output_tokens,concurrency\n"


def priced(tmp_path, text):
    (tmp_path / "in.csv").write_text(text)
    return CliRunner().invoke(group, ["cost", "--cases", str(tmp_path / "in.csv")])


@pytest.mark.parametrize("row", ["h100,2", "h100,2,llama-3.1-70b,fp8,1,5,1000,200,8"])
def test_a_case_with_too_few_or_too_many_cells_says_so_in_its_row(row, tmp_path):
    """Before, the one was a traceback, and of the other the surplus cells were passed over."""
    outcome = priced(tmp_path, f"{CASES}{row}\nh100,2,llama-3.1-70b,fp8,1000,200,8\n")
    _, wrong, right = outcome.stdout.splitlines()
    assert wrong.endswith(f",,,,{row.count(',') + 1} cells where the header has 7. Correct the row.")
    assert right.startswith("h100,2,") and right.endswith(",")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CASES.strip() + ",model\nh100,2,a,fp8,1,1,1,b\n", ": column model stands twice. Delete one."),
        (
            CASES + '"h100,2,llama\nh100,2,llama-3.1-70b,fp8,1000,200,8\n',
            "unexpected end of data; tables are comma-separated CSV",
        ),
        (CASES + "h100,2,\0,fp8,1,1,1\n", "holds a NUL byte"),
        (CASES + "x" * 200_000 + ",2,m,fp8,1,1,1\n", r"field larger than field limit"),
        ("", "the file is empty; a header row is required"),
        (CASES.replace(",", ";"), "its cells stand between semicolons. Save it with commas"),
        ("h100,2,llama-3.1-70b,fp8,1000,1000,8\n", "row 1: no column accelerator"),  # no header, and numbers twice
    ],
)
def test_files_of_cases_that_cannot_be_read(text, said, tmp_path):
    """Before, an open quote swallowed every row after it, and of two columns the last was taken."""
    outcome = priced(tmp_path, text)
    assert isinstance(outcome.exception, InputError) and said in str(outcome.exception)


def test_cases_from_stdin(tmp_path):
    """`-` was a file of that name."""
    text = CASES + "h100,2,llama-3.1-70b,fp8,1000,200,8\n"
    piped = CliRunner().invoke(group, ["cost", "--cases", "-"], input=text)
    assert piped.exit_code == 0 and piped.stdout == priced(tmp_path, text).stdout
    empty = CliRunner().invoke(group, ["cost", "--cases", "-"], input="")
    assert "stdin: the file is empty" in str(empty.exception)


def test_cases_from_a_stdin_that_is_closed(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="^stdin is closed. Open it"):
        cost_verb._read_cases("-")


def test_a_drop_folder_that_is_a_file(tmp_path, monkeypatch):
    """Before, it passed for an empty folder."""
    monkeypatch.setenv("FORECAST_DROP", str(tmp_path / "drop.csv"))
    (tmp_path / "drop.csv").write_text("a\n")
    arguments = ["refresh", "--source", "drop", "--paths", "60", "--months", "1", "--store", str(tmp_path / "s.db")]
    outcome = CliRunner().invoke(group, arguments)
    assert (
        outcome.exit_code == 1
        and "drop.csv: a file; the drop folder holds CSV files. Correct FORECAST_DROP"
        in " ".join(outcome.output.split())  # where the line breaks follows the length of the path
    )
