"""The audit: required claims by hand, the rule with controls, every row sourced, clear errors, one JSON shape."""

import csv
import io
import json

import pytest
from command import forecast
from hypothesis import given
from hypothesis import strategies as st

from forecast.audit.audited import ARITHMETIC, LOOKED_UP, Audit, audit
from forecast.audit.claims import claims, parse_arguments
from forecast.audit.verdicts import HOLDS, INCONSISTENT, OFF, Range, agrees, factor, verdict
from forecast.cli.audit_verb import audit_text
from forecast.errors import InputError
from forecast.tables import load_tables


@pytest.fixture(scope="module")
def found(tables):
    done = []
    audited = {row["id"]: row for row in audit(tables, done.append)}
    assert done == [1] * len(audited), "each claim is told of once"
    return audited


@pytest.mark.parametrize(
    "claim, by_hand, said",
    [
        ("token-time", 140 / 3.35 * 1000, OFF),  # GB over GB/ms, in µs
        ("one-card", 2, OFF),
        ("usd-per-token", 30 / 3600 * 42e-6, OFF),
        ("volume-2024", 8.5e9 / 2.5e-6 / 365, INCONSISTENT),
        ("volume-2025", 18.2e9 / 1.2e-6 / 365, INCONSISTENT),
        ("volume-2026", 35e9 / 0.6e-6 / 365, INCONSISTENT),
        ("volume-2027", 65e9 / 0.3e-6 / 365, INCONSISTENT),
        ("subsidy-day", 1e10 / 1e6 * 3, OFF),
        ("subsidy-year", 365 * 30_000, OFF),
        ("combined-rows", [1.5 * 3 * 10, 3 * 4 * 20], INCONSISTENT),
        ("combined-saving", [1 / 60, 1 / 30], INCONSISTENT),
        ("premium-table", [3.5 / 0.88, 4 / 0.59], INCONSISTENT),
        ("price-2028-path", 0.3 / 2, INCONSISTENT),
        ("market-growth", (65 / 8.5) ** (1 / 3) - 1, HOLDS),
        ("microsoft-depreciation", None, HOLDS),
        ("deepseek-input", 0.27, "overtaken"),
        ("gap", None, "category error"),
        ("silicon-ten-times", None, "untestable"),
    ],
)
def test_claims_by_hand(found, claim, by_hand, said):
    assert found[claim]["verdict"] == said
    if by_hand is not None:
        assert found[claim]["recomputed"] == pytest.approx(by_hand, rel=1e-9)


def test_slips_of_a_thousand_are_seen(found):
    for claim in ("token-time", "volume-2024", "volume-2025", "volume-2026", "volume-2027"):
        assert found[claim]["factor"] == pytest.approx(0.001, rel=0.01)
    for claim in ("usd-per-token", "subsidy-day", "subsidy-year"):
        assert found[claim]["factor"] == pytest.approx(1000, rel=0.01)


def test_every_claim_is_judged_and_sourced(found, tables):
    assert len(found) >= 40
    known = {row["key"] for row in tables["sources"]}
    for row in found.values():
        assert row["evidence"] and row["source"] in known
        assert row["verdict"] in (HOLDS, OFF, INCONSISTENT, "category error", "untestable", "overtaken")
        if row["verdict"] in (OFF, INCONSISTENT):
            assert row["factor"] is not None and not 1 / 1.15 <= row["factor"] <= 1.15, row["id"]
        if row["recomputed"] is None:
            assert row["verdict"] in ("untestable", "overtaken"), row["id"]


def test_no_check_lies_idle(tables):
    used = {row["check"] for row in tables["claims"]} - {None}
    assert used == {*ARITHMETIC, *LOOKED_UP}


def test_the_rule():
    point, apart = Range(1, 1), Range(1.16, 2)
    assert agrees(point, Range(1.15, 2), False) and not agrees(point, apart, False)
    assert verdict(point, apart, None, False) == OFF and verdict(point, apart, None, True) == INCONSISTENT
    assert verdict(point, point, "untestable", False) == "untestable"
    assert factor(apart, point, False) == pytest.approx(1.16)
    assert factor(point, apart, False) == pytest.approx(1 / 1.16)
    assert factor(point, Range(0, 0), False) is None
    overlapping = Range(2, 4), Range(3, 9)
    assert agrees(*overlapping, False) and not agrees(*overlapping, True)
    assert factor(*overlapping, True) == pytest.approx(4 / 9)


ENDS = st.floats(0.01, 100)


@given(ENDS, ENDS, ENDS, ENDS, st.booleans())
def test_the_factor_and_the_rule_agree(a, b, c, d, end_by_end):
    first, second = Range(min(a, b), max(a, b)), Range(min(c, d), max(c, d))
    there, back = factor(first, second, end_by_end), factor(second, first, end_by_end)
    assert there * back == pytest.approx(1.0)
    if abs(max(there, back) - 1.15) > 1e-9:
        assert agrees(first, second, end_by_end) == (max(there, back) < 1.15)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"check": "reed_us"}, 'no check "reed_us". Did you mean "read_us"? Correct the row.'),
        ({"arguments": "weights_gb=@model-weight"}, 'no other claim "model-weight". Did you mean "model-weights"?'),
        ({"arguments": "weights=1"}, "read_us() got an unexpected keyword argument 'weights'. Correct the arguments."),
        ({"arguments": "weights_gb"}, 'arguments "weights_gb": name=value is required. Correct the row.'),
        ({"check": "", "judgement": ""}, "neither a check nor a judgement; one of them is required. Add it."),
        ({"printed_low": ""}, "nothing printed to hold against the check. Add printed_low."),
        ({"claim": "one-card"}, "stands in row 5 already. Rename one."),
        ({"check": "cell", "arguments": "table=accelerators; key=h100; column=colour"}, "no accelerators.h100.colour"),
        ({"check": "rent", "arguments": "accelerator=h100; provider=nobody"}, "no row of rents answers at 2025-07-01"),
        ({"check": "parameter", "arguments": "name=pue"}, 'no parameter "pue". Correct the arguments.'),
    ],
)
def test_bad_rows_say_what_is_wrong(overlay, change, said):
    def spoil(rows):
        return [{**row, **change} if row["claim"] == "token-time" else row for row in rows]

    with pytest.raises(InputError) as error:
        audit(load_tables(overlay("claims", spoil)))
    assert "data/claims.csv row 6" in str(error.value).replace("overlay/", "data/")
    assert said in str(error.value)


def test_arguments():
    assert parse_arguments("a=1; b=@c;") == {"a": "1", "b": "@c"}
    with pytest.raises(ValueError, match="arguments: a comes twice"):
        parse_arguments("a=1; a=2")


def test_a_check_runs_once(tables):
    made = Audit(tables, claims(tables["claims"]))
    assert made.recomputed("h100-hour") is made.recomputed("h100-hour")


def test_text_counts_the_verdicts(found):
    text = audit_text(list(found.values()))
    assert f"{len(found)} claims: " in text and "off by a factor (×0.00101)" in text


def test_command_line(found, tmp_path, monkeypatch):
    monkeypatch.setattr("forecast.cli.audit_verb.audit", lambda tables, progress: list(found.values()))
    document = json.loads(forecast("audit", "--json").stdout)
    keys = {"id", "statement", "printed", "recomputed", "unit", "verdict", "factor", "evidence", "source"}
    assert all(keys <= set(row) for row in document["claims"])
    done = forecast("audit", "--format", "csv", "--out", str(tmp_path / "audit.csv"))
    assert done.returncode == 0 and done.stdout == ""
    rows = list(csv.DictReader(io.StringIO((tmp_path / "audit.csv").read_text("utf-8"))))
    assert len(rows) == len(document["claims"])
    both = forecast("audit", "--json", "--format", "csv")
    assert both.returncode == 2
    assert "audit --json: --format csv would change nothing. Leave one of them out." in both.stderr
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+@"]
