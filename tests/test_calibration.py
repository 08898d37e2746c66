"""The fit: stored numbers are reproduced, the page is theirs, and what was not measured borrows and widens."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forecast.calibration.fit import Rows, fit
from forecast.calibration.observations import (
    KINDS,
    RUN,
    Observations,
    accelerators_of,
    observations,
    runs,
    share_of_peak,
)
from forecast.calibration.page import digest
from forecast.calibration.record import (
    FITTED,
    TOLERANCE_LOG,
    Calibration,
    calibrate,
    fitted,
    groups_left_out,
    rows_fitted,
    stored,
    write,
)
from forecast.calibration.validation import (
    common_sd,
    inside_left_out,
    left_out,
    measured_again,
    predicted,
    relative,
    rival,
    spreads,
)
from forecast.deployments.cases import CASE_COLUMNS, price_of_cases
from forecast.measured_runs import other_system
from forecast.refits import differences
from forecast.scenario import load_scenario
from forecast.serving.effects import ASSUMED, FORM, log_factors, spread_level
from forecast.serving.formats import named_precision
from forecast.serving.speed import effect_values, throughput, throughputs
from forecast.serving.workloads import Request, workloads
from forecast.table_files import Row
from forecast.table_rules import table_problems
from forecast.tables import load_tables

PAGE = Path(__file__).parent.parent / "docs" / "throughput.md"


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("base")


@pytest.fixture(scope="module")
def found(scenario):
    return fitted(scenario)


def test_fitting_again_gives_the_stored_numbers(scenario, found):
    kept = {name: value for name, value in stored(scenario).items() if not name.startswith("log_sd")}
    assert differences(found[1].values() | rows_fitted(found[0].observed), kept, TOLERANCE_LOG) == []


def test_the_page_shows_the_stored_numbers(scenario):
    assert digest(stored(scenario)) in PAGE.read_text("utf-8"), "forecast calibrate throughput --page docs, and commit"


def test_the_fit_and_the_engine_predict_the_same(scenario, found):
    rows, whole = found
    ours = [
        speed.output_tok_per_s
        for speed in throughputs(effect_values(scenario) | whole.values(), rows.observed.columns, float("inf"))
    ]
    assert_allclose(np.log(ours), predicted(rows, whole), atol=1e-9)


def test_a_pair_left_out_is_predicted_better_than_by_any_rival(found):
    rows, whole = found
    observed = rows.observed
    pair = observed.design_pair == "h100 × llama-80-8192"
    groups = np.where(pair, "left out", "")
    told = []
    ours = relative(left_out(rows, whole, groups, told.append) - observed.log_tok_per_s)[pair]
    assert told == [1] * len(set(groups))
    flat = relative(rival(observed, 0.6, 0.5) - observed.log_tok_per_s)[pair]
    assert np.median(ours) < 0.15 < 0.3 < np.median(flat)


def test_memory_is_reserved_in_the_run_and_not_in_the_answer(found):
    """An answer as long as its prompt: whole it holds 4/3 of what it does half done. So 3/4 as many sequences fit."""
    rows, _ = found
    observed = rows.observed
    columns = observed.columns
    chosen = observed.reserves & (observed.kind == "offline") & (columns["input_tokens"] == columns["output_tokens"])
    chosen &= columns["model"] == "llama-3.3-70b"
    assert chosen.sum() > 10 and not observed.reserves[observed.kind == "server"].any()
    ratio = observed.as_run["kv_held_gb"] / columns["kv_held_gb"]
    assert_allclose(ratio[chosen], 4 / 3)
    assert (ratio[~observed.reserves] == 1).all()
    batch, asked = (made.per_accelerator[chosen] for made in (rows, rows.asked))
    assert (batch <= asked).all() and np.isclose(batch, 0.75 * asked, rtol=0.05).mean() > 0.5


def test_the_slope_is_the_derivative(found):
    rows, whole = found
    at, slope = rows.predict(whole.estimate)
    for name in ("kv_cache:one:all", "decode_compute:log2_accelerators:all", "overhead_base:several:all"):
        entry, moved = rows.design.names.index(name), whole.estimate.copy()
        moved[entry] += 1e-6
        assert_allclose(
            (rows.predict(moved)[0] - at) / 1e-6, slope[:, entry], atol=1e-4
        )  # a difference of logs: 1e-10/1e-6


def test_the_fit_finds_what_made_the_rows(found):
    rows, _ = found
    truth = rows.design.mean.copy()
    truth[rows.design.names.index("kv_cache:one:all")] += 0.4
    drawn = rows.predict(truth)[0]
    again = fit(Rows(replace(rows.observed, log_tok_per_s=drawn)))
    assert_allclose(rows.predict(again.estimate)[0], drawn, atol=0.02)


def test_each_group_left_out_is_told_of(monkeypatch, found):
    """The fits are done elsewhere: here each group counts, and each way to leave out has its place."""

    def counted(rows, whole, labels, progress):
        progress(len(set(labels)))
        return np.full(len(labels), len(set(labels)))

    monkeypatch.setattr("forecast.calibration.record.left_out", counted)
    told = []
    made = calibrate(*found, told.append)
    numbers = [len(set(labels)) for labels in groups_left_out(found[0].observed)]
    assert told == numbers == [left[0] for left in (made.by_pair, made.by_accelerator, made.by_architecture)]
    assert numbers[0] > numbers[1] > 5 and numbers[0] > numbers[2] > 5


def test_rows_beyond_the_printed_arithmetic_are_left_out(found):
    observed = found[0].observed
    assert share_of_peak(observed).max() <= 1
    hundredfold = replace(observed, log_tok_per_s=observed.log_tok_per_s + np.log(100))
    assert_allclose(share_of_peak(hundredfold), 100 * share_of_peak(observed))


def test_a_run_printed_under_two_names_counts_once(scenario, found):
    """On B200 the published table has 75 runs as DeepSeek R1 and, digit for digit, as DeepSeek V3: one design."""
    row = dict.fromkeys(RUN, 1.0)
    first, again, other = (
        Row(values, 2) for values in ({**row, "model": "a"}, {**row, "model": "b"}, {**row, "ttft_ms": 2.0})
    )
    assert runs([first, again, other]) == [first, other]
    printed = [tuple(r[column] for column in RUN) for r in scenario.tables["throughput"]]
    assert len(printed) - len(set(printed)) == 75
    named = found[0].observed.columns["model"][found[0].observed.columns["accelerator"] == "b200"]
    assert np.sum(named == "deepseek-v3") == 8 < np.sum(named == "deepseek-r1")


def test_a_run_that_is_fitted_says_its_precision(scenario):
    """Without one it would count as the narrowest of its accelerator: four bits for eight on B200."""
    measured = [row for row in scenario.tables["throughput"] if row["status"] != "claim" and row["scenario"] in KINDS]
    assert len(measured) > 3000 and all(named_precision(row["precision"]) for row in measured)


def test_runs_that_draft_are_told_by_the_suites_configurations(scenario, found):
    """B200's DeepSeek and B300's Qwen3.5: what MTP gains fades with load, and no run of it is in the fit."""
    dump = [row for row in scenario.tables["throughput"] if row["source"] == "inferencex-dump-2026-08-21"]
    drafted = [row for row in dump if other_system(row["framework"])]
    assert len(drafted) == 65 and all("inferencex-configurations" in row["note"] for row in drafted)
    case = "accelerator accelerator_count precision input_tokens output_tokens".split()
    plain = {
        tuple(row[c] for c in (*case, "concurrency")): row["output_tok_per_s_per_accelerator"]
        for row in dump
        if row["framework"] in ("sglang 0.5.9", "trtllm 1.2.0rc6.post2")
    }
    gains = {load: [row["output_tok_per_s_per_accelerator"] / plain[key] for row in drafted
                    if (key := tuple(row[c] for c in (*case, "concurrency"))) in plain and row["concurrency"] == load] for load in (4, 64)}  # fmt: skip
    assert min(map(len, gains.values())) > 4 and np.median(gains[4]) > 1.35 > np.median(gains[64]) > 1
    kept = set(zip(found[0].observed.columns["model"], found[0].observed.log_tok_per_s, strict=True))
    assert not kept & {(row["model"], np.log(row["output_tok_per_s_per_accelerator"])) for row in drafted}


def test_another_run_of_a_case_is_the_median_of_the_others(found):
    observed = found[0].observed.where(np.arange(len(found[0].observed.kind)) < 4)
    columns = {name: np.repeat(column[:1], 4) for name, column in observed.columns.items()}
    columns["concurrency"] = np.array([8.0, 8.0, 16.0, 8.0])
    kind, measured = np.repeat(observed.kind[:1], 4), np.array([1.0, 2.0, 9.0, 4.0])
    made = replace(observed, columns=columns, kind=kind, log_tok_per_s=measured)
    assert_allclose(measured_again(made), [3.0, 2.5, np.nan, 1.5])


def test_the_width_that_judges_a_pair_saw_none_of_its_errors(found):
    observed = found[0].observed
    wrong = observed.design_pair == "b200 × kimi-61-7168"
    error = np.where(wrong, 5.0, np.linspace(-0.1, 0.1, len(wrong)))
    inside = inside_left_out(observed, error)
    assert not inside[wrong].any()
    assert_allclose(inside, inside_left_out(observed, np.where(wrong, 7.0, error)))
    assert 0.7 < inside[~wrong].mean() < 1.0


def test_what_errors_of_a_design_share_is_told_from_what_pairs_have_of_their_own(found):
    observed = found[0].observed
    rng = np.random.default_rng(4)

    def planted(labels, sd):
        names, index = np.unique(labels, return_inverse=True)
        return sd * rng.standard_normal(len(names))[index]

    designs, pairs = observed.columns["architecture"].astype(str), observed.design_pair
    both, own = ([], [])
    for _ in range(200):  # of so few designs one plant says little
        alone = planted(pairs, 0.2)
        own.append(common_sd(observed, alone) ** 2)
        both.append(common_sd(observed, planted(designs, 0.3) + alone) ** 2)
    assert_allclose(np.mean(both), 0.3**2, atol=0.01)
    assert np.mean(own) < 0.005  # the control: zero, but for plants that chance puts above it


def test_errors_of_a_design_by_hand():
    """Pairs 1 and 3 of one design, −1 and −3 of another: B = 16, W = 2, two pairs each, so δ² = 7."""
    columns = {"accelerator": np.array(["x", "x", "y", "x", "y"]), "architecture": np.array(["a", "a", "a", "b", "b"])}
    kind = np.array(["offline"] * 5)
    observed = Observations(columns, np.zeros(5), kind, kind, np.zeros(5), np.zeros(5), np.zeros(5, bool))
    assert_allclose(common_sd(observed, np.array([0.5, 1.5, 3.0, -1.0, -3.0])), np.sqrt(7.0))
    assert common_sd(observed, np.array([1.0, 1.0, -1.0, 1.0, -1.0])) == 0.0  # what accelerators share is no design's


def test_rows_of_the_future_move_nothing():
    early = load_scenario("base", as_of=load_scenario("article-corrected").as_of)
    assert FITTED not in {row["source"] for row in early.rows["throughput_effects"].values()}
    assert len(observations(early).kind) < 0.1 * len(observations(load_scenario("base")).kind)
    assert throughput(early, Request("h100", "llama-3.1-70b", 1000, 1000)).log_sd >= 0.4


def test_what_was_never_measured_gets_what_its_family_gets_and_is_never_surer(scenario):
    values = effect_values(scenario)
    known, new = (
        workloads(scenario, [Request(name, "llama-3.3-70b", 1000.0, 1000.0, "fp8", 4.0)]) for name in ("h100", "h800")
    )
    assert_allclose(log_factors(values, known)["throughput"], log_factors(values, new)["throughput"])  # of one family
    sure, unsure = (throughputs(values, columns, float("inf"))[0].log_sd for columns in (known, new))
    assert unsure >= sure


def test_every_effect_has_a_prior_and_every_term_one_of_its_own():
    assert len({(e.term, e.feature) for e in FORM}) == len(FORM)
    assert all(e.sd > 0 for e in FORM)


def test_what_is_assumed_of_a_family_counts_and_is_not_fitted(scenario, found):
    columns = workloads(scenario, [Request("groq-lpu-v1", "llama-3.1-70b", 1000.0, 1000.0)])
    for term, feature in ASSUMED:
        start = f"{term}:{feature}:"
        assert log_factors({start + "lpu": 0.5}, columns)[term] == 0.5
        assert not any(name.startswith(start) for name in found[0].design.names)


def test_the_number_of_accelerators_follows_from_latency():
    row = {"accelerator_count": None, "concurrency": 64.0, "tpot_ms": 55.0, "ttft_ms": None, "output_tokens": 1024.0,
           "output_tok_per_s_per_accelerator": 285.3}  # fmt: skip
    assert accelerators_of(Row(row, 2)) == 4.0


def case(**changed):
    base = dict(zip(CASE_COLUMNS, ("h100", "2", "llama-3.1-70b", "fp8", "1024", "1024", "64"), strict=True))
    return base | changed


def test_every_measured_name_resolves(scenario):
    pairs = {(row["accelerator"], row["model"]) for row in scenario.tables["throughput"]}
    header, rows = price_of_cases(scenario, [case(accelerator=a, model=m, n_accelerators="", precision="") for a, m in sorted(pairs)])  # fmt: skip
    wrong = [row[-1] for row in rows if row[header.index("error")] and "context" not in row[-1]]
    assert wrong == []


def test_rows_written_are_read_back(scenario, found, data_copy):
    rows, whole = found
    guess = predicted(rows, whole)
    calibration = Calibration(rows, whole, guess, guess, guess, guess)
    path = data_copy / "throughput_effects.csv"
    assumed = {row.number for row in load_tables(data_copy)["throughput_effects"] if row["source"] != FITTED}
    write(path, calibration, date(2026, 9, 30))
    tables = load_tables(data_copy)
    assert table_problems(tables) == []
    assert differences(calibration.values(), stored(load_scenario("base", tables)), TOLERANCE_LOG) == []
    assert len([row for row in tables["throughput_effects"] if row["source"] != FITTED]) == len(assumed)


@pytest.mark.parametrize("level", ["dense", "dense_best", "moe", "moe_best"])
def test_spreads_hold_four_fifths_and_never_shrink_with_ignorance(found, level):
    observed = found[0].observed
    counted = (observed.kind != "interactive") & (spread_level(observed.columns) == level)
    error = np.linspace(-1, 1, len(observed.kind))
    made = spreads(observed, {"both_known": error, "model_new": error / 2})
    inside = np.abs(error[counted]) <= 1.2816 * made[f"log_sd:both_known:{level}"]
    pairs = observed.design_pair
    weights = np.array([1 / np.sum(pairs[observed.kind != "interactive"] == name) for name in pairs[counted]])
    held = np.average(inside, weights=weights)
    assert 0.8 - 1e-9 <= held < 0.8 + weights.max() / weights.sum()  # at most one row more than four fifths
    assert made[f"log_sd:model_new:{level}"] == made[f"log_sd:both_known:{level}"]
