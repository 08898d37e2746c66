"""What ran: the identity of a run and the manifest that is kept beside its numbers."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np

import forecast
from forecast.paths import Paths
from forecast.table_files import file_digest

ID_LENGTH = 12


def run_id(paths: Paths) -> str:
    """Return the digest of data, scenario, seed, paths and code version: equal ids, equal forecasts."""
    text = f"{paths.scenario.digest}|{paths.seed}|{paths.n_paths}|{forecast.__version__}"
    return short_id(hashlib.sha256(text.encode()).hexdigest())


def short_id(digest: str) -> str:
    """Return twelve digits of a hexadecimal digest, the first that no spreadsheet takes for a number.

    >>> short_id("04f1490f5820aa"), short_id("123456e78901ab")
    ('04f1490f5820', '23456e78901a')
    """
    return next(
        part for i in range(len(digest)) if not re.fullmatch("[0-9]+e?[0-9]+", part := digest[i : i + ID_LENGTH])
    )


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
        "settings": {
            key: str(item.value) for key, item in scenario.inputs.items() if item.origin.place.startswith("--set")
        },
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
