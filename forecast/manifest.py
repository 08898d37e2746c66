"""What ran: the identity of a run and the manifest that is kept beside its numbers."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

import forecast
from forecast.paths import Paths
from forecast.table_files import file_digest


def run_id(paths: Paths) -> str:
    """Return the digest of data, scenario, seed, paths and code version: equal ids, equal forecasts."""
    text = f"{paths.scenario.digest}|{paths.seed}|{paths.n_paths}|{forecast.__version__}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def manifest_of(paths: Paths) -> dict[str, Any]:
    """Return the manifest of a run: what was asked, which inputs with their digests, how many of what, versions."""
    scenario = paths.scenario
    return {
        "run_id": run_id(paths),
        "scenario": scenario.name,
        "title": scenario.title,
        "story": scenario.story,
        "as_of": str(scenario.as_of),
        "months": scenario.months,
        "paths": paths.n_paths,
        "seed": paths.seed,
        "inputs_digest": scenario.digest,
        "finances_as_of": str(max(row["as_of"] for row in scenario.rows["provider_finances"].values())),
        "inputs": scenario.tables.digests() | {f"scenarios/{path.name}": file_digest(path) for path in scenario.files},
        "counts": {
            "inputs": len(scenario.inputs),
            "uncertain_inputs": sum(item.value.name != "fixed" for item in scenario.inputs.values()),
            "providers": len(paths.names.providers),
            "accelerators": len(paths.names.accelerators),
        },
        "versions": {"forecast": forecast.__version__, "numpy": np.__version__},
    }
