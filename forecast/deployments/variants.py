"""Served models that no table holds: a dense twin, a node's share of a wide group, the heads that draft.

Each is a row like the others in a scenario like the others, so that one function, `throughput`, answers for all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from forecast.scenario import Scenario
from forecast.serving.formats import native_precision
from forecast.serving.kinds import served_row
from forecast.table_files import Row, Table


def with_variant(scenario: Scenario, model: str, name: str, **changes: Any) -> Scenario:
    """Return the scenario with one more served model: `model` under another name, with some cells changed."""
    known: Table = scenario.tables["served_models"]
    row = served_row(scenario, model)
    made = Row({**row.values, "model": name, **changes}, row.number)
    return replace(scenario, tables=scenario.tables.with_table(replace(known, rows=(*known.rows, made))))


def dense_twin(scenario: Scenario, model: str) -> tuple[Scenario, str]:
    """Return the scenario with a dense model of as many weights, all active and as narrow as the experts, and the same attention."""
    row = served_row(scenario, model)
    weights_b = row["dense_params_b"] + row["expert_params_b"]
    name = f"dense twin of {model}"
    no_experts = {
        "expert_params_b": 0.0,
        "experts_count": 0,
        "experts_per_token": 0,
        "native_weights": native_precision(row),
    }
    return (
        with_variant(scenario, model, name, dense_params_b=weights_b, active_computed_b=weights_b, **no_experts),
        name,
    )


def node_share(scenario: Scenario, model: str, nodes: float) -> tuple[Scenario, str]:
    """Return the scenario with what one node of a wide expert-parallel group holds and does.

    A node keeps the dense weights and every `nodes`-th expert, and serves that part of the group's sequences; its
    experts see the tokens of all, so a token of its own meets `nodes` times the share of them.
    """
    row = served_row(scenario, model)
    name = f"{model}, one of {nodes:g} nodes"
    experts = max(row["experts_count"] / nodes, float(row["experts_per_token"]))
    total = row["dense_params_b"] + row["expert_params_b"] / nodes + row["input_embedding_b"]
    made = with_variant(
        scenario, model, name, expert_params_b=row["expert_params_b"] / nodes, experts_count=experts, total_computed_b=total
    )  # fmt: skip
    return made, name


def drafting_heads(scenario: Scenario, model: str, params_frac: float) -> tuple[Scenario, str]:
    """Return the scenario with the drafting heads of a model: one layer of dense weights without a cache."""
    row = served_row(scenario, model)
    weights_b = params_frac * row["active_computed_b"]
    name = f"drafting heads of {model}"
    cache = {column: 0 for column in row.values if column.startswith("kv_") and column != "kv_heads_count"}
    made = with_variant(
        scenario, model, name, dense_params_b=weights_b, expert_params_b=0.0, experts_count=0, experts_per_token=0,
        total_computed_b=weights_b, active_computed_b=weights_b, layers_count=1, prefill_attn_flops_per_pair=0, **cache,
    )  # fmt: skip
    return made, name
