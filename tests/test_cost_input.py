"""What `forecast cost` is asked: bad input is one clear message, and a file of cases is answered line by line."""

import re
from dataclasses import replace

import pytest
from numpy.testing import assert_allclose

from forecast.cli.cost_verb import command
from forecast.deployments.cases import CASE_COLUMNS, price_of_cases, read_case
from forecast.deployments.deployment import Deployment
from forecast.deployments.priced import cost_of
from forecast.errors import InputError
from forecast.model_names import canonical_name
from forecast.serving.speed import resolve

ASKED = Deployment("h100", "llama-3.3-70b", 4000.0, 400.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accelerator": "wheel"}, 'no accelerator "wheel" known at 2026-10-31. Known: a100-40gb, a100-80gb, a800, b200,'),
        ({"accelerator": "H1000"}, 'no accelerator "H1000" known at 2026-10-31. Did you mean "'),
        ({"model": "lama-3.3-70b"}, 'no model "lama-3.3-70b" known at 2026-10-31. Did you mean "llama-3.3-70b"?'),
        ({"precision": "fp9"}, 'precision "fp9": one of bf16, fp16, fp8, int8, fp4, int4, int2. Did you mean "'),
        ({"accelerators": 1.0, "precision": "bf16"},
         "llama-3.3-70b at bf16 takes 141 GB and 1.4 GB a sequence: 1 × h100 hold 78 GB. Use at least 2 accelerators."),
        ({"accelerators": 1.0, "precision": "bf16", "concurrency": 1.0}, "Use at least 2 accelerators."),
        ({"accelerators": 2.0, "concurrency": 512.0},
         "concurrency = 512: 2 × h100 serve at most 123 sequences of 4200 tokens at once, halfway through the answer, beside the weights. Lower it, or use at least 6 accelerators."),
        ({"concurrency": 20_000.0}, "concurrency = 20000: groups of h100 that are tried serve at most 799 sequences"),
        ({"wide_parallel": True, "model": "deepseek-v3", "concurrency": 1e6}, "concurrency = 1e+06: 18 nodes of 8 × h100 serve at most 55368 sequences at once."),
        ({"accelerators": 2.5}, "accelerators = 2.5: a whole number is required. Correct it."),
        ({"input_tokens": 131_000.0},
         "llama-3.3-70b: 131000 input and 400 output tokens are 131400; its context is 131072 tokens. Shorten the request"),
        ({"input_tokens": float("nan")}, "input tokens = nan: a number from 1 to 1e+09 is required. Correct it."),
        ({"output_tokens": 0.0}, "output tokens = 0: a number from 1 to 1e+09 is required. Correct it."),
        ({"concurrency": -3.0}, "concurrency = -3: a number from 1 to 1e+09 is required. Correct it."),
        ({"latency_s": float("inf")}, "latency in seconds = inf: a number from 1e-06 to 10000 is required. Correct it."),
        ({"utilisation_frac": 1.2}, "utilisation = 1.2: a number from 0.01 to 1 is required. Correct it."),
        ({"usd_per_accelerator_hour": float("nan")}, "USD per accelerator-hour = nan: a number from 0.0001 to 100000"),
        ({"precision": "int2"},
         "llama-3.3-70b at int2: loses 7.5 points of GPQA, 49.8 to 42.3; the tier commodity needs 49. Use bf16, fp16, fp8, int8, fp4, int4."),
        ({"tier": "comodity"}, 'no tier "comodity"; commodity, open-frontier, closed-frontier'),
        ({"tier": "closed-frontier"}, "llama-3.3-70b: scores 49.8 on GPQA; the tier closed-frontier needs 85. Choose another model."),
        ({"wide_parallel": True}, "--wide-parallel: llama-3.3-70b is a dense model; only a mixture of experts has experts to spread."),
        ({"wide_parallel": True, "model": "deepseek-v3", "accelerators": 10.0}, "--wide-parallel on 10 accelerators: one node of 8; at least 16 are required."),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_message(base, changes, message):
    with pytest.raises(InputError) as caught:
        cost_of(base, replace(ASKED, **changes))
    assert message in str(caught.value)


def test_a_wide_group_is_answered_whole(base):
    """Of 150 six are left over by 18 nodes of eight; the sequences are those of all nodes together."""
    wide = replace(ASKED, model="deepseek-v3", accelerators=150.0, concurrency=1440.0, wide_parallel=True)
    found = cost_of(base, wide)
    assert (found["accelerators"], found["concurrency"]) == (144.0, 1440.0)


@pytest.mark.parametrize("precision", ["bf16", "fp8"])
@pytest.mark.parametrize(  # one engine serves at most 2,560, whatever its group; a mixture's may be many
    ("model", "group", "too_many"),
    [("llama-3.3-70b", 2.0, 2560.0), ("gpt-oss-120b", 1.0, 8192.0), ("deepseek-v3", 8.0, 8192.0)],
)
def test_what_a_refusal_names_is_answered(base, model, group, too_many, precision):
    """The most sequences on this group, and the least group for these sequences; one more, or one fewer, is refused."""

    def refusal(**asked):
        with pytest.raises(InputError) as caught:
            cost_of(base, replace(ASKED, accelerator="b200", model=model, precision=precision, **asked))
        return [
            float(re.search(said, str(caught.value))[1]) for said in (r"serve at most (\d+)", r"at least (\d+) acc")
        ]

    asked = replace(ASKED, accelerator="b200", model=model, precision=precision)
    most, _ = refusal(accelerators=group, concurrency=too_many)
    assert cost_of(base, replace(asked, accelerators=group, concurrency=most))["concurrency"] == most
    most_again, more = refusal(accelerators=group, concurrency=most + 1)
    assert most_again == most and more == group + 1
    assert cost_of(base, replace(asked, accelerators=more, concurrency=most + 1))["concurrency"] == most + 1


def test_more_sequences_than_memory_holds_wait_in_a_file_of_cases(base):
    """As in a benchmark: 29 measured runs asked more than memory holds."""
    case = dict(zip(CASE_COLUMNS, ("b200", "8", "deepseek-v3", "", "4000", "400", "100000"), strict=True))
    header, rows = price_of_cases(base, [case, case | {"concurrency": "200000"}])
    assert rows[0][len(CASE_COLUMNS) :] == rows[1][len(CASE_COLUMNS) :] and rows[0][header.index("error")] is None


def test_all_problems_at_once(base):
    with pytest.raises(InputError) as caught:
        cost_of(base, replace(ASKED, accelerators=1.0, precision="bf16", tier="closed-frontier"))
    assert len(caught.value.problems) == 2


WRONG_CASES = [
    ("concurrency", "abc", "concurrency = abc: a number is required. Correct it."),
    ("concurrency", "0.5", "concurrency = 0.5: a number from 1 to 1e+09 is required. Correct it."),
    ("input_tokens", "nan", "input tokens = nan: a number from 1 to 1e+09 is required. Correct it."),
    ("output_tokens", "0", "output tokens = 0: a number from 1 to 1e+09 is required. Correct it."),
    ("concurrency", "2.5", "concurrency = 2.5: a whole number is required. Correct it."),
    ("n_accelerators", "2.5", "accelerators = 2.5: a whole number is required. Correct it."),
    ("n_accelerators", "-1", "accelerators = -1: a number from 1 to 4096 is required. Correct it."),
    ("precision", "fp5", 'precision "fp5": one of bf16, fp16, fp8, int8, fp4, int4, int2.'),
    ("accelerator", "Nothing like it", 'no accelerator "Nothing like it" known at'),
    (
        "accelerator",
        "Falcon Shores",
        "accelerator falcon-shores: it was cancelled as a product (known from 2025-01-30)",
    ),
    ("model", "", 'no model "" known at'),
    (
        "n_accelerators",
        "1",
        "llama-3.3-70b at fp16 takes 141 GB and 0.49 GB a sequence: 1 × h100 hold 78 GB. Use at least 2 accelerators.",
    ),
    (
        "input_tokens",
        "1000000",
        "llama-3.3-70b: 1000000 input and 1000 output tokens are 1001000; its context is 131072 tokens. Shorten the request",
    ),
]


@pytest.mark.parametrize(("column", "text", "message"), WRONG_CASES)
def test_a_wrong_case_says_why_and_the_others_are_done(base, column, text, message):
    right = dict(zip(CASE_COLUMNS, ("H100", "4", "Llama-3.3-70B", "fp16", "1000", "1000", "8"), strict=True))
    header, rows = price_of_cases(base, [right, right | {column: text}, right])
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert found[1]["error"].startswith(message)
    assert [found[1][name] for name in header if name.endswith(("p10", "p50", "p90"))] == [None] * 4
    assert found[0] == found[2] and found[0]["error"] is None
    assert found[0]["output_tokens_per_s_per_accelerator_p10"] < found[0]["output_tokens_per_s_per_accelerator_p50"]


def test_columns_of_the_users_own_come_back_beside_the_answer(base):
    header = ["id", *CASE_COLUMNS, "cost_usd_per_mtok_p50"]  # of an earlier run: replaced, not kept
    cells = ["7", "H100", "4", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "fp16", "1000", "1000", "8", "0"]
    answered, rows = price_of_cases(base, [read_case(header, cells), read_case(header, cells[:3])])
    assert answered[: len(CASE_COLUMNS) + 1] == [*CASE_COLUMNS, "id"] and len(set(answered)) == len(answered)
    found = [dict(zip(answered, row, strict=True)) for row in rows]
    assert [row["id"] for row in found] == ["7", "7"] and found[0]["cost_usd_per_mtok_p50"] > 0
    assert found[1]["error"].startswith("3 cells where the header has 9")


@pytest.mark.parametrize(("spelling", "model"), [
    ("accounts/fireworks/models/qwen2p5-72b", "qwen2.5-72b"),
    ("qwen-3-235b-a22b-instruct-2507", "qwen3-235b-a22b-2507"),
    ("MoonshotAI/Kimi-K2:exacto", "kimi-k2"),
])  # fmt: skip
def test_a_model_is_known_by_the_spelling_of_a_price_list(base, spelling, model):
    assert resolve(base, "model", spelling) == model


def test_no_two_models_are_one_in_price_lists(tables):
    names = [canonical_name(row["model"]) for row in tables["served_models"].rows]
    assert len(names) > 50 and len(set(names)) == len(names)


def test_a_case_is_the_deployment_asked_for(base):
    case = dict(zip(CASE_COLUMNS, ("b200", "8", "deepseek-v3", "fp8", "4000", "400", "64"), strict=True))
    header, (row,) = price_of_cases(base, [case])
    one = cost_of(base, Deployment("b200", "deepseek-v3", 4000.0, 400.0, "fp8", 8.0, 64.0))
    found = dict(zip(header, row, strict=True))
    for name, value in one["output_tokens_per_s_per_accelerator"].items():
        assert_allclose(found[f"output_tokens_per_s_per_accelerator_{name}"], value)
    assert_allclose(found["cost_usd_per_mtok_p50"], one["cost_usd_per_mtok"]["blended"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--techniques --model llama-3.3-70b --accelerator h100 --precision fp8 --concurrency 4",
         "cost --techniques: --precision, --concurrency would change nothing. Leave it out."),
        ("--cases in.csv --model llama-3.3-70b", "cost --cases: --model would change nothing. Leave it out."),
        ("--model llama-3.3-70b --accelerator h100 --out x.csv", "cost without --cases: --out would change nothing. Leave it out."),
        ("--model deepseek-v3 --accelerator h100 --wide-parallel --draft-tokens 2",
         "cost --wide-parallel: --draft-tokens would change nothing. Leave one of them out."),
    ],
)  # fmt: skip
def test_an_option_that_would_be_ignored_is_refused(words, message):
    with pytest.raises(InputError) as caught:
        command.main(words.split(), standalone_mode=False)
    assert message in str(caught.value)


@pytest.mark.parametrize("at_once", [1.0, 123.0, 124.0, 799.0])
def test_a_group_that_is_chosen_serves_all_that_is_asked_as_one_that_is_given(base, at_once):
    """Two H100 serve 123 at once and the widest group tried, eight, 799: one more than either is served by no such group."""
    chosen = cost_of(base, replace(ASKED, concurrency=at_once))
    assert chosen["concurrency"] == at_once and (chosen["accelerators"] > 2) == (at_once > 123)
    given = cost_of(base, replace(ASKED, concurrency=at_once, accelerators=chosen["accelerators"]))
    assert given == chosen
    for accelerators in (None, 8.0):
        with pytest.raises(InputError, match="serve at most 799 sequences"):
            cost_of(base, replace(ASKED, concurrency=800.0, accelerators=accelerators))


def test_without_a_precision_the_narrowest_that_costs_no_tier_is_taken(base):
    """Four bits would cost qwen2.5-72b (49.1 on GPQA) its only tier, which asks 49; eight do not, nor do four llama's (49.8)."""
    chosen = {
        (model, name): cost_of(base, replace(ASKED, model=model, accelerator=name, usd_per_accelerator_hour=1.0))[
            "precision"
        ]
        for model in ("qwen2.5-72b", "llama-3.3-70b")
        for name in ("b200", "h100", "a100-80gb")
    }
    assert list(chosen.values()) == ["fp8", "fp8", "bf16", "fp4", "fp8", "bf16"]
    with pytest.raises(InputError, match="qwen2.5-72b at fp4: loses 0.7 points"):
        cost_of(base, replace(ASKED, model="qwen2.5-72b", accelerator="b200", precision="fp4"))
    named = cost_of(base, replace(ASKED, model="qwen2.5-72b", accelerator="b200", precision="fp8"))
    assert named == cost_of(base, replace(ASKED, model="qwen2.5-72b", accelerator="b200"))
