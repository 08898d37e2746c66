"""How firms grow apart from the market: each keeps a growth of its own for a while, and the large grow less than the small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.trends.cloud import Prior, posterior
from forecast.trends.spans import Spans, Texts

# Set in 2026-11 by people who had seen all figures: at the first vintages they are most of what is known.
PRIORS = (
    Prior("reversion_per_month", 0.01, 1.0, True),  # half of a difference in size goes in six years, or two, or many
    Prior("apart_sd_per_month", 0.08, 0.7, True),
    Prior("noise_log", 0.12, 0.7, True),  # times √months: rounded figures, a large customer won or lost
    Prior("fade_months", 12.0, 0.8, True),  # few firms that outgrew the market did so for more than two or three years
)
MARKET_LOG_PER_MONTH, MARKET_SD = 0.12, 0.1  # of the growth that all firms share: little is known beforehand


class Law(NamedTuple):
    """The law's parameters: κ reversion with size, σ spread of own growth, ν noise of a month, τ fade of own growth, β.

    σ and ν are those of a firm of typical size; β is how fast both fall with size.
    """

    reversion_per_month: float
    apart_sd_per_month: float
    noise_log: float
    fade_months: float
    size_power: float


def spread_ratio(spans: Spans, law: Law) -> Array:
    """Return the spread of growth of a firm over that of a typical one, max(1, S/S̄)^(−β), by its size at a span's start, `[span]`.

    Sources: Amaral et al. (1997), the spread of a year's growth of sales falls with their power 0.20 ± 0.03; Riccaboni et
    al. (2008), less so among the small.
    """
    ratio: Array = np.exp(-law.size_power * np.maximum(spans.size_log, 0.0))
    return ratio


class Pairs(NamedTuple):
    """What binds spans to others, whatever the law: those of one firm, pair by pair, and the growth that a metric shares."""

    at: tuple[NDArray[np.intp], NDArray[np.intp]]  # which pairs are of one firm: a tenth of all
    one: Spans  # of these pairs
    other: Spans
    market: Array  # m²·h·h' for one metric, else 0, `[span, span]`


def paired(one: Spans, other: Spans) -> Pairs:
    """Return the pairs of spans with others."""
    mine, theirs = np.nonzero(alike(one.firm, other.firm))
    market = MARKET_SD**2 * np.outer(one.months, other.months) * alike(one.metric, other.metric)
    return Pairs((mine, theirs), one.where(mine), other.where(theirs), market)


def alike(one: Texts, other: Texts) -> NDArray[np.bool_]:
    """Return which names are the same, `[one, other]`; texts compared pair by pair would take most of a fit's time."""
    number = np.unique(np.concatenate((one, other)), return_inverse=True)[1]
    return np.asarray(number[: len(one), None] == number[len(one) :])


def covariance(pairs: Pairs, law: Law) -> Array:
    """Return the covariance of the growth in spans with that in others, `[span, span]`, the noise left out.

    q·q'·σ²·τ²·(F(e−s') + F(e'−s) − F(s−s') − F(e−e')) for one firm, q its `spread_ratio`, F(x) = e^(−|x|/τ) + |x|/τ: a growth
    of its own that fades and is renewed, covariance σ²·e^(−|t|/τ), integrated over both spans; and m²·h·h' for one metric,
    the market's.
    """
    _, one, other, market = pairs
    tau = law.fade_months

    def twice_integrated(at: Array, then: Array) -> Array:
        apart = np.abs(at - then) / tau
        return np.exp(-apart) + apart

    own = (
        twice_integrated(one.end_months, other.start_months)
        + twice_integrated(one.start_months, other.end_months)
        - twice_integrated(one.start_months, other.start_months)
        - twice_integrated(one.end_months, other.end_months)
    )
    whole = market.copy()
    whole[pairs.at] += (law.apart_sd_per_month * tau) ** 2 * own * (spread_ratio(one, law) * spread_ratio(other, law))
    return whole


def before_the_data(spans: Spans, law: Law) -> Array:
    """Return the growth to expect of spans of which nothing is known: h·(μ − κ·size), `[span]`."""
    return spans.months * (MARKET_LOG_PER_MONTH - law.reversion_per_month * spans.size_log)


class Known(NamedTuple):
    """Spans under one law: how likely they are, and what it takes to foresee other growth from them."""

    spans: Spans
    law: Law
    log_likelihood: float
    root: Array  # Cholesky root of the spans' covariance
    surprise: Array  # growth of the spans above expectation, whitened by that root


def noise(spans: Spans, law: Law) -> Array:
    """Return the variance of what is neither the market's nor lasting, q²·ν²·h, `[span]`."""
    variance: Array = (spread_ratio(spans, law) * law.noise_log) ** 2 * spans.months
    return variance


def known(spans: Spans, law: Law, pairs: Pairs | None = None) -> Known:
    """Return what spans say under a law: normal, with `covariance` and `noise`; `pairs` are those of the spans, if at hand."""
    root = np.linalg.cholesky(covariance(pairs or paired(spans, spans), law) + np.diag(noise(spans, law)))
    surprise = np.linalg.solve(root, spans.growth_log - before_the_data(spans, law))
    fit = -0.5 * surprise @ surprise - np.log(np.diag(root)).sum()
    return Known(spans, law, float(fit), np.asarray(root), np.asarray(surprise))


def with_growth_today(spans: Spans, law: Law) -> Array:
    """Return the covariance of the growth in spans with their firm's own growth at the vintage, were it of typical size, `[span]`.

    cov(g, q·∫g) = q·σ²·τ·(e^(e/τ) − e^(s/τ)), times counted back from the vintage; nothing known.
    """
    tau = law.fade_months
    grown = np.exp(spans.end_months / tau) - np.exp(spans.start_months / tau)
    return law.apart_sd_per_month**2 * tau * spread_ratio(spans, law) * grown


def conditioned(by: Known, mean: Array | float, variance: Array | float, shared: Array) -> tuple[Array, Array]:
    """Return mean and variance, `[…]`, of normal numbers given the spans known; `shared` is their covariance with these, `[span, …]`."""
    weight = np.linalg.solve(by.root, shared)
    return mean + by.surprise @ weight, variance - (weight**2).sum(axis=0)


def own_growth_today(found: Sequence[Known], firms: Texts) -> list[tuple[Array, Array]]:
    """Return by law mean and variance of each firm's own growth at the vintage, were it of typical size, logs a month, `[firm]`.

    A firm without spans has mean 0 and variance σ². `found` is what the same spans say under each law.
    """
    own = alike(found[0].spans.firm, firms)
    return [
        conditioned(by, 0.0, by.law.apart_sd_per_month**2, with_growth_today(by.spans, by.law)[:, None] * own)
        for by in found
    ]


def market_growth(by: Known, metric: str) -> tuple[Array, Array]:
    """Return mean and variance of the growth of a metric that all firms share, logs a month, both `[1]`.

    Its covariance with the growth of a span is m²·h where the span is of the metric, else 0.
    """
    shared = MARKET_SD**2 * by.spans.months * (by.spans.metric == metric)
    return conditioned(by, MARKET_LOG_PER_MONTH, MARKET_SD**2, shared[:, None])


def foreseen(found: Sequence[Known], later: Spans) -> list[tuple[Array, Array]]:
    """Return by law mean and variance of the growth in later spans, `[later]`, given those known, the same under each law."""
    said = []
    among, shared = paired(later, later), paired(found[0].spans, later)
    for by in found:
        alone = np.diag(covariance(among, by.law)) + noise(later, by.law)
        mean, variance = conditioned(by, before_the_data(later, by.law), alone, covariance(shared, by.law))
        said.append((mean, np.maximum(variance, 0.0)))  # rounding alone may leave less than nothing
    return said


def foreseen_with_growth_today(found: Sequence[Known], later: Spans) -> Array:
    """Return by law the covariance of the growth in later spans with their firm's own growth at the vintage, `[law, later]`.

    Given the spans known, the same under each law.
    """
    said, shared = [], paired(found[0].spans, later)
    of_one_firm = alike(found[0].spans.firm, later.firm)
    for by in found:
        own = np.linalg.solve(by.root, with_growth_today(by.spans, by.law)[:, None] * of_one_firm)
        of_spans = np.linalg.solve(by.root, covariance(shared, by.law))
        said.append(with_growth_today(later, by.law) - (own * of_spans).sum(axis=0))
    return np.array(said)


def weighed(spans: Spans, laws: Sequence[Law]) -> tuple[Array, list[Known]]:
    """Return the weight of each law by its likelihood, and what the spans say under it."""
    pairs = paired(spans, spans)
    found = [known(spans, law, pairs) for law in laws]
    return posterior(np.array([one.log_likelihood for one in found])), found


def over_laws(weight: Array, said: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Return mean and spread of what laws say together: Σ wᵢ·μᵢ, and the root of Σ wᵢ·(σᵢ² + (μᵢ − μ)²); `said` has μᵢ and σᵢ²."""
    means, variances = (np.array(column) for column in zip(*said, strict=True))
    mean = weight @ means
    return mean, np.sqrt(weight @ (variances + (means - mean) ** 2))
