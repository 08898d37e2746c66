"""What numbers mean: inputs with their value in the base scenario, columns, and outcomes with where they are computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forecast.finding.code import Module, Place, readers
from forecast.inputs.inputs import Input
from forecast.market.doors import EXIT_KINDS
from forecast.outcomes.by_path import BY_PATH
from forecast.outcomes.dates import DATES
from forecast.outcomes.fans import FANS
from forecast.outcomes.finances import FINANCES
from forecast.scenario import Scenario
from forecast.tables import Tables

SUMMARY = "forecast.summary"
COMPUTING = ("forecast.march", "forecast.market.", "forecast.outcomes.", "forecast.paths", SUMMARY)
# Unit and definition of what the summary makes beyond the lists of fans and dates.
SUMMED_UP = {
    "cash_usd": ("USD", "cash today, the median of what is known of it"),
    "survival_months": ("months", "time until the provider leaves the market, whatever the way"),
    "exit": ("probability", "the provider has left the market by a month"),
    "runway_months": ("months", "time until today's cash is used up without new money; not of firms with a parent"),
    "out_of_cash": ("probability", "today's cash is used up by a month without new money"),
    "listed": ("probability", "the provider has gone public by a month"),
    "effective_providers_tokens": ("providers", "1 / hhi_tokens: equal providers that would give that index"),
    "effective_providers_spend": ("providers", "1 / hhi_spend: equal providers that would give that index"),
}
EXITS = {f"exit_{kind.replace(' ', '_')}": ("probability", f"{kind} by a month") for kind in EXIT_KINDS[1:]}


OUTCOMES = (
    {name: ("forecast.outcomes.fans", fan.unit, fan.definition) for name, fan in FANS.items()}
    | {name: ("forecast.outcomes.finances", fan.unit, fan.definition) for name, fan in FINANCES.items()}
    | {
        name: ("forecast.outcomes.dates", "probability" if name == "price_rise" else "months", date.definition)
        for name, date in DATES.items()
    }
    | {name: (SUMMARY, unit, said) for name, (unit, said) in (SUMMED_UP | EXITS).items()}
)
# Beyond those of a run: what only a query of a prediction asks for.
QUERIED = OUTCOMES | {name: ("forecast.outcomes.by_path", each.unit, each.definition) for name, each in BY_PATH.items()}


def input_places(scenario: Scenario, asked: str, modules: Sequence[Module]) -> Iterator[Place]:
    """Yield the inputs of a scenario that a name means: a whole key, or a parameter without its table.

    Args:
        scenario: whose values are shown.
        asked: `parameters.pue_ratio`, `pue_ratio`, or `table.entity.column`.
        modules: files to look through for readers.
    """
    cited = scenario.tables.citations()
    for key in (asked, f"parameters.{asked}"):
        if item := scenario.inputs.get(key):
            used = readers(key.rpartition(".")[2], modules)
            yield _of_input(item, scenario.tables.meaning(key), cited, used)


def _of_input(item: Input, meaning: str, cited: dict[str, str], used_by: tuple[str, ...]) -> Place:
    file, _, line = item.origin.place.partition(" row ")
    known = f"{item.origin.status}, known {item.origin.as_of}"
    about = f"{item.origin.source} ({known}): {cited.get(item.origin.source, item.origin.why)}"
    number = int(line) if line.isdigit() else 1
    return Place("input", item.key, file, number, meaning, item.unit, str(item.value), source=about, used_by=used_by)


def column_places(tables: Tables, asked: str, modules: Sequence[Module]) -> Iterator[Place]:
    """Yield the tables and columns that a name means: `table`, `table.column` or `column`."""
    for table, columns in tables.schema.items():
        if asked == table:
            names = ", ".join(column.name for column in columns)
            used = readers(table, modules)
            yield Place(
                "table", table, tables[table].label, 1, f"columns {names}", value=_count(tables, table), used_by=used
            )
        for column in columns:
            if asked in (column.name, f"{table}.{column.name}"):
                name, label = f"{table}.{column.name}", tables[table].label
                yield Place(
                    "column", name, label, 1, column.meaning, column.unit, _count(tables, table),
                    used_by=readers(column.name, modules),
                )  # fmt: skip


def _count(tables: Tables, table: str) -> str:
    return f"{len(tables[table])} rows"


def data_names(scenario: Scenario) -> set[str]:
    """Return every name that an input, a column or a table answers to."""
    schema = scenario.tables.schema
    columns = {f"{table}.{column.name}" for table in schema for column in schema[table]}
    return {*scenario.inputs, *columns, *schema, *(name.rpartition(".")[2] for name in (*columns, *scenario.inputs))}


def outcome_place(asked: str, modules: Sequence[Module]) -> Place | None:
    """Return what an outcome is, with the line that defines it and the functions that compute it; None for other names."""
    if asked not in QUERIED:
        return None
    room, unit, meaning = QUERIED[asked]
    written = 'f"exit_{' if asked in EXITS else f'"{asked}"'  # ways to leave are put together
    (module,) = (one for one in modules if one.name == room)
    line = next(n for n, text in enumerate(module.text.splitlines(), start=1) if written in text)
    used = readers("exit" if asked in EXITS else asked, [one for one in modules if one.name.startswith(COMPUTING)])
    return Place("outcome", asked, module.file, line, meaning, unit, used_by=used)
