"""The audit itself: each claim recomputed by its check and judged by the rule, as rows ready for JSON and CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any

from forecast.audit import arithmetic, computed, records, sold
from forecast.audit.claims import REFERENCES, Claim, claims
from forecast.audit.records import Found
from forecast.audit.verdicts import Range, factor, verdict
from forecast.errors import InputError, suggestion
from forecast.scenario import Scenario, load_scenario
from forecast.tables import Tables

WRITTEN_ON = date(2025, 7, 1)  # the article describes mid-2025 and gives no day
HEADER = "id section statement printed recomputed_low recomputed_high unit verdict factor computed_by evidence source".split()
ARITHMETIC = {check.__name__: check for check in arithmetic.CHECKS}
LOOKED_UP = {check.__name__: check for room in (records, computed, sold) for check in room.CHECKS}


@dataclass
class Audit:
    """The claims, the scenario of each date asked for, and what has been found so far."""

    tables: Tables
    claims: dict[str, Claim]
    found: dict[str, Found | None] = field(default_factory=dict)
    _scenarios: dict[date, Scenario] = field(default_factory=dict)

    def scenario(self, on: date) -> Scenario:
        """Return the base scenario as known on a date."""
        if on not in self._scenarios:
            self._scenarios[on] = load_scenario("base", self.tables, as_of=on)
        return self._scenarios[on]

    def recomputed(self, name: str) -> Found | None:
        """Return what a claim's check gives, None where it has none; each check runs once.

        Raises:
            InputError: an unknown check, claim or argument, with the row and what is allowed.
        """
        if name not in self.found:
            claim = self.claims[name]
            self.found[name] = self._check(claim) if claim.row["check"] else None
        return self.found[name]

    def _check(self, claim: Claim) -> Found:
        check, given = claim.row["check"], dict(claim.arguments)
        known = [*ARITHMETIC, *LOOKED_UP]
        if check not in known:
            raise InputError(f'{claim.place}: no check "{check}".{suggestion(check, known)} Correct the row.')
        try:
            on = date.fromisoformat(given.pop("on", str(WRITTEN_ON)))
            values = {key: self._value(claim, text) for key, text in given.items()}
            if check in ARITHMETIC:
                return Found(_over_corners(check, values))
            return LOOKED_UP[check](self.scenario(on), **values)
        except (TypeError, ValueError, KeyError) as error:
            raise InputError(f"{claim.place}: {check}: {error}. Correct the arguments.") from None
        except InputError as error:
            raise InputError(f"{claim.place}: {check}: {error}") from None

    def _value(self, claim: Claim, text: str) -> Any:
        if text[0] not in REFERENCES:
            try:
                return float(text)
            except ValueError:
                return text
        name = text[1:]
        if name not in self.claims or name == claim.row["claim"]:
            raise InputError(f'no other claim "{name}".{suggestion(name, self.claims)} Correct the arguments.')
        found = self.recomputed(name) if text[0] == "~" else None
        value = found.range if found else self.claims[name].printed
        if value is None:
            raise InputError(f'claim "{name}" has no number. Correct the arguments.')
        return value


def audit(tables: Tables, progress: Callable[[int], None] = lambda claims: None) -> list[dict[str, Any]]:
    """Return every claim with its recomputed value, verdict, factor, evidence and source, in the table's order.

    `progress` is called with 1 for each claim that is done.

    Raises:
        InputError: a row names a check, a claim or an argument that does not exist.
    """
    made = Audit(tables, claims(tables["claims"]))
    found = []
    for name, claim in made.claims.items():
        found.append(_audited(claim, made.recomputed(name)))
        progress(1)
    return found


def rows(audited: list[dict[str, Any]]) -> list[list[Any]]:
    """Return the audit as rows under HEADER."""
    ends = [r if isinstance(r, list) else [r, r] for r in (row["recomputed"] for row in audited)]
    return [
        [*(row[name] for name in HEADER[:4]), *recomputed, *(row[name] for name in HEADER[6:])]
        for row, recomputed in zip(audited, ends, strict=True)
    ]


def _audited(claim: Claim, found: Found | None) -> dict[str, Any]:
    row, own = claim.row, claim.row["basis"] == "own table"
    measured = found.range if found else None
    ratio = None
    if claim.printed and measured and row["judgement"] != "untestable":
        ratio = factor(claim.printed, measured, own)
    place = f"; {found.place}" if found and found.place else ""
    arguments = ", ".join(f"{name}={value}" for name, value in claim.arguments.items())
    return {
        "id": row["claim"],
        "section": row["section"],
        "statement": row["statement"],
        "printed": row["printed"],
        "recomputed": None if measured is None else measured.low if measured.low == measured.high else list(measured),
        "unit": row["unit"],
        "verdict": verdict(claim.printed or Range(0, 0), measured, row["judgement"], own),
        "factor": ratio,
        "computed_by": f"{row['check']}({arguments})" if row["check"] else "",
        "evidence": f"{row['evidence']}{place}",
        "source": row["source"],
    }


def _over_corners(check: str, values: dict[str, Any]) -> Range:
    """Return the range of a function that rises or falls in every argument, over the ends of all of them."""
    ends = [value if isinstance(value, Range) else (value,) for value in values.values()]
    found = [ARITHMETIC[check](**dict(zip(values, corner, strict=True))) for corner in product(*ends)]
    return Range(min(found), max(found))
