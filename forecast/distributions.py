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
from typing import Any, NamedTuple

import numpy as np

from forecast.arrays import Array
from forecast.errors import shortened, suggestion

Z_90 = NormalDist().inv_cdf(0.9)
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
        if self == SEE_FITS:
            raise ValueError("fitted without numbers has no quantiles: they stand in fits.csv")
        return np.asarray(LAWS[self.name].quantile(np.asarray(u, dtype=float), self))

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
            body = ", ".join(f"{k}={v:.15g}" for k, v in zip(LAWS[self.name].arguments, self.arguments, strict=True))
        return f"{self.name}({body})"


SEE_FITS = Distribution("fitted", ())  # a cell that says only `fitted`: its numbers stand in fits.csv


def as_distribution(value: float | Distribution) -> Distribution:
    """Return a number as a distribution, and a distribution as it is."""
    return value if isinstance(value, Distribution) else Distribution("fixed", (value,))


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
    if name not in LAWS:
        raise ValueError(f'no distribution "{name}"; known: {", ".join(LAWS)}{_hint(name)}')
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
    wanted = LAWS[name].arguments
    if set(given) != set(wanted) or len(parts) != len(given):
        raise ValueError(f"{name} takes {', '.join(wanted)}; found {', '.join(given) or 'nothing'}")
    return _checked(Distribution(name, tuple(_number(given[key]) for key in wanted)))


@lru_cache(maxsize=4)
def _inverse(raw: bytes) -> Array:
    # Hundreds of inputs ask for the same midpoints of a block: remembered by content, computed once.
    inverse = NormalDist().inv_cdf
    return np.array([inverse(p) for p in np.frombuffer(raw).tolist()])  # of Python's own numbers: twice as fast


def standard_normal_quantile(u: Array) -> Array:
    """Return Φ⁻¹(u), exactly (the standard library's algorithm AS 241)."""
    u = np.asarray(u, dtype=float)
    return _inverse(u.tobytes()).reshape(u.shape)


def _hint(name: str) -> str:
    return f" ({hint.strip()})" if (hint := suggestion(name, LAWS)) else ""


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f'"{shortened(text.strip())}" is not a number') from None
    if not math.isfinite(value):
        raise ValueError(f'"{shortened(text.strip())}" is not a finite number')
    return value


def _checked(made: Distribution) -> Distribution:
    law = LAWS[made.name]
    if not law.holds(made):
        raise ValueError(f"{made.name} needs {law.needs}")
    return made


class Law(NamedTuple):
    """A kind of distribution: names of its arguments in the grammar, what must hold of one and how that is said, its quantiles."""

    arguments: tuple[str, ...]
    holds: Callable[[Distribution], Any]
    needs: str
    quantile: Callable[[Array, Distribution], Any]


def _normal(u: Array, made: Distribution) -> Any:
    return made.arguments[0] + made.arguments[1] * standard_normal_quantile(u)


def _lognormal(u: Array, made: Distribution) -> Any:
    low, high = made.arguments
    return np.exp(np.log(low * high) / 2 + np.log(high / low) / (2 * Z_90) * standard_normal_quantile(u))


def _triangular(u: Array, made: Distribution) -> Any:
    low, mode, high = made.arguments
    left = low + np.sqrt(u * (high - low) * (mode - low))
    right = high - np.sqrt((1 - u) * (high - low) * (high - mode))
    return np.where(u < (mode - low) / (high - low), left, right)


def _pert(u: Array, made: Distribution) -> Any:
    """The beta distribution on [low, high] with this mode and λ = 4."""
    low, mode, high = made.arguments
    width = high - low
    return low + width * _beta(u, 1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width)


def _beta(u: Array, a: float, b: float) -> Any:
    from scipy.special import betaincinv  # 0.1 s to import: only for those who use it

    return betaincinv(a, b, u)


def _choice(u: Array, made: Distribution) -> Any:
    edges = np.cumsum(made.weights) / np.sum(made.weights)
    return np.asarray(made.arguments)[np.minimum(np.searchsorted(edges, u), len(made.arguments) - 1)]


def _empirical(u: Array, made: Distribution) -> Any:
    values = np.sort(np.asarray(made.arguments))
    return np.interp(u, (np.arange(len(values)) + 0.5) / len(values), values)


def _spread(made: Distribution) -> bool:
    return made.arguments[1] >= 0


def _ordered(made: Distribution) -> bool:
    low, mode, high = made.arguments
    return low <= mode <= high and low < high


ONE_NUMBER, SPREAD, ORDERED = "at least one finite number", "a spread ≥ 0", "low ≤ mode ≤ high and low < high"
WEIGHTS = "weights ≥ 0 that do not all vanish and have a finite sum"
LAWS = {
    "fixed": Law((), lambda d: len(d.arguments) == 1, ONE_NUMBER, lambda u, d: np.full_like(u, d.arguments[0])),
    "normal": Law(("mean", "sd"), _spread, SPREAD, _normal),
    "lognormal": Law(("p10", "p90"), lambda d: 0 < d.arguments[0] <= d.arguments[1], "0 < p10 ≤ p90", _lognormal),
    "uniform": Law(("low", "high"), lambda d: d.arguments[0] <= d.arguments[1], "low ≤ high",
                   lambda u, d: d.arguments[0] + (d.arguments[1] - d.arguments[0]) * u),
    "triangular": Law(("low", "mode", "high"), _ordered, ORDERED, _triangular),
    "pert": Law(("low", "mode", "high"), _ordered, ORDERED, _pert),
    "beta": Law(("a", "b"), lambda d: min(d.arguments) > 0, "a > 0 and b > 0", lambda u, d: _beta(u, *d.arguments)),
    "choice": Law((), lambda d: d.arguments and min(d.weights) >= 0 and 0 < sum(d.weights) < math.inf, WEIGHTS, _choice),
    "empirical": Law((), lambda d: d.arguments, ONE_NUMBER, _empirical),
    "fitted": Law(("mean", "se"), _spread, SPREAD, _normal),
}  # fmt: skip
