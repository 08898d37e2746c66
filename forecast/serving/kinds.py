"""What kind of accelerator and of served model a case is about: rows of the tables, and the groups that share fitted numbers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from forecast.families import FAMILIES
from forecast.scenario import Scenario
from forecast.table_files import Row


def served_models(scenario: Scenario) -> dict[str, Row]:
    """Return the rows of all served models as known at the vintage, by name."""
    return scenario.tables["served_models"].latest("model")


def served_row(scenario: Scenario, model: str) -> Row:
    """Return the row of a served model as known at the vintage."""
    return served_models(scenario)[model]


def on_market(scenario: Scenario, accelerator: str) -> bool:
    """Return whether an accelerator is broadly available at the vintage."""
    on = scenario.rows["accelerators"][accelerator]["available_on"]
    return bool(on and on <= scenario.as_of)


def efficiency_family(accelerator: Row) -> str:
    """Return the family of fitted efficiencies: makers of several generations are split by the arithmetic of their parts."""
    family = str(accelerator["family"])
    without, eight_bits, four_bits = FAMILIES[family].fitted_as or 3 * (family,)
    if accelerator["fp4_dense_tflops"]:
        return four_bits
    return eight_bits if accelerator["fp8_dense_tflops"] else without


def efficiency_entity(scenario: Scenario, accelerator: str, served: Row) -> str:
    """Return the row of `efficiency` for an accelerator and a served model."""
    family = efficiency_family(scenario.rows["accelerators"][accelerator])
    return f"{family}:{'moe' if served['experts_count'] else 'dense'}"


def scaleup_count(accelerator: Row) -> float:
    """Return the accelerators of a scale-up domain: those of a server, eight, where none is published."""
    return float(accelerator["scaleup_count"] or 8)


def memory_kind(accelerator: Row) -> str:
    """Return `gddr` for a board with graphics memory (whose kernels are others), `sram`, or `stacked`."""
    text = str(accelerator["memory_type"] or "").upper()
    return next((kind for kind in ("gddr", "sram") if text.startswith(kind.upper())), "stacked")


def architecture(served: Row) -> str:
    """Return what models of one design share: family, depth, width, and whether attention is mixed or compressed."""
    attention, other, _ = str(served["attention_kind"]).split("+")[0].partition("-")
    return f"{served['family']}-{served['layers_count']}-{served['hidden_size']}" + f"-{attention}" * bool(other)


def designs_released_on(models: Iterable[Row]) -> dict[str, date]:
    """Return the day on which the first model of each design was released."""
    return {
        architecture(row): row["released_on"]
        for row in sorted(models, key=lambda row: row["released_on"], reverse=True)
    }


def expert_width(served: Row) -> float:
    """Return the width of one expert of a mixture: of its three matrices each is as wide by the model's width; 0 of a dense model."""
    experts = (served["experts_count"] or 0) * (served["moe_layers_count"] or 0)
    return 1e9 * float(served["expert_params_b"]) / (3 * served["hidden_size"] * experts) if experts else 0.0
