"""What a refresh says of itself, by hand: exit codes in their order, each line of the text, and the document."""

import pytest

from forecast.errors import InputError
from forecast.refresh.gathering import SourceReport
from forecast.refresh.report import SHOWN, Report
from forecast.store.observations import Suspect

MOVE = {
    "scenario": "base", "outcome": "floor", "statistic": "geometric mean", "unit": "USD/Mtok", "segment": "commodity",
    "provider": None, "month": 36, "before": 0.0123412, "after": 0.023456, "difference": 0.01, "standard_error": 0.00123,
}  # fmt: skip


def report(**changed):
    made = Report(
        status="published", run_id="abc", as_of="2026-11-20", scenarios=["base", "scarcity"], folder="/runs/abc"
    )
    for name, value in changed.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("failed", "stale", "moved", "asked", "code"),
    [
        ((), "fresh", False, True, 0),
        ((), "warn", True, False, 0),
        ((), "fresh", True, True, 4),
        (("fetch",), "fresh", True, True, 1),
        (("fetch",), "error", True, True, 3),
        (("run",), "error", True, True, 1),
        (("fetch", "plan"), "error", False, False, 1),
        ((), "error", True, True, 3),
    ],
)
def test_of_several_exit_codes_the_gravest(failed, stale, moved, asked, code):
    made = report(sources=[SourceReport("drop"), SourceReport("eia", staleness=stale)], drift=[MOVE] if moved else [])
    for step in failed:
        made.add_failure(step, "x", "why")
    assert made.exit_code(asked) == code


def test_each_line_of_the_text():
    held = [Suspect("eia", "electricity", "", f"US {k}", "9", "too dear") for k in range(SHOWN + 1)]
    made = report(
        sources=[
            SourceReport("drop"),
            SourceReport("eia", "new", 2, len(held), "", 200, "warn", held),
            SourceReport("litellm", "failed", message="no answer", age_days=12, staleness="error"),
            SourceReport("openrouter", suspects=[Suspect("openrouter", "x", "a", "b", "1", "held before")]),
        ],
        drift=[MOVE] * (SHOWN + 2), causes=["data/fits.csv", "seed 7 → 8"], scored=1,
        warnings=[{"step": "refit", "subject": "rent", "message": "too few"}],
    )  # fmt: skip
    made.add_failure("fetch", "litellm", "no answer")
    made.add_failure("run", "base", ZeroDivisionError("by zero"))
    made.add_failure("run", "scarcity", InputError("no such thing"))
    lines = made.text().splitlines()
    assert lines[0].startswith("published: run abc, as of 2026-11-20, base, scarcity, ") and lines[0].endswith(" s")
    assert lines[1:5] == [
        "  drop         unchanged: 0 new, 0 newly held",
        f"  eia          new: 2 new, {SHOWN + 1} newly held, 200 days old (getting old)",
        "  litellm      failed: no answer, 12 days old (too old)",
        "  openrouter   unchanged: 0 new, 0 newly held",
    ]
    assert lines[5 : 5 + SHOWN] == [f"    held: US {k} 9: too dear" for k in range(SHOWN)]
    assert lines[5 + SHOWN : 9 + SHOWN] == [
        "  failed: fetch litellm: no answer",
        "  failed: run base: ZeroDivisionError: by zero",
        "  failed: run scarcity: no such thing",
        "  warning: refit rent: too few",
    ]
    rest = lines[9 + SHOWN :]
    assert rest[0] == f"  {SHOWN + 2} headlines moved by more than noise; changed: data/fits.csv; seed 7 → 8"
    moved = "    base floor commodity (geometric mean, month 36): 0.01234 → 0.02346 USD/Mtok (± 0.0012)"
    assert rest[1 : 1 + SHOWN] == [moved] * SHOWN
    assert rest[1 + SHOWN :] == [
        "    and 2 more; `forecast explain latest` says which input moved what",
        "  newly due and scored: 1 past forecast; see `forecast score`",
        "  files in /runs/abc",
    ]


def test_what_there_is_none_of_is_not_said():
    made = report(status="up to date", scenarios=[], folder="")
    assert made.text() == "up to date: run abc, as of 2026-11-20, no scenario"
    few = report(drift=[MOVE], causes=["x"]).text().splitlines()
    assert few[1] == "  1 headline moved by more than noise; changed: x"
    assert few[3] == "    `forecast explain latest` says which input moved what" and few[-1] == "  files in /runs/abc"


def test_the_document_holds_what_others_rely_on():
    held = Suspect("eia", "electricity", "", "US", "9", "too dear")
    found = report(sources=[SourceReport("eia", quarantined=1, suspects=[held])], drift=[MOVE]).document()
    assert set(found) == set(
        "status run_id as_of scenarios folder sources failures warnings drift causes scored seconds".split()
    )
    assert found["sources"][0]["suspects"] == [held._asdict()] and found["drift"] == [MOVE]
    assert found["sources"][0] | {"suspects": []} == {
        "source": "eia", "status": "unchanged", "observations_added": 0, "quarantined": 1, "message": "", "age_days": None,
        "staleness": "fresh", "suspects": [],
    }  # fmt: skip
    assert found["seconds"] >= 0
