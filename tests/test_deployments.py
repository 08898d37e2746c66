"""`forecast cost`: every accelerator answers or says why not, and costs agree with published ones."""

import json
from dataclasses import replace
from datetime import date
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.testing import assert_allclose

from forecast.cli.cost_text import cost_text
from forecast.cli.cost_verb import command
from forecast.deployments.deployment import Deployment
from forecast.deployments.ownership import published_cost
from forecast.deployments.priced import cost_of, floor_of
from forecast.equations import cost
from forecast.errors import InputError
from forecast.market.machines import OTHERS, Machines
from forecast.renting import asked_rents
from forecast.serving.token_cost import number_of
from forecast.serving.workloads import number

ASKED = Deployment("h100", "llama-3.3-70b", 4000.0, 400.0)


ANSWERING = (
    "H100|H200|H800|H20|B200|B300|GB200|GB300|Rubin|VR200|Rubin Ultra|MI300X|MI325X|MI355X|MI400|MI455X|Gaudi 3|TPU v5p|"
    "TPU v6e|TPU v7|Trainium 2|Trainium 3|Groq LPU|Groq 3|Cerebras WSE-3|d-Matrix|SambaNova"
).split("|")


CLAIMED = ("Rubin", "Trainium 2", "Trainium 3", "Groq LPU", "Cerebras WSE-3", "d-Matrix", "SambaNova")


TO_COME = ("Rubin", "Rubin Ultra", "MI400", "Groq 3")


def test_the_floor_is_that_of_a_run(base, block):
    """At a segment's mix and speed, on a run's best family: apart by the least of its parts' errors and by software still to ripen."""
    _, names, draws = block
    best = np.median(
        Machines(base, names, draws).best_usd_per_mtok[OTHERS], axis=-1
    )  # a floor is the least of families' errors too
    for segment, floor in zip(names.segments, best.min(axis=0), strict=True):
        row, median = base.rows["segments"][segment], partial(number, base, "segments", segment)
        lengths = row["input_tokens"], row["output_tokens"]
        asked = Deployment("b200", row["reference_model"], *lengths, cached_frac=median("cached_frac"),
                           latency_s=row["latency_ms_per_token"] / 1000)  # fmt: skip
        found, _, spread_out = floor_of(base, row["reference_model"], asked)
        assert spread_out == (segment != "commodity")
        assert_allclose(found, floor, rtol=0.13)
    assert "over many nodes" in cost_text(cost_of(base, asked))


def test_a_day_of_a_group_is_priced_as_its_tokens_are(base):
    """Two H100 at 1.18 dollars an hour cost 57 dollars a day, whatever they serve."""
    busy, idle = (cost_of(base, replace(ASKED, accelerators=2.0, utilisation_frac=use)) for use in (0.6, 0.06))
    assert_allclose(busy["group_usd_per_day"], 48 * busy["usd_per_accelerator_hour"])
    assert busy["group_usd_per_day"] == idle["group_usd_per_day"]
    assert_allclose(busy["group_mtok_per_day"], 10 * idle["group_mtok_per_day"])
    assert_allclose(busy["group_usd_per_day"] / busy["group_mtok_per_day"], busy["cost_usd_per_mtok"]["blended"])


def test_four_bits_cost_nothing_where_the_weights_were_published_so(base):
    """gpt-oss is MXFP4 from the start, and its scores are of that; a model of sixteen bits loses."""
    asked = replace(ASKED, accelerator="b200", precision="fp4")
    found = {model: cost_of(base, replace(asked, model=model)) for model in ("gpt-oss-120b", "glm-5")}
    assert found["gpt-oss-120b"]["quality_loss_points"] == 0 and "of accuracy lost" not in cost_text(
        found["gpt-oss-120b"]
    )
    assert found["glm-5"]["quality_loss_points"] == 0.7 and "of accuracy lost" in cost_text(found["glm-5"])


def test_measured_rows_that_no_fit_has_seen_are_told(base):
    found = cost_of(base, ASKED)
    assert 0 < found["fitted_rows"] <= found["measured_rows"]
    text = f"{found['measured_rows']} rows measure this accelerator, none of them is in the fit"
    assert text not in cost_text(found) and text in cost_text(found | {"fitted_rows": 0})


@pytest.mark.parametrize("model", ["llama-3.3-70b", "mixtral-8x22b", "deepseek-v3"])
@pytest.mark.parametrize("name", ANSWERING)
def test_every_accelerator_answers(base, name, model):
    found = cost_of(base, replace(ASKED, accelerator=name, model=model))
    speed = found["output_tokens_per_s_per_accelerator"]
    assert 0 < speed["p10"] < speed["p50"] < speed["p90"]
    assert sum(found["waterfall"].values()) == found["cost_usd_per_mtok"]["blended"]  # to the last bit
    if found["available"]:  # the floor is what can be bought today
        assert found["floor_usd_per_mtok"] <= found["cost_usd_per_mtok"]["blended"]
    # between a power bill and two hundred times what the dearest host asks (a wafer at sixteen bits: 11)
    assert 0.001 < found["cost_usd_per_mtok"]["blended"] < 20
    assert 0 < found["joule_per_output_token"]["machines"] < found["joule_per_output_token"]["facility"]
    if not found["fitted_rows"]:  # a factor of 1.22 either way at least, 1.9 before it is on the market
        assert speed["p90"] / speed["p10"] > (1.5 if found["available"] else 3.5)
    if name in CLAIMED:
        assert found["accelerator_status"] == "claim"
        assert "the specification of" in cost_text(found)
    if name in TO_COME:
        assert not found["available"]
        assert f"now expected {found['expected_on']}" in cost_text(found)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Falcon Shores", "accelerator falcon-shores: it was cancelled as a product (known from 2025-01-30) and has no specification."),
        ("Jaguar Shores", "accelerator jaguar-shores: announced 2025-01-30, no date promised; memory, bandwidth, peak FLOP/s not published by"),
        ("Crescent Island", "accelerator crescent-island: announced 2025-10-31, promised for 2026-10-01, now expected 2027-12-31; bandwidth, peak FLOP/s not published by"),
    ],
)  # fmt: skip
def test_what_is_unknown_is_said(base, name, message):
    with pytest.raises(InputError) as caught:
        cost_of(base, replace(ASKED, accelerator=name))
    assert str(caught.value).startswith(message)


def test_sram_decides_the_number_of_parts(base):
    """Groq's public figures for a 70B model: 576 parts, about 300 tokens a second for one user. Kept as a claim."""
    found = cost_of(base, replace(ASKED, accelerator="Groq LPU"))
    assert 345 <= found["accelerators"] <= 2 * 576  # 70.6 GB in 0.23 GB parts of which nine tenths hold data
    assert 150 < 1000 / found["step_ms"] < 600
    assert found["concurrency"] > 16  # room beside the weights: one user on hundreds of parts is no service
    (claim,) = found["claims"]
    assert claim["accelerators"] == 576 and claim["load"] == "single-stream"
    wafers = cost_of(base, replace(ASKED, accelerator="Cerebras WSE-3"))
    assert 4 <= wafers["accelerators"] <= 8


def test_later_parts_are_faster(base):
    def rate(name):
        return cost_of(base, replace(ASKED, accelerator=name))["output_tokens_per_s_per_accelerator"]["p50"]

    assert rate("H20") < rate("H100") < rate("H200") < rate("B200") < rate("B300") < rate("Rubin") < rate("Rubin Ultra")
    assert rate("MI300X") < rate("MI355X") < rate("MI400")
    assert rate("TPU v5p") < rate("TPU v7")


@pytest.mark.parametrize(
    ("accelerator", "within"), [("h100", 0.10), ("b200", 0.10), ("gb300", 0.10), ("mi355x", 0.10), ("tpu-v7", 0.10)]
)
def test_owned_cost_against_published_models(base, accelerator, within):
    """TPU v7: a finished rack's price to an outside buyer, known from the orders of 2025, against the published hour."""
    published, ours = published_cost(base, accelerator)
    assert abs(ours / published - 1) <= within


def test_a_maker_who_owns_pays_less(base):
    found = cost_of(base, replace(ASKED, accelerator="tpu-v7"))
    assert found["maker_usd_per_accelerator_hour"] < found["owned_usd_per_accelerator_hour"]
    assert "for its maker $" in cost_text(found)
    assert cost_of(base, ASKED)["maker_usd_per_accelerator_hour"] is None


def test_a_latency_that_no_group_meets_is_said(base):
    """Of a batch that was given no latency is asked; with drafts a step yields several tokens and may last longer."""
    cases = {
        "met": ASKED,
        "missed": replace(ASKED, latency_s=0.001),
        "given": replace(ASKED, latency_s=0.001, concurrency=64.0),
    }
    found = {name: cost_of(base, case) for name, case in cases.items()}
    assert {name: one["latency_met"] for name, one in found.items()} == {"met": True, "missed": False, "given": None}
    assert {name for name, one in found.items() if "slower than asked" in cost_text(one)} == {"missed"}
    drafted = cost_of(base, replace(ASKED, latency_s=0.008, draft_tokens=4.0, acceptance_frac=0.7))
    assert drafted["latency_met"] and drafted["step_ms"] > 8


def test_prices_of_each_kind_and_their_mix(base):
    asked = replace(ASKED, cached_frac=0.5)
    prices = cost_of(base, asked)["cost_usd_per_mtok"]
    assert_allclose(prices["cached_input"], prices["input"] * number_of(base, "cached_cost_ratio"))
    mixed = cost.usd_per_mtok_blended(prices["input"], prices["cached_input"], prices["output"], 400 / 4400, 0.5)
    assert_allclose(prices["blended"], mixed, rtol=1e-12)


def test_idle_hours_cost(base):
    busy, half = (cost_of(base, replace(ASKED, utilisation_frac=u)) for u in (1.0, 0.5))
    assert busy["waterfall"]["idle"] == 0
    assert_allclose(half["cost_usd_per_mtok"]["blended"], 2 * busy["cost_usd_per_mtok"]["blended"])
    assert_allclose(half["blended_usd_per_mtok_at_utilisation"]["1"], busy["cost_usd_per_mtok"]["blended"])


def test_rent_replaces_the_owned_hour(base):
    found = cost_of(base, replace(ASKED, usd_per_accelerator_hour=2.0, utilisation_frac=0.5))
    assert set(found["waterfall"]) == {"rent", "idle"} and found["usd_per_accelerator_hour"] == 2.0
    owned = cost_of(base, replace(ASKED, utilisation_frac=0.5))
    ratio = found["cost_usd_per_mtok"]["blended"] / owned["cost_usd_per_mtok"]["blended"]
    assert_allclose(ratio, 2.0 / owned["usd_per_accelerator_hour"])


def test_the_command_shows_kinds_rent_and_marks():
    asked = ["--model", "deepseek-r1", "--accelerator", "h800", "--wide-parallel", "--usd-per-hour", "2"]
    text = CliRunner().invoke(command, asked).stdout
    assert "on 144 × h800, fp8, wide expert parallelism" in text and "rent  " in text and "cached 0." in text
    assert "at a busy share of 60 %; blended at other shares: 25 % " in text
    document = json.loads(CliRunner().invoke(command, [*asked, "--json"]).stdout)
    assert document["wide_parallel"] and set(document["cost_usd_per_mtok"]) == {
        "input",
        "cached_input",
        "output",
        "blended",
        "blended_at_asked_rent",
    }
    assert document["asked_rent_usd_per_accelerator_hour"] is None and "rents asked" not in text, (
        "none is known of an H800"
    )


def test_rents_asked_count_each_seller_once_with_its_last_rate(base):
    def quote(provider, day, rate, accelerator="h100", channel="on-demand"):
        return {"provider": provider, "date_on": day, "usd_per_accelerator_hour": rate, "accelerator": accelerator,
                "channel": channel}  # fmt: skip

    rows = [
        quote("a", date(2026, 9, 1), 3.0), quote("a", date(2026, 8, 1), 9.0), quote("b", date(2026, 5, 2), 5.0),
        quote("c", date(2026, 5, 1), 1.0), quote("d", date(2026, 9, 1), 1.0, channel="reserved"),
        quote("e", date(2026, 9, 1), 1.0, accelerator="b200"),
    ]  # fmt: skip
    known = SimpleNamespace(as_of=date(2026, 10, 31), tables={"rents": rows})  # half a year: 183 days, from May 2
    assert asked_rents(known, "h100") == {
        "median": 4.0, "lowest": 3.0, "highest": 5.0, "quotes": 2, "newest_on": "2026-09-01"
    }  # fmt: skip
    assert asked_rents(known, "tpu-v7") is None


def test_a_rented_hour_costs_the_blend_in_proportion(base):
    owned = cost_of(base, Deployment("h100", "llama-3.3-70b", 4000, 400))
    rent = owned["asked_rent_usd_per_accelerator_hour"]["median"]
    rented = cost_of(base, Deployment("h100", "llama-3.3-70b", 4000, 400, usd_per_accelerator_hour=rent))
    for found in (owned, rented):
        assert_allclose(found["cost_usd_per_mtok"]["blended_at_asked_rent"], rented["cost_usd_per_mtok"]["blended"])
