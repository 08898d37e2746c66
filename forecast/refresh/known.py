"""What is known of each series: the amounts of the tables and of the store by date, and the names they go by."""

from __future__ import annotations

import csv
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from forecast.store.observations import Observation
from forecast.tables import Tables

Series = tuple[str, str, str, str]  # table, provider, item, channel
Amounts = tuple[float, ...]
DAY = itemgetter(0)


class Layout(NamedTuple):
    """How a table spells a series: the columns of its date, provider, item, channel and amounts."""

    date: str
    provider: str
    item: str
    channel: str
    amounts: tuple[str, ...]

    def read(self, table: str, row: dict[str, str]) -> tuple[Series, str, Amounts]:
        """Return the series of a row, the day from which it holds, and its amounts, NaN where a cell is empty."""
        series = table, row.get(self.provider, ""), row[self.item], row.get(self.channel, "")
        return series, row[self.date], tuple(float(row[column] or "nan") for column in self.amounts)


LAYOUTS = {
    "price_changes": Layout("changed_on", "provider", "model", "", ("input_usd_per_mtok", "output_usd_per_mtok")),
    "rents": Layout("date_on", "provider", "accelerator", "channel", ("usd_per_accelerator_hour",)),
    "electricity": Layout("as_of", "", "item", "period", ("mid",)),
}
REGION = re.compile(r"(us|eu|apac|global|regional|[a-z]{2}-[a-z]+-\d)([/.-]|$)")


def table_rows(tables: Tables, name: str) -> list[dict[str, str]]:
    """Return the rows of a table as texts, column by column."""
    with tables.file(name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class AmountHistory:
    """The amounts of many series over time; the later entry of a day is the one in force."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, ...], list[tuple[str, Amounts]]] = {}  # day and amounts, by day

    def add(self, key: tuple[str, ...], as_of: str, amounts: Amounts) -> None:
        """Take in an amount that holds from a day."""
        insort(self._said.setdefault(key, []), (as_of, amounts), key=DAY)

    def remove(self, key: tuple[str, ...], as_of: str, amounts: Amounts) -> None:
        """Take back an amount that was added."""
        said = self._said[key]
        del said[len(said) - 1 - said[::-1].index((as_of, amounts))]

    def in_force(self, key: tuple[str, ...], on: str) -> Amounts | None:
        """Return the amounts that held on a day, None before the first."""
        said = self._said.get(key, [])
        place = bisect_right(said, on, key=DAY)
        return said[place - 1][1] if place else None

    def said_on(self, key: tuple[str, ...], day: str) -> list[Amounts]:
        """Return all amounts that hold from a day."""
        said = self._said.get(key, [])
        return [amounts for _, amounts in said[bisect_left(said, day, key=DAY) : bisect_right(said, day, key=DAY)]]

    def latest(self) -> dict[tuple[str, ...], Amounts]:
        """Return the last amounts of every series."""
        return {key: said[-1][1] for key, said in self._said.items() if said}


def comparable(series: Series) -> tuple[str, ...]:
    """Return what an amount is compared with: its series; for electricity the region, whatever the month."""
    return series[:3] if series[0] == "electricity" else series


class Known:
    """All that a new quote is checked against."""

    def __init__(self, tables: Tables, seen: Iterable[Observation]) -> None:
        self.limits = {name: {column.name: column for column in tables.schema[name]} for name in LAYOUTS}
        self.all, self.by_source = AmountHistory(), AmountHistory()
        self.kinds: dict[str, str] = {}
        self.offers: dict[str, dict[str, Amounts]] = {}  # model → seller → its last price
        for name, layout in LAYOUTS.items():
            for row in table_rows(tables, name):
                if name == "electricity" and (row["category"], row["unit"]) != ("price", "USD/kWh"):
                    continue
                series, day, amounts = layout.read(name, row)
                self.all.add(comparable(series), day, amounts)
                if name == "price_changes":
                    _, provider, item, _ = series
                    self.offers.setdefault(item, {})[provider] = amounts
                    self.kinds[provider] = row["provider_kind"]
        for one in seen:
            self.add(one)
        aliases = table_rows(tables, "aliases")
        self._names = {(row["kind"], squeezed(row["alias"])): row["name"] for row in aliases}
        self._names |= {("provider", squeezed(name)): name for name in self.kinds}
        accelerators = {row["name"] for row in table_rows(tables, "accelerators")}
        self._names |= {("accelerator", squeezed(name)): name for name in accelerators}

    def add(self, one: Observation) -> None:
        """Take in an observation."""
        self.all.add(comparable(one.series), one.as_of, one.amounts)
        self.by_source.add((one.source, *one.series), one.as_of, one.amounts)
        if one.target == "price_changes":
            self.offers.setdefault(one.item, {})[one.provider] = one.amounts
            self.kinds.setdefault(one.provider, one.kind)

    def remove(self, one: Observation) -> None:
        """Take back an observation that is not believed after all."""
        self.all.remove(comparable(one.series), one.as_of, one.amounts)
        self.by_source.remove((one.source, *one.series), one.as_of, one.amounts)
        before = self.all.in_force(comparable(one.series), "9999")
        if before is None:
            self.offers.get(one.item, {}).pop(one.provider, None)
        elif one.target == "price_changes":
            self.offers[one.item][one.provider] = before

    def name(self, kind: str, printed: str) -> str | None:
        """Return the stable name that a feed's name stands for, None where there is none."""
        return self._names.get((kind, squeezed(printed)))

    def model(self, provider: str, printed: str) -> str:
        """Return the name under which the tables keep a seller's model, else the feed's own without the seller."""
        full = printed.lower()
        head, _, rest = full.partition("/")
        router = self.kinds.get(provider) == "gateway"  # lists others' models under their makers' names, and its own
        own = rest if rest and self.name("provider", head) == provider and ("/" in rest or not router) else full
        tail = own if router or REGION.match(own) else own.rpartition("/")[2]
        dotted = re.sub(r"(?<=\d)p(?=\d)", ".", tail)  # Fireworks writes 4.6 as 4p6
        for candidate in (full, own, tail, dotted):
            if provider in self.offers.get(candidate, {}):
                return candidate
        return own if router else self.name("model", own) or self.name("model", tail) or own


def squeezed(name: str) -> str:
    """Return a name without capitals and punctuation, for comparison.

    >>> squeezed("Fireworks AI") == squeezed("fireworks_ai")
    True
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())
