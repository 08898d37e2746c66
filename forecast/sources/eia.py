"""The U.S. Energy Information Administration's API, version 2: monthly retail prices of power in cents per kWh."""

from __future__ import annotations

from forecast.sources.quotes import Parsed, Quote, checked, day, finite_number, json_document, member

ADDRESS = (
    "https://api.eia.gov/v2/electricity/retail-sales/data/?frequency=monthly&data[0]=price&facets[stateid][]=US"
    "&facets[sectorid][]=IND&facets[sectorid][]=COM&sort[0][column]=period&sort[0][direction]=desc&length=24"
)
UNITS = "cents per kilowatt-hour"


def parse(content: bytes) -> Parsed:
    """Return a price for each region, sector and month, in USD/kWh.

    Raises:
        SourceError: the answer has another form, or the service says what is wrong.
    """
    answer = member(json_document(content, dict), "response", dict)
    found = Parsed([], [])
    for entry in member(answer, "data", list):
        if not isinstance(entry, dict):
            found.skip("", "", entry, "not an object")
            continue
        region = str(entry.get("stateDescription") or entry.get("stateid") or "").removeprefix("U.S. ")
        item = f"US {region} ({entry.get('sectorName') or entry.get('sectorid') or ''})"
        period, cents = str(entry.get("period")), finite_number(entry.get("price"))
        if day(f"{period}-01") is None:
            found.skip("", item, period, "not a month such as 2026-08")
        elif entry.get("price-units", UNITS) != UNITS:
            found.skip("", item, entry.get("price-units"), f"another unit than {UNITS}")
        elif cents is None:
            found.skip("", item, entry.get("price"), "the price is missing or not a number")
        else:
            found.quotes.append(Quote("electricity", "", item, (float(f"{cents / 100:.10g}"),), period))
    return checked(found)
