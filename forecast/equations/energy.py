"""Energy of a token: power drawn over tokens made."""

from __future__ import annotations

import numpy as np

from forecast.units import Num, as_given


def joule_per_token(watts: Num, tok_per_s: Num) -> Num:
    """Energy of a token where both count the same accelerators.

    E = P / y

    watts P ≥ 0, tok_per_s y > 0. Returns J per token. Source: facts-compilation.

    >>> joule_per_token(1200.0, 600.0)
    2.0
    """
    return watts / tok_per_s


def loaded_watts(tdp_watts: Num, base_frac: Num, slope_frac: Num, read_frac: Num) -> Num:
    """Power of the accelerator alone when its memory is read at a share of peak: decoding is bound by reading.

    P = TDP·min(1, p₀ + p₁·x)

    tdp_watts > 0, base_frac p₀ (kernels running, nothing read), slope_frac p₁ ≥ 0, read_frac x 0–1 of peak
    bandwidth. Returns W, at most the design power. Source: own-power-fit.

    >>> loaded_watts(1000.0, 0.25, 1.0, 0.5), loaded_watts(1000.0, 0.25, 1.0, 0.9)
    (750.0, 1000.0)
    """
    return as_given(tdp_watts * np.minimum(1.0, base_frac + slope_frac * read_frac))
