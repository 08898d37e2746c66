"""Own growth and reversion with size: the law against sums, the planted found again, and nothing from the future."""

from datetime import date

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forecast.draws import Draws
from forecast.market.market import Market
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.tables import load_tables
from forecast.trends import growth_apart, growth_law, spans
from forecast.trends.growth_law import MARKET_LOG_PER_MONTH, MARKET_SD, Law
from forecast.trends.known import TooFew
from forecast.trends.record import VINTAGES
from forecast.trends.revenue import growth_estimate
from forecast.trends.spans import Spans

LAW = Law(reversion_per_month=0.02, apart_sd_per_month=0.1, noise_log=0.1, fade_months=12.0, size_power=0.2)
MID_2025 = date(2025, 7, 1)


def made(firm, start, end, growth=0.0, size=0.0, metric="m"):
    """Return spans from lists, or numbers that stand for all."""
    count = len(firm)

    def filled(value):
        return np.broadcast_to(np.asarray(value, float), count).copy()

    return Spans(np.array(firm), np.array([metric] * count), filled(start), filled(end), filled(growth), filled(size))


def planted(law, seed=3, firms=60, quarters=6):
    """Return quarterly spans of firms that follow the law month by month, size 0 on average."""
    chance = np.random.default_rng(seed)
    kept = np.exp(-1 / law.fade_months)
    own = law.apart_sd_per_month * chance.standard_normal(firms)
    size, found = 2 * chance.standard_normal(firms), []
    for quarter in range(quarters):
        before, ratio = size.copy(), np.maximum(1, np.exp(size)) ** -law.size_power
        for _ in range(3):
            luck = ratio * (own + law.noise_log * chance.standard_normal(firms))
            size = size + luck - law.reversion_per_month * before
            own = kept * own + law.apart_sd_per_month * np.sqrt(1 - kept**2) * chance.standard_normal(firms)
        start = 3.0 * (quarter - quarters)
        names = [f"firm {i}" for i in range(firms)]
        found.append(made(names, start, start + 3, size - before + 3 * MARKET_LOG_PER_MONTH, before))
    return Spans(*(np.concatenate(column) for column in zip(*found, strict=True)))


def likelihood(found, **changed):
    return growth_law.known(found, LAW._replace(**changed)).log_likelihood


def covariance(one, other):
    return growth_law.covariance(growth_law.paired(one, other), LAW)


def test_the_covariance_is_the_double_integral():
    one, other = made(["a"], -5.0, -2.0), made(["a"], -3.0, 0.0)
    at, then = np.linspace(-5, -2, 2001), np.linspace(-3, 0, 2001)
    own = np.exp(-np.abs(at[:, None] - then) / 12).mean() * 9 * LAW.apart_sd_per_month**2
    assert_allclose(covariance(one, other), [[own + MARKET_SD**2 * 9]], rtol=1e-3)
    stranger = made(["b"], -3.0, 0.0)
    assert_allclose(covariance(one, stranger), [[MARKET_SD**2 * 9]])
    assert_allclose(covariance(one, stranger._replace(metric=np.array(["n"]))), 0.0)


def test_growth_that_all_share_of_one_span_by_hand():
    """μ given one span of 4 months that grew by 0.5 more than 4·0.12: cov m²·4 over the variance of its surprise."""
    one = made(["a"], -4.0, 0.0, growth=4 * MARKET_LOG_PER_MONTH + 0.5)
    variance = covariance(one, one)[0, 0] + 4 * LAW.noise_log**2
    by = growth_law.known(one, LAW)
    mean, left = growth_law.market_growth(by, "m")
    assert_allclose(mean, MARKET_LOG_PER_MONTH + 0.5 * 4 * MARKET_SD**2 / variance)
    assert_allclose(left, MARKET_SD**2 - (4 * MARKET_SD**2) ** 2 / variance)
    other, all_of_it = growth_law.market_growth(by, "n")  # of another metric nothing is learnt
    assert_allclose((other, all_of_it), [[MARKET_LOG_PER_MONTH], [MARKET_SD**2]])


def test_growth_of_revenue_is_read_from_figures_of_accounts_alone(tables, overlay):
    """A run rate that a firm chose to tell moves nothing, the same figure of a quarter does; nor does one from the future."""
    laws = growth_apart._laws(tables.vintage(MID_2025))

    def growth(told):
        def added(rows):
            like = next(row for row in rows if row["metric"] == "revenue_run_rate_usd")
            mine = {"provider": "groq", "status": "measured", "note": ""}
            figures = (("2024-12-31", "100000000"), ("2025-03-31", "400000000"))
            return rows + [like | mine | {"date_on": day, "value": value} | told for day, value in figures]

        cut = load_tables(overlay("provider_history", added)).vintage(MID_2025)
        return growth_estimate(cut, MID_2025, laws)

    without = growth_estimate(tables.vintage(MID_2025), MID_2025, laws)
    chosen = growth({"averaged_months": "", "as_of": "2025-05-01"})
    assert (chosen.value, chosen.observations_count) == (without.value, without.observations_count)
    assert growth({"averaged_months": "3", "as_of": "2025-07-02"}).observations_count == without.observations_count
    of_accounts = growth({"averaged_months": "3", "as_of": "2025-05-01"})
    assert of_accounts.observations_count == without.observations_count + 1
    assert of_accounts.value.median() > without.value.median() + 0.1


def test_own_growth_of_one_span_by_hand():
    """g of a typical firm given one span of one e times as large: cov/variance of its surprise, q = e^−0.2 in both."""
    one = made(["a"], -4.0, 0.0, growth=4 * MARKET_LOG_PER_MONTH + 0.5, size=1.0)
    by = growth_law.known(one, LAW)
    ((mean, variance),) = growth_law.own_growth_today([by], np.array(["a", "b"]))
    ratio = np.exp(-0.2)
    reach = ratio * 0.01 * 12 * (1 - np.exp(-4 / 12))
    whole = covariance(one, one)[0, 0] + (0.1 * ratio) ** 2 * 4
    assert_allclose(mean, [reach / whole * (0.5 + 4 * 0.02), 0.0])
    assert_allclose(variance, [0.01 - reach**2 / whole, 0.01])


@pytest.mark.parametrize("name", ["reversion_per_month", "apart_sd_per_month", "noise_log", "fade_months"])
def test_the_law_that_was_planted_is_the_likeliest(name):
    found = planted(LAW)
    true = likelihood(found)
    for ratio in (0.6, 1.6):
        assert likelihood(found, **{name: getattr(LAW, name) * ratio}) < true - 1


def test_the_power_of_size_that_was_planted_is_likelier_than_none_and_the_other_way_round():
    alike = planted(LAW._replace(size_power=0.0))  # the control: it is the spans and not the law that say so
    assert likelihood(planted(LAW), size_power=0.0) < likelihood(planted(LAW)) - 1
    assert likelihood(alike, size_power=0.0) > likelihood(alike) + 1


def test_the_small_grow_apart_as_the_typical_do_and_the_large_less():
    sizes = np.log([0.01, 1.0, 32.0])
    assert_allclose(growth_law.spread_ratio(made(["a", "b", "c"], -1.0, 0.0, size=sizes), LAW), [1.0, 1.0, 0.5])


@pytest.mark.parametrize("as_of", [MID_2025, date(2026, 10, 31)])
def test_the_market_starts_a_firm_at_the_size_that_the_fit_gives_it(tables, as_of):
    """All revenue a year over the typical firm's of the same day, the published spans' own: not of a month, nor of tokens alone."""
    base = load_scenario("base", tables, as_of=as_of)
    names, draws = market_names(base), Draws(base, 7, 0)
    known = [p for p in names.providers if f"provider_finances.{p}.revenue_usd_per_year" in base.inputs]
    revenue = draws.column("provider_finances", "revenue_usd_per_year", known)[:, 0]
    figures = made(known, 0.0, 0.0, size=np.log(revenue), metric=spans.RUN_RATE)
    by = spans.published_spans(tables.vintage(as_of), as_of)
    size_log = spans.sized(figures, by).size_log
    assert size_log.max() > 0.9 > -0.5 > size_log.min()
    found = Market(base, names, draws).customers.firm_size_log[[names.providers.index(p) for p in known], 0]
    assert_allclose(found, size_log, atol=1e-3)  # the typical revenue is stored with four digits


def test_without_reversion_none_is_likelier():
    """The control: it is the spans and not the law that say so."""
    found = planted(LAW._replace(reversion_per_month=0.0))
    assert likelihood(found, reversion_per_month=0.0) > likelihood(found) + 1


def test_foreseen_growth_has_the_spread_it_says():
    found = planted(LAW, quarters=7)
    known, later = found.where(found.end_months < 0), found.where(found.end_months == 0)
    ((mean, variance),) = growth_law.foreseen([growth_law.known(known, LAW)], later)
    off = (later.growth_log - mean) / np.sqrt(variance)
    assert 0.8 < off.std() < 1.2
    assert (later.growth_log - mean).std() < 0.9 * later.growth_log.std()


def row(metric, day, value, note="", provider="a", as_of=None, status="measured"):
    return {
        "metric": metric, "date_on": day, "value": value, "note": note, "provider": provider, "as_of": as_of or day,
        "averaged_months": None, "status": status,
    }  # fmt: skip


def test_spans_by_hand():
    figures = [
        row("tokens_per_day", date(2025, 1, 1), 1.0),
        row("tokens_per_day", date(2025, 1, 11), 50.0),  # too near
        row("tokens_per_day", date(2025, 5, 1), np.exp(2.0)),
        row("tokens_per_day", date(2025, 5, 1), np.exp(4.0)),  # the geometric mean counts
        row("tokens_per_day", date(2025, 6, 1), 9.0, note="EXTERNAL customers only"),
        row("revenue_run_rate_usd", date(2025, 6, 1), 7.0),  # one figure makes no span
        row("tokens_per_day", date(2025, 6, 1), 9.0, provider="router"),  # not a provider of the market
        row("tokens_per_day", date(2025, 8, 1), 9.0),  # later than the day
        row("tokens_per_day", date(2025, 6, 30), 9.0, as_of=MID_2025, status="projection"),  # hoped for
    ]
    found = spans.published_spans({"providers": [{"provider": "a"}], "provider_history": figures}, MID_2025)
    assert_allclose(found.growth_log, [3.0])
    assert_allclose(found.months, [120 / 30.4375], rtol=2e-3)
    assert_allclose(found.size_log, [0.0])
    sized = spans.sized(found, found)
    assert_allclose(sized.size_log, [0.0])
    assert_allclose(spans.sized(found._replace(size_log=np.array([1.5])), found).size_log, [1.5])


def test_too_few_spans_are_named(tables):
    with pytest.raises(TooFew, match=r"spans between two figures of a provider known by 2023-06-30; a fit needs 4"):
        growth_apart.growth_apart_trend(tables.vintage(date(2023, 6, 30)))


def test_the_form_beats_its_rivals_in_past_forecasts(tables):
    made_today = growth_apart.growth_apart_trend(tables.vintage(date(2026, 10, 31)))
    crps = {score.form: score.crps for score in made_today.scores()}
    assert crps[growth_apart.FORM] < crps[growth_apart.MARKET] < crps[growth_apart.WALK]
    (own,) = (score for score in made_today.scores() if score.form == growth_apart.FORM)
    assert own.cases > 40
    assert 0.7 < own.coverage_80 < 0.9


def test_volumes_that_swing_widen_the_law_of_all_and_not_that_of_revenue():
    """Half the spans of revenue, with σ = 0.04, half of volumes, with 0.16: revenue alone has less than both together."""
    calm, wild = (planted(LAW._replace(apart_sd_per_month=sd), seed, firms=30) for sd, seed in ((0.04, 5), (0.16, 6)))
    money = calm._replace(metric=np.full(len(calm.firm), spans.METRICS[0]))
    tokens = wild._replace(metric=np.full(len(wild.firm), spans.METRICS[1]), firm=np.char.add("other ", wild.firm))
    both = Spans(*(np.concatenate(column) for column in zip(money, tokens, strict=True)))
    sds = (0.04, 0.06, 0.08, 0.1, 0.12, 0.16)
    laws = [LAW._replace(apart_sd_per_month=sd) for sd in sds]
    weight, _ = growth_law.weighed(both, laws)
    all_sd = growth_apart.evidence.band(np.array(sds), weight)
    found = growth_apart._money_ratio(both, laws, all_sd)
    assert found.p90 < 0.7
    alike = both._replace(metric=np.full(len(both.firm), spans.METRICS[0]))
    assert_allclose(growth_apart._money_ratio(alike, laws, all_sd).p50, 1.0)  # the control: all are of revenue


def test_revenue_moves_less_than_volumes_at_every_vintage(tables):
    """As stored: that a refit gives these rows is tested in `test_fits.py`."""
    stored = [row["value"] for row in tables["fits"] if row["key"] == "parameters.growth_apart_money_ratio"]
    assert len(stored) == len(VINTAGES)
    assert all(0.3 < value.median() < 1 for value in stored)


def test_inputs_of_the_law_go_together_as_its_points_do(tables):
    """Rows of `correlations.csv` that rest on the fit; some 20 points carry it, so they are known to 0.15 or so."""
    now = tables.vintage(VINTAGES[-1])
    raw, laws = spans.published_spans(now, VINTAGES[-1]), growth_apart._laws(now)
    weight, _ = growth_law.weighed(spans.sized(raw, raw), laws)
    logs, names = np.log(np.array(laws).T), [name for name, _ in growth_apart.READ]
    covariance = np.cov(logs, aweights=weight)
    sd = np.sqrt(np.diag(covariance))
    rows = [row for row in tables["correlations"] if row["source"] == "own-fit-trends"]
    assert len(rows) == 2
    for row in rows:
        one, other = (names.index(row[end]) for end in ("first", "second"))
        assert_allclose(row["correlation"], covariance[one, other] / (sd[one] * sd[other]), atol=0.1)
