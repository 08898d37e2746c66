"""Growth of each firm beyond the market's, and how the large fall back: fitted to the revenue and volumes they published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from forecast.arrays import Array
from forecast.inputs.fitted import settled
from forecast.tables import Tables
from forecast.trends import evidence
from forecast.trends.cloud import cloud
from forecast.trends.growth_law import PRIORS, Law, foreseen, known, over_laws, own_growth_today, weighed
from forecast.trends.known import enough, vintage_day
from forecast.trends.revenue import growth_estimate, revenue_estimates
from forecast.trends.spans import RUN_RATE, Spans, published_spans, sized, typical_size_log
from forecast.trends.trend import Band, Diagnostic, Estimate, FormScore, Trend
from forecast.units import DAYS_PER_MONTH

FEWEST_SPANS = 4
POINTS = 1024
READ = (
    ("share_reversion_per_month", "1/month"),
    ("growth_apart_sd_per_month", "log/month"),
    ("growth_apart_luck_log", "log"),
    ("growth_apart_fade_months", "months"),
)
POWER = "growth_apart_size_power"
MONEY, TYPICAL = "growth_apart_money_ratio", "growth_apart_typical_usd_per_year"
FORM, MARKET, WALK = "own growth, and reversion with size", "the market's growth for all", "driftless walk"


def growth_apart_trend(tables: Tables) -> Trend:
    """Return each provider's own growth at the tables' vintage, and how fast the large fall back to the small.

    The growth of a figure over h months is h·(μ − κ·size) + ∫g + ν·√h·ε, with g a firm's own growth, normal with spread σ,
    that fades by e in τ months and is renewed. Market and own growth by Gaussian conditioning, κ, σ, ν and
    τ by a cloud of points (`growth_law.py`). σ, ν and a provider's own growth are those of a firm of typical size, which is
    given too: the large grow apart less. Only firms that grow like to publish; κ rests on those that did. Volumes grow
    apart more than revenue: how much less revenue does is σ of its spans alone over σ of all.

    Raises:
        TooFew: fewer than four spans between two figures of one provider were known.
    """
    table = tables["provider_history"]
    today = vintage_day(table, tables)
    raw = published_spans(tables, today)
    enough(len(raw.firm), FEWEST_SPANS, "spans between two figures of a provider", table, tables)
    firms = np.array(sorted({row["provider"] for row in tables["providers"] if row["kind"] != "fringe"}))
    spans, laws = sized(raw, raw), _laws(tables)
    weight, found = weighed(spans, laws)
    mean, sd = over_laws(weight, own_growth_today(found, firms))
    bands = [evidence.band(np.array(column), weight) for column in list(zip(*laws, strict=True))[: len(READ)]]
    money = _money_ratio(spans, laws, bands[1])
    return Trend(
        name="growth_apart",
        title="Growth of a provider beyond the market's",
        unit="log per month",
        form=FORM,
        why="firms that grew faster than the market kept part of it, and small ones grew faster: see the scores",
        half_life_months=evidence.band(evidence.half_life_months(np.array([law[0] for law in laws])), weight),
        diagnostics=(
            evidence.cloud_diagnostic(weight),
            *(Diagnostic(prior.name, b.p50, b.text()) for prior, b in zip(PRIORS, bands, strict=True)),
            Diagnostic(MONEY, money.p50, money.text()),
        ),
        scores=lambda: backtest(tables, raw, today, laws),
        estimates=(
            *(Estimate(f"parameters.{name}", evidence.distribution("lognormal", b.p10, b.p90), unit, len(spans.firm), "low",
                       f"{len(spans.firm)} spans of {len(set(spans.firm))} firms, prior and spans weighed together")
              for (name, unit), b in zip(READ, bands, strict=True)),
            Estimate(f"parameters.{MONEY}", evidence.distribution("lognormal", money.p10, money.p90), "ratio",
                     int((spans.metric == RUN_RATE).sum()), "low", "spread of own growth by spans of revenue alone over that by all"),
            Estimate(f"parameters.{TYPICAL}", evidence.distribution("fixed", float(np.exp(typical_size_log(raw, RUN_RATE)))),
                     "USD/year", int((spans.metric == RUN_RATE).sum()), "low", "mean log of the firms' sizes over their spans"),
            *(Estimate(f"providers.{firm}.growth_apart_per_month", evidence.distribution("fitted", mean[i], sd[i]), "log/month",
                       len(spans.firm), "low", f"spans of its own: {(spans.firm == firm).sum()}")
              for i, firm in enumerate(firms.tolist())),
            growth_estimate(tables, today, laws),
            *revenue_estimates(tables, today, raw, weight, found),
        ),
    )  # fmt: skip


def _laws(tables: Tables) -> list[Law]:
    power = settled(tables, f"parameters.{POWER}", tables["parameters"].latest("parameter")[POWER]["value"]).median()
    points = cloud(PRIORS, POINTS).T.tolist()
    return [Law(reversion, sd, noise, fade, power) for reversion, sd, noise, fade in points]


def _money_ratio(spans: Spans, laws: Sequence[Law], all_sd: Band) -> Band:
    """Return the spread of own growth by spans of revenue alone over the median of that by all spans."""
    weight, _ = weighed(spans.where(spans.metric == RUN_RATE), laws)
    alone = evidence.band(np.array([law.apart_sd_per_month for law in laws]), weight)
    return Band(*(quantile / all_sd.p50 for quantile in alone))


def backtest(tables: Tables, raw: Spans, today: date, laws: Sequence[Law]) -> tuple[FormScore, ...]:
    """Return how the form and its rivals foresaw the spans that ended in the quarter after origins three months apart."""
    cases: dict[str, list[tuple[Array, Array]]] = defaultdict(list)
    came: list[tuple[Array, Array]] = []
    for back_months in (18, 15, 12, 9, 6, 3):
        origin = today - timedelta(days=round(back_months * DAYS_PER_MONTH))
        before, moved = published_spans(tables.vintage(origin), origin), raw.seen_from(back_months)
        later = moved.where((moved.end_months > 0) & (moved.end_months <= 3) & np.isin(moved.metric, before.metric))
        if len(before.firm) < FEWEST_SPANS or not len(later.firm):
            continue
        spans, ahead = sized(before, before), sized(later, before)
        middle = laws[int(np.argmax(weighed(spans, laws)[0]))]
        cases[FORM] += foreseen([known(spans, middle)], ahead)
        # Strangers have no growth of their own that is known.
        strangers = ahead._replace(firm=np.char.add("new ", ahead.firm))
        ((_, variance),) = said = foreseen([known(spans, middle._replace(reversion_per_month=0.0))], strangers)
        cases[MARKET] += said
        cases[WALK].append((0 * variance, variance))
        came.append((ahead.growth_log, ahead.months))
    if not came:
        return ()
    (growth, months), *_ = whole = [
        [np.concatenate(column) for column in zip(*parts, strict=True)] for parts in (came, *cases.values())
    ]
    forms = {form: (mean, np.sqrt(variance)) for form, (mean, variance) in zip(cases, whole[1:], strict=True)}
    return evidence.normal_scores(forms, round(float(np.median(months))), growth, forms[WALK][1])
