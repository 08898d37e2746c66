"""Meaning, formula and source of a docstring that is written as the house writes them."""

from __future__ import annotations

import re
from typing import NamedTuple

FORMULA = re.compile(r"(?<![=<>!:])=(?!=)|[Σ∏∫√≈∝]")
NOT_A_FORMULA = re.compile(r"(Args|Raises|Returns?|Source|Arguments)\b|>>>")
SOURCE = re.compile(r"Source: (.+?)(?=\n\s*\n|\Z)", re.DOTALL)


class Parts(NamedTuple):
    """The parts of a docstring; those that it does not have are empty."""

    meaning: str
    formula: str
    source: str


def parts_of(docstring: str | None) -> Parts:
    """Return the first paragraph of a docstring, the paragraph that is a formula, and what follows `Source:`.

    >>> parts_of("Area of a disc.\\n\\nA = π·r²\\n\\nr in m. Source: Archimedes.\\n")
    Parts(meaning='Area of a disc.', formula='A = π·r²', source='Archimedes')
    """
    paragraphs = [" ".join(text.split()) for text in re.split(r"\n\s*\n", docstring or "")]
    written = (text for text in paragraphs[1:] if FORMULA.search(text) and not NOT_A_FORMULA.match(text))
    cited = SOURCE.search(docstring or "")
    source = " ".join(cited[1].split()).removesuffix(".") if cited else ""
    return Parts(paragraphs[0], next(written, ""), source)
