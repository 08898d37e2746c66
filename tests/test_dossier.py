"""`run --provider`: one provider year by year, with the numbers of finances.csv and runway.csv."""

import pytest
from command import forecast

from forecast.delivery.dossier import dossier
from forecast.delivery.small_tables import finances, runway
from forecast.delivery.words import dollars, percent
from forecast.scenario import load_scenario
from forecast.simulation import simulate
from forecast.summary import summarize_paths


@pytest.fixture(scope="module")
def made(tables):
    return summarize_paths(simulate(load_scenario("base", tables, months=30), 300, seed=7))


def line(text, said):
    return next(row for row in text.splitlines() if row.startswith(f"  {said}"))


def rows(table, provider):
    return [dict(zip(table[0], row, strict=True)) for row in table[1] if row[0] == provider]


def test_it_says_what_the_tables_say(made):
    text, years = dossier(made, "together"), rows(finances(made), "together")
    assert text.splitlines()[0].startswith("TOGETHER, host ")
    assert text.splitlines()[1].split() == ["today", "2027-10", "2029-04"] and [y["month"] for y in years] == [
        0,
        12,
        24,
        30,
    ]
    assert line(text, "still in the market").split()[-2] == percent(years[-1]["prob_in_market"]).split()[0]
    low, middle, high = (dollars(years[1][f"revenue_usd_per_year_{q}"]) for q in ("p10", "p50", "p90"))
    assert f"{middle} ({low} to {high})" in line(text, "revenue a year")
    cash = rows(runway(made), "together")[0]
    assert f"its {dollars(cash['cash_usd'])} last >30 months" in text
    assert f"{percent(cash['prob_out_of_cash_24m'])} of paths within 24 months." in text


def test_a_parent_has_no_runway_and_a_short_run_no_second_year(made, tables):
    text = dossier(made, "vertex")
    assert text.endswith("A parent's balance sheet stands behind it: no runway to report.") and "cash, with" not in text
    short = summarize_paths(simulate(load_scenario("base", tables, months=13), 60, seed=7))
    assert dossier(short, "nebius").endswith(" of paths within 12 months.")


def test_the_verb_prints_those_asked_for_and_nothing_else():
    words = ("run", "--paths", "60", "--months", "3", "--quiet", "--provider", "Together AI", "--provider", "xai")
    out = forecast(*words).stdout
    assert out.startswith("base: ") and "\nTOGETHER, host " in out and "\nXAI, " in out and "WHO IS AT RISK" not in out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("hyperbolic",), "--provider hyperbolic: not in the market at 2026-10-31; allowed: alibaba, "),
        (("togethr",), 'no provider "togethr" known at 2026-10-31. Did you mean "together"?'),
        (("together", "--json"), "run --json: --provider would change nothing, all are in the document. Leave it out."),
    ],
)
def test_who_is_not_there_is_refused(more, said):
    done = forecast("run", "--paths", "60", "--provider", *more)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith(f"forecast: {said}")
