"""What static batches lose against continuous ones."""

from __future__ import annotations

from statistics import NormalDist

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
    one, longest = (
        np.exp(output_length_log_sd * np.array([NormalDist().inv_cdf(u) for u in chances.tolist()])).mean()
        for chances in (MIDPOINTS, MIDPOINTS ** (1.0 / concurrency))
    )
    return float(one / longest)
