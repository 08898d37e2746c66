"""Distributions as quantile functions: a name and its arguments, readable from one cell of a table.

A cell, a TOML value or `--set` may hold a number or one of

    normal(mean=0, sd=1)            lognormal(p10=1, p90=4)      uniform(low=0, high=1)
    triangular(low=0, mode=1, high=4)   pert(low=0, mode=1, high=4)   beta(a=2, b=5)
    choice(0.3: 1, 0.7: 2)          empirical(3, 4, 4, 9)        fitted(mean=0.1, se=0.05)   fixed(3)

The text is parsed by a small grammar, never evaluated. Quantiles are exact functions of a probability u, so
that one uniform number per path decides a parameter and scenarios share their chance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import shortened, suggestion

Array = NDArray[np.float64]

Z_90 = NormalDist().inv_cdf(0.9)
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "fixed": (),
    "normal": ("mean", "sd"),
    "lognormal": ("p10", "p90"),
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "pert": ("low", "mode", "high"),
    "beta": ("a", "b"),
    "choice": (),
    "empirical": (),
    "fitted": ("mean", "se"),
}
BOUNDED = ("fixed", "uniform", "triangular", "pert", "choice", "empirical")  # never beyond their arguments
_CALL = re.compile(r"^\s*([a-z]+)\s*\((.*)\)\s*$", re.S)


@dataclass(frozen=True)
class Distribution:
    """A distribution: its `name`, its `arguments` in the order of the grammar, and `weights` for a choice."""

    name: str
    arguments: tuple[float, ...]
    weights: tuple[float, ...] = ()

    def quantile(self, u: Array) -> Array:
        """Return x with P(X ≤ x) = u, elementwise; u lies in (0, 1)."""
        return _quantile(self, np.asarray(u, dtype=float))

    def median(self) -> float:
        """Return the middle of the distribution."""
        if self.name == "fixed":
            return self.arguments[0]
        return float(self.quantile(np.array([0.5]))[0])

    def __str__(self) -> str:
        if not self.arguments:
            return self.name
        if self.name == "fixed":
            return f"{self.arguments[0]:.15g}"
        if self.name == "choice":
            body = ", ".join(f"{w:.15g}: {v:.15g}" for w, v in zip(self.weights, self.arguments, strict=True))
        elif self.name == "empirical":
            body = ", ".join(f"{v:.15g}" for v in self.arguments)
        else:
            body = ", ".join(f"{k}={v:.15g}" for k, v in zip(ARGUMENTS[self.name], self.arguments, strict=True))
        return f"{self.name}({body})"


SEE_FITS = Distribution("fitted", ())  # a cell that says only `fitted`: its numbers stand in fits.csv


def parse(text: str | float | int) -> Distribution:
    """Return the distribution that `text` writes; raise ValueError with the reason where it does not.

    >>> str(parse("lognormal(p10=1, p90=4)"))
    'lognormal(p10=1, p90=4)'
    >>> parse("3e9").median()
    3000000000.0
    """
    if isinstance(text, bool):
        raise ValueError("true/false is not a number")
    if isinstance(text, int | float):
        return Distribution("fixed", (_number(str(text)),))
    if not isinstance(text, str):
        raise ValueError("a number, or a distribution written as text, is required")
    call = _CALL.match(text)
    if not call:
        return Distribution("fixed", (_number(text),))
    name, body = call.groups()
    if name not in ARGUMENTS:
        raise ValueError(f'no distribution "{name}"; known: {", ".join(ARGUMENTS)}{_hint(name)}')
    parts = [part.strip() for part in body.split(",") if part.strip()]
    if name == "choice":
        pairs = [part.partition(":") for part in parts]
        if bare := [part for part, colon, _ in pairs if not colon]:
            raise ValueError(f'choice takes weight: value; found "{shortened(bare[0])}"')
        return _checked(
            Distribution(name, tuple(_number(v) for _, _, v in pairs), tuple(_number(w) for w, _, _ in pairs))
        )
    if name in ("empirical", "fixed"):
        return _checked(Distribution(name, tuple(_number(part) for part in parts)))
    given = {key.strip(): value for key, _, value in (part.partition("=") for part in parts)}
    if set(given) != set(ARGUMENTS[name]) or len(parts) != len(given):
        raise ValueError(f"{name} takes {', '.join(ARGUMENTS[name])}; found {', '.join(given) or 'nothing'}")
    return _checked(Distribution(name, tuple(_number(given[key]) for key in ARGUMENTS[name])))


def _quantile(distribution: Distribution, u: Array) -> Array:
    name, args = distribution.name, distribution.arguments
    if distribution == SEE_FITS:
        raise ValueError("fitted without numbers has no quantiles: they stand in fits.csv")
    if name == "fixed":
        return np.full_like(u, args[0])
    if name in ("normal", "fitted"):
        return args[0] + args[1] * standard_normal_quantile(u)
    if name == "lognormal":
        middle, spread = np.log(args[0] * args[1]) / 2, np.log(args[1] / args[0]) / (2 * Z_90)
        return np.asarray(np.exp(middle + spread * standard_normal_quantile(u)))
    if name == "uniform":
        return args[0] + (args[1] - args[0]) * u
    if name == "triangular":
        return _triangular(u, *args)
    if name == "choice":
        edges = np.cumsum(distribution.weights) / np.sum(distribution.weights)
        return np.asarray(args)[np.minimum(np.searchsorted(edges, u), len(args) - 1)]
    if name == "empirical":
        values = np.sort(np.asarray(args))
        return np.interp(u, (np.arange(len(values)) + 0.5) / len(values), values)
    from scipy.special import betaincinv  # 0.1 s to import: only for those who use it

    if name == "beta":
        return np.asarray(betaincinv(args[0], args[1], u))
    low, mode, high = args  # pert: the beta distribution on [low, high] with this mode and λ = 4
    width = high - low
    return np.asarray(low + width * betaincinv(1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width, u))


@lru_cache(maxsize=4)
def _inverse(raw: bytes) -> Array:
    # Hundreds of inputs ask for the same midpoints of a block: remembered by content, computed once.
    inverse = NormalDist().inv_cdf
    return np.array([inverse(p) for p in np.frombuffer(raw).tolist()])  # of Python's own numbers: twice as fast


def standard_normal_quantile(u: Array) -> Array:
    """Return Φ⁻¹(u), exactly (the standard library's algorithm AS 241)."""
    u = np.asarray(u, dtype=float)
    return _inverse(u.tobytes()).reshape(u.shape)


def _triangular(u: Array, low: float, mode: float, high: float) -> Array:
    turn = (mode - low) / (high - low)
    left = low + np.sqrt(u * (high - low) * (mode - low))
    right = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < turn, left, right)


def _hint(name: str) -> str:
    return f" ({hint.strip()})" if (hint := suggestion(name, ARGUMENTS)) else ""


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f'"{shortened(text.strip())}" is not a number') from None
    if not math.isfinite(value):
        raise ValueError(f'"{shortened(text.strip())}" is not a finite number')
    return value


def _checked(made: Distribution) -> Distribution:
    args, weights = made.arguments, made.weights
    one_number, spread = "at least one finite number", "a spread ≥ 0"
    ordered = "low ≤ mode ≤ high and low < high"
    rules: dict[str, tuple[Callable[[], Any], str]] = {
        "fixed": (lambda: len(args) == 1 and np.isfinite(args[0]), one_number),
        "normal": (lambda: args[1] >= 0, spread),
        "fitted": (lambda: args[1] >= 0, spread),
        "lognormal": (lambda: 0 < args[0] <= args[1], "0 < p10 ≤ p90"),
        "uniform": (lambda: args[0] <= args[1], "low ≤ high"),
        "triangular": (lambda: args[0] <= args[1] <= args[2] and args[0] < args[2], ordered),
        "pert": (lambda: args[0] <= args[1] <= args[2] and args[0] < args[2], ordered),
        "beta": (lambda: min(args) > 0, "a > 0 and b > 0"),
        "choice": (lambda: args and min(weights) >= 0 and 0 < sum(weights) < math.inf,
                   "weights ≥ 0 that do not all vanish and have a finite sum"),
        "empirical": (lambda: args, one_number),
    }  # fmt: skip
    right, needs = rules[made.name]
    if not right():
        raise ValueError(f"{made.name} needs {needs}")
    return made
