"""How far to trust an answer: marks of the rows behind it, spread where nothing is measured, claims kept as claims."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecast.scenario import Scenario
from forecast.serving.effects import ROWS
from forecast.serving.kinds import efficiency_entity, on_market, served_row

ORDER = ("measured", "derived", "background", "claim", "assumption", "projection")


def weakest(*marks: str) -> str:
    """Return the least certain of some status marks.

    >>> weakest("measured", "claim", "derived")
    'claim'
    """
    return max(marks, key=ORDER.index)


def marks_of(scenario: Scenario, accelerator: str, model: str) -> dict[str, Any]:
    """Return the marks of an answer: of the accelerator's row, of the efficiencies, and dates still to come."""
    part = scenario.rows["accelerators"][accelerator]
    fit = scenario.rows["efficiency"][efficiency_entity(scenario, accelerator, served_row(scenario, model))]
    on = part["available_on"]
    return {
        "status": weakest(part["status"], fit["status"]),
        "accelerator_status": part["status"],
        "accelerator_confidence": part["confidence"],
        "efficiency_status": fit["status"],
        "measured_rows": measured_rows(scenario, accelerator),
        "fitted_rows": fitted_rows(scenario, accelerator),
        "available": on_market(scenario, accelerator),
        "announced_on": str(part["announced_on"]),
        "promised_on": str(part["promised_on"]) if part["promised_on"] else None,
        "expected_on": str(on) if on else None,
    }


def measured_rows(scenario: Scenario, accelerator: str) -> int:
    """Return how many rows of throughput.csv measure an accelerator; claims do not count."""
    rows = scenario.tables["throughput"]
    return sum(row["accelerator"] == accelerator and row["status"] != "claim" for row in rows)


def fitted_rows(scenario: Scenario, accelerator: str) -> int:
    """Return how many rows of an accelerator the fit in throughput_effects.csv rests on."""
    key = ROWS, "accelerator", accelerator
    row = scenario.tables["throughput_effects"].latest("term", "feature", "level").get(key)
    return round(np.exp(row["value"])) if row else 0


def claims_of(scenario: Scenario, accelerator: str) -> list[dict[str, Any]]:
    """Return what vendors claim of an accelerator; nothing here is used as a measurement."""
    return [
        {
            "model": row["model"],
            "accelerators": row["accelerator_count"],
            "output_tok_per_s_per_accelerator": row["output_tok_per_s_per_accelerator"],
            "load": row["scenario"],
            "note": row["note"],
            "source": row["source"],
        }
        for row in scenario.tables["throughput"]
        if row["accelerator"] == accelerator and row["status"] == "claim"
    ]
