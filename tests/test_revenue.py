"""Revenue of the as_of month: worked by hand, held to what came, and what it makes of the books."""

from datetime import date

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from forecast.distributions import SEE_FITS
from forecast.draws import Draws
from forecast.market.names import market_names
from forecast.market.sellers import start_books
from forecast.scenario import load_scenario
from forecast.trends import growth_apart, revenue, valuations
from forecast.trends.growth_law import Law, covariance, foreseen, foreseen_with_growth_today, known, paired, weighed
from forecast.trends.spans import METRICS, Spans, published_figures, published_spans, sized
from forecast.units import months_between

REVENUE = METRICS[0]


def spans_of(**columns):
    return Spans(*(np.atleast_1d(columns[field]) for field in Spans._fields))


ONE = spans_of(firm="a", metric=REVENUE, start_months=-12.0, end_months=-6.0, growth_log=0.0, size_log=2.0)


def brought(last, laws, weight, raw=ONE):
    found = [known(sized(raw, raw), law) for law in laws]
    return revenue.brought_forward(last, np.array(weight), foreseen(found, revenue.spans_since(last, raw)))


def test_a_figure_brought_forward_by_hand():
    """Five months at 0.12 less 0.02 for each log above the mean size, of one log: 5 · (0.12 − 0.02) = 0.5."""
    deaf = Law(
        reversion_per_month=0.02, apart_sd_per_month=1e-6, noise_log=1e4, fade_months=12.0, size_power=0.2
    )  # learns nothing
    logs, _ = brought({"b": (-5.0, 3.0)}, [deaf], [1.0])
    assert_allclose(logs, [3.5], rtol=1e-6)


def test_the_spread_has_the_noise_since_and_the_disagreement_of_laws():
    """ν²·h + m²·h² = 0.04·5 + 0.01·25 where nothing is learnt; laws of G = 0.6 and 0.4 add 0.1²."""
    noisy = Law(reversion_per_month=0.0, apart_sd_per_month=1e-6, noise_log=0.2, fade_months=12.0, size_power=0.2)
    tokens = ONE._replace(metric=np.array([METRICS[1]]), size_log=np.array([0.0]))
    both = Spans(*(np.concatenate(column) for column in zip(ONE, tokens, strict=True)))
    _, (sd,) = brought({"b": (-5.0, 3.0)}, [noisy], [1.0], tokens._replace(metric=np.array([REVENUE])))
    assert sd**2 < 0.04 * 5 + 0.01 * 25  # the span tells something of the market's growth
    laws = [noisy._replace(reversion_per_month=by) for by in (0.0, 0.04)]
    each = [brought({"b": (-5.0, 3.0)}, [law], [1.0], both) for law in laws]
    logs, sds = brought({"b": (-5.0, 3.0)}, laws, [0.25, 0.75], both)
    assert_allclose(logs, 0.25 * each[0][0] + 0.75 * each[1][0])
    apart = each[0][0] - each[1][0]
    assert_allclose(sds**2, 0.25 * each[0][1] ** 2 + 0.75 * each[1][1] ** 2 + 0.25 * 0.75 * apart**2)


def test_a_figure_of_the_very_day_stays_as_it_is():
    """Growth of no time is none and is sure; less than nothing, by rounding, has no root."""
    law = Law(reversion_per_month=0.01, apart_sd_per_month=0.08, noise_log=0.12, fade_months=12.0, size_power=0.2)
    names = [f"firm {i}" for i in range(40)]
    chance = np.random.default_rng(5)
    raw = spans_of(firm=names * 3, metric=[REVENUE] * 120, start_months=-chance.uniform(9, 20, 120), end_months=-chance.uniform(0, 8, 120),
                   growth_log=chance.normal(size=120), size_log=chance.normal(size=120))  # fmt: skip
    logs, sds = brought({name: (0.0, 3.0) for name in names}, [law], [1.0], raw)
    assert_allclose(logs, 3.0)
    assert_allclose(sds, 0.0, atol=1e-12)


def test_revenue_goes_with_own_growth_by_hand():
    """Of a firm of which nothing is known: cov(G, g) = σ²·τ·(1 − e^(−h/τ)) over sd(G)·σ; laws that disagree add to it."""
    laws = [Law(0.0, sd, 0.1, 12.0, 0.0) for sd in (0.05, 0.1)]
    last, found = {"b": (-5.0, 3.0)}, [known(sized(ONE, ONE), law) for law in laws]

    def together(weight, left=1.0):
        since = revenue.spans_since(last, ONE)
        return revenue.growth_correlation(since, np.array(weight), found, foreseen(found, since), np.array([left]))

    sds = [brought(last, [law], [1.0])[1].item() for law in laws]
    covariances = [law.apart_sd_per_month**2 * 12 * (1 - np.exp(-5 / 12)) for law in laws]
    assert together([0.0, 1.0]) == pytest.approx(covariances[1] / sds[1] / 0.1)
    _, sd = brought(last, laws, [0.5, 0.5])
    assert together([0.5, 0.5]) == pytest.approx(np.mean(covariances) / sd.item() / np.sqrt((0.05**2 + 0.1**2) / 2))
    assert together([0.0, 1.0], left=0.5) == pytest.approx(together([0.0, 1.0]) / 2)  # a valuation halved its spread


def test_growth_today_is_what_ties_the_months_since_to_those_ahead():
    """Whatever is known: cov(G, ∫g over T months to come) = cov(G, g)·τ·(1 − e^(−T/τ)), market's growth and noise apart."""
    law, chance = Law(0.01, 0.08, 0.12, 12.0, 0.2), np.random.default_rng(6)
    raw = spans_of(firm=["a", "b", "a", "b"], metric=[REVENUE] * 4, start_months=np.array([-20.0, -19, -12, -11]),
                   end_months=np.array([-13.0, -14, -7, -6]), growth_log=chance.normal(size=4), size_log=np.zeros(4))  # fmt: skip
    ends = {"start_months": np.array([-5.0]), "end_months": np.array([0.0])}
    since = spans_of(firm=["a"], metric=[REVENUE], growth_log=[0.0], size_log=[0.0], **ends)
    ahead = since._replace(metric=np.array(["tokens"]), start_months=np.array([0.0]), end_months=np.array([9.0]))
    by = known(raw, law)
    weights = [np.linalg.solve(by.root, covariance(paired(raw, later), law)) for later in (since, ahead)]
    tied = covariance(paired(since, ahead), law) - weights[0].T @ weights[1]
    expected = foreseen_with_growth_today([by], since)[0] * 12 * (1 - np.exp(-9 / 12))
    assert_allclose(tied[0], expected, rtol=1e-9)


def figure(provider, on, value, months=None, note="", metric=REVENUE, status="measured"):
    return {
        "provider": provider,
        "metric": metric,
        "date_on": on,
        "value": value,
        "averaged_months": months,
        "note": note,
        "status": status,
    }


def test_a_valuation_counts_as_a_figure_with_the_error_of_multiples():
    """By brute force: R₀ + f·G is seen with an error, and R₀ + G of the paths that fit has the mean and spread said."""
    chance = np.random.default_rng(8)
    growth, error = 1.0 + 0.6 * chance.standard_normal(2_000_000), 0.5 * chance.standard_normal(2_000_000)
    seen = 2.0 + 0.75 * growth + 3.0 + error  # three quarters of the time gone, worth e^3 times revenue
    fits = growth[np.abs(seen - 5.4) < 0.01]
    log, sd = valuations.with_valuation((-8.0, 2.0), 3.0, 0.6, (-2.0, 5.4), (3.0, 0.5))
    assert_allclose([log, sd], [2.0 + fits.mean(), fits.std()], atol=0.02)
    untouched = valuations.with_valuation((-8.0, 2.0), 3.0, 0.6, (-8.0, 9.0), (3.0, 0.5))
    assert_allclose(untouched, (3.0, 0.6))  # valued on the day of the figure: nothing is learnt of growth


def test_multiples_are_of_hosts_and_of_one_time():
    """Four pairs of two hosts: logs of 10, 10, 20, 20; a lab's, one of another time and what was not known do not count."""
    told = [("modal", 10, 5), ("modal", 10, 9), ("baseten", 20, 5), ("baseten", 20, 9), ("mistral", 99, 5)]
    history = [figure(firm, date(2026, month, 1), 1e9) for firm, _, month in told]
    history += [figure(f, date(2026, m, 20), by * 1e9, metric=valuations.VALUATION) for f, by, m in told]
    history.append(figure("modal", date(2026, 1, 1), 9e12, metric=valuations.VALUATION))
    history.append(figure("modal", date(2026, 9, 9), 9e12, metric=valuations.VALUATION, status="projection"))
    kinds = [
        {"provider": firm, "kind": "lab" if firm == "mistral" else "host"} for firm in ("modal", "baseten", "mistral")
    ]
    tables = {"providers": kinds, "provider_history": history}
    mean, spread = valuations.host_multiple(tables, date(2026, 10, 31))
    assert np.exp(mean) == pytest.approx(np.sqrt(200))
    assert spread == pytest.approx(np.log(2) / 2 * np.sqrt(4 / 3) * np.sqrt(5 / 4))
    assert valuations.host_multiple({**tables, "provider_history": history[:-6]}, date(2026, 10, 31)) is None


def test_the_last_figure_is_the_mean_of_those_of_one_time_and_no_older_than_nine_months():
    rows = [
        figure("a", date(2025, 12, 31), 1e9),  # old, and not the last
        figure("a", date(2026, 6, 30), 4e9, months=3),  # stands for mid-May
        figure("a", date(2026, 6, 1), 9e9),
        figure("a", date(2026, 6, 15), 7e9, note="a lower bound"),
        figure("a", date(2026, 10, 31), 2e10, status="projection"),  # expected in September
        figure("b", date(2026, 3, 31), 1e9, months=12),  # stands for the end of September
        figure("c", date(2026, 6, 30), 5.0, metric=METRICS[1]),
    ]
    tables = {"providers": [{"provider": p} for p in "abc"], "provider_history": rows}
    found = revenue.last_revenues(tables, date(2026, 10, 31))
    assert set(found) == {"a", "b"}  # of c volumes alone are known
    assert found["b"] == (-9.0, np.log(1e9))
    month, log = found["a"]
    assert np.exp(log) == pytest.approx(6e9)
    assert month == pytest.approx(-(152 + 168) / 2 / (365 / 12), abs=0.05)  # 1 June; mid-May


def between(figures, month):
    """The log of a firm's revenue in a month between two published figures, or None where those lie far apart."""
    before, after = ([f for f in figures if (f[0] > month) == later] for later in (False, True))
    if not before or not after or after[0][0] - before[-1][0] > 9:
        return None
    return np.interp(month, *zip(before[-1], after[0], strict=True))


def test_figures_brought_forward_are_nearer_to_what_came_than_old_ones(tables):
    """At months from 2025-03, of figures three to nine months old: the law's growth against what came."""
    came, said, today = [], [], date(2026, 10, 31)
    published = published_figures(tables, today)
    for year, month in [(2025, m) for m in range(3, 13)] + [(2026, m) for m in range(1, 10)]:
        day = date(year, month, 1)
        then = tables.vintage(day)
        raw, laws = published_spans(then, day), growth_apart._laws(then)[:32]
        weight, _ = weighed(sized(raw, raw), laws)
        last = {f: figure for f, figure in revenue.last_revenues(then, day).items() if -9 < figure[0] < -3}
        truth = {f: between(published[f, REVENUE], months_between(today, day)) for f in last}
        last = {f: figure for f, figure in last.items() if truth[f] is not None}
        if last:
            logs, _ = brought(last, laws, weight, raw)
            came += [truth[f] - log for f, (_, log) in last.items()]
            said += (logs - np.array([log for _, log in last.values()])).tolist()
    came, said = np.array(came), np.array(said)
    assert len(came) > 35
    assert np.abs(came - said).mean() < 0.4 * np.abs(came).mean()
    assert (came @ said) / (said @ said) == pytest.approx(1.0, abs=0.2)  # of growth foreseen so much came


@pytest.mark.parametrize("as_of", [date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1), date(2026, 10, 31)])
def test_every_fitted_revenue_rests_on_a_figure_in_the_row(tables, as_of):
    """Whoever says `fitted` has its last figure in the next column, and no figure is brought back in time."""
    scenario = load_scenario("base", tables, as_of=as_of, months=1)
    last = revenue.last_revenues(tables.vintage(as_of), as_of)
    fitted = {
        p: row for p, row in scenario.rows["provider_finances"].items() if row["revenue_usd_per_year"] == SEE_FITS
    }
    assert len(fitted) >= 3
    for provider, row in fitted.items():
        month, log = last[provider]
        assert month <= 0.1
        if row["known_revenue_usd_per_year"] is not None:
            assert row["known_revenue_usd_per_year"] == pytest.approx(np.exp(log), rel=0.12), provider


def test_other_business_is_what_tokens_leave_of_all_revenue(base):
    names = market_names(base)
    row = names.providers.index("nebius")
    books = start_books(Draws(base, 7, 0), names)
    tokens = names.provider_sum(books.tokens_mtok_per_month * books.usd_per_mtok)
    revenue = Draws(base, 7, 0).column("provider_finances", "revenue_usd_per_year", ["nebius"])[0] / 12
    assert_allclose(books.other_usd_per_month[row], revenue - tokens[row], rtol=1e-5)
    alone = Draws(base, 7, 0).column("provider_finances", "other_revenue_usd_per_year", ["gmi"])[0]
    assert_allclose(books.other_usd_per_month[names.providers.index("gmi")], alone / 12, rtol=1e-6)  # none is public
    per_day = Draws(base, 7, 0).column("provider_finances", "tokens_mtok_per_day", ["gmi"])[0]
    sold = names.provider_sum(books.tokens_mtok_per_month)[names.providers.index("gmi")]
    assert_allclose(sold, per_day * 365 / 12, rtol=1e-5)  # so nothing bounds its tokens
    few = load_scenario("base", base.tables, settings=["provider_finances.nebius.revenue_usd_per_year=1"])
    small = start_books(Draws(few, 7, 0), names)
    assert_array_equal(small.other_usd_per_month[row], 0)
    others = names.offer_provider != row
    assert_array_equal(small.tokens_mtok_per_month[others], books.tokens_mtok_per_month[others])
    assert_array_equal(small.usd_per_mtok, books.usd_per_mtok)


def test_no_provider_sells_tokens_for_more_than_all_its_revenue(base):
    """On a sixth of paths volume and price of Zhipu make more than its revenue as drawn: then there is less volume."""
    names, draws = market_names(base), Draws(base, 7, 0)
    books = start_books(draws, names)
    tokens = names.provider_sum(books.tokens_mtok_per_month * books.usd_per_mtok)
    whole = tokens + books.other_usd_per_month
    known = [p for p in names.providers if f"provider_finances.{p}.revenue_usd_per_year" in base.inputs]
    rows = [names.providers.index(p) for p in known]
    assert_allclose(whole[rows], draws.column("provider_finances", "revenue_usd_per_year", known) / 12, rtol=1e-5)
    assert 0.1 < (books.other_usd_per_month[names.providers.index("zai")] == 0).mean() < 0.3
