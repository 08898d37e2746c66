"""Energy of a token: of the whole system at the wall, and of the accelerators alone by how hard they read."""

from __future__ import annotations

import numpy as np

from forecast.equations import roofline, served_model, step
from forecast.errors import InputError
from forecast.scenario import Scenario
from forecast.serving.formats import weights_gb
from forecast.serving.kinds import served_row
from forecast.serving.speed import Throughput
from forecast.serving.token_cost import machine_kw, number_of
from forecast.serving.workloads import number


def joule_per_output_token(
    scenario: Scenario, accelerator: str, model: str, speed: Throughput
) -> dict[str, float | None] | None:
    """Return the energy of an output token, the input tokens of its mix included; None if no power is known.

    `machines`: provisioned power times the share drawn on average, what a loaded system takes at the wall;
    `facility`: that times PUE; `accelerators`: the parts alone, where a power curve of the family is known.
    """
    try:
        watts = 1000 * machine_kw(scenario, accelerator) * number_of(scenario, "power_load_frac")
    except InputError:
        return None
    alone = accelerator_watts(scenario, accelerator, read_frac(scenario, accelerator, model, speed))
    at_machines = watts / speed.output_tok_per_s
    return {
        "accelerators": None if alone is None else alone / speed.output_tok_per_s,
        "machines": at_machines,
        "facility": at_machines * number_of(scenario, "pue_ratio"),
    }


def read_gb(scenario: Scenario, model: str, precision: str, batch: float) -> float:
    """Return the weights that a decoding step of so many sequences reads, in GB."""
    row = served_row(scenario, model)
    stored, experts = weights_gb(row, precision), (row["experts_per_token"], row["experts_count"])
    return float(served_model.weights_read_gb(stored["dense_gb"], stored["expert_gb"], *experts, batch))


def read_frac(scenario: Scenario, accelerator: str, model: str, speed: Throughput) -> float:
    """Return the share of peak bandwidth at which a decoding step reads weights."""
    read = read_gb(scenario, model, speed.precision, speed.batch)
    bandwidth = number(scenario, "accelerators", accelerator, "memory_bandwidth_tb_per_s")
    return float(step.split_s(read, speed.accelerators, bandwidth)) / speed.step_s


def accelerator_watts(scenario: Scenario, accelerator: str, share: float) -> float | None:
    """Return the power of the accelerator alone at a share of peak reading; None without design power or curve."""
    family = scenario.rows["accelerators"][accelerator]["family"]
    tdp = number(scenario, "accelerators", accelerator, "tdp_watts")
    base, slope = (number(scenario, "load_power", family, column) for column in ("base_frac", "slope_frac"))
    return None if np.isnan(tdp + base) else float(roofline.loaded_watts(tdp, base, slope, share))
