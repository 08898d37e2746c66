"""Wide expert parallelism with prefill on machines of its own: how the largest services run mixtures of experts."""

from __future__ import annotations

import math
from dataclasses import replace

from forecast.deployments.deployment import Deployment
from forecast.deployments.variants import node_share
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving.groups import WIDEST_ENGINE, layouts
from forecast.serving.kinds import scaleup_count, served_row
from forecast.serving.speed import Throughput, throughput
from forecast.serving.token_cost import number_of
from forecast.serving.workloads import workloads


def wide_throughput(scenario: Scenario, wanted: Deployment) -> Throughput:
    """Return the throughput of a group that spreads its experts over many nodes while decoding.

    Each node decodes its share (`variants.node_share`); that two overlapping halves of a batch hide the exchange
    between nodes is assumed, as the published day of the largest service shows it.

    Args:
        wanted: by stable names; its accelerators are the decoding group (`wide_parallel_accelerators` without any), its
            concurrency the sequences of the whole group.

    Raises:
        InputError: the model is dense, the group is no larger than a node, or does not hold so many sequences.
    """
    if not served_row(scenario, wanted.model)["experts_count"]:
        raise InputError(
            f"--wide-parallel: {wanted.model} is a dense model; only a mixture of experts has experts to spread. Leave it out."
        )
    node = min(scaleup_count(scenario.rows["accelerators"][wanted.accelerator]), WIDEST_ENGINE)
    if wanted.accelerators is None and "parameters.wide_parallel_accelerators" not in scenario.inputs:
        raise InputError(
            f"--wide-parallel: no size of such a group was known at {scenario.as_of}. Give --accelerators, or leave it out."
        )
    group = wanted.accelerators or number_of(scenario, "wide_parallel_accelerators")
    nodes = math.floor(group / node)
    if nodes < 2:
        raise InputError(
            f"--wide-parallel on {group:g} accelerators: one node of {node:g}; at least {2 * node:g} are required. "
            "Give --accelerators more, or leave --wide-parallel out."
        )
    shared, name = node_share(scenario, wanted.model, nodes)
    of_node = replace(wanted, model=name, accelerators=node, concurrency=None)
    if wanted.concurrency is not None:
        most = nodes * float(layouts(workloads(shared, [replace(of_node, concurrency=1.0)])).holds[0])
        if 0 < most < wanted.concurrency:
            raise InputError(
                f"concurrency = {wanted.concurrency:g}: {nodes} nodes of {node:g} × {wanted.accelerator} serve at most {most:.0f} "
                "sequences at once. Lower it, or give --accelerators more."
            )
        of_node = replace(of_node, concurrency=wanted.concurrency / nodes)
    speed = throughput(shared, of_node, wanted.latency_s)
    return replace(speed, accelerators=nodes * node, batch=nodes * speed.batch)
