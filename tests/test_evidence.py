"""What a hostile reader would check of the shipped tables: sources, dates and marks agree with each other.

Rules that every table must satisfy whoever writes it stand in table_rules.py; these hold ours to our own word.
"""

import re
from pathlib import Path

import pytest

from forecast.assumptions import assumptions
from forecast.inputs.inputs import assumed_columns
from forecast.shipped import INPUT_TABLES

CODE = Path(__file__).parents[1] / "forecast"
WITHOUT_SOURCES = ("sources", "schema")
# Marks that a row may have whose source is of that kind: what nobody looked up is no measurement.
WEAK = {"assumption": {"assumption"}, "background": {"background", "claim", "assumption", "projection"}}
# The same figure stands in two tables: what it is in each.
TWICE = {
    ("microsoft", "ai_revenue_run_rate"): ("azure", "revenue_run_rate_usd"),
    ("nebius", "ai_revenue_run_rate"): ("nebius", "revenue_run_rate_usd"),
    ("nebius", "cash"): ("nebius", "cash_usd"),
    ("nebius", "net_loss_year"): ("nebius", "net_loss_usd_per_year"),
    ("amazon", "bedrock_revenue_run_rate"): ("bedrock", "revenue_run_rate_usd"),
}


@pytest.fixture(scope="module")
def cited(tables):
    """Every row that cites a source, with its table."""
    return [(name, row) for name in tables.schema if name not in WITHOUT_SOURCES for row in tables[name]]


@pytest.fixture(scope="module")
def sources(tables):
    return {row["key"]: row for row in tables["sources"]}


def test_every_source_is_cited_by_a_row_or_named_in_its_note_or_the_code(cited, sources):
    code = "\n".join(path.read_text("utf-8") for path in CODE.rglob("*.py"))
    notes = "\n".join(row["note"] or "" for _, row in cited if "note" in row.values)  # what else a row rests on
    unused = set(sources) - {row["source"] for _, row in cited}
    assert [key for key in sorted(unused) if not re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", code + notes)] == []


def test_a_source_is_as_old_as_the_first_row_that_rests_on_it(cited, sources):
    first = {}
    for _, row in cited:
        first[row["source"]] = min(first.get(row["source"], row["as_of"]), row["as_of"])
    assert {key: str(day) for key, day in first.items() if sources[key]["as_of"] != day} == {}


def test_a_public_source_names_a_page_and_a_site_alone_says_so(tables, sources):
    """`67ailab.com; itaura.tech` is no place where a reader finds a figure; `ainews 26-06-22` or a path is."""

    def bare(citation):
        parts = re.sub(r"\([^)]*\)", "", citation).split(";")
        return all(re.fullmatch(r"[\w.-]+(/[\w.-]+)?", part.strip()) for part in parts)

    assert bare("67ailab.com; itaura.tech (CNBC 2026-03-30)") and not bare("ainews 26-06-22")
    assert [key for key, row in sources.items() if row["kind"] == "public" and bare(row["citation"])] == []
    said = tables.citations()
    assert {"page was not kept" in said[key] for key, row in sources.items() if row["kind"] == "site"} == {True}
    assert {"page was not kept" in said[key] for key, row in sources.items() if row["kind"] != "site"} == {False}


def test_a_figure_whose_page_was_not_kept_is_not_trusted_most(cited, sources):
    wrong = [
        (name, row.number)
        for name, row in cited
        if row.get("confidence") == "high" and sources[row["source"]]["kind"] == "site"
    ]
    assert wrong == []


def test_what_nobody_looked_up_is_not_marked_as_known(cited, sources):
    wrong = [
        (name, row.number, row["source"], row["status"])
        for name, row in cited
        if "status" in row.values and row["status"] not in WEAK.get(sources[row["source"]]["kind"], {row["status"]})
    ]
    assert wrong == []


def test_what_lies_after_the_day_it_was_known_is_a_projection(cited):
    wrong = [
        (name, row.number, row["status"])
        for name, row in cited
        if row.get("date_on") and row["date_on"] > row["as_of"] and row["status"] != "projection"
    ]
    assert wrong == []


def test_a_quarter_is_not_known_on_its_last_day(tables):
    ends = {(3, 31), (6, 30), (9, 30), (12, 31), (2, 28), (5, 31), (8, 31), (11, 30)}
    rows = [row for row in tables["hyperscaler_finance"] if (row["date_on"].month, row["date_on"].day) in ends]
    assert len(rows) > 100
    assert [row.number for row in rows if row["as_of"] <= row["date_on"] and row["status"] != "projection"] == []


def test_a_figure_that_stands_in_two_tables_became_known_on_one_day(tables):
    history = {(r["provider"], r["metric"], r["date_on"]): r for r in tables["provider_history"]}
    pairs = [
        (row, history[(*TWICE[row["company"], row["metric"]], row["date_on"])])
        for row in tables["hyperscaler_finance"]
        if (row["company"], row["metric"]) in TWICE
        and (*TWICE[row["company"], row["metric"]], row["date_on"]) in history
    ]
    assert len(pairs) >= 4
    for row, twin in pairs:
        assert row["value_usd"] == twin["value"]
        assert (row["as_of"], row["status"]) == (twin["as_of"], twin["status"])


def test_a_launch_that_is_yet_to_come_is_a_projection(tables):
    rows = [row for row in tables["launch_slips"] if row["broad_on"] and row["broad_on"] > row["as_of"]]
    assert rows
    assert {row["status"] for row in rows} == {"projection"}


def test_an_assumed_cell_of_a_known_row_is_shown_as_assumed(tables, base):
    named = {
        f"accelerators.{row['name']}.{column}"
        for row in base.rows["accelerators"].values()
        for column in assumed_columns(row["note"] or "")
        if row.get(column) is not None
    }
    assert "accelerators.tpu-v5p.power_kw" in named
    assert base.rows["accelerators"]["tpu-v5p"]["status"] == "measured"
    assert {base.inputs[key].origin.status for key in named} == {"assumption"}
    assert base.inputs["accelerators.tpu-v5p.memory_gb"].origin.status == "measured"
    assert named <= {item.key for item in assumptions(base)}


def test_a_note_that_calls_a_column_an_assumption_names_one(tables):
    """A misspelt column would leave its cell marked as measured."""
    for table in INPUT_TABLES:
        columns = {column.name for column in tables.schema[table]}
        for row in tables[table]:
            words = {word for word in assumed_columns(row["note"] or "") if "_" in word}
            assert words <= columns, f"{table} row {row.number}"
