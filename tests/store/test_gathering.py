"""What is kept of a source's answer: what it brought, and how old its news is; no entry of a feed may stop a refresh."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from forecast.refresh.gathering import Reply, take_in
from forecast.sources.fetch import Answer
from forecast.sources.quotes import Parsed, Quote
from forecast.store.database import open_store, transaction
from forecast.store.observations import feed_state

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
RENT = Quote("rents", "lambda", "H100", (2.5,), "on-demand")


@pytest.fixture
def told(place, tables):
    """Return a function: the report on a feed that says so much, and what is remembered of it."""
    engine = open_store(place)

    def tell(*quotes, etag=None, error="", now=NOW):
        source = SimpleNamespace(name="gpu-rents", configured_address=lambda: "x", warn_days=3, error_days=6)
        parsed = None if error or not quotes else Parsed(list(quotes), [])
        with transaction(engine) as connection:
            (report,) = take_in(connection, [Reply(source, parsed, Answer(None, etag, None), error)], tables, now)
            return report, feed_state(connection, "gpu-rents")

    yield tell
    engine.dispose()


@pytest.mark.parametrize(
    ("day", "age", "staleness"), [(22, 3, "fresh"), (21, 4, "warn"), (19, 6, "warn"), (18, 7, "error")]
)
def test_a_feed_is_as_old_as_its_newest_entry(told, day, age, staleness):
    report, kept = told(RENT._replace(as_of=date(2026, 11, day)), RENT._replace(as_of=date(2026, 11, 2)))
    assert (report.age_days, report.staleness) == (age, staleness)
    assert (report.status, report.observations_added, report.quarantined) == ("new", 2, 0)
    assert kept["newest_on"] == f"2026-11-{day}"


def test_a_feed_without_dates_is_as_old_as_its_last_answer(told):
    assert told(RENT)[0].age_days == 0
    report, _ = told(error="no answer", now=datetime(2026, 11, 29, tzinfo=UTC))
    assert (report.status, report.message, report.age_days, report.staleness) == ("failed", "no answer", 4, "warn")


def test_an_answer_without_content_keeps_what_was_known(told):
    told(RENT._replace(as_of=date(2026, 11, 22)), etag="first")
    report, kept = told(now=datetime(2026, 11, 26, 3, 0, tzinfo=UTC))
    assert (report.status, report.age_days) == ("unchanged", 4)
    assert (kept["etag"], kept["newest_on"], kept["checked_at"][:10]) == ("first", "2026-11-22", "2026-11-26")
    _, kept = told(RENT, now=datetime(2026, 11, 27, 3, 0, tzinfo=UTC))  # another content: nothing of the old one holds
    assert (kept["etag"], kept["newest_on"]) == (None, None)


def test_a_price_of_electricity_is_of_its_month_and_a_channel_is_no_date(told):
    power = [Quote("electricity", "", "US Total (industrial)", (0.09,), f"2026-{month:02d}") for month in (9, 10, 8)]
    assert told(*power)[0].age_days == (NOW.date() - date(2026, 10, 1)).days
    report, kept = told(RENT._replace(channel="2026-H1"))
    assert (report.quarantined, report.age_days, kept["newest_on"]) == (1, 0, None)


def test_an_entry_of_a_day_to_come_is_held_and_makes_no_feed_young(told):
    """A price dated 2031 once hid for five years that its feed had stopped."""
    ahead, real = RENT._replace(as_of=date(2031, 1, 1)), RENT._replace(as_of=date(2026, 11, 19))
    report, kept = told(ahead, real)
    assert (report.quarantined, report.suspects[0].reason) == (1, "dated 2031-01-01, in the future")
    assert (report.age_days, report.staleness, kept["newest_on"]) == (6, "warn", "2026-11-19")
    report, kept = told(ahead, now=datetime(2026, 11, 26, tzinfo=UTC))  # what was known of it before stays
    assert (report.age_days, report.staleness, kept["newest_on"]) == (7, "error", "2026-11-19")


def test_a_feed_of_days_to_come_only_ages_from_its_first_answer(told):
    for day, age, staleness in ((25, 0, "fresh"), (28, 3, "fresh"), (29, 4, "warn")):
        report, kept = told(RENT._replace(as_of=date(2031, 1, day)), now=datetime(2026, 11, day, tzinfo=UTC))
        assert (report.age_days, report.staleness, kept["newest_on"]) == (age, staleness, "2026-11-25")


def test_tomorrow_is_believed_and_counts_as_today(told):
    report, kept = told(RENT._replace(as_of=date(2026, 11, 26)), RENT._replace(as_of=date(2026, 11, 27)))
    assert (report.observations_added, report.quarantined, report.age_days) == (1, 1, 0)
    assert kept["newest_on"] == "2026-11-26"


def test_a_price_of_electricity_of_a_month_to_come_is_held(told):
    report, kept = told(
        *(Quote("electricity", "", "US Total (industrial)", (0.09,), period) for period in ("2026-12", "2026-10"))
    )
    assert [one.reason for one in report.suspects] == ["period 2026-12, in the future"]
    assert (report.observations_added, kept["newest_on"]) == (1, "2026-10-01")
