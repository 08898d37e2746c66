"""What the pages show is what the program says: the README's excerpt, its commands, and the data dictionary."""

import csv
import re
import shlex
import subprocess
import sys
from importlib import import_module
from itertools import takewhile
from pathlib import Path

import pytest
from click.testing import CliRunner
from command import forecast

from forecast.cli.main import VERBS, group
from forecast.delivery.headline import headline
from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios
from forecast.simulation import simulate
from forecast.summary import summarize_paths
from forecast.trends.registry import TRENDS

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text("utf-8")
COMMANDS = [line.split("  #")[0].strip() for line in README.splitlines() if re.match(r"forecast [a-z]+( |$)", line)]


QUICKER = {  # the same commands on fewer paths, or on a part of what other tests ask for whole
    "run": ["--paths", "100", "--months", "6"],
    "compare": ["--paths", "100", "--months", "6"],
    "report": ["--paths", "100", "--months", "6", "--with", "predictions"],  # test_report_why.py has every section
    "sensitivity": ["--paths", "1000", "--months", "25"],
    "watch": ["--paths", "1000", "--months", "37"],
    "hindcast": ["--paths", "200"],
    "predictions": ["--paths", "200"],
    "contract": ["--paths", "500"],
    "own": ["--paths", "500"],
    "refresh": ["--paths", "100"],
    "backtest": ["--series", "tier"],  # list prices take ten seconds of a processor; test_report_why.py scores all
    "trend": ["electricity"],  # test_trend_verb.py prints all
}
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def close(shown: str, printed: str) -> bool:
    """Whether two lines differ at most in the last digits: another processor rounds a path or two otherwise."""
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=False)
    same_words = NUMBER.sub("#", shown).split() == NUMBER.sub("#", printed).split()
    return same_words and all(abs(float(a) - float(b)) <= 1 + 0.02 * float(b) if float(b) >= 1 else
                              abs(float(a) - float(b)) <= 0.02 * float(b) for a, b in pairs)  # fmt: skip


def test_the_readme_shows_a_real_run(tables):
    shown = README.split("```\nbase: ")[1].split("\n```")[0].splitlines()
    printed = headline(summarize_paths(simulate(load_scenario("base", tables), 10_000, seed=7))).splitlines()
    stale = [line for line in shown[2:] if line.strip() != "…" and not any(close(line, p) for p in printed)]
    assert not stale, "make run, and copy its output into README.md: " + stale[0]


def test_a_stale_line_is_noticed():
    assert not close("  groq  $490M  16  30", "  groq  $490M  16  45")
    assert not close("  floor  0.017", "  floor  0.019")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme_work(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)[1:]
    done = forecast(*words, *QUICKER.get(words[0], []), env={"FORECAST_STORE": str(tmp_path / "store.sqlite")})
    assert done.returncode == 0, done.stderr


def shown_in(page):
    """The commands that a page shows in a block, one a line, without what is said of them."""
    return [line.split("  #")[0].strip() for line in page.splitlines() if re.match(r"forecast [a-z]+( |$)[^.]*$", line)]


def test_commands_of_the_refresh_page_work_one_after_the_other(tmp_path, monkeypatch):
    """In the order of the page: one store, three months on few paths, and no network."""
    monkeypatch.setenv("FORECAST_STORE", str(tmp_path / "store.sqlite"))
    monkeypatch.delenv("FORECAST_DROP", raising=False)
    monkeypatch.chdir(tmp_path)
    commands = shown_in((TOP / "docs" / "refresh.md").read_text("utf-8"))
    assert len(commands) == 8
    for command in commands:
        words = shlex.split(command)[1:]
        if words[0] == "refresh":
            words += ["--paths", "60", "--months", "3", *([] if "drop" in words else ["--source", "drop"])]
        done = CliRunner().invoke(group, words)
        assert done.exit_code == 0, f"{command}: {done.output} {done.exception}"
    assert any(tmp_path.glob("forecast-*/forecast.xlsx"))


def test_every_block_of_commands_is_run():
    """Only the README and the page on refreshes show commands in blocks: a page that joins them needs its test."""
    pages = sorted(page.name for page in (TOP / "docs").glob("*.md") if shown_in(page.read_text("utf-8")))
    assert pages == ["refresh.md"]


NAMES = {
    "trend": TRENDS,
    "calibrate": ("throughput", "trends", "market"),
    **dict.fromkeys(("run", "compare"), list_scenarios()),
}


def wrong_words(command):
    """What a command within a text names that does not exist: its verb, an option, or a name that the verb must know."""
    verb, *words = shlex.split(command)[1:]
    if verb not in VERBS:
        return [verb]
    params = import_module(f"forecast.cli.{verb}_verb").command.params
    options = {name for param in params for name in param.opts}
    names = takewhile(lambda word: word.islower() and not word.startswith("-"), words)
    return [name for name in names if verb in NAMES and name not in NAMES[verb]] + [
        word for word in words if word.startswith("-") and word not in options
    ]


def test_commands_within_sentences_exist():
    """In pages, in messages of the program and in scenarios: the verb, its options, and names that it must know."""
    files = [
        TOP / "README.md",
        *(TOP / "docs").glob("*.md"),
        *(TOP / "scenarios").glob("*.toml"),
        *(TOP / "forecast").rglob("*.py"),
    ]
    found = [
        (path.name, text)
        for path in files
        for text in re.findall(r"`(forecast [a-z][^`{}\n]*)`", path.read_text("utf-8"))
    ]
    assert len(found) > 60
    assert [(name, text, wrong) for name, text in found if (wrong := wrong_words(text))] == []
    assert wrong_words("forecast trend rnt --picure x") == ["rnt", "--picure"] and wrong_words("forecast rnu") == [
        "rnu"
    ]


def test_the_data_dictionary_is_current():
    before = (TOP / "docs" / "data.md").read_bytes()
    subprocess.run([sys.executable, str(TOP / "docs" / "dictionary.py")], check=True, capture_output=True, timeout=60)
    after = (TOP / "docs" / "data.md").read_bytes()
    assert before == after, "docs/data.md was stale and has been rewritten: commit it"


def test_the_data_page_names_the_tables_that_no_code_reads():
    """A table is read by its name in quotation marks."""
    schema = csv.DictReader((TOP / "data" / "schema.csv").read_text("utf-8").splitlines())
    code = "".join(path.read_text("utf-8") for path in (TOP / "forecast").rglob("*.py"))
    unread = sorted(t for t in {row["table"] for row in schema} if f'"{t}"' not in code and f'"{t}.' not in code)
    (said,) = re.findall(
        r"No code but the loader's checks opens ([^.]*)\.", (TOP / "docs" / "data.md").read_text("utf-8")
    )
    named = re.findall(r"`(\w+)` \(", said)
    assert named == unread == ["energy_per_token", "hazards", "published_days", "shipments"]


def test_files_that_the_pages_name_exist():
    pages = [TOP / "README.md", *(TOP / "docs").glob("*.md")]
    named = [
        (p.name, n)
        for p in pages
        for n in re.findall(r"`((?:forecast|tests|docs|data|scenarios)/[\w./-]+)`", p.read_text("utf-8"))
    ]
    assert len(named) > 30 and [(page, name) for page, name in named if not (TOP / name).exists()] == []


def test_no_page_holds_both_sides_of_a_merge():
    pages = [TOP / "README.md", *(TOP / "docs").glob("*.md")]
    assert [p.name for p in pages if re.search(r"^(<{7}|>{7}) ", p.read_text("utf-8"), re.M)] == []
