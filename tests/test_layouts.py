"""What must hold for any answer: layouts, extremes, and directions that physics gives."""

import contextlib
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.errors import InputError
from forecast.scenario import load_scenario
from forecast.serving.effects import NUMBERS
from forecast.serving.formats import weights_gb
from forecast.serving.groups import batch_of, cut_up, layouts, misfits
from forecast.serving.kinds import architecture, expert_width, served_models
from forecast.serving.speed import effect_values, throughputs
from forecast.serving.workloads import Request, columns_of, workload, workloads

SCENARIO = load_scenario("base")
VALUES = effect_values(SCENARIO)
ACCELERATORS = ("h100", "h200", "b200", "gb300", "mi300x", "mi355x", "tpu-v7", "gaudi-3", "trainium3", "vr200")
MODELS = ("llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b", "deepseek-r1", "kimi-k2.5", "qwen3.5-397b-a17b")
PAIRS = {"accelerator": st.sampled_from(ACCELERATORS), "model": st.sampled_from(MODELS)}


def columns(accelerator, model, given_tokens=2048.0, made=512.0, group=None, concurrency=None):
    return workloads(SCENARIO, [Request(accelerator, model, given_tokens, made, None, group, concurrency)])


def answer(accelerator, model, latency_s=1.0, **asked):
    return throughputs(VALUES, columns(accelerator, model, **asked), latency_s)[0]


def test_only_a_mixture_is_cut_up_by_hand():
    sizes = np.array([[1.0, 2.0, 8.0, 64.0]])
    for model, concurrency, log2, several in (
        ("deepseek-r1", 4.0, [0, 1, 3, 3], [0, 1, 1, 1]),
        ("deepseek-r1", None, [0, 0, 0, 0], [0, 1, 1, 1]),
        ("llama-3.3-70b", 4.0, [0, 0, 0, 0], [0, 0, 0, 0]),
    ):
        found = cut_up(columns("b200", model, concurrency=concurrency), sizes)
        assert found["log2_accelerators"].tolist() == [log2] and found["several"].tolist() == [several]


def test_mxfp4_is_multiplied_at_eight_bits_on_boards_with_graphics_memory():
    cases = [("rtx-pro-6000", "gpt-oss-120b"), ("rtx-pro-6000", "llama-3.3-70b"), ("b200", "gpt-oss-120b"), ("l40s", "gpt-oss-120b")]  # fmt: skip
    found = workloads(SCENARIO, [Request(*case, 1024.0, 1024.0, "fp4") for case in cases])
    assert found["arithmetic"].tolist() == ["fp8", "fp4", "fp4", "fp16"]
    assert found["peak_tflops"][:2].tolist() == [1000.0, 2000.0]


@pytest.mark.parametrize(
    ("accelerator", "model", "given", "sizes"),
    [
        (
            "h100",
            "llama-3.3-70b",
            None,
            [2, 4, 8],
        ),  # one part holds it, with hardly a sequence; a dense model stays in its node
        ("h100", "llama-3.3-70b", 3.0, [2]),
        ("h100", "deepseek-r1", None, [16, 32, 64]),  # ten parts hold it: two nodes or more, whole ones
        ("h100", "deepseek-r1", 16.0, [16]),
        ("gb300", "deepseek-r1", None, [2, 4, 8, 16, 32, 64]),  # a domain of 72
        (
            "groq-lpu-v1",
            "llama-3.3-70b",
            None,
            [343, 378, 429, 515, 686],
        ),  # parts by the hundred: up to twice the least
    ],
)
def test_sizes_of_a_group_by_hand(accelerator, model, given, sizes):
    tried = layouts(columns(accelerator, model, group=given))
    assert sorted(set(tried.sizes[np.isfinite(tried.least_batch)])) == sizes


def test_a_latent_cache_is_held_by_every_accelerator_unless_attention_is_split():
    case = columns("h200", "deepseek-r1", group=8.0, concurrency=4096.0)
    tried = layouts(case)
    shared, split = (tried.most[tried.engines == d].max() for d in (1.0, 8.0))
    assert split > 4 * shared  # eight copies against one, less the dense weights held eight times
    assert set(tried.engines[0, np.isfinite(tried.least_batch[0])]) == {1.0, 8.0}


@pytest.mark.parametrize(
    ("model", "concurrency"), [("llama-3.3-70b", 64.0), ("gpt-oss-120b", 64.0), ("deepseek-r1", 4.0)]
)
def test_attention_is_split_for_latent_caches_with_a_sequence_for_each_accelerator_only(model, concurrency):
    case = columns("b200", model, group=8.0, concurrency=concurrency)
    tried = layouts(case)
    used = batch_of(case, tried) >= tried.least_batch
    assert (tried.engines[used] == 1.0).all()


@pytest.fixture(scope="module")
def every_pair():
    """Every served model on every accelerator that has a specification."""
    found, models = [], served_models(SCENARIO)
    for accelerator in SCENARIO.rows["accelerators"]:
        for model in models:
            with contextlib.suppress(InputError):
                found.append(workload(SCENARIO, Request(accelerator, model, 1024.0, 512.0), models))
    return columns_of(found)


@pytest.mark.parametrize("group", [np.nan, 8.0, 72.0])
def test_what_is_admitted_is_what_is_answered(every_pair, group):
    """All pairs: what fits is served at once, all of it, half of it and one alone; one more is refused, and what fits is named."""
    cases = every_pair | {"accelerators_count": np.full(len(every_pair["moe"]), group)}
    fits = np.array([said is None for said in misfits(cases)])
    cases = {name: column[fits] for name, column in cases.items()}
    most = layouts(cases | {"concurrency": np.ones(fits.sum())}).holds
    assert fits.sum() > 1000 and most.min() >= 1
    for asked in (most, np.ceil(most / 2), np.ones(len(most))):
        assert set(misfits(cases, asked)) == {None}
        answers = throughputs(VALUES, cases | {"concurrency": asked}, np.inf)
        assert [answer.batch for answer in answers] == asked.tolist()
    for said, held in zip(misfits(cases, most + 1), most, strict=True):
        assert re.search(rf"serve at most {held:.0f} sequences", said)
    if not np.isnan(group):  # else a larger group may be chosen
        assert all(best.batch <= held for best, held in zip(throughputs(VALUES, cases, np.inf), most, strict=True))


@settings(deadline=None, max_examples=40)
@given(**PAIRS, latencies=st.tuples(st.floats(0.01, 0.3), st.floats(1.0, 10.0)))
def test_more_patience_never_yields_less(accelerator, model, latencies):
    strict, factor = latencies
    hasty, patient = (answer(accelerator, model, limit) for limit in (strict, strict * factor))
    if hasty.step_s <= strict:
        assert patient.output_tok_per_s >= hasty.output_tok_per_s * (1 - 1e-9)


@settings(deadline=None, max_examples=40)
@given(**PAIRS)
def test_more_sequences_yield_more_and_each_gets_less(accelerator, model):
    rates = [
        answer(accelerator, model, group=32.0, concurrency=c).output_tok_per_s for c in (1.0, 8.0, 64.0, 512.0, 4096.0)
    ]
    assert all(few <= many * (1 + 1e-9) for few, many in pairwise(rates))
    assert all(many <= 8 * few * (1 + 1e-9) for few, many in pairwise(rates))


@settings(deadline=None, max_examples=40)
@given(**PAIRS, concurrency=st.sampled_from([1.0, 32.0, 1024.0]))
def test_longer_prompts_and_answers_never_yield_more(accelerator, model, concurrency):
    asked = {"group": 32.0, "concurrency": concurrency}
    short, long = (answer(accelerator, model, given_tokens=g, **asked) for g in (1024.0, 65536.0))
    assert long.output_tok_per_s <= short.output_tok_per_s
    assert (
        long.input_tok_per_s <= 1.25 * short.input_tok_per_s
    )  # for a long cache another layout is best, with fewer sums


@settings(deadline=None, max_examples=40)
@given(
    **PAIRS,
    lengths=st.sampled_from([(16.0, 16.0), (2048.0, 512.0), (100_000.0, 8.0)]),
    latency=st.sampled_from([0.001, 0.05, np.inf]),
)
def test_extremes_stay_below_the_printed_peak_and_above_nothing(accelerator, model, lengths, latency):
    case = columns(accelerator, model, *lengths)
    found = throughputs(VALUES, case, latency)[0]
    tokens_per_s = found.output_tok_per_s * (1 + lengths[0] / lengths[1])
    assert 0 < tokens_per_s * case["weight_gflop_per_token"][0] / 1000 < case["peak_tflops"][0]
    assert found.step_s > 0 and 0.1 < found.log_sd < 1.5 and found.batch >= 1


@settings(deadline=None, max_examples=60)
@given(**PAIRS, concurrency=st.sampled_from([1.0, 16.0, 256.0, 4096.0]), given_tokens=st.sampled_from([256.0, 8192.0]))
def test_narrower_arithmetic_is_never_slower(accelerator, model, concurrency, given_tokens):
    """Sixteen bits, eight, and four where the accelerator has four-bit arithmetic; without it four are widened to sixteen.

    At as many sequences: where only the narrower holds all at once, it must, and those of the wider wait.
    """
    part = SCENARIO.rows["accelerators"][accelerator]
    precisions = ["bf16", "fp8", *(["fp4"] if part["fp4_dense_tflops"] else [])]
    case = [Request(accelerator, model, given_tokens, 1024.0, p, 32.0, concurrency) for p in precisions]
    for wide, narrow in pairwise(throughputs(VALUES, workloads(SCENARIO, case), float("inf"))):
        assert narrow.batch >= wide.batch
        assert narrow.batch > wide.batch or wide.output_tok_per_s <= narrow.output_tok_per_s * (1 + 1e-9)


@pytest.mark.parametrize(
    ("accelerator", "model", "group"), [("gb200", "deepseek-r1", 4.0), ("h100", "llama-3.3-70b", 1.0), ("gaudi-3", "minimax-m2.5", 2.0)]
)  # fmt: skip
def test_the_best_batch_is_not_far_below_one_that_may_be_asked_for(accelerator, model, group):
    """Weights that leave little memory: by themselves engines would keep one sequence, three or none."""
    best, asked = (
        throughputs(VALUES, workloads(SCENARIO, [Request(accelerator, model, 1024.0, 1024.0, "fp8", group, concurrency)]), float("inf"))[0]
        for concurrency in (None, 4096.0)
    )  # fmt: skip
    assert best.output_tok_per_s > 0.6 * asked.output_tok_per_s


FIGURES = "memory_gb memory_bandwidth_tb_per_s peak_tflops attention_tflops scaleup_gb_per_s".split()


COMPARED = "h100 h200 h200-nvl gh200 h800 h20 b200 b300 gb200 gb300 mi300x mi325x mi350x mi355x".split()


def slower_with_more(model, group, concurrency, latency_s, slack=0.0):
    """Pairs of a family where the first has more of all figures and serves fewer tokens."""
    cases = workloads(SCENARIO, [Request(name, model, 1024.0, 1024.0, "fp8", group, concurrency) for name in COMPARED])
    rates = [found.output_tok_per_s for found in throughputs(VALUES, cases, latency_s)]
    figures = np.stack([cases[name] for name in FIGURES])
    above = [(i, j) for i in range(len(COMPARED)) for j in range(len(COMPARED))
             if i != j and cases["family"][i] == cases["family"][j] and (figures[:, i] >= figures[:, j]).all()]  # fmt: skip
    assert len(above) > 10
    return [(COMPARED[i], COMPARED[j]) for i, j in above if rates[i] < rates[j] * (1 - slack - 1e-9)]


@pytest.mark.parametrize("concurrency", [1.0, 64.0, 2048.0])
@pytest.mark.parametrize("model", ["llama-3.1-8b", "gpt-oss-120b", "deepseek-r1"])
def test_an_accelerator_with_more_of_everything_is_never_slower(model, concurrency):
    """Within a family; where one has more of some figures and less of others nothing is said."""
    assert slower_with_more(model, 8.0, concurrency, float("inf")) == []


@pytest.mark.parametrize("model", ["deepseek-r1", "glm-5", "kimi-k3"])
def test_nor_is_it_in_the_best_group_of_each(model):
    """Who holds a mixture in one domain may still spread it over many, as who cannot must; sizes of groups are whole: 5 %."""
    assert slower_with_more(model, None, None, 0.05, slack=0.05) == []


@pytest.mark.parametrize("accelerator", ["h100", "h200", "mi325x", "gb300"])
def test_more_accelerators_to_choose_a_group_from_never_yield_less(accelerator):
    counts = (16.0, 32.0, 64.0, None)
    rates = [answer(accelerator, "glm-5", 0.05, group=count).output_tok_per_s for count in counts]
    assert all(few <= more * (1 + 1e-9) for few, more in pairwise(rates)), rates


@pytest.mark.parametrize("precision", ["fp4", "bf16"])
@pytest.mark.parametrize(
    ("model", "dense", "experts", "others_gb"),
    [
        # "mxfp4 experts + bf16", a scale for 32 weights; beside what is read in a step the embeddings
        ("gpt-oss-120b", 2.0, 0.53125, 2.0 * 0.5791),
        ("kimi-k2.5", 2.0, 0.5625, 2.0 * 1.174),  # "int4 experts + bf16"
        ("kimi-k3", 2.0, 0.53125, 2.0 * 1.174),
        ("deepseek-v4-pro", 1.0, 0.53125, 0.9267),  # "mxfp4 experts + fp8"
    ],
)
def test_where_experts_alone_are_published_narrow_the_rest_stays_as_published(
    model, dense, experts, others_gb, precision
):
    row = served_models(SCENARIO)[model]
    found = weights_gb(row, precision)
    assert_allclose(found["dense_gb"], dense * row["dense_params_b"])
    assert_allclose(found["expert_gb"], experts * row["expert_params_b"])
    assert_allclose(found["weights_gb"], found["dense_gb"] + found["expert_gb"] + others_gb, rtol=1e-4)


@pytest.mark.parametrize(
    ("model", "published"),
    [("deepseek-v3", 2048), ("gpt-oss-120b", 2880), ("mixtral-8x7b", 14336), ("qwen3-30b-a3b", 768), ("qwen3-32b", 0)],
)
def test_an_expert_is_as_wide_as_published(model, published):
    """`moe_intermediate_size` of the model's configuration; a dense model has none."""
    assert_allclose(expert_width(served_models(SCENARIO)[model]), published, rtol=1e-3)


def test_narrow_experts_count_by_halvings_and_what_is_not_told_counts_as_usual():
    """Of 2,048: 512 is halved twice, 4,096 doubled once; 0 is a dense model, or a mixture whose layers nobody told."""
    assert_allclose(NUMBERS["narrow"]({"expert_width": np.array([512.0, 4096.0, 0.0])}), [2, -1, 0])


def test_all_weights_are_narrow_where_they_are_not_published_apart():
    row = served_models(SCENARIO)["deepseek-r1"]
    assert_allclose(weights_gb(row, "fp4")["weights_gb"], 0.5625 * row["total_computed_b"])
    assert_allclose(weights_gb(row, "bf16")["dense_gb"], 1.0 * row["dense_params_b"])  # published in eight bits


def test_a_part_without_a_printed_link_is_no_board_if_its_memory_is_stacked():
    """Rubin Ultra has 20.5 TB/s of memory and no printed link: over PCIe eight of them would be no faster than one."""
    linked = workloads(
        SCENARIO, [Request(name, "llama-3.1-70b", 1024.0, 1024.0, "fp8") for name in ("rubin-ultra", "l40s")]
    )
    assert_allclose(linked["scaleup_gb_per_s"], [0.065 * 20_500, 32.0])


def test_an_accelerator_of_few_rows_is_answered_as_widely_as_a_new_one():
    def spread(rows):
        known = {name: value for name, value in VALUES.items() if name != "rows:accelerator:b200"}
        known |= {"log_sd:accelerator_new:dense_best": 2 * VALUES["log_sd:both_known:dense_best"]}
        seen = {"rows:accelerator:b200": round(np.log(rows), 4)} if rows else {}
        return throughputs(known | seen, columns("b200", "llama-3.3-70b"), float("inf"))[0].log_sd

    assert spread(8) == spread(1000) < spread(7) == spread(1) == spread(0)


def test_models_of_one_size_with_another_attention_are_another_design():
    """DeepSeek V4 Pro is as deep and wide as V3, Qwen3.5-27B as Qwen3-32B."""
    served = SCENARIO.tables["served_models"].latest("model")
    names = ("deepseek-v3", "deepseek-v3.2", "deepseek-v4-pro", "qwen3-32b", "qwen3.5-27b")
    assert [architecture(served[name]) for name in names] == [
        "deepseek-61-7168", "deepseek-61-7168", "deepseek-61-7168-compressed", "qwen-64-5120", "qwen-64-5120-hybrid"
    ]  # fmt: skip
