"""Quotes checked before they are believed: each becomes an observation, is known already, or is held with the reason."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from forecast.refresh.known import Amounts, Known, comparable
from forecast.refresh.plausible import amount_problem, amounts_text
from forecast.sources.quotes import Parsed, Quote, shown
from forecast.store.observations import Observation, Suspect
from forecast.trends.list_price.series import KINDS

MOVED_FEED_FRAC = 0.25
AHEAD = timedelta(days=1)  # what a feed may be ahead of us: another time zone
FEWEST_TO_JUDGE_A_FEED = 5
NAME = re.compile(r"[A-Za-z0-9~][A-Za-z0-9._:/@+~() &,'-]{0,119}")


class Checked(NamedTuple):
    """What came of a feed's quotes."""

    accepted: list[Observation]
    suspects: list[Suspect]
    unchanged: int


def check_quotes(source: str, parsed: Parsed, known: Known, now: str) -> Checked:
    """Return the observations of a feed, and what is held.

    Args:
        source: name of the feed.
        parsed: its content.
        known: earlier amounts; what is accepted is added to it.
        now: the moment of observation, ISO, UTC.
    """
    accepted: list[Observation] = []
    suspects = [
        Suspect(source, "unread", _plain(one.provider), _plain(one.item), _in_file(one.found, one.file), one.reason)
        for one in parsed.unread
    ]
    jumped = compared = unchanged = 0
    said: dict[tuple[str, ...], Amounts] = {}
    twins = _vanished(source, parsed.quotes, known)
    for quote in sorted(parsed.quotes, key=lambda quote: str(quote.as_of or now[:10])):
        one, problem = _named(source, quote, known, now)
        key = (*one.series, one.as_of)
        before = None if problem else known.all.in_force(comparable(one.series), one.as_of)
        compared += before is not None
        if not problem and _is_known(one, quote, known, said.get(key)):
            said[key] = one.amounts
            unchanged += 1
            continue
        if not problem:
            problem = amount_problem(one, before, known, twins, quote.confirmed)
            jumped += problem is not None and before is not None
        if not problem and key in said and quote.as_of is None:  # of a dated history the later row of a day holds
            problem = f"the feed also says {amounts_text(said[key])} for this series"
        if problem:
            suspects.append(Suspect(*one[:4], _in_file(amounts_text(one.amounts), quote.file), problem))
        else:
            said[key] = one.amounts
            accepted.append(one)
            known.add(one)
    if compared >= FEWEST_TO_JUDGE_A_FEED and jumped > MOVED_FEED_FRAC * compared:
        reason = f"{jumped} of {compared} known prices of this answer are implausible: its unit may have changed"
        suspects += [Suspect(*one[:4], amounts_text(one.amounts), reason) for one in accepted]
        for one in accepted:
            known.remove(one)
        accepted = []
    return Checked(accepted, suspects, unchanged)


def _is_known(one: Observation, quote: Quote, known: Known, said: Amounts | None) -> bool:
    """Whether the source has said this before: on that day in a history, lately where it shows the present only."""
    key = (one.source, *one.series)
    if quote.as_of is not None:
        return one.amounts in known.by_source.said_on(key, one.as_of)
    return one.amounts in (known.by_source.in_force(key, one.as_of), said)


def _vanished(source: str, quotes: list[Quote], known: Known) -> dict[str, dict[str, Amounts]]:
    """Return by seller the models that the feed had before and has no more, with their last price."""
    before: dict[str, dict[str, Amounts]] = {}
    for key, amounts in known.by_source.latest().items():
        if key[:2] == (source, "price_changes"):
            before.setdefault(key[2], {})[key[3]] = amounts
    if before:
        for quote in quotes:
            provider = known.name("provider", quote.provider) or quote.provider
            before.get(provider, {}).pop(known.model(provider, quote.item), None)
    return before


def _named(source: str, quote: Quote, known: Known, now: str) -> tuple[Observation, str | None]:
    """Return the quote under the tables' names, and what is wrong with its names or its date."""
    today = date.fromisoformat(now[:10])
    as_of = quote.as_of or today
    provider, item, kind = quote.provider, quote.item, ""
    problem = None
    if quote.target == "price_changes":
        provider = known.name("provider", quote.provider) or (quote.provider.lower() if quote.kind else "")
        item = known.model(provider, quote.item)
        kind = known.kinds.get(provider, quote.kind)
        if not provider or not kind:
            problem = "a seller that the tables do not know: add it to aliases.csv, or give its provider_kind"
        elif kind not in KINDS:
            problem = f"provider_kind {shown(kind)}: {', '.join(KINDS[:-1])} or {KINDS[-1]} is allowed"
    elif quote.target == "rents":
        accelerator = known.name("accelerator", quote.item)
        provider, item = known.name("provider", quote.provider) or provider, accelerator or item
        problem = None if accelerator else "an accelerator that the tables do not know: add it to accelerators.csv"
    made = Observation(
        source, quote.target, provider or quote.provider, item, quote.channel, kind, quote.amounts, str(as_of),
        now,
    )  # fmt: skip
    names = (made.item,) if quote.target == "electricity" else (made.provider, made.item)
    if not all(NAME.fullmatch(name) for name in names):
        made = made._replace(provider=_plain(made.provider), item=_plain(made.item))
        return made, problem or "a name that is no name"
    if as_of > today + AHEAD:
        problem = problem or f"dated {as_of}, in the future"
    return made, problem


def _in_file(found: str, file: str) -> str:
    """Return what was found with the file of the drop folder that it stands in, where there is one."""
    return f"{found} in {shown(file)}" if file else found


def _plain(name: str) -> str:
    """Return a name as short printable text: what a feed wrote goes into the record, not into a terminal."""
    return ascii(name)[1:-1][:120]
