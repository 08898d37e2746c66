"""Print the data dictionary of `docs/data.md` from `data/schema.csv`: `python docs/dictionary.py` rewrites it there."""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

DOCS = Path(__file__).parent
MARK = "<!-- dictionary: written by docs/dictionary.py, do not edit below -->\n"
PROVENANCE = ("status", "confidence", "as_of", "source", "note")  # described once, the same in every table


def rule(row: dict[str, str]) -> str:
    """Return what a column allows, in words.

    >>> rule({"kind": "number", "allowed": "", "minimum": "0", "maximum": "1", "required": "1", "uncertain": "1"})
    'number or distribution, 0 to 1'
    """
    text = row["kind"] + (" or distribution" if row["uncertain"] == "1" else "")
    if row["kind"] == "choice":
        choices = row["allowed"].split("|")
        text = ", ".join(choices) if len(choices) <= 12 else f"one of {len(choices)} names, see schema.csv"
    elif row["allowed"]:
        text += f" of {row['allowed']}"
    if row["minimum"] and row["maximum"]:
        text += f", {row['minimum']} to {row['maximum']}"
    elif row["minimum"] or row["maximum"]:
        text += f", {'at least' if row['minimum'] else 'at most'} {row['minimum'] or row['maximum']}"
    return text if row["required"] == "1" else f"{text}; may be empty"


def dictionary(schema: list[dict[str, str]]) -> str:
    """Return the dictionary as Markdown: a heading and a table of columns for each table of the schema."""
    parts = []
    for table, rows in groupby(schema, key=lambda row: row["table"]):
        parts.append(f"### {table}\n\n| column | unit | allowed | meaning |\n|---|---|---|---|\n")
        for row in rows:
            if row["column"] not in PROVENANCE or table == "sources":
                cells = (row["column"], row["unit"], rule(row), row["meaning"])
                parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


if __name__ == "__main__":
    page = DOCS / "data.md"
    with (DOCS.parent / "data" / "schema.csv").open(encoding="utf-8", newline="") as file:
        written = dictionary(list(csv.DictReader(file)))
    head = page.read_text(encoding="utf-8").partition(MARK)[0]
    page.write_text(f"{head}{MARK}\n{written}", encoding="utf-8")
