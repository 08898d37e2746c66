"""How far each term of a step lies from its printed peak: a sum of fitted effects, shrunk towards zero.

An effect is one row of `throughput_effects`: a term of the step, a feature of the case, and a level of it. Levels of
family and architecture are random effects: one that was never measured counts as zero, so that a new model or family
gets what all get. Accelerators of a family have none of their own: only their printed figures tell them apart, so
that one with more of everything is never slower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array

Columns = Mapping[str, Any]

REFERENCE_TFLOPS = 2000.0
REFERENCE_WIDTH = 2048.0  # of an expert, DeepSeek's
ALL = "all"
# Weigh what `groups.cut_up` says of a layout, nothing in a case.
OF_LAYOUT = ("log2_accelerators", "several")


@dataclass(frozen=True)
class Effect:
    """One entry of the model: which term a feature moves, and how far it is believed to move it before any data."""

    term: str
    feature: str
    mean: float
    sd: float


# Features that are numbers: one coefficient each.
NUMBERS: dict[str, Callable[[Columns], Any]] = {
    "one": lambda w: np.ones(len(w["moe"])),
    "moe": lambda w: w["moe"],
    "indexed": lambda w: w["indexed"],  # attention that first chooses what it reads launches more in every layer
    "log_peak": lambda w: np.log(w["peak_tflops"] / REFERENCE_TFLOPS),
    # Products with narrow experts reuse less of what they load.
    "narrow": lambda w: np.log2(REFERENCE_WIDTH / np.where(w["expert_width"] > 0, w["expert_width"], REFERENCE_WIDTH)),
    **dict.fromkeys(OF_LAYOUT, lambda w: np.zeros(len(w["moe"]))),
}
# Features that are names: one coefficient for each name, drawn towards zero.
LABELS: dict[str, Callable[[Columns], Any]] = {
    "family": lambda w: w["family"],
    "architecture": lambda w: w["architecture"],
    "family_kind": lambda w: np.char.add(w["family"].astype(str), np.where(w["moe"] > 0, "+moe", "+dense")),
}


def _form() -> tuple[Effect, ...]:
    log = np.log
    base = [
        ("overhead_base", log(3.0), 1.0), ("per_sequence", 0.0, 1.0),
        ("dense_weights", -log(0.85), 0.3), ("expert_weights", -log(0.6), 0.3), ("kv_cache", -log(0.6), 0.5),
        ("decode_compute", -log(0.5), 0.5), ("prefill_compute", -log(0.5), 0.5), ("all_reduce", -log(0.6), 0.5),
        ("attention", -log(0.4), 0.5),
    ]  # fmt: skip
    found = [Effect(term, "one", float(mean), sd) for term, mean, sd in base]
    arithmetic = ("decode_compute", "prefill_compute")
    found += [Effect("overhead_base", feature, 0.0, 0.5) for feature in ("moe", "indexed")]
    found += [Effect("decode_compute", "moe", 1.2, 0.6), Effect("prefill_compute", "moe", 1.0, 0.6)]
    found += [Effect(term, "log_peak", 0.0, 0.3) for term in arithmetic]
    found += [Effect("prefill_compute", "narrow", 0.0, 0.3)]
    found += [Effect(term, "log2_accelerators", 0.0, 0.15) for term in arithmetic]
    found += [Effect("overhead_base", "several", 0.0, 0.15)]
    found += [Effect("throughput", "family", 0.0, 0.08)]
    for feature, sd in (("architecture", 0.14), ("family_kind", 0.2)):
        found += [Effect(term, feature, 0.0, sd) for term in ("overhead_base", *arithmetic)]
    return tuple(found)


ROWS = "rows"  # the term that says how many rows of an accelerator were fitted, in logs: what was seen is surer
WELL_MEASURED_ROWS = 8
DESIGN_SD = "log_sd:design:all"  # of what errors of a design that was never measured have in common on all accelerators
SEEN = {
    (True, True): "both_known",
    (True, False): "model_new",
    (False, True): "accelerator_new",
    (False, False): "both_new",
}
FORM = _form()
# Given where nobody measured a family and never fitted: kinds of model tell measured families apart.
ASSUMED = (("overhead_base", "family"), ("decode_compute", "family"), ("prefill_compute", "family"))
TERMS = tuple(dict.fromkeys(effect.term for effect in FORM))


# What a fit must hold: without it a term would silently stand at its printed peak, and no answer would have a spread.
REQUIRED = (
    *(f"{effect.term}:one:{ALL}" for effect in FORM if effect.feature == "one" and effect.mean),
    *(f"log_sd:{seen}:{level}" for seen in SEEN.values() for level in ("dense", "dense_best", "moe", "moe_best")),
)


def features(columns: Columns) -> dict[str, tuple[Any, Array]]:
    """Return for each feature its level in each case and the weight with which that level counts."""
    n = len(columns["moe"])
    numbers = {name: (np.full(n, ALL), np.asarray(made(columns), float)) for name, made in NUMBERS.items()}
    return numbers | {name: (made(columns), np.ones(n)) for name, made in LABELS.items()}


def log_factors(values: Mapping[str, float], columns: Columns) -> dict[str, Array]:
    """Return each term's log factor in each case: θ = Σ weight · effect(term, feature, level).

    `values` maps `term:feature:level` to the effect; a level that is not in it counts as zero.
    """
    found: dict[str, Array] = {term: np.zeros(len(columns["moe"])) for term in TERMS}
    made = features(columns)
    for term, feature in (*((effect.term, effect.feature) for effect in FORM), *ASSUMED):
        levels, weights = made[feature]
        start = f"{term}:{feature}:"
        if feature in NUMBERS:
            found[term] += values.get(start + ALL, 0.0) * weights
        else:
            found[term] += np.array([values.get(start + level, 0.0) for level in levels])
    return found


def layout_log_factors(values: Mapping[str, float], cut: Mapping[str, Array]) -> dict[str, Array | float]:
    """Return what each term's log factor gains in each layout, of which `groups.cut_up` says by how much each feature counts."""
    return {term: sum(values.get(f"{term}:{name}:{ALL}", 0.0) * cut[name] for name in OF_LAYOUT) for term in TERMS}


def spread_level(columns: Columns) -> NDArray[np.str_]:
    """Return the level of `log_sd` of each case: its kind of model, and `_best` where group and batch are not given."""
    kind = np.where(columns["moe"] > 0, "moe", "dense")
    found: NDArray[np.str_] = np.where(np.isnan(columns["concurrency"]), np.char.add(kind, "_best"), kind)
    return found
