"""Printed tables and sentences that stay readable in a narrow terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

NOTE_COLUMNS = 120  # of a sentence, also where a pipe has room for more


def fitted(text: str, columns: int) -> str:
    """Return a text whose longer lines are broken between words; what follows stands two characters further in.

    >>> print(fitted("  one two three", 9))
      one two
        three
    """
    lines = []
    for line in text.split("\n"):
        inset = " " * (len(line) - len(line.lstrip()) + 2)
        whole = line.replace(" %", "\u00a0%")  # a number and its sign stay on one line
        broken = textwrap.wrap(whole, columns, subsequent_indent=inset, break_long_words=False, break_on_hyphens=False)
        lines += broken if len(line) > columns else [line]
    return "\n".join(lines).replace("\u00a0%", " %")


def printed_table(rows: Sequence[Sequence[str]], widths: Sequence[int], columns: int) -> list[str]:
    """Return a table's lines; cells that do not fit beside the labels follow below, with the labels once more.

    Args:
        rows: label and cells of each, the header first.
        widths: of the cells; one that is wider than its width moves the others; a space stands between any two. Labels take what the longest needs.
        columns: that a line has room for.

    >>> printed_table([["of", "a", "b"], ["x", "1", "2"]], [4, 4], 8)
    ['  of   a', '  x    1', '  of   b', '  x    2']
    """
    labels = 2 + max(len(row[0]) for row in rows)
    blocks: list[list[int]] = [[]]
    for place, width in enumerate(widths):
        if blocks[-1] and labels + sum(widths[i] for i in blocks[-1]) + width > columns:
            blocks.append([])
        blocks[-1].append(place)
    return [
        f"  {row[0]}".ljust(labels) + "".join(f" {row[place + 1]}".rjust(widths[place]) for place in block)
        for block in blocks
        for row in rows
    ]
