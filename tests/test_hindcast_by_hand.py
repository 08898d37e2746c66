"""Hindcasts on worlds of a few rows and paths: what each reader takes from tables and from paths, and each figure, by hand."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forecast.hindcast import changes, happenings
from forecast.hindcast.checks import Asked, Check, Event, Hindcast, Observed, check_of
from forecast.hindcast.happenings import counted, departures, firms_of, listings, rounds
from forecast.hindcast.list_prices import _normals, _unchanged, list_price_checks
from forecast.hindcast.run import sample
from forecast.hindcast.scores import grade, grade_by_quantity, most_surprising, worst_misses
from forecast.hindcast.series import (
    Dated,
    history,
    log_value_on,
    rents,
    router_concentration,
    series_of,
    tier_prices,
    walk_sd_per_root_month,
)
from forecast.market.doors import NEVER
from forecast.table_files import Row
from forecast.trends.monthly import month_later
from forecast.trends.router_shares import HOSTS
from forecast.units import DAYS_PER_MONTH

START, LATER = date(2025, 7, 1), date(2026, 1, 1)
Z = 1.2815515655446004


def asked(entity="b", months=2, firms=(), on=LATER):
    return Asked(entity, START, months, on, frozenset(firms))


def check(form, p10, p90, value, sd=None, name="x"):
    return Check(name, form, p10, (p10 + p90) / 2, p90, value, "s", sd)


def graded(*checks, events=()):
    return grade(Hindcast("h", START, 100, 7, checks, tuple(events), (), ()))


# --- figures ----------------------------------------------------------------------------------------


def test_a_forecast_is_set_against_the_walk():
    """Two series with walks of 1 and 3: reach z and 3z in logs; e² lies outside the first by 2 − z, e⁻⁵ outside the second."""
    one, two = check("ratio", 0.5, 2.0, np.exp(2.0), 1.0), check("ratio", 0.25, 4.0, np.exp(-5.0), 3.0)
    found = graded(one, two, check("ratio", 0.0, 2.0, 1.0, 1.0), check("count", 1, 2, 1))
    assert (found.checks_count, found.inside_count, found.walk_count) == (4, 2, 2), "a band from 0 has no logarithm"
    assert_allclose(found.width_log, np.log([4.0, 16.0]).mean())
    assert_allclose(found.walk_width_log, 4 * Z)
    assert_allclose(found.sharpness, np.log([4.0, 16.0]).mean() / (4 * Z))
    assert_allclose(
        found.interval_score, np.mean([np.log(4.0) + 10 * (2 - np.log(2.0)), np.log(16.0) + 10 * (5 - np.log(4.0))])
    )
    assert_allclose(found.walk_interval_score, np.mean([2 * Z + 10 * (2 - Z), 6 * Z + 10 * (5 - 3 * Z)]))
    assert found.walk_coverage_80 == 0.0 and graded(check("ratio", 0.5, 2.0, 1.0, 1.0)).walk_coverage_80 == 1.0
    nothing = graded(check("count", 1, 2, 1))
    assert np.isnan([nothing.sharpness, nothing.walk_coverage_80, nothing.width_log, nothing.brier]).all()
    assert graded(check("count", 1, 2, 1), check("count", 1, 2, 3)).coverage_80 == 0.5 and nothing.brier_half == 0.25
    assert np.isnan([graded().coverage_80, graded().coverage_low, graded().coverage_high]).all()


def test_sure_events_that_do_not_happen_cost_as_much_as_impossible_ones_that_do():
    sure, never = Event("a", 1.0, False, "s"), Event("b", 0.0, True, "s")
    assert_allclose([graded(events=[one]).log_score for one in (sure, never)], -np.log(1e-4))
    assert_allclose(graded(events=[Event("a", 1.0, True, "s")]).log_score, -np.log(1 - 1e-4))
    both = graded(events=[Event("a", 0.8, True, "s"), Event("b", 0.4, False, "s")])
    assert_allclose((both.events_count, both.brier, both.log_score), (2, (0.04 + 0.16) / 2, -np.log(0.8 * 0.6) / 2))


def test_how_far_outside_in_widths_of_the_interval():
    """Below and above, a ratio in logarithms; a count of a band narrower than one in steps of one."""
    missed = [
        check("ratio", 1.0, 4.0, 16.0), check("ratio", 1.0, 4.0, 0.5), check("count", 2.0, 4.0, 9.0),
        check("count", 3.0, 3.0, 1.0), check("months", 2.0, 6.0, 1.0), check("ratio", 1.0, np.e, 0.0),
    ]  # fmt: skip
    inside = check("count", 2.0, 4.0, 4.0)
    far = dict(zip(map(id, missed), (1.0, 0.5, 2.5, 2.0, 0.25, -np.log(1e-9)), strict=True))
    found = worst_misses([*missed, inside], count=9)
    assert_allclose([distance for _, distance in found], sorted(far.values(), reverse=True))
    assert all(far[id(one)] == pytest.approx(distance) for one, distance in found)
    assert len(worst_misses(missed)) == 5 and worst_misses([inside]) == []


def test_the_most_surprising_event_comes_first():
    events = [
        Event("a", 0.6, True, "s"),
        Event("b", 0.9, False, "s"),
        Event("c", 0.3, True, "s"),
        Event("d", 0.1, False, "s"),
    ]
    assert [event.name for event in most_surprising(events)] == ["b", "c", "a", "d"]


def test_grades_of_quantities_are_by_the_first_word():
    found = grade_by_quantity(Hindcast("h", START, 100, 7, (
        check("ratio", 0.5, 2.0, 1.0, 0.5, "rent h100, 6 months"), check("ratio", 0.5, 2.0, 9.0, 0.5, "rent h100, 9 months"),
        check("count", 1, 2, 1, None, "rounds_count all"),
    ), (), (), ()))  # fmt: skip
    assert [(name, one.checks_count, one.inside_count) for name, one in found.items()] == [
        ("rent", 2, 1),
        ("rounds_count", 1, 1),
    ]
    assert (found["rent"].width_log, found["rent"].walk_width_log) == (pytest.approx(np.log(4)), pytest.approx(Z))
    assert found["rounds_count"].walk_count == 0


# --- what the tables say ----------------------------------------------------------------------------


def row(number=2, **cells):
    usual = {
        "date_on": START,
        "averaged_months": None,
        "status": "measured",
        "confidence": "high",
        "source": "s",
        "note": "",
    }
    return Row(usual | cells, number)


def test_each_reader_takes_its_own_rows():
    tables = {
        "rents": [
            row(provider="index: normalised SXM median of rate cards", accelerator="h100", usd_per_accelerator_hour=3.0),
            row(provider="index: normalised SXM median of rate cards", accelerator="b200", usd_per_accelerator_hour=7.0),
            row(provider="lambda", accelerator="h100", usd_per_accelerator_hour=1.0),
        ],
        "tier_prices": [row(gpqa_at_least=0.5, third_cheapest_usd_per_mtok=0.2), row(gpqa_at_least=0.65, third_cheapest_usd_per_mtok=0.7)],
        "provider_history": [
            row(provider="a", metric="tokens_per_day", value=5.0), row(provider="b", metric="tokens_per_day", value=6.0),
            row(provider="a", metric="margin", value=0.5), row(provider="c", metric="revenue", value=7.0),
            row(provider="c", metric="revenue", value=8.0, averaged_months=12),
        ],
    }  # fmt: skip
    one = lambda value: (Dated(START, pytest.approx(value), "s"),)  # noqa: E731
    assert rents(tables) == {"h100": one(3.0)}
    assert tier_prices(tables) == {"0.5": one(0.2), "0.65": one(0.7)}
    assert history("tokens_per_day")(tables) == {"a": one(5.0), "b": one(6.0)}
    middle = Dated(date(2024, 12, 31), pytest.approx(8.0), "s")  # of the year: 182 days before its end
    assert history("revenue")(tables) == {"c": (middle, *one(7.0))}


def test_concentration_of_the_router_by_hand(monkeypatch):
    shares = {START: {"a": 0.4, "b": 0.3, "c": 0.1, "d": 0.1, "e": 0.05, "f": 0.05}}
    monkeypatch.setattr("forecast.hindcast.series.shares_among_named", lambda tables, scope: shares)
    tables = {"token_shares": [row(scope=HOSTS, source="hosts"), row(scope="model author", source="x")]}
    (hhi,), (top5,) = (router_concentration(measure)(tables)[HOSTS] for measure in ("hhi", "top5"))
    assert hhi == Dated(START, pytest.approx(0.16 + 0.09 + 0.02 + 0.005), "hosts")
    assert top5.value == pytest.approx(0.95)


def test_a_value_holds_for_a_month_and_a_half_and_spans_nine():
    days = lambda months: int(months * DAYS_PER_MONTH)  # noqa: E731
    first = Dated(START, 2.0, "a")
    others = [Dated(date(year, 7, 1), 9.0, "b") for year in (2024, 2026)]
    on = lambda k: date.fromordinal(START.toordinal() + k)  # noqa: E731
    for sign in (1, -1):
        assert log_value_on((first,), on(sign * days(1.5))) == (np.log(2.0), "a")
        assert log_value_on((others[0], first) if sign > 0 else (first, others[1]), on(sign * 9)) == (np.log(2.0), "a")
        assert log_value_on((first,), on(sign * (days(1.5) + 1))) is None
    wide, wider = (Dated(on(days(9) + k), 8.0, "a") for k in (0, 1))
    found = log_value_on((first, wide), on(days(9) // 3))
    assert found == (pytest.approx(np.log(2.0) + np.log(4.0) * (days(9) // 3) / days(9)), "a")
    assert log_value_on((first, wider), on(days(9) // 3)) is None and log_value_on((), START) is None
    assert log_value_on((first, Dated(on(90), 8.0, "b")), on(30))[1] == "a; b"
    assert log_value_on((first, wide), START) == (np.log(2.0), "a"), "on the day itself nothing is interpolated"


def test_the_walk_has_the_steps_of_all_series_and_counts_the_day_itself():
    two = (Dated(date(2025, 1, 1), 1.0, "a"), Dated(date(2026, 1, 1), np.e, "a"))
    three = (Dated(date(2025, 1, 1), 2.0, "a"), Dated(date(2025, 7, 2), 2 * np.e**2, "a"))
    months = (365 + 182) / DAYS_PER_MONTH
    assert_allclose(walk_sd_per_root_month({"x": two, "y": three}, date(2026, 1, 1)) ** 2, (1 + 4) / months)
    assert_allclose(walk_sd_per_root_month({"x": two, "y": three}, date(2025, 12, 31)) ** 2, 4 * DAYS_PER_MONTH / 182)
    assert walk_sd_per_root_month({"x": two}, date(2025, 12, 31)) is None


def test_what_is_solid_is_measured_derived_or_from_before():
    """Of one scope; of two values of a day the geometric mean counts, of ¼ and 1 a half."""
    rows = [row(date_on=date(2025, k + 1, 1), status=status, value=k + 1.0) for k, status in
            enumerate(("measured", "derived", "background", "claim", "projection", "assumption"))]  # fmt: skip
    rows += [row(date_on=date(2025, 8, 1), confidence="low", value=8.0), row(date_on=date(2025, 9, 1), value=0.0)]
    rows += [row(date_on=date(2025, 9, 2), value=None), row(date_on=date(2025, 9, 3), value=0.25)]
    rows += [
        row(date_on=date(2025, 9, 3), value=1.0),
        row(date_on=date(2025, 9, 4), value=5.0, note="EXTERNAL customers only"),
        row(date_on=date(2025, 9, 5), value=5.0, note="theoretical, were all tokens paid"),
    ]
    found = series_of(rows[::-1], "value")
    assert [one.value for one in found] == [pytest.approx(v) for v in (1.0, 2.0, 3.0, 0.5)]
    assert [one.on for one in found] == sorted(one.on for one in found)


def test_a_change_is_that_of_the_series_and_its_walk_grows_with_the_root_of_time():
    known = (Dated(date(2024, 7, 1), 1.0, "a"), Dated(START, np.e, "b"))
    full = {"tables": {"b": (*known, Dated(LATER, 6.0, "c"))}, "vintage": {"b": known}}
    quantity = changes.ratio("", None, lambda tables: full[tables])
    scenario = SimpleNamespace(tables="vintage")
    found = quantity.happened("tables", scenario, None, asked(months=6))
    assert found == Observed(pytest.approx(6.0 / np.e), "c", pytest.approx((6 * DAYS_PER_MONTH / 365) ** 0.5))
    assert quantity.happened("tables", scenario, None, asked("z")) == f"no observation near {START}"
    young = changes.ratio("", None, lambda tables: {"b": (Dated(LATER, 6.0, "c"),)})
    assert young.form == "ratio" and young.happened("", scenario, None, asked()) == f"no observation near {START}"
    missing = quantity.happened("vintage", scenario, None, asked())
    assert missing == f"no observation near {LATER}"
    full["vintage"] = {"b": known[1:]}
    assert quantity.happened("tables", scenario, None, asked()).walk_log_sd is None, "one observation is no step"
    named = changes.ratio("", None, lambda tables: full[tables], lambda scenario, entity: "b")
    assert named.happened("tables", scenario, None, asked("z")).value == pytest.approx(6.0 / np.e)


EVENTS = [
    row(kind="funding-round", actors="a", date_on=date(2025, 6, 1), as_of=date(2025, 6, 1)),
    row(kind="funding-round", actors="b", date_on=START, as_of=START),
    row(kind="funding-round", actors="b", date_on=date(2025, 9, 1), source="second"),
    row(kind="funding-round", actors="b", date_on=date(2025, 10, 1), source="third"),
    row(kind="funding-round", actors="b", date_on=LATER, source="last"),
    row(kind="funding-round", actors="b", date_on=date(2026, 1, 2)),
    row(kind="funding-round", actors="b", date_on=date(2025, 9, 2), status="claim"),
    row(kind="acquisition", actors="giant; b", date_on=date(2025, 9, 1), source="bought"),
    row(kind="acquisition", actors="b; c", date_on=date(2025, 9, 1)),
    row(kind="shutdown", actors="d", date_on=date(2025, 9, 1)),
    row(kind="shutdown", actors="c", date_on=date(2025, 6, 1)),
    row(kind="licence-and-hire", actors="giant; d", date_on=date(2025, 9, 1)),
    row(kind="shutdown-and-hire", actors="d", date_on=date(2025, 9, 1)),
    row(kind="ipo", actors="b; its parent", date_on=date(2025, 9, 1), source="listed"),
    row(kind="ipo", actors="someone; b", date_on=date(2025, 9, 1)),
    row(kind="ipo", actors="b", date_on=date(2025, 9, 1)),
]  # fmt: skip


def told(what, firms, most=False, on=LATER):
    quantity = counted(what, "", most)
    names = SimpleNamespace(providers=["a", "b", "c", "d"], own_cash=slice(3))
    scenario = SimpleNamespace(tables={"events": EVENTS[:2]})  # what was known at START
    return quantity, quantity.happened({"events": EVENTS}, scenario, names, asked(firms=firms, on=on))


def test_events_count_after_the_day_and_to_the_day():
    assert told("rounds", "b")[1] == told("rounds", "ab")[1] == Observed(3.0, "events.csv, 3 rows")
    assert told("rounds", "b", most=True)[1] == Observed(1.0, "last")
    assert told("rounds", "a", most=True)[1] == Observed(0.0, "events.csv, 0 rows")
    assert told("rounds", "bc")[1] == "events.csv recorded no round by 2025-07-01"
    assert told("departures", "bc")[1] == Observed(2.0, "events.csv, 2 rows"), (
        "the last actor is the one that is bought"
    )
    assert told("departures", "d")[1].value == 3.0
    assert told("listings", "b")[1] == Observed(2.0, "events.csv, 2 rows"), "the first actor is the one that is listed"
    assert told("departures", "b", on=date(2026, 1, 3))[1] == "events.csv ends on 2026-01-02"
    assert told("departures", "b", on=date(2026, 1, 2))[1].value == 1.0
    assert (told("rounds", "b")[0].form, told("rounds", "b", most=True)[0].form) == ("count", "event")


def test_firms_are_those_on_their_own_cash():
    names = SimpleNamespace(providers=["a", "b", "c", "d"], own_cash=slice(3))
    scenario = SimpleNamespace(tables={"events": EVENTS})
    wanted = {"all": {"a", "b", "c"}, "followed": {"a", "b"}, "c": {"c"}, "d": set()}
    assert {entity: set(firms_of(scenario, names, entity)) for entity in wanted} == wanted


# --- what the paths say -----------------------------------------------------------------------------


def test_happenings_on_two_paths():
    names = SimpleNamespace(providers=["a", "b", "c"])
    world = SimpleNamespace(
        series={"rounds": np.array([[[9, 9], [1, 0], [0, 2], [5, 5]], [[9, 9], [0, 0], [0, 1], [5, 5]], [[7, 7]] * 4])},
        exit_month=np.array([[NEVER, 2], [3, NEVER], [1, 1]]),
        listed_month=np.array([[2, 3], [1, NEVER], [1, 1]]),
    )
    of = asked(months=2, firms="ab")
    assert rounds(world, names, of).tolist() == [1, 3], "month 0 is the past"
    assert departures(world, names, of).tolist() == [0, 1]
    assert listings(world, names, of).tolist() == [2, 0]
    quantity = counted("rounds", "", most=True)
    assert quantity.forecast(world, names, of).tolist() == [1, 1]
    assert counted("rounds", "").forecast(world, names, of).tolist() == [1, 3]


def test_changes_on_paths_are_from_the_first_month():
    series = {
        "rent": np.array([[[2.0], [3.0], [5.0]]]),
        "volume": np.array([[[1.0], [2.0], [4.0]], [[3.0], [4.0], [8.0]]]),
        "tier_price": np.array([[[1.0], [1.0], [1.0]], [[4.0], [1.0], [2.0]]]),
        "provider_tokens": np.array([[[2.0], [2.0], [6.0]], [[5.0], [1.0], [1.0]]]),
        "router_share": np.array([[[share], [0.0], [other]] for share, other in zip(
            (0.3, 0.2, 0.2, 0.1, 0.1, 0.1), (0.75, 0.05, 0.05, 0.05, 0.05, 0.05), strict=True)]),
    }  # fmt: skip
    world, names = SimpleNamespace(series=series), SimpleNamespace(providers=["a", "b"], segments=["x", "b"])
    assert changes.of_market("rent")(world, names, asked()).tolist() == [2.5]
    assert changes.demand(world, names, asked()).tolist() == [3.0]
    assert changes.tier(world, names, asked()).tolist() == [0.5]
    assert changes.of_provider("provider_tokens")(world, names, asked()).tolist() == [0.2]
    assert_allclose(changes.router_herfindahl(world, names, asked()), 0.575 / 0.20)
    assert_allclose(changes.router_top5(world, names, asked()), 0.95 / 0.9)
    assert changes.level(SimpleNamespace(rows={"segments": {"x": {"gpqa_at_least": 0.5}}}), "x") == "0.5"


def test_some_firm_is_another_one_on_each_path_and_a_living_one():
    """Three firms on four paths: path k begins with firm k mod 3 and passes over those that sell nothing any more."""
    tokens = np.ones((3, 3, 4))
    tokens[:, 0] = np.array([[4.0], [6.0], [10.0]])
    tokens[:, 2] = np.array([[2, 2, 2, 2], [3, 0, 3, 3], [5, 5, 0, 5]])
    world = SimpleNamespace(series={"provider_tokens": tokens}, exit_month=np.zeros((3, 4)))
    assert changes.some_firm(world, None, asked()).tolist() == [0.5, 0.5, 0.5, 0.5]
    tokens[1, 2, 1] = 0.5  # little is not nothing
    assert_allclose(changes.some_firm(world, None, asked()), [0.5, 0.5 / 6, 0.5, 0.5])


def test_launches_by_hand():
    names = SimpleNamespace(
        accelerators=["old", "new", "far"], speed=SimpleNamespace(available=np.array([True, False, False]))
    )
    known = {
        "old": row(available_on=START), "new": row(available_on=date(2025, 10, 1)), "far": row(available_on=date(2026, 2, 1)),
        "none": row(available_on=None), "secret": row(available_on=None),
    }  # fmt: skip
    tables = {
        "rents": [row(date_on=LATER), row(date_on=START)],
        "accelerators": SimpleNamespace(latest={"name": known}.get),
    }
    arrived = lambda entity: happenings.LAUNCH.happened(tables, None, names, asked(entity))  # noqa: E731
    assert arrived("new") == Observed(pytest.approx(92 / DAYS_PER_MONTH), "s")
    assert arrived("old") == "was on the market already"
    assert arrived("far") == "has not come yet", "a date after the last rent is a plan"
    assert arrived("secret") == "was not announced, or not with what the market needs"
    assert happenings.LAUNCHES.happened(tables, None, names, asked()) == Observed(1.0, "accelerators.csv")
    known["far"] = row(available_on=LATER)
    assert happenings.LAUNCHES.happened(tables, None, names, asked()).value == 2.0 and arrived("far").value > 6
    after = happenings.LAUNCHES.happened(tables, None, names, asked(on=date(2026, 1, 2)))
    assert after == "launches are known to 2026-01-01"
    world = SimpleNamespace(available_month=np.array([[0.0, 0.0], [1.0, 2.5], [2.0, np.inf]]))
    assert happenings.LAUNCH.forecast(world, names, asked("new")).tolist() == [1.0, 2.5]
    assert happenings.LAUNCHES.forecast(world, names, asked(months=2)).tolist() == [2, 0]


def test_progress_tells_of_each_path_once(base, monkeypatch):
    monkeypatch.setattr("forecast.hindcast.run.march", lambda *a, **k: None)
    done = []
    assert sample(base, None, [], 12_000, 7, 1, done.append).shape == (0, 12_000)
    assert sorted(done) == [2_000, 5_000, 5_000]
    assert [month_later(date(2025, 12, 31), k) for k in (1, 2, 12)] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 12, 31),
    ]


def test_an_interval_is_the_middle_eight_of_ten_paths_its_ends_included():
    made = check_of("n", "ratio", np.arange(10.0, 0.0, -1), 9.0, "s", 0.5)
    assert made == Check("n", "ratio", 1.0, 5.0, 9.0, 9.0, "s", 0.5) and made.inside
    for value, inside in (
        (1.0, True),
        (1 - 0.9e-6, True),
        (1 - 1.1e-6, False),
        (9 + 8e-6, True),
        (9 + 1e-5, False),
        (-3.0, False),
    ):
        assert check("ratio", 1.0, 9.0, value).inside == inside, value
    assert check("ratio", -4.0, -3.0, -4.0 - 3e-6).inside, "what is rounded is rounded on either side of zero"


def listed(count, provider="p{}", kind="host", horizon=6, prob=0.2, stayed=0.6):
    """Cases of list prices: so many series, of which that share is the same as before."""
    last = np.arange(float(count))
    return {
        "provider": [provider.format(k) for k in range(count)], "series": [f"m{k}" for k in range(count)], "kind": [kind] * count,
        "horizon_months": [horizon] * count, "change_prob": [prob] * count, "last_log": last,
        "value_log": last + (np.arange(count) >= stayed * count),
    }  # fmt: skip


def cases(*parts):
    return SimpleNamespace(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


@pytest.mark.parametrize(("provider", "together"), [("one", 1 / 3), ("p{}", 0.0)])
def test_prices_of_one_provider_move_together(provider, together):
    """Twenty prices that move by half: indicators correlate by 2·asin(½)/π = ⅓, so σ² = ¼·(1/20 + 19/20·⅓)."""
    samples, value = _unchanged(cases(listed(20, provider, prob=0.5)), np.arange(20), 7)
    assert value == 0.6 and samples.mean() == pytest.approx(0.5, abs=0.025)
    assert samples.std() == pytest.approx((0.25 * (1 / 20 + 19 / 20 * together)) ** 0.5, rel=0.05)


def test_a_price_has_chance_of_its_own_that_others_do_not_move():
    """Another series, of the same or another provider, leaves the draws of the first as they were."""
    few, more = (_normals(cases(listed(n, "one"), listed(n, "p{}")), np.arange(n), 7) for n in (3, 5))
    assert np.array_equal(more[:3], few)
    assert np.corrcoef(few)[0, 1] == pytest.approx(0.5, abs=0.05)
    assert _normals(cases(listed(20)), np.arange(20), 7).std() == pytest.approx(1.0, abs=0.01)


def test_the_share_of_prices_that_stay(monkeypatch):
    known = cases(
        listed(20), listed(30, kind="first", prob=0.5, stayed=0.1), listed(19, horizon=12), listed(1, "q", horizon=3)
    )
    days = []
    monkeypatch.setattr("forecast.hindcast.list_prices.forecasts_on", lambda tables, day: days.append(day) or known)
    rows = [
        {"quantity": "list", "entity": entity, "months_ahead": months}
        for entity, months in (("host", 6), ("first", 6), ("all", 6), ("all", 12), ("host", 9), ("cloud", 6))
    ]
    made, left = list_price_checks(rows, date(2025, 7, 17), None, 7)
    assert days == [date(2025, 7, 1)], "as the catalogues stood on the first of the month"
    assert [(one.name, one.form, one.value, one.source) for one in made] == [
        ("list host, 6 months", "share", 0.6, "price_changes.csv, 20 series"), ("list first, 6 months", "share", 0.1, "price_changes.csv, 30 series"),
        ("list all, 6 months", "share", pytest.approx(0.3), "price_changes.csv, 50 series"),
    ]  # fmt: skip
    assert [one.p50 for one in made] == pytest.approx([0.8, 0.5, 0.62], abs=0.04)
    none = "no such list price was forecast from 2025-07-17 and is known so much later"
    few = "fewer than 20 such list prices are known so much later"
    assert left == [("list all, 12 months", few), ("list host, 9 months", none), ("list cloud, 6 months", none)]
    assert list_price_checks([], START, None, 7) == ([], []) and len(days) == 1
