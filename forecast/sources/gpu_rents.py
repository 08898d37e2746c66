"""Rents of accelerators from any service that speaks this simple form, CSV or JSON.

CSV has the header `date,provider,accelerator,usd_per_accelerator_hour,channel`, JSON is an array of objects with these
members (or an object whose `rents` is that array). `channel` is on-demand when it is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecast.sources.quotes import (
    Parsed,
    Quote,
    SourceError,
    checked,
    csv_rows,
    day,
    finite_number,
    json_document,
    member,
    shown,
)

AMOUNT = "usd_per_accelerator_hour"


def parse(content: bytes) -> Parsed:
    """Return the rents of an answer.

    Raises:
        SourceError: it has another form.
    """
    text = content.lstrip()
    if text.startswith(b"{"):
        entries = member(json_document(text, dict), "rents", list)
    elif text.startswith(b"["):
        entries = json_document(text, list)
    else:
        header, entries = csv_rows(content)
        if not {"provider", "accelerator", AMOUNT} <= set(header):
            raise SourceError(f"the header is {shown(header)}; provider, accelerator and {AMOUNT} are needed")
    found = Parsed([], [])
    for entry in entries:
        add_rent(found, entry)
    return checked(found)


def add_rent(found: Parsed, entry: Any) -> None:
    """Add one entry to what was found, as a quote or as unread."""
    if not isinstance(entry, Mapping):
        found.skip("", "", entry, "not an object")
        return
    amount = finite_number(entry.get(AMOUNT))
    provider, item = str(entry.get("provider") or ""), str(entry.get("accelerator") or "")
    when = entry.get("date") or entry.get("date_on")
    as_of = day(when)
    if when and as_of is None:
        found.skip(provider, item, when, "not a date such as 2026-10-31")
    elif amount is None:
        found.skip(provider, item, entry.get(AMOUNT), "the rent is missing or not a number")
    else:
        channel = str(entry.get("channel") or "on-demand")
        confirmed = str(entry.get("confirmed") or "") == "1"
        found.quotes.append(Quote("rents", provider, item, (amount,), channel, "", as_of, confirmed))
