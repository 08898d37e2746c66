"""Printed tables that stay readable in a narrow terminal."""

from __future__ import annotations

from collections.abc import Sequence


def printed_table(rows: Sequence[Sequence[str]], widths: Sequence[int], columns: int) -> list[str]:
    """Return a table's lines; cells that do not fit beside the labels follow below, with the labels once more.

    Args:
        rows: label and cells of each, the header first.
        widths: of label and cells; a cell that is wider than its width moves the others.
        columns: that a line has room for.

    >>> printed_table([["of", "a", "b"], ["x", "1", "2"]], [3, 4, 4], 9)
    ['of    a', 'x     1', 'of    b', 'x     2']
    """
    blocks: list[list[int]] = [[]]
    for place in range(1, len(widths)):
        if blocks[-1] and widths[0] + sum(widths[i] for i in blocks[-1]) + widths[place] > columns:
            blocks.append([])
        blocks[-1].append(place)
    return [
        row[0].ljust(widths[0]) + "".join(row[place].rjust(widths[place]) for place in block)
        for block in blocks
        for row in rows
    ]
