"""`--out -`: one CSV table on stdout and nothing beside it, by any verb that writes tables."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from forecast.cli.main import group
from forecast.errors import InputError
from forecast.refresh.job import refresh
from forecast.refresh.planning import Request
from forecast.store.places import place_of

SHORT = ("--paths", "60", "--months", "3", "--quiet")


def printed(*words):
    return CliRunner().invoke(group, list(words), catch_exceptions=False).stdout


def in_a_shell(line):
    return subprocess.run(line, shell=True, capture_output=True, text=True, check=False)


def rows(text, delimiter=","):
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def test_run_and_compare_print_their_table_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    facts = rows(printed("run", *SHORT, "--out", "-"))
    assert {"market_price", "runway_months", "exit"} <= {row["outcome"] for row in facts}
    assert printed("run", *SHORT, "-o", "here") and (tmp_path / "here" / "forecast.csv").is_file()
    assert rows((tmp_path / "here" / "forecast.csv").read_text()) == facts
    assert {row["scenario"] for row in rows(printed("compare", "base", "scarcity", *SHORT, "-o", "-"))} == {"scarcity"}
    assert [path.name for path in tmp_path.iterdir()] == ["here"], "no folder of the name - was made"


def test_decimal_commas_reach_stdout():
    text = printed("run", *SHORT, "--out", "-", "--decimal", "comma")
    assert "," in rows(text.removeprefix("\ufeff"), ";")[0]["value"]


@pytest.mark.parametrize(
    ("verb", "beside", "said"),
    [
        ("run", ("--format", "csv,xlsx"), "not also --format xlsx. Give a folder."),
        ("run", ("--json", "--sample-paths", "2"), "not also --json, --sample-paths."),
        ("compare", ("scarcity", "--json"), "not also --json."),
    ],
)
def test_what_stdout_cannot_hold_besides_is_refused(verb, beside, said):
    with pytest.raises(InputError, match=said):
        printed(verb, "base", *beside, *SHORT, "--out", "-")


def test_export_prints_one_scenario_by_the_id_that_its_files_bear(tmp_path, monkeypatch):
    monkeypatch.delenv("FORECAST_DROP", raising=False)
    store = str(tmp_path / "store.sqlite")
    refresh(
        place_of(store),
        Request(("base", "scarcity"), ("drop",), months=3, n_paths=60),
        datetime(2026, 11, 2, tzinfo=UTC),
    )
    one = rows(
        printed("export", "latest", "--store", store, "--scenario", "base", "-o", "-", "--decimal", "comma"), ";"
    )
    own = one[0]["\ufeffrun_id"]
    again = rows(printed("export", own, "--store", store, "--scenario", "base", "-o", "-"))
    assert len(again) == len(one) and again[0]["run_id"] == own
    with pytest.raises(InputError, match="stdout holds one table, the run has base, scarcity. Give one --scenario."):
        printed("export", "latest", "--store", store, "-o", "-")
    with pytest.raises(InputError, match="not also --json. Give a folder."):
        printed("export", "latest", "--store", store, "--json", "-o", "-")
    monkeypatch.chdir(tmp_path)
    files = json.loads(printed("export", "latest", "--store", store, "--json"))["files"]
    assert len(files) > 10 and all((tmp_path / file).is_file() for file in files)
    with pytest.raises(InputError, match='run "feedbeef": no such run in the store'):
        printed("export", "feedbeef", "--store", store)


def test_correlations_that_cannot_all_hold_are_noted_on_stderr(tmp_path):
    story = 'extends = "base"\n'
    for first, second, value in (
        ("electricity", "supply", 0.95),
        ("electricity", "demand", -0.95),
        ("supply", "demand", 0.9),
    ):
        names = {"electricity": "electricity_usd_per_kwh"} | {
            n: f"{n}_growth_start_per_year" for n in ("supply", "demand")
        }
        story += f'[[correlations]]\nfirst = "{names[first]}"\nsecond = "{names[second]}"\ncorrelation = {value}\nwhy = "a test"\n'
    (tmp_path / "three.toml").write_text(story)
    words = ["run", str(tmp_path / "three.toml"), "--paths", "50", "--months", "2"]
    done = CliRunner().invoke(group, words, catch_exceptions=False)
    assert "note: three: its correlations cannot all hold; the nearest that can are up to 0.4" in done.stderr
    assert CliRunner().invoke(group, [*words, "--quiet"]).stderr == ""
    assert CliRunner().invoke(group, ["run", *words[2:]]).stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that closes descriptors")
@pytest.mark.parametrize("closed", [">&-", ">&- <&-"])
def test_a_closed_stdout_is_no_success(tmp_path, closed):
    """What is printed goes nowhere: exit 1 and one sentence. What goes to files is written all the same."""
    words = f"run --paths 50 --months 2 --quiet --out {tmp_path / 'here'}"
    for verb, code in ((words, 1), ("list", 1), ("--help", 1), ("nonsense", 2)):
        done = in_a_shell(f'"{sys.executable}" -m forecast {verb} {closed}')
        assert done.returncode == code, done.stderr
        assert ("forecast: stdout: Bad file descriptor." in done.stderr) == (code == 1)
        assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert (tmp_path / "here" / "finances.csv").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell that tells how each part of a pipe ended")
@pytest.mark.parametrize("verb", ["list", "show", "run --paths 50 --months 2 --out {folder}", "run --help", "--help"])
def test_a_reader_that_has_read_enough_is_no_failure(tmp_path, verb):
    """`| head` ends the command as it ends any other: in silence, with 141, and with its files written."""
    words = verb.format(folder=tmp_path / "here")
    done = in_a_shell(f'{{ "{sys.executable}" -m forecast {words}; echo $? >"{tmp_path}/code"; }} | true')
    assert (tmp_path / "code").read_text() == "141\n"
    assert [line for line in done.stderr.splitlines() if not line.startswith("wrote ")] == []
    assert ("--out" not in words) or (tmp_path / "here" / "runway.csv").is_file()
