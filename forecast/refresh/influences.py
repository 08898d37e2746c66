"""What a run leaves for the next to be compared with: each headline's estimate, and each path's influence on it.

Path k of one run and path k of the next meet the same chance, so that the error of the difference is that of their
paired influences; nothing has to be run twice, and not even the code has to be the same.
"""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.comparison import Key, estimate, headlines
from forecast.paths import Paths

KEPT_PATHS = 10_000
SURE_ERRORS = 3.0  # a run has some 180 headlines: at two errors eight would move by chance alone
MATERIAL = {"probability": 0.02, "fraction": 0.02, "index": 0.02, "months": 1.0}  # in the unit; others: MATERIAL_FRAC
MATERIAL_FRAC = 0.05


class Influences(NamedTuple):
    """Headlines of a run: what they are, their estimates, and influences `[headline, path]` of its first paths."""

    keys: list[Key]
    estimates: NDArray[np.float64]
    influences: NDArray[np.float32]
    n_paths: int
    seed: int


def influences_of(paths: Paths) -> Influences:
    """Return what a simulation leaves; it kept its values at `compared_months`."""
    keys, estimates, kept = [], [], []
    for headline in headlines([paths]):
        value, influence = estimate(headline.key.statistic, headline.values[0])
        keys.append(headline.key)
        estimates.append(value)
        kept.append(influence[:KEPT_PATHS].astype(np.float32))
    return Influences(keys, np.array(estimates), np.array(kept), paths.n_paths, paths.seed)


def packed_influences(made: Influences) -> bytes:
    """Return influences as bytes; most are one of two numbers a headline, so they shrink to a tenth."""
    buffer = io.BytesIO()
    about = json.dumps([made.keys, made.n_paths, made.seed])
    np.savez_compressed(buffer, estimates=made.estimates, influences=made.influences, about=np.array(about))
    return buffer.getvalue()


def unpacked_influences(content: bytes) -> Influences:
    """Return the influences that bytes hold."""
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        keys, n_paths, seed = json.loads(str(found["about"]))
        return Influences([Key(*key) for key in keys], found["estimates"], found["influences"], n_paths, seed)


def material(unit: str, value: float) -> float:
    """Return from which change on a headline's move matters to anybody, in its unit.

    >>> material("probability", 0.5), material("USD/Mtok", 0.2)
    (0.02, 0.010000000000000002)
    """
    return MATERIAL.get(unit, MATERIAL_FRAC * abs(value))


def drift(before: Influences, after: Influences, scenario: str) -> list[dict[str, Any]]:
    """Return the headlines that moved by more than noise and by more than matters, the surest first.

    A headline moved when |difference| exceeds both SURE_ERRORS standard errors and what is material in its unit. The
    error is paired, sd(ψ_after − ψ_before)/√n, where both runs had the same chance; else that of independent runs.
    """
    place = {key: row for row, key in enumerate(before.keys)}
    paired = (before.n_paths, before.seed) == (after.n_paths, after.seed)
    found = []
    for row, key in enumerate(after.keys):
        if (old := place.get(key)) is None:
            continue
        value, value_before = float(after.estimates[row]), float(before.estimates[old])
        first, second = before.influences[old].astype(float), after.influences[row].astype(float)
        apart = np.hypot(first.std() / np.sqrt(before.n_paths), second.std() / np.sqrt(after.n_paths))
        error = float((second - first).std() / np.sqrt(after.n_paths) if paired else apart)
        if not abs(value - value_before) > max(SURE_ERRORS * error, material(key.unit, value_before)):
            continue
        moved = {"before": value_before, "after": value, "difference": value - value_before, "standard_error": error}
        found.append({"scenario": scenario, **key._asdict(), **moved, "paired": paired})
    return sorted(found, key=lambda row: -abs(row["difference"]) / (row["standard_error"] + 1e-12))
