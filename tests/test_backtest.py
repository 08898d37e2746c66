"""`forecast backtest` and list prices: by hand, no peeking, folds that do not leak, and what it says of bad files."""

import csv
import io
import json
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from zlib import crc32

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.cli.backtest_verb import CASE_COLUMNS, cases_csv, document, scores_text
from forecast.cli.main import group
from forecast.cli.shown import json_text
from forecast.errors import InputError
from forecast.model_names import canonical_name
from forecast.tables import load_tables
from forecast.trends import list_price
from forecast.trends.known import TooFew
from forecast.trends.list_price.backtest import backtest, list_price_cases, outside_cases
from forecast.trends.list_price.features import FEATURES, features_of, peers_of
from forecast.trends.list_price.jumps import FEWEST_MOVES, fit_jumps, linear_ridge, logistic_ridge
from forecast.trends.list_price.panel import months_of, panel_of, windows_of
from forecast.trends.list_price.price_file import read_price_file
from forecast.trends.list_price.series import PriceSeries, known_series, without
from forecast.trends.list_price.trend import list_price_trend, repriced_together
from forecast.trends.rolling import HORIZONS_MONTHS, LEVELS, WALK, scores

HEADER = "date,provider,provider_kind,model,input_usd_per_mtok,output_usd_per_mtok"


def priced(provider, model, *changes, kind="host", until=date(2026, 8, 1)):
    days, prices = zip(*changes, strict=True)
    return PriceSeries(provider, kind, model, tuple(date.fromisoformat(day) for day in days), prices, until)


@pytest.fixture(scope="module")
def ours(tables):
    return known_series(tables)


@pytest.fixture(scope="module")
def some(ours):
    """Return every eighth series as those to forecast, and the others."""
    scored = ours[::8]
    return scored, without(ours, scored)


@pytest.fixture(scope="module")
def cases(some):
    scored, training = some
    return backtest(training, scored)


# names, panel, features


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("meta-llama/Llama-3.1-70B-Instruct", "llama-3.1-70b"),
        ("meta.llama3-1-70b-instruct-v1:0", "llama-3.1-70b"),
        ("accounts/fireworks/models/qwen2p5-72b-instruct", "qwen2.5-72b"),
        ("qwen/qwen-2.5-72b-instruct", "qwen2.5-72b"),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", "claude-haiku-3.5"),
        ("google/gemini-flash-1.5", "gemini-flash-1.5"),
        ("gemini-1.5-flash", "gemini-flash-1.5"),
        ("qwen/qwen3-235b-a22b-thinking-2507", "qwen3-235b-thinking-2507"),
        ("deepseek/deepseek-r1-0528", "deepseek-r1-0528"),
        ("gpt-4o-mini", "gpt-4o-mini"),
    ],
)
def test_sellers_spellings_of_a_model_share_a_name(said, name):
    assert canonical_name(said) == name


def test_a_price_holds_until_the_next_change_and_is_unknown_after_the_last_sighting():
    one = priced("a", "m", ("2026-01-15", 1.0), ("2026-03-01", 2.0), until=date(2026, 4, 10))
    panel = panel_of([one], tuple(date(2026, month, 1) for month in range(1, 7)))
    assert_allclose(np.exp(panel.log_price[0]), [np.nan, 1.0, 2.0, 2.0, np.nan, np.nan], rtol=1e-8)
    assert_allclose(panel.step[0], [0, 0, np.log(2), 0, 0, 0], rtol=1e-8)
    assert_allclose(panel.change(1)[0], [np.nan, np.log(2), 0, np.nan, np.nan, np.nan], rtol=1e-8)


def test_peers_are_other_sellers_and_no_router():
    series = [
        priced("a", "llama-3.1-70b", ("2026-01-01", 1.0)),
        priced("b", "meta-llama/Llama-3.1-70B-Instruct", ("2026-01-01", 2.0)),
        priced("c", "llama-v3p1-70b", ("2026-02-01", 4.0), kind="first"),
        priced("r", "llama-3.1-70b", ("2026-01-01", 100.0), kind="gateway"),
    ]
    log_median, hosts = peers_of(panel_of(series, months_of(series)))
    assert_allclose(np.exp(log_median[:, 0]), [2.0, 1.0, np.sqrt(2.0), np.sqrt(2.0)], rtol=1e-8)
    assert_allclose(np.exp(log_median[0, 1]), np.sqrt(8.0), rtol=1e-8)  # the median of two logs is their mean
    assert_array_equal(hosts[:, 1], [1, 1, 2, 2])


def test_features_by_hand():
    one = priced("a", "m", ("2026-01-01", 4.0), ("2026-02-01", 1.0), ("2026-03-01", 2.0), until=date(2026, 6, 1))
    row = dict(zip(FEATURES, features_of(panel_of([one], months_of([one])))[0, 5], strict=True))
    assert row["model_age_months"] == pytest.approx(np.log(6.0))
    assert row["below_own_peak"] == pytest.approx(np.log(2.0), rel=1e-8)
    assert row["same_as_peers"] == row["hosts"] == 0.0  # nobody else sells it


def test_no_feature_sees_the_future(ours):
    series = ours[::20]
    months = months_of(series)
    cut = months.index(date(2025, 8, 1))
    later = date(2025, 8, 2)
    past = [one for one in series if one.changed_on[0] < later]
    changed = [
        replace(
            one,
            usd_per_mtok=tuple(p * (9.0 if day >= later else 1.0) for day, p in zip(one.changed_on, one.usd_per_mtok, strict=True)),
        )
        for one in past
    ]  # fmt: skip
    assert past != changed
    before, after = (features_of(panel_of(group, months))[:, : cut + 1] for group in (past, changed))
    assert_array_equal(before, after)


# regressions: pinned to statsmodels, and a mixture by hand


def regression(seed=3, rows=400):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(rows), rng.normal(size=(rows, 3))])
    return x, rng.uniform(0.2, 1.0, rows), rng


def test_regressions_without_shrinkage_are_those_of_statsmodels():
    import statsmodels.api as sm

    x, weight, rng = regression()
    happened = (rng.uniform(size=len(x)) < 0.2 + 0.3 * (x[:, 1] > 0)).astype(float)
    model = sm.GLM(happened, x, family=sm.families.Binomial(), freq_weights=weight).fit(tol=1e-12)
    assert_allclose(logistic_ridge(x, happened, weight, 0.0), model.params, atol=1e-5)
    y = x @ [1.0, 2.0, 0.0, -1.0] + rng.normal(size=len(x))
    assert_allclose(linear_ridge(x, y, weight, 0.0), sm.WLS(y, x, weights=weight).fit().params, atol=1e-9)


def test_shrinkage_draws_to_the_base_rate():
    x, weight, rng = regression()
    happened = (rng.uniform(size=len(x)) < 0.3).astype(float)
    b = logistic_ridge(x, happened, weight, 1e9)
    assert_allclose(b[1:], 0.0, atol=1e-5)
    assert 1 / (1 + np.exp(-b[0])) == pytest.approx(np.average(happened, weights=weight), abs=1e-6)


def test_quantiles_are_those_of_the_mixture(some):
    _, training = some
    panel = panel_of(training, months_of(training))
    windows = windows_of(panel, features_of(panel))
    jumps = fit_jumps(windows, windows)
    some_rows = windows.features[::997]
    levels = np.linspace(0.0005, 0.9995, 1000)
    prob, change = jumps.forecast(some_rows, 12, levels)
    assert (np.diff(change, axis=0) >= 0).all()
    assert_allclose((change != 0).mean(axis=0), prob, atol=0.003)  # the atom has the probability that is reported


def test_sellers_without_rises_move_as_often_as_they_did_and_not_as_routers_do(ours):
    panel = panel_of(ours, months_of(ours))
    every = windows_of(panel, features_of(panel))
    known = every.where(every.end_month <= panel.months.index(date(2025, 7, 1)))
    own = known.where(~known.routed)
    assert 0 < (own.change_log > 0).sum() < FEWEST_MOVES < (own.change_log < 0).sum()
    falls = own.where(own.change_log <= 0)
    for windows in (own, falls):
        jumps, moved = fit_jumps(windows, known), windows.change_log != 0
        spans = [windows.span_months == months for months in HORIZONS_MONTHS]
        weight = np.concatenate([windows.weight[at] for at in spans])
        prob = np.concatenate(
            [
                jumps.forecast(windows.features[at], months, LEVELS)[0]
                for months, at in zip(HORIZONS_MONTHS, spans, strict=True)
            ]
        )
        seen = np.average(moved, weights=windows.weight)
        assert np.average(prob, weights=weight) == pytest.approx(seen, rel=1e-3)  # a logit's constant sees to it
        assert np.average(known.change_log != 0, weights=known.weight) > 2 * seen  # what all sellers together would say
    _, change = fit_jumps(falls, known).forecast(own.features[::97], 12, np.linspace(0.0005, 0.9995, 1000))
    assert (np.diff(change, axis=0) >= 0).all()
    assert (change[-1] > 0).any()  # a rise is unlikely, not impossible


# the backtest


def test_no_price_after_an_origin_moves_its_forecast(some):
    scored, training = some
    training, scored = training[::3], scored[::3]
    later = date(2025, 9, 1)

    def spoiled(series):
        return [
            replace(
                one,
                changed_on=(*(day for day in one.changed_on if day <= later), later + timedelta(days=1)),
                usd_per_mtok=(*(p for day, p in zip(one.changed_on, one.usd_per_mtok, strict=True) if day <= later), 77.0),
                last_seen_on=max(one.last_seen_on, later + timedelta(days=1)),
            )
            if one.changed_on[0] <= later < one.last_seen_on
            else one
            for one in series
        ]  # fmt: skip

    keys = {}
    for name, made in (
        ("as it was", backtest(training, scored)),
        ("spoiled", backtest(spoiled(training), spoiled(scored))),
    ):
        keys[name] = {
            (made.provider[i], made.series[i], made.origin[i], made.horizon_months[i]): (*made.quantiles_log[:, i], made.change_prob[i], *made.rivals_log[WALK][:, i])
            for i in range(len(made))
            if made.origin[i] <= later
        }  # fmt: skip
    shared = keys["as it was"].keys() & keys["spoiled"].keys()
    assert len(shared) > 200
    assert all(keys["as it was"][key] == keys["spoiled"][key] for key in shared)


def test_what_is_known_does_move_a_forecast(some):
    """The control of the test above."""
    scored, training = some
    made, other = (backtest(known, scored[::10]) for known in (training[::2], training[1::2]))
    assert len(made) > 100
    assert not np.array_equal(made.quantiles_log[:, -100:], other.quantiles_log[:, -100:])


def test_forecasts_beat_their_rivals_on_series_the_fit_never_saw(cases):
    for months, least in ((6, 0.05), (12, 0.05)):
        found = scores(cases, cases.horizon_months == months)
        assert found.skill >= least
        assert found.skill_drift >= 0.3
        assert found.brier_skill_change > 0


def test_quantiles_ascend_and_agree_with_the_chance_of_a_change(cases):
    assert (np.diff(cases.quantiles_log, axis=0) >= 0).all()
    moved = cases.quantiles_log != cases.last_log
    certain = cases.change_prob < LEVELS[0]
    assert not moved[:, certain].any()


def test_the_files_own_series_do_not_feed_the_fit(tables, ours, tmp_path):
    held = [one for one in ours if one.provider == "novita"]
    path = tmp_path / "prices.csv"
    path.write_text(csv_of(held, last_seen=True))
    made, notes = outside_cases(tables, path)
    assert notes == ()
    direct = backtest(without(ours, held), held)
    assert made.quantiles_log.shape == direct.quantiles_log.shape
    assert_allclose(made.quantiles_log, direct.quantiles_log, atol=1e-12)


def test_a_respelt_name_is_dropped_from_training_too(ours):
    one = priced("Together", "meta-llama/Llama-3.1-70B-Instruct", ("2025-01-01", 0.9))
    assert any(o.same_thing == one.same_thing for o in ours)
    assert not any(o.same_thing == one.same_thing for o in without(ours, [one]))


def test_each_series_is_forecast_once_by_fits_without_its_fold(overlay):
    def fewer(rows):
        return [row for row in rows if crc32(f"{row['provider']}/{row['model']}".encode()) % 4 == 0]

    overlay("price_series", fewer)
    made = list_price_cases(load_tables(overlay("price_changes", fewer)))
    keys = list(zip(made.provider, made.series, made.origin, made.horizon_months.tolist(), strict=True))
    assert len(keys) == len(set(keys)) > 1000


# what is written


def test_csv_has_a_row_a_forecast_and_the_columns_of_the_contract(cases):
    rows = list(csv.DictReader(io.StringIO(cases_csv({"list-price": cases}))))
    assert list(rows[0]) == list(CASE_COLUMNS)
    assert len(rows) == len(cases)
    assert [(r["provider"], r["model"], r["origin"], int(r["horizon_months"])) for r in rows] == sorted(
        (r["provider"], r["model"], r["origin"], int(r["horizon_months"])) for r in rows
    )
    first = rows[0]
    assert float(first["q05"]) <= float(first["last_usd_per_mtok"]) <= float(first["q95"])


def test_a_series_name_cannot_run_in_a_spreadsheet(cases):
    evil = replace(cases, series=("=cmd()",) * len(cases))
    assert next(csv.DictReader(io.StringIO(cases_csv({"list-price": evil}))))["model"] == "'=cmd()"


def test_json_has_the_shape_of_the_contract(cases):
    made = json.loads(json_text(document({"list-price": cases, "tier": cases}, ["row 3: left out"])))
    wanted = {
        "n",
        "crps",
        "crps_naive",
        "skill",
        "skill_drift",
        "pit_ks",
        "brier_skill_change",
        "coverage_80",
        "skill_no_change",
    }
    assert set(made["horizons"]) == {"3", "6", "12"}
    assert all(set(found) == wanted for found in made["horizons"].values())
    assert made["series"]["tier"]["horizons"] == made["horizons"]
    assert made["left_out"] == ["row 3: left out"]


def test_scores_that_do_not_exist_are_null(cases):
    still = replace(
        cases,
        value_log=cases.last_log,
        quantiles_log=np.broadcast_to(cases.last_log, cases.quantiles_log.shape),
        rivals_log={name: np.broadcast_to(cases.last_log, q.shape) for name, q in cases.rivals_log.items()},
    )
    assert json.loads(json_text(document({"list-price": still})))["horizons"]["3"]["skill"] is None
    assert "LIST PRICES" in scores_text({"list-price": still})


# bad files


def csv_of(series, last_seen=False):
    lines = [HEADER + (",last_seen" if last_seen else "")]
    for one in series:
        for day, price in zip(one.changed_on, one.usd_per_mtok, strict=True):
            cells = [day, one.provider, one.kind, one.model, repr(price), repr(price)]
            lines.append(",".join(map(str, [*cells, one.last_seen_on] if last_seen else cells)))
    return "\n".join(lines) + "\n"


@pytest.fixture
def read(ours, tmp_path):
    """Return a function that gives what is made of the content of a file, prices.csv."""

    def reading(content):
        path = tmp_path / "prices.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_price_file(path, ours)

    return reading


GOOD = "2025-01-01,together,host,llama-3.3-70b,0.88,0.88"
BAD_ROWS = {
    "2025-02-01,together,host,llama-3.3-70b,0,0.5": "input_usd_per_mtok = 0: 0 is below the minimum 0.0005 USD/Mtok. Row left out.",
    "2025-02-01,together,host,llama-3.3-70b,-1,0.5": "-1 is below the minimum",
    "2025-02-01,together,host,llama-3.3-70b,0.00000088,0.5": "is it a price of one token, or of a thousand?",
    "2025-02-01,together,host,llama-3.3-70b,cheap,0.5": "input_usd_per_mtok = cheap:",
    "2025-02-01,together,host,llama-3.3-70b,nan,0.5": "input_usd_per_mtok = nan:",
    "2025-02-01,together,host,llama-3.3-70b,,0.5": "input_usd_per_mtok = empty: the column is required",
    "01/02/2025,together,host,llama-3.3-70b,0.5,0.5": "date = 01/02/2025: a date such as 2026-10-31 is required",
    "2062-02-01,together,host,llama-3.3-70b,0.5,0.5": "date = 2062-02-01: a day from 2020-01-01 to",
    "2025-02-01,together,reseller,llama-3.3-70b,0.5,0.5": "provider_kind = reseller: one of first, host, cloud, gateway is required",
    "2025-02-01,together,host,llama-3.3-70b,0.5": "5 cells where the header has 6",
    "2025-02-01,together,host,llama-3.3-70b,400,1400": "where about 0.645 is usual for together llama-3.3-70b: another unit? Row left out.",
    "2025-01-01,together,host,llama-3.3-70b,0.7,0.7": "another row for 2025-01-01, row 3, which is used",
    "2025-02-01,together,cloud,llama-3.3-70b,0.5,0.5": "provider_kind cloud where row 2 of together llama-3.3-70b has host",
    "2024-02-01,together,host,llama-3.3-70b,0.5,0.5": "are not in order of date. Sorted.",
}  # fmt: skip


@pytest.mark.parametrize("row", BAD_ROWS)
def test_a_bad_row_is_named_and_the_rest_kept(row, read, tmp_path):
    found = read("\n".join([HEADER, GOOD, row]) + "\n")
    assert len(found.series) == 1
    (note,) = found.notes
    assert BAD_ROWS[row] in note
    assert note.startswith(f"{tmp_path}/prices.csv row ")


def test_a_series_in_another_unit_is_left_out(read, tmp_path):
    found = read("\n".join([HEADER, GOOD, "2025-01-01,x,host,llama-3.1-8b,0.0005,0.0005", "2025-03-01,x,host,own-thing,1,1", "2025-04-01,x,host,own-thing,490,1490"]) + "\n")  # fmt: skip
    assert [one.provider for one in found.series] == ["together"]
    assert [note.split(": ")[0] for note in found.notes] == [f"{tmp_path}/prices.csv row {n}" for n in (3, 4, 5)]


def test_none_of_our_own_prices_is_taken_for_a_mistake(ours, read):
    found = read(csv_of(ours, last_seen=True))
    assert len(found.series) == len(ours)
    assert [note for note in found.notes if "which is used" not in note] == []


def test_last_seen_before_the_last_change_is_mended(read):
    found = read(f"{HEADER},last_seen\n{GOOD},2024-01-01\n2025-06-01,b,host,m,1,1,2026-01-01\n")
    assert [one.last_seen_on for one in found.series] == [date(2026, 1, 1), date(2025, 1, 1)]
    assert "last_seen = 2024-01-01 lies before the last change" in found.notes[0]


def test_one_observation_is_a_price_that_never_moved(ours, read):
    found = read(f"{HEADER}\n{GOOD}\n2026-07-01,b,host,m,1,1\n")
    one = found.series[1]
    assert (one.last_seen_on, found.notes) == (date(2026, 7, 1), ())
    made = backtest(without(ours, found.series), [one])
    assert set(made.horizon_months.tolist()) == {3, 6, 12}
    assert_array_equal(made.value_log, made.last_log)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"day,price\n2025-01-01,1\n", "row 1: no column date, provider,"),
        (HEADER.encode() + b"\n", "no series is left to forecast"),
        (HEADER.encode() + b"\n2025-01-01,\xff,host,m,1,1\n", "is not UTF-8"),
        (HEADER.encode() + b"\n2025-01-01,a,host,m,0,0\n", "no series is left to forecast"),
        (HEADER.replace("date", "dates").encode() + b"\n", 'no column date; Did you mean "date"?'),
    ],
)
def test_a_file_of_which_nothing_is_left_is_refused(content, said, read):
    with pytest.raises(InputError) as raised:
        read(content)
    assert said in str(raised.value)


def test_a_file_too_short_to_score_says_so(tables, tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(f"{HEADER}\n2026-07-15,a,host,m,1,1\n")
    with pytest.raises(InputError, match="no forecast can be scored: a series must be watched for 3 months"):
        outside_cases(tables, path)


def test_prices_may_come_from_stdin(tmp_path):
    from click.testing import CliRunner

    run = partial(CliRunner().invoke, group, catch_exceptions=False)
    with pytest.raises(InputError, match="-: no series is left to forecast"):
        run(["backtest", "--prices", "-"], input=f"{HEADER}\n")
    with pytest.raises(InputError, match="none.csv: No such file or directory. Correct the path."):
        run(["backtest", "--prices", str(tmp_path / "none.csv")])


def test_the_verb_writes_json_notes_and_a_file(tables, ours, tmp_path):
    from click.testing import CliRunner

    path, out = tmp_path / "prices.csv", tmp_path / "cases.csv"
    path.write_text(csv_of(ours[::200], last_seen=True) + "2025-01-01,a,host,m,0,1,\n")
    done = CliRunner().invoke(group, ["backtest", "--prices", str(path), "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert "below the minimum" in done.stderr
    assert json.loads(done.stdout)["horizons"]["3"]["n"] > 10
    assert out.read_text().startswith(",".join(CASE_COLUMNS))
    with pytest.raises(InputError, match="--series tier is another"):
        CliRunner().invoke(group, ["backtest", "--prices", str(path), "--series", "tier"], catch_exceptions=False)


# the trend


def test_prices_of_one_seller_that_move_in_one_month_are_repriced_together():
    alike = [priced("a", f"m{n}", ("2025-01-01", 1.0), ("2025-03-01", 2.0), until=date(2025, 7, 1)) for n in range(3)]
    alone = priced("b", "m", ("2025-01-01", 1.0), ("2025-03-01", 2.0), until=date(2025, 7, 1))
    assert repriced_together(panel_of([*alike, alone], months_of(alike))).value == 0.75


def test_the_trend_says_its_form_and_checks(tables, cases, monkeypatch):
    monkeypatch.setattr(
        list_price.trend, "list_price_cases", lambda _: cases
    )  # of every eighth series: all take ten times as long
    made = list_price_trend(tables)
    assert made.form == "jumps" and "walk" in made.why
    assert "at rest after 12 months" in made.more
    checks = {found.name: found.value for found in made.diagnostics}
    assert checks["pit_ks"] <= 0.05 and 0.5 < checks["repriced_together_frac"] < 1
    assert made.annual_change.p50 == pytest.approx(1.0)
    assert made.estimates == ()


def test_a_vintage_without_enough_prices_has_no_trend(tables):
    with pytest.raises(TooFew, match="0 series known by 2024-06-01; a fit needs 1"):
        list_price_trend(tables.vintage(date(2024, 6, 1)))
