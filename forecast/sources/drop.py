"""The drop folder: CSV files that people put beside the store, with prices, rents or electricity.

A file is known by its columns. Prices: `date` (or `changed_on`), `provider`, `model`, `input_usd_per_mtok`,
`output_usd_per_mtok`, and `provider_kind` for a seller the tables do not know. Rents and electricity: the columns of
the tables `rents` (or of the rental feed) and `electricity`. A column `confirmed` with 1 says that a person has looked at a
price which would otherwise be held for its size.
"""

from __future__ import annotations

from forecast.sources.gpu_rents import AMOUNT, add_rent
from forecast.sources.quotes import Parsed, Quote, SourceError, csv_rows, day, finite_number, shown

PRICES = {"provider", "model", "input_usd_per_mtok", "output_usd_per_mtok"}
ELECTRICITY = {"category", "item", "period", "mid", "unit"}


def parse(content: bytes) -> Parsed:
    """Return what one file of the folder holds; a header without rows is nothing wrong.

    Raises:
        SourceError: it is no CSV, or its columns are those of no table.
    """
    header, entries = csv_rows(content)
    found = Parsed([], [])
    columns = set(header)
    if columns >= PRICES and columns & {"date", "changed_on"}:
        add = _add_price
    elif columns >= {"provider", "accelerator", AMOUNT}:
        add = add_rent
    elif columns >= ELECTRICITY:
        add = _add_electricity
    else:
        raise SourceError(
            f"the header is {shown(','.join(header))}. Prices need date, {', '.join(sorted(PRICES))}; rents need provider, "
            f"accelerator, {AMOUNT}; electricity needs {', '.join(sorted(ELECTRICITY))}. Correct the header."
        )
    for entry in entries:
        add(found, entry)
    return found


def _add_price(found: Parsed, entry: dict[str, str]) -> None:
    provider, item = entry.get("provider", ""), entry.get("model", "")
    amounts = [finite_number(entry.get(f"{side}_usd_per_mtok")) for side in ("input", "output")]
    when = entry.get("date") or entry.get("changed_on") or ""
    if as_of := day(when):
        kind, confirmed = entry.get("provider_kind", ""), entry.get("confirmed") == "1"
        found.add_price(provider, item, amounts, entry, kind, as_of, confirmed)
    else:
        found.skip(provider, item, when, "not a date such as 2026-10-31")


def _add_electricity(found: Parsed, entry: dict[str, str]) -> None:
    item, amount = entry.get("item", ""), finite_number(entry.get("mid"))
    if (entry.get("category"), entry.get("unit")) != ("price", "USD/kWh"):
        given = [entry.get("category"), entry.get("unit")]
        found.skip("", item, given, "only the category price in USD/kWh is read from the folder")
    elif amount is None:
        found.skip("", item, entry.get("mid"), "the price is missing or not a number")
    else:
        period, confirmed = entry.get("period", ""), entry.get("confirmed") == "1"
        found.quotes.append(Quote("electricity", "", item, (amount,), period, confirmed=confirmed))
