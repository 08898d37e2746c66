"""What to say of tables of one's own that moved nothing, or of which some rows did not."""

from __future__ import annotations

from forecast.shipped import VINTAGE_KEYS
from forecast.tables import Tables


def late_notes(tables: Tables) -> list[str]:
    """Return what to say of rows of one's own that the vintage does not know yet: they move nothing."""
    notes = []
    for name in sorted(tables.own() & set(VINTAGE_KEYS)):
        shipped = [row.values for row in tables.shipped().apart()[name]]
        later = [row for row in tables.apart()[name] if row["as_of"] > tables.as_of and row.values not in shipped]
        if later:
            notes.append(
                f"note: {tables.file(name)} row {', '.join(str(row.number) for row in later)}: known after the run's as_of, "
                f"{tables.as_of}, so it moved nothing. It counts from --as-of {min(row['as_of'] for row in later)} on."
            )
    return notes


def unread_notes(tables: Tables) -> list[str]:
    """Return what to say of tables of one's own that no simulation reads and no newer fit rests on: how they can count."""
    notes = []
    for file in tables.unread():
        what, table = ("throughput", "throughput_effects") if file.stem == "throughput" else ("trends", "fits")
        fitted = file.with_name(f"{table}.csv")
        if not fitted.is_file() or fitted.stat().st_mtime < file.stat().st_mtime:
            notes.append(
                f"note: {file} moved nothing: no simulation reads it. Where fits rest on it, fit anew: "
                f"forecast calibrate {what} --write {fitted}"
            )
    return notes
