"""The sources asked, checked and stored: each on its own, so that one that fails does not lose the others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast import __version__
from forecast.refresh.known import Known
from forecast.refresh.validation import AHEAD, check_quotes
from forecast.sources.fetch import Answer, Limits, fetch
from forecast.sources.quotes import Parsed, SourceError, Unread, shown
from forecast.sources.registry import Source
from forecast.store.database import transaction
from forecast.store.observations import (
    Suspect,
    add_observations,
    add_quarantine,
    feed_state,
    observations,
    save_feed_state,
)
from forecast.store.places import Place
from forecast.tables import Tables

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


@dataclass
class SourceReport:
    """What came of a source: whether it answered, what was new, what is held, and how old its news is."""

    source: str
    status: str = "unchanged"  # new, unchanged, or failed
    observations_added: int = 0
    quarantined: int = 0
    message: str = ""
    age_days: int | None = None
    staleness: str = "fresh"  # fresh, warn or error
    suspects: list[Suspect] = field(default_factory=list)


class Reply(NamedTuple):
    """What a source said: its content (None when it has not changed) and its answer, or why there is none."""

    source: Source
    parsed: Parsed | None
    answer: Answer
    error: str


def ask_all(engine: Engine, place: Place, sources: Iterable[Source], limits: Limits) -> list[Reply]:
    """Ask each source; no transaction is held meanwhile."""
    with transaction(engine, place.label) as connection:
        states = {source.name: feed_state(connection, source.name) for source in sources}
    return [_ask(source, states[source.name], place, limits) for source in sources]


def _ask(source: Source, state: dict[str, Any], place: Place, limits: Limits) -> Reply:
    answer = Answer(None, None, None)
    try:
        if source.name == "drop":
            return Reply(source, _dropped(source, place, limits), answer, "")
        known = state if state.get("address") == _digest(source.configured_address()) else {}
        answer = fetch(source.configured_address(), known, limits)
        return Reply(source, None if answer.content is None else source.parse(answer.content), answer, "")
    except SourceError as error:
        return Reply(source, None, answer, str(error))


def _dropped(source: Source, place: Place, limits: Limits) -> Parsed:
    """Return the content of all files of the drop folder; a file of another form is one unread entry."""
    found = Parsed([], [])
    if place.drop.is_file():
        raise SourceError(f"{place.drop}: a file; the drop folder holds CSV files. Correct FORECAST_DROP")
    if not place.drop.is_dir():
        if os.environ.get("FORECAST_DROP"):
            raise SourceError(f"{place.drop}: no such folder. Make it, or correct FORECAST_DROP")
        return found
    for path in sorted(place.drop.glob("*.[cC][sS][vV]")):
        if path.exists() and not path.is_file():  # to read a pipe would wait for whoever writes it, with the lock held
            found.unread.append(Unread("", path.name, "the whole file", "a folder, a pipe or a device, no file"))
            continue
        try:
            if path.stat().st_size > limits.size_bytes:
                raise SourceError(f"the file is larger than {limits.size_bytes:,} bytes")
            parsed = source.parse(path.read_bytes())
        except SourceError as error:
            found.unread.append(Unread("", path.name, "the whole file", str(error)))
        except OSError as error:
            raise SourceError(f"{shown(path.name)} cannot be read ({error.strerror})") from None
        else:
            found.quotes.extend(quote._replace(file=path.name) for quote in parsed.quotes)
            found.unread.extend(one._replace(file=path.name) for one in parsed.unread)
    return found


def take_in(connection: Connection, asked: Sequence[Reply], tables: Tables, now: datetime) -> list[SourceReport]:
    """Check what the sources said, add what is believed and hold the rest; return what came of each source."""
    some = any(one.parsed and (one.parsed.quotes or one.parsed.unread) for one in asked)
    known = Known(tables, observations(connection)) if some else None
    reports, moment = [], now.isoformat(timespec="seconds")
    for one in asked:
        report = SourceReport(one.source.name)
        if one.error:
            report.status, report.message = "failed", one.error
        else:
            if one.parsed and known:
                checked = check_quotes(one.source.name, one.parsed, known, moment)
                report.observations_added = add_observations(connection, checked.accepted)
                report.quarantined = add_quarantine(connection, checked.suspects, moment)
                report.suspects = checked.suspects
                report.status = "new" if report.observations_added else "unchanged"
            _remember(connection, one, now)
        _judge_age(report, one.source, feed_state(connection, one.source.name), now.date())
        reports.append(report)
    return reports


def _remember(connection: Connection, asked: Reply, now: datetime) -> None:
    """Write down when a feed answered, what it said of itself, and the date of its newest entry."""
    if asked.source.name == "drop":
        return
    state = feed_state(connection, asked.source.name)
    quotes = asked.parsed.quotes if asked.parsed else []
    # The day that an entry is of: its own, or the first of the month of an electricity price.
    days = (f"{one.channel}-01" if one.target == "electricity" else str(one.as_of or "") for one in quotes)
    dates = [day for day in days if day]
    kept = state if asked.parsed is None else {}  # a 304 need not repeat what it stands for
    begun = kept.get("newest_on")
    if dates:  # all of them to come: what was known before, or the day of the first such answer, and ages from there
        begun = state.get("newest_on") or str(now.date())
    save_feed_state(connection, {
        "source": asked.source.name,
        "address": _digest(asked.source.configured_address()),  # addresses hold keys
        "etag": asked.answer.etag or kept.get("etag"),
        "last_modified": asked.answer.last_modified or kept.get("last_modified"),
        "checked_at": now.isoformat(timespec="seconds"),
        "newest_on": max((day for day in dates if day <= str(now.date() + AHEAD)), default=begun),
    })  # fmt: skip


def _judge_age(report: SourceReport, source: Source, state: dict[str, Any], today: date) -> None:
    """Write into a report how old the newest news of its source is, and whether that is too old.

    A feed that dates its entries is as old as the newest of them that is not held for a date to come, one that shows the
    present as its last answer.
    """
    if source.name == "drop" or not state:
        return
    newest = date.fromisoformat((state["newest_on"] or state["checked_at"])[:10])
    report.age_days = max(0, (today - newest).days)
    if report.age_days > source.warn_days:
        report.staleness = "error" if report.age_days > source.error_days else "warn"


def _digest(address: str) -> str:
    """Return what stands for an address and this version: another version reads the whole feed again."""
    return hashlib.sha256(f"{__version__} {address}".encode()).hexdigest()[:16]
