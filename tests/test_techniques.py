"""The table of techniques: computed from the roofline, with limits known on paper, and data rows that can be recomputed."""

import itertools
import json
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose

from forecast.cli.cost_verb import command
from forecast.deployments.bench import FULL, Bench
from forecast.deployments.deployment import Deployment
from forecast.deployments.drafting import draft, forms, same_family, usable
from forecast.deployments.techniques import LARGE_BATCH, SMALL_BATCH, over_mixture, techniques
from forecast.deployments.variants import dense_twin, drafting_heads, node_share, served_row
from forecast.errors import InputError
from forecast.measured_runs import other_system, stack_of
from forecast.scenario import load_scenario
from forecast.serving.speed import effect_values, throughputs
from forecast.serving.workloads import Request, workloads


@pytest.fixture(scope="module")
def table(base):
    return techniques(base, Deployment("H100", "llama-3.3-70b", 1024, 1024))


@pytest.fixture(scope="module")
def bench(base):
    return Bench(base, "h100", "llama-3.3-70b", 8.0, 1024.0, 1024.0, 0.05)


def rows(table, technique, setting=""):
    return [row for row in table["techniques"] if row["technique"] == technique and setting in row["setting"]]


def test_one_sequence_on_an_h100_is_bytes_over_bandwidth(table):
    one = table["batch_one"]
    assert_allclose(one["weights_gb"], 70.554 * 2)  # 141 GB in 80 GB
    assert one["least_accelerators"] == 2
    # the input embedding is gathered, not streamed: 139.0 GB over 3.35 TB/s
    assert_allclose(one["ideal_ms_per_token_on_one"], 69.503 * 2 / 3.35)
    assert 41 < one["ideal_ms_per_token_on_one"] < 42.5
    assert_allclose(one["ideal_ms_per_token"], one["ideal_ms_per_token_on_one"] / 2)
    assert one["ms_per_token"] > one["ideal_ms_per_token"]


def test_continuous_beats_static_beats_one(table):
    one, static, full, over_static = (row["gain_ratio"] for row in rows(table, "batching"))
    assert one == 1 < static < full
    assert_allclose(over_static, full / static)
    assert 4 < over_static < 40  # published comparisons: 8 to 23 times
    marks = [row["status"] for row in rows(table, "batching")]
    assert marks == ["derived", "assumption", "derived", "assumption"]  # lengths are an assumption


def test_every_line_is_of_the_same_accelerators(base, bench):
    """Narrow weights would be served on fewer of them: without a batch all eight are used, at the most that memory holds or latency allows."""
    for precision in (FULL, "fp8", "int4"):
        full = bench.speed(precision)
        assert full.accelerators == bench.accelerators
        assert full.step_s <= bench.latency_s
        assert bench.speed(precision, full.batch).decode_tok_per_s == full.decode_tok_per_s
        more = bench.speed(precision, np.ceil(1.3 * full.batch))
        assert (
            more.batch == full.batch
            or more.step_s > bench.latency_s
            or more.output_tok_per_s <= full.output_tok_per_s * 1.01
        )
    lines = techniques(base, Deployment("h100", "llama-3.3-70b", 4000, 400))
    plain, drafted = (row["output_tokens_per_s_per_accelerator"] for row in rows(lines, "combined")[:2])
    assert f"{drafted / plain:.2f} times here" in rows(lines, "combined")[1]["why"]


def test_equal_answers_and_paged_memory_leave_static_nothing_to_lose(tables):
    even = load_scenario("base", tables, settings=["output_length_log_sd=0", "static_memory_use_frac=1"])
    lines = techniques(even, Deployment("h100", "llama-3.3-70b", 1024, 1024))
    assert_allclose(rows(lines, "batching")[3]["gain_ratio"], 1.0)


def test_precisions_gain_by_bytes_and_cost_quality(table):
    gains = {row["setting"]: row for row in rows(table, "quantization") if row["against"] == "bf16, one sequence"}
    assert 1 < gains["fp8"]["gain_ratio"] < gains["int4"]["gain_ratio"] < 2 / 0.5625
    assert gains["fp8"]["quality_loss_points"] < gains["int4"]["quality_loss_points"]
    (refused,) = rows(table, "quantization", "int2")
    assert refused["gain_ratio"] is None and refused["output_usd_per_mtok"] is None
    assert refused["why"].startswith(
        "refused: llama-3.3-70b at int2: loses 7.5 points of GPQA, 49.8 to 42.3; the tier commodity needs 49. Use bf16"
    )


def test_narrow_weights_gain_most_where_nothing_else_takes_time(table):
    least, eight = (
        next(r["gain_ratio"] for r in rows(table, "quantization", "int4") if r["against"] == f"bf16, one sequence{end}")
        for end in (" on 2", "")
    )
    assert eight < least < 2 / 0.5625  # bytes bound the gain; fixed overhead takes the rest, more of it on eight


def test_int2_is_allowed_where_a_tier_affords_it(base):
    lines = techniques(base, Deployment("b300", "deepseek-r1", 1024, 1024))
    allowed = rows(lines, "quantization", "int2")
    assert len(allowed) >= 2
    assert all(row["quality_loss_points"] == pytest.approx(7.5 - 0.1) for row in allowed)  # published at eight bits


@pytest.mark.parametrize(
    ("accelerator", "model", "precision", "said"),
    [
        ("h100", "llama-3.3-70b", "fp8", "fp8"),
        ("h100", "llama-3.3-70b", "fp4", "fp16"),  # widened: it has no four-bit arithmetic
        ("h100", "gpt-oss-120b", "fp8", "fp16"),  # published in four bits
        ("b200", "llama-3.3-70b", "fp4", "fp4"),
        ("b200", "llama-3.3-70b", "int4", "fp16"),
        ("vr200", "llama-3.3-70b", "bf16", "fp8 at half its rate"),
    ],
)
def test_the_arithmetic_that_is_named_is_the_one_computed_with(base, bench, accelerator, model, precision, said):
    named = replace(bench, accelerator=accelerator, model=model)
    assert named.case(precision)["arithmetic"] == said
    part = base.rows["accelerators"][accelerator]
    peak = part["fp8_dense_tflops"] / 2 if " " in said else part[f"{said}_dense_tflops"]
    assert named.case(precision)["peak_tflops"] == peak


@pytest.mark.parametrize("form", ["draft-model", "medusa", "lookahead"])
def test_speculation_fades_and_then_hurts(bench, form):
    gains = [draft(bench, form, FULL, batch).gain_ratio for batch in (1.0, 16.0, 64.0, 512.0)]
    assert gains[0] > 1.1
    assert all(later < earlier for earlier, later in itertools.pairwise(gains))
    assert gains[-1] < 1


def test_a_draft_model_gains_what_vllm_reports_at_low_load(base):
    """vLLM's page: up to 1.5 times at one request a second, 1.4 times slower at high load, 70B on four H100."""
    four = Bench(base, "h100", "llama-3.3-70b", 4.0, 1024.0, 256.0, 0.05)
    assert 1.2 < draft(four, "draft-model", FULL, 1.0).gain_ratio < 1.8
    assert 1 / 1.8 < draft(four, "draft-model", FULL, 256.0).gain_ratio < 1 / 1.05


def test_what_fits_a_model(base):
    assert {"draft-model", "medusa", "lookahead"} <= set(forms(base))
    assert usable(base, "mtp", "deepseek-v3") and not usable(base, "mtp", "llama-3.3-70b")
    assert not usable(base, "draft-model", "llama-3.1-8b")  # no draft a quarter of its size
    assert same_family(base, "draft-model", "llama-3.3-70b") and not same_family(base, "draft-model", "deepseek-v3")


def test_gains_do_not_multiply(table):
    together, product = (rows(table, "combined")[i]["gain_ratio"] for i in (1, 2))
    assert together < product / 1.5
    assert "not " in rows(table, "combined")[1]["why"]
    singles = (
        rows(table, "batching")[2]["gain_ratio"],
        next(r for r in rows(table, "quantization", "int4") if r["against"] == "bf16, one sequence")["gain_ratio"],
        max(row["gain_ratio"] for row in rows(table, "speculation") if row["batch"] == 1),
    )
    assert_allclose(product, singles[0] * singles[1] * singles[2])


def test_mixtures_against_dense_twins(table):
    v2 = rows(table, "mixture of experts", "deepseek-v2, 21 of 236")
    assert len(v2) == 2 and rows(table, "mixture of experts", "mixtral-8x22b")
    assert all(row["gain_ratio"] > 1 for row in v2)
    # far from the ratio of parameters: at batch the experts are all read, and arithmetic is less efficient
    assert max(row["gain_ratio"] for row in v2) < 236 / 21


def test_a_dense_twin_keeps_the_weights_and_uses_them_all(base):
    twinned, name = dense_twin(base, "deepseek-v2")
    twin, row = served_row(twinned, name), served_row(base, "deepseek-v2")
    assert twin["total_computed_b"] == row["total_computed_b"]
    assert twin["active_computed_b"] == pytest.approx(row["dense_params_b"] + row["expert_params_b"])
    assert twin["experts_count"] == 0
    assert name not in base.tables["served_models"].latest("model")  # the scenario itself is as it was


def test_shares_of_all_nodes_make_the_model(base):
    shared, name = node_share(base, "deepseek-v3", 8.0)
    part, row = served_row(shared, name), served_row(base, "deepseek-v3")
    assert part["expert_params_b"] * 8 == pytest.approx(row["expert_params_b"])
    assert part["experts_count"] * 8 == row["experts_count"] and part["active_computed_b"] == row["active_computed_b"]


def test_heads_have_no_cache(base):
    made, name = drafting_heads(base, "llama-3.3-70b", 0.08)
    row = served_row(made, name)
    assert row["dense_params_b"] == pytest.approx(0.08 * 69.503)
    assert row["kv_full_elements_per_token"] == 0 and row["layers_count"] == 1


CELL = "accelerator model precision input_tokens output_tokens concurrency accelerator_count".split()


def best_in_cells(tables):
    """Return for each cell of throughput.csv with a known batch the best rate of each stack, no tokens drafted."""
    cells = defaultdict(dict)
    for row in tables["throughput"]:
        stack = stack_of(row["framework"])
        measured = row["scenario"] == "concurrency" and row["status"] != "claim"
        if stack and measured and not other_system(row["framework"]):
            cell = cells[tuple(row[column] for column in CELL)]
            cell[stack] = max(cell.get(stack, 0.0), row["output_tok_per_s_per_accelerator"])
    return cells


def median_ratios(tables, stack, other):
    """Return the median ratio of two stacks in the cells both have, at small and at large batches, and the cells' number."""
    batch = CELL.index("concurrency")
    both = [(cell[batch], r[stack] / r[other]) for cell, r in best_in_cells(tables).items() if {stack, other} <= set(r)]
    small, large = ([x for c, x in both if c <= SMALL_BATCH], [x for c, x in both if c >= LARGE_BATCH])
    return [*(np.exp(np.median(np.log(found))) for found in (small, large)), len(both)]


def test_stack_ratios_are_what_the_measurements_say(base):
    known = {n: [r[f"{c}_ratio"] for c in ("small_batch", "large_batch")] + [r["cells_count"]]
             for n, r in base.rows["serving_stacks"].items()}  # fmt: skip
    over_vllm = median_ratios(base.tables, "tensorrt-llm", "vllm")
    assert_allclose(over_vllm, known["tensorrt-llm"], rtol=1e-3)
    over_sglang = median_ratios(base.tables, "tensorrt-llm", "sglang")
    ratios = [a / b for a, b in zip(over_vllm[:2], over_sglang[:2], strict=True)]
    assert_allclose([*ratios, over_sglang[2]], known["sglang"], rtol=1e-3)
    assert base.rows["serving_stacks"]["tgi"]["status"] == "assumption" and known["tgi"][2] == 0


def test_a_stack_is_as_far_ahead_as_at_the_batches_that_were_measured(base):
    """Its ratio to vLLM: of eight and of 64 sequences as measured, their mean in logs half way between, and no other beyond."""
    row = base.rows["serving_stacks"]["tensorrt-llm"]
    small, large = row["small_batch_ratio"], row["large_batch_ratio"]
    middle = np.sqrt(SMALL_BATCH * LARGE_BATCH)
    for batch, ratio in ((1, small), (8, small), (middle, np.sqrt(small * large)), (64, large), (512, large)):
        ahead = over_mixture(base, "tensorrt-llm", batch) / over_mixture(base, "vllm", batch)
        assert ahead == pytest.approx(ratio, rel=1e-9)


def test_software_matures(table):
    gains = [row["gain_ratio"] for row in rows(table, "software")]
    assert gains[0] == 1 and gains == sorted(gains)


def test_marks_reach_the_table(base):
    lines = techniques(base, Deployment("groq 3", "llama-3.3-70b", 1024, 1024))
    assert lines["status"] == "projection" and not lines["available"]


def test_the_command_prints_the_same_table(table):
    arguments = ["--techniques", "--model", "llama-3.3-70b", "--accelerator", "h100", "--input-tokens", "1024", "--output-tokens", "1024"]  # fmt: skip
    done = CliRunner().invoke(command, [*arguments, "--json"])
    assert json.loads(done.stdout)["techniques"] == table["techniques"]
    text = CliRunner().invoke(command, arguments).stdout
    assert "a token reads 139 GB at 3.35 TB/s: 41.5 ms on one, 20.7 ms on 2 at peak" in text
    assert "one sequence at bf16: 141 GB of weights, 80 GB of memory: 2 accelerators" in text


def test_techniques_refuse_what_cost_refuses(base):
    with pytest.raises(InputError, match="it was cancelled as a product"):
        techniques(base, Deployment("falcon shores", "llama-3.3-70b", 1024, 1024))
    with pytest.raises(InputError, match="its context is 131072 tokens"):
        techniques(base, Deployment("h100", "llama-3.3-70b", 200_000, 1024))


def test_drafting_gains_what_the_paired_runs_say(base):
    """DeepSeek on B200, TensorRT-LLM with and without MTP (the later image by a week): up to twice at 4 sequences, a fifth at 256."""
    case = "accelerator model input_tokens output_tokens precision accelerator_count concurrency".split()
    rates = {image: {tuple(r[c] for c in case): r["output_tok_per_s_per_accelerator"] for r in base.tables["throughput"]
                     if r["framework"] == image and r["model"] == "deepseek-r1"} for image in ("trtllm 1.2.0rc6.post2", "trtllm 1.2.0rc6.post3 MTP")}  # fmt: skip
    plain, drafted = rates.values()
    both = sorted(set(plain) & set(drafted))
    columns, row = workloads(base, [Request(*key) for key in both]), base.rows["speculation"]["mtp"]
    made = [throughputs(effect_values(base), columns, float("inf"), *draft)
            for draft in ((0.0, 0.0), (row["draft_tokens"], row["acceptance_frac"]))]  # fmt: skip
    ours = np.array(
        [with_it.output_tok_per_s / without.output_tok_per_s for without, with_it in zip(*made, strict=True)]
    )
    measured = np.array([drafted[key] / plain[key] for key in both])
    load = np.array([key[-1] for key in both])
    assert len(both) >= 15 and measured[load == 4].min() > 1.4 > 1.3 > measured[load == 256].max()
    assert abs(np.median(np.log(ours / measured))) < 0.1
    assert np.median(np.abs(np.log(ours / measured))) < 0.15
