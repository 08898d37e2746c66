"""`forecast audit`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from forecast.audit.audited import HEADER, audit, rows
from forecast.cli.options import json_option, out_option, quiet_option
from forecast.cli.shown import bar, json_text, put, sentences
from forecast.delivery.cell_text import csv_text
from forecast.delivery.words import figures, span
from forecast.errors import InputError
from forecast.tables import load_tables


@click.command("audit")
@json_option
@click.option("--format", "form", type=click.Choice(["text", "csv"]), default="text")
@out_option("Where it goes; - is stdout.", default="-")
@quiet_option()
def command(as_json: bool, form: str, out: str) -> None:
    """Recompute every numeric claim of the founding article and say what holds.

    A claim holds when printed and recomputed ranges meet within 15 %; the factor is printed over recomputed.
    """
    if as_json and form != "text":
        raise InputError(f"audit --json: --format {form} would change nothing. Leave one of them out.")
    tables = load_tables()
    with bar(len(tables["claims"].rows), "claims") as progress:
        found = audit(tables, progress)
    if as_json:
        put(out, json_text({"claims": found}, indent=2) + "\n")
    elif form == "csv":
        put(out, csv_text(HEADER, rows(found)))
    else:
        put(out, sentences(audit_text(found)) + "\n")


def audit_text(found: list[dict[str, Any]]) -> str:
    """Return the audit for a reader: claims by section, each with printed and recomputed value and verdict."""
    lines: list[str] = []
    for section in dict.fromkeys(row["section"] for row in found):
        lines.append(section.upper())
        for row in (row for row in found if row["section"] == section):
            factor = "" if row["factor"] in (None, 1.0) else f" (×{figures(row['factor'], 3)})"
            lines.append(f"  {row['statement']}")
            lines.append(
                f"    printed {row['printed']} · recomputed {span(row['recomputed'])} {row['unit']} · {row['verdict']}{factor}"
            )
            lines.append(f"    {row['evidence']} [{row['source']}]")
        lines.append("")
    counts = Counter(row["verdict"] for row in found)
    lines.append(f"{len(found)} claims: " + ", ".join(f"{count} {name}" for name, count in counts.most_common()))
    lines.append("In brackets: printed over recomputed.")
    return "\n".join(lines)
