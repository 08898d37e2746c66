"""Published days of large services against the model: throughput, cost, and what wide parallelism gains."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forecast.deployments.deployment import Deployment
from forecast.deployments.priced import cost_of
from forecast.deployments.wide_parallel import wide_throughput
from forecast.errors import InputError
from forecast.serving.token_cost import number_of


@pytest.fixture(scope="module")
def day(base):
    return base.tables["published_days"].rows[0]


def asked_of(day):
    """The day's mean request: input over output as in its totals, the mean context of decoding between them."""
    ratio = day["input_mtok"] / day["output_mtok"]
    output = day["context_tokens"] / (ratio + 0.5)  # context = input + output/2
    return Deployment(
        day["accelerator"], day["model"], ratio * output, output, "fp8", day["decode_accelerators_count"],
        cached_frac=day["cached_frac"], utilisation_frac=1.0, wide_parallel=True,
        usd_per_accelerator_hour=day["usd_per_accelerator_hour"],
    )  # fmt: skip


def test_the_published_day_agrees_with_itself(day):
    assert_allclose(day["accelerators_count"] * 24 * day["usd_per_accelerator_hour"], 87_072)
    nodes = (
        day["output_mtok"] / day["decode_tok_per_s_per_node"] + day["input_mtok"] / day["prefill_tok_per_s_per_node"]
    )
    assert_allclose(nodes * 1e6 / 86_400 * day["node_accelerators_count"], day["accelerators_count"], rtol=0.01)


def test_the_published_day_is_reproduced(base, day):
    asked = asked_of(day)
    found = cost_of(base, asked)
    speed = found["separate_tokens_per_s_per_accelerator"]
    node = day["node_accelerators_count"]
    assert speed["output"] == pytest.approx(day["decode_tok_per_s_per_node"] / node, rel=0.30)
    cached = number_of(base, "cached_cost_ratio")
    per_input = (1 - day["cached_frac"]) + day["cached_frac"] * cached
    assert speed["input"] / per_input == pytest.approx(day["prefill_tok_per_s_per_node"] / node, rel=0.30)
    tokens = day["input_mtok"] + day["output_mtok"]
    published_usd_per_mtok = day["accelerators_count"] * 24 * day["usd_per_accelerator_hour"] / tokens
    assert found["cost_usd_per_mtok"]["blended"] == pytest.approx(published_usd_per_mtok, rel=0.30)


def test_wide_parallelism_comes_nearer_to_the_published_day(base, day):
    """The control: a group of two nodes, as in the fit, is dearer than the day was and further from it."""
    asked = asked_of(day)
    narrow = cost_of(base, replace(asked, wide_parallel=False, accelerators=16.0))
    tokens = day["input_mtok"] + day["output_mtok"]
    published = day["accelerators_count"] * 24 * day["usd_per_accelerator_hour"] / tokens
    cost = {
        name: found["cost_usd_per_mtok"]["blended"]
        for name, found in (("narrow", narrow), ("wide", cost_of(base, asked)))
    }
    assert cost["narrow"] > 1.15 * published
    assert abs(np.log(cost["wide"] / published)) < abs(np.log(cost["narrow"] / published))


def rate_of_mix(speed, cached_cost):
    """Tokens per second of an accelerator at the mix of the market's open models: 5 % output, 75 % of input cached."""
    return 1 / (0.05 / speed["output"] + 0.95 * (1 - 0.75 * (1 - cached_cost)) / speed["input"])


def published_speed(row, cached_cost):
    """What a row says of an accelerator: input computed anew, and output, tokens per second."""
    cached = row["cached_frac"] or 0.0
    computed = (1 - cached) + cached * cached_cost
    node = row["node_accelerators_count"]
    return {
        "input": row["prefill_tok_per_s_per_node"] / node * computed,
        "output": row["decode_tok_per_s_per_node"] / node,
    }


def test_what_was_published_gains_on_single_groups_as_the_parameter_says(base):
    """Of DeepSeek's day and two benchmarks: each beats the fit's own groups, and the wide form lies between the two."""
    cached_cost, gains = number_of(base, "cached_cost_ratio"), []
    for row in base.tables["published_days"].rows:
        precision = "fp4" if row["accelerator"] == "gb200" else "fp8"
        context = row["context_tokens"]
        asked = Deployment(
            row["accelerator"], row["model"], context * 0.9, context * 0.2, precision, 32.0,
            cached_frac=row["cached_frac"] or 0.0, utilisation_frac=1.0,
        )  # fmt: skip
        wide = replace(asked, accelerators=float(row["decode_accelerators_count"]), wide_parallel=True)
        published, narrow, ours = (
            rate_of_mix(speed, cached_cost)
            for speed in (
                published_speed(row, cached_cost),
                *(cost_of(base, one)["separate_tokens_per_s_per_accelerator"] for one in (asked, wide)),
            )
        )
        assert narrow < ours and abs(np.log(ours / published)) < abs(np.log(narrow / published))
        gains.append(published / narrow)
    assert_allclose(gains, [2.5, 3.1, 3.7], rtol=0.05)  # as own-wide says
    gain = base.input("parameters.wide_parallel_gain_ratio").value
    assert gain.quantile(0.1) < gains[0] < gain.median() * 1.05 and gain.quantile(0.9) < gains[2]


def test_wider_groups_decode_faster(base):
    """Two nodes of eight are the least that are wide."""

    def found(accelerators):
        return wide_throughput(base, Deployment("h800", "deepseek-v3", 4000.0, 1000.0, "fp8", accelerators))

    least, narrow, wide = (found(accelerators) for accelerators in (16.0, 32.0, 144.0))
    assert least.decode_tok_per_s < narrow.decode_tok_per_s < wide.decode_tok_per_s
    assert (least.accelerators, wide.accelerators) == (16, 144)
    with pytest.raises(InputError, match="on 15 accelerators: one node of 8; at least 16 are required"):
        found(15.0)
