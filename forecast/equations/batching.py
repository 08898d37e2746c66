"""What static batches lose against continuous ones."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

MIDPOINTS: NDArray[np.float64] = (np.arange(4096) + 0.5) / 4096


def static_batching_frac(concurrency: float, output_length_log_sd: float) -> float:
    """Share of the slots of a static batch that do useful work: it runs until its longest answer is done.

    f = E[L] / E[max(L₁…L_c)],  L lognormal;  E[max] = ∫₀¹ e^(σ·Φ⁻¹(u^(1/c))) du

    concurrency c ≥ 1 [sequences], output_length_log_sd σ ≥ 0 (0: all answers equally long). Returns 0–1; limits:
    one at c = 1 or σ = 0, falling toward 0 as c → ∞. Source: own-assumption (lognormal lengths).

    >>> static_batching_frac(1.0, 1.0), static_batching_frac(64.0, 0.0), round(static_batching_frac(2.0, 1.0), 3)
    (1.0, 1.0, 0.658)
    """
    one = np.exp(output_length_log_sd * _standard_normal_quantile(MIDPOINTS))
    longest = np.exp(output_length_log_sd * _standard_normal_quantile(MIDPOINTS ** (1.0 / concurrency)))
    return float(one.mean() / longest.mean())


def _standard_normal_quantile(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert Φ by table: exact to 1e-6 in probability, enough for a mean over 4,096 slices."""
    scores, below = _standard_normal_table()
    return np.interp(probability, below, scores)


@cache
def _standard_normal_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scores = np.linspace(-8.0, 8.0, 16001)
    return scores, np.array([0.5 * math.erfc(-score / math.sqrt(2.0)) for score in scores])
