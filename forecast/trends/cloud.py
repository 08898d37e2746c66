"""A cloud of parameters in place of an optimiser: prior points, weighted by how well they explain the months seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.distributions import standard_normal_quantile

POINTS = 2048
OTHERS_WEIGHT = 0.1  # a month of another series counts a tenth of a month of one's own: series are alike, not the same


class Prior(NamedTuple):
    """What was believed of one parameter before any month was seen: normal, in the parameter or in its logarithm."""

    name: str
    middle: float  # of the parameter itself
    sd: float
    in_logs: bool


def cloud(priors: Sequence[Prior], points: int = POINTS) -> Array:
    """Return points spread evenly over the prior, `[parameter, point]`.

    uᵢⱼ = frac(½ + i·φ⁻ʲ), φ the positive root of φ^(d+1) = φ + 1, then normal quantiles: no seed, no clumps.
    Source: Roberts (2018), the R sequence.
    """
    root = 2.0
    for _ in range(40):
        root = (1.0 + root) ** (1.0 / (len(priors) + 1))
    steps = root ** -np.arange(1.0, len(priors) + 1)
    u = (0.5 + np.arange(1, points + 1) * steps[:, None]) % 1.0
    z = standard_normal_quantile(u)
    return np.array(
        [p.middle * np.exp(p.sd * zi) if p.in_logs else p.middle + p.sd * zi for p, zi in zip(priors, z, strict=True)]
    )


def posterior(log_likelihood: Array) -> Array:
    """Return the weight of each point of an even prior by its log likelihood, `[…, point]`, adding up to 1.

    >>> posterior(np.log([1.0, 3.0])).round(3).tolist()
    [0.25, 0.75]
    """
    weight = np.exp(log_likelihood - log_likelihood.max(axis=-1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def weights(log_likelihood: Array, others_weight: float) -> Array:
    """Return the weight of each point for each series, `[series, point]`, every row adding up to 1.

    w ∝ exp(ℓ_own + λ·Σ ℓ_others)

    Args:
        log_likelihood: ℓ of every series, `[series, point]`.
        others_weight: λ, 0 (each series alone) to 1 (one law for all).

    >>> weights(np.log([[0.75, 0.25], [1.0, 1.0]]), 0.1).round(3).tolist()[0]
    [0.75, 0.25]
    """
    return posterior(log_likelihood + others_weight * (log_likelihood.sum(axis=0) - log_likelihood))


def resampled(weight: Array, count: int) -> NDArray[np.int64]:
    """Return which points stand for the weights, `[count]`, evenly: point i about count·wᵢ times.

    >>> resampled(np.array([0.25, 0.75]), 4).tolist()
    [0, 1, 1, 1]
    """
    middles = (np.arange(count) + 0.5) / count
    return np.minimum(np.searchsorted(np.cumsum(weight), middles), len(weight) - 1)
