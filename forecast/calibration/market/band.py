"""Ways to find an interval: from counts, sums by cluster, squares, or a spread of values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from forecast.distributions import Z_90
from forecast.errors import InputError
from forecast.trends.trend import Band

Values = NDArray[np.float64]


def spread(values: Values) -> Band:
    """Return the 10th, 50th and 90th percentile of values; those that are not numbers are left out.

    Raises:
        InputError: there is no number.

    >>> spread(np.arange(11.0))
    Band(p10=1.0, p50=5.0, p90=9.0)
    """
    known = values[~np.isnan(values)]
    if not known.size:
        raise InputError("a spread of no values: at least one number is needed. Take a longer time or more providers.")
    low, middle, high = np.percentile(known, [10, 50, 90])
    return Band(float(low), float(middle), float(high))


def clustered_rate(pairs: Iterable[tuple[str, float, float]]) -> Band:
    """Return Σy / Σx with an 80 % interval that takes what is of one cluster as one observation.

    r = Σy/Σx, s² = n/(n−1) · Σ_c (y_c − r·x_c)² / (Σx)², ends r·exp(±1.28·s/r): linearised, on the log scale.

    Args:
        pairs: (cluster, y, x), of two clusters or more, with Σy and Σx above 0.

    Raises:
        InputError: there are fewer than two clusters, or a sum is 0.

    >>> band = clustered_rate([("a", 1, 10), ("b", 3, 10)])  # r = 0.2, s = √(2·(1+1))/20 = 0.1
    >>> [round(end, 3) for end in band]
    [0.105, 0.2, 0.38]
    """
    sums: dict[str, list[float]] = {}
    for cluster, y, x in pairs:
        sums.setdefault(cluster, [0.0, 0.0])
        sums[cluster][0] += y
        sums[cluster][1] += x
    total = np.array(list(sums.values())).reshape(-1, 2)
    y_sum, x_sum = total.sum(axis=0)
    if len(total) < 2 or y_sum <= 0 or x_sum <= 0:
        raise InputError(
            f"a rate of {y_sum:g} over {x_sum:g} in {len(total)} clusters: two clusters and sums above 0 are needed. "
            "Take a longer time or more providers."
        )
    rate, n = y_sum / x_sum, len(total)
    sd = np.sqrt(n / (n - 1) * np.sum((total[:, 0] - rate * total[:, 1]) ** 2)) / x_sum
    wide = np.exp(Z_90 * sd / rate)
    return Band(float(rate / wide), float(rate), float(rate * wide))


def poisson_rate(count: int, exposure: float) -> Band:
    """Return count / exposure with the exact 80 % interval of a Poisson count (Garwood).

    Ends: χ²₀.₁(2k)/2 and χ²₀.₉(2k+2)/2, over the exposure.

    >>> [round(end, 2) for end in poisson_rate(3, 10)]
    [0.11, 0.3, 0.67]
    """
    from scipy.stats import chi2

    low = chi2.ppf(0.1, 2 * count) / 2 if count else 0.0
    return Band(float(low) / exposure, count / exposure, float(chi2.ppf(0.9, 2 * count + 2)) / 2 / exposure)


def sd_band(sd: float, degrees: int) -> Band:
    """Return a standard deviation with its 80 % interval: sd·√(n/χ²) with n degrees of freedom.

    >>> [round(end, 2) for end in sd_band(1.0, 10)]
    [0.79, 1.0, 1.43]
    """
    from scipy.stats import chi2

    low, high = (float(sd * np.sqrt(degrees / chi2.ppf(q, degrees))) for q in (0.9, 0.1))
    return Band(low, sd, high)
