"""Series of list prices: one price a change, and how long the series was watched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from forecast.model_names import canonical_name
from forecast.table_files import Row
from forecast.tables import DISTANT, Tables

KINDS = ("first", "host", "cloud", "gateway")


@dataclass(frozen=True)
class PriceSeries:
    """The blended list price of one model at one provider: `usd_per_mtok[i]` from `changed_on[i]` on."""

    provider: str
    kind: str
    model: str
    changed_on: tuple[date, ...]  # ascending
    usd_per_mtok: tuple[float, ...]
    last_seen_on: date

    @property
    def same_thing(self) -> tuple[str, str]:
        """Provider and model in one spelling: series that share it are prices of the same thing."""
        return self.provider.strip().lower(), canonical_name(self.model)


def blended_usd_per_mtok(input_usd_per_mtok: float, output_usd_per_mtok: float) -> float:
    """Return the price of three tokens of input to one of output: (3·in + out)/4.

    >>> blended_usd_per_mtok(1.0, 5.0)
    2.0
    """
    return (3.0 * input_usd_per_mtok + output_usd_per_mtok) / 4.0


def known_series(tables: Tables) -> tuple[PriceSeries, ...]:
    """Return the series of `price_changes` and `price_series`, ordered by provider and model.

    A series whose last sighting lies after the vintage of the tables was still watched on the vintage's day.
    """
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in tables["price_changes"]:
        rows.setdefault((row["provider"], row["model"]), []).append(row)
    newest = max((row["changed_on"] for row in tables["price_changes"]), default=DISTANT)
    still_watched = newest if tables.as_of == DISTANT else tables.as_of
    last_seen = {key: row["last_seen_on"] for key, row in tables["price_series"].latest("provider", "model").items()}
    return tuple(_series(key, rows[key], last_seen.get(key, still_watched)) for key in sorted(rows))


def _series(key: tuple[str, str], rows: list[Row], last_seen_on: date) -> PriceSeries:
    ordered = sorted(rows, key=lambda row: row["changed_on"])
    prices = (blended_usd_per_mtok(row["input_usd_per_mtok"], row["output_usd_per_mtok"]) for row in ordered)
    days = tuple(row["changed_on"] for row in ordered)
    return PriceSeries(key[0], ordered[-1]["provider_kind"], key[1], days, tuple(prices), max(last_seen_on, days[-1]))


def without(series: Iterable[PriceSeries], others: Iterable[PriceSeries]) -> tuple[PriceSeries, ...]:
    """Return the series that are no price of the same thing as one of the others."""
    dropped = {other.same_thing for other in others}
    return tuple(one for one in series if one.same_thing not in dropped)
