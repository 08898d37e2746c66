"""What is printed fits a terminal: tables go on below, sentences break between words, nothing is lost."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecast.cli import shown
from forecast.cli.hindcast_verb import hindcast_text
from forecast.cli.main import group
from forecast.comparison import Difference
from forecast.delivery.contrasts import contrast_text
from forecast.delivery.printed import fitted, printed_table
from forecast.errors import InputError
from forecast.hindcast.checks import Check, Event, Hindcast

LONG = "top5 OpenRouter all tokens by serving host, 12 months"


def test_sentences_break_between_words_and_keep_all_of_them():
    text = "  at a busy share of 60 % of the hours it costs more\n\n  short"
    broken = fitted(text, 24)
    assert broken.split() == text.split() and max(map(len, broken.split("\n"))) <= 24
    assert "60 %" in broken and broken.split("\n")[1].startswith("    ") and broken.endswith("\n\n  short")
    assert fitted(text, 80) == text


@pytest.mark.parametrize("columns", [12, 20, 30, 200])
def test_every_cell_stands_once_under_its_head(columns):
    rows = [["name", "one", "two", "three"], ["a", "1", "2", "3"], ["b", "4", "5", "6"]]
    lines = printed_table(rows, (6, 6, 7), columns)
    assert sorted(word for line in lines for word in line.split()[1:]) == sorted(c for row in rows for c in row[1:])
    assert len(lines) % 3 == 0 and all(len(line) <= max(columns, 13) for line in lines)


def test_cells_do_not_touch():
    """Before, a difference of +0.000283 with an error of 0.000006 was printed as +0.0002830.000006."""
    assert printed_table([["of", "a", "b"], ["x", "123456", "123456"]], (5, 6), 80)[1] == "  x  123456 123456"


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_hindcast_fits_and_names_what_it_leaves_to_json(columns):
    checks = tuple(Check(name, "ratio", 0.5, 1.0, 2.0, 1.5, "a-source", None) for name in ("rent h100, 3 months", LONG))
    events = tuple(Event(f"raises firm{i}, 6 months", 0.2, i == 0, "b-source") for i in range(20))
    missing = tuple((f"launch chip{i}", "was on the market already") for i in range(5))
    hindsight = tuple(f"parameters.input_{i}" for i in range(20))
    found = Hindcast("planted", date(2026, 1, 1), 100, 7, checks, events, missing, hindsight)
    text = hindcast_text(found, columns)
    lines = fitted(text, columns).split("\n")
    assert max(map(len, lines)) <= columns and LONG in text and ("a-source" in text) == (columns == 200)
    assert (
        text.index("FIGURES") < text.index("CHANGE SINCE") and lines.count("LEFT OUT, 5 checks without an answer") == 1
    )
    assert "was on the market already: launch chip0; launch chip1; … 5 in all" in " ".join(text.split())
    listed = text[text.index("SET WITH HINDSIGHT") : text.index("MEANING")].splitlines()
    assert max(map(len, listed[2:])) <= min(columns, 120), "a pipe has room for more, and a list is broken all the same"
    assert "  and 8 less surprising, 0 of which happened" in text


def test_sentences_are_broken_in_a_pipe_too():
    lines = shown.sentences(f"  {'word ' * 60}").split("\n")
    assert len(lines) == 3 and 100 < max(map(len, lines)) <= 120


def test_comparisons_fit_eighty_columns():
    row = Difference(
        "convergence_month", "probability", "probability", "closed-frontier", None, 60, "capital-drought", "base", 0.02, 0.03,
        -0.01, 0.002, 0.01,
    )  # fmt: skip
    head, *lines = contrast_text([row], 1, "2026-10-31", 80).split("\n")
    table = [line for line in lines if "closed-frontier" in line]
    assert "1 path under" in head and len(table) == 2 and all(len(line) <= 80 for line in table)


def test_a_terminal_is_taken_for_sixty_columns_at_least(monkeypatch):
    monkeypatch.setenv("COLUMNS", "5")
    monkeypatch.setattr(shown.sys.stdout, "isatty", lambda: True, raising=False)
    assert shown.line_columns() == 60


def test_json_says_null_of_what_is_no_finite_number():
    """`NaN` and `Infinity`, which Python writes, are no JSON: other programs refuse the whole document."""
    found = {"rows": [({"value": float("nan")}, np.float64("inf"))], "text": "NaN", "whole": 3}
    assert json.loads(shown.json_text(found)) == {"rows": [[{"value": None}, None]], "text": "NaN", "whole": 3}
    for path in Path(shown.__file__).parent.glob("*.py"):
        assert path.name == "shown.py" or "json.dumps" not in path.read_text("utf-8"), f"{path.name}: use json_text"


def test_a_day_is_asked_for_by_example():
    with pytest.raises(InputError, match=r"'31\.10\.2026' is no day; write it as 2026-10-31\."):
        group(["run", "--as-of", "31.10.2026"])
