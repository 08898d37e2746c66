"""Pieces of HTML. Every text passes through `text`, the only place where it is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

LONGEST_TEXT = 1_000
LONGEST_LABEL = 20


class Section(NamedTuple):
    """A section of the page: its anchor, its heading, and what stands under it, as HTML."""

    key: str
    title: str
    content: str


def text(value: Any, longest: int = LONGEST_TEXT) -> str:
    """Return a value as text that is safe in HTML: escaped, without control characters, not endless.

    >>> text("<script>\\x1b"), text("abcdef", 4)
    ('&lt;script&gt;', 'abc…')
    """
    shown = "".join(c for c in str(value) if c.isprintable())
    shown = shown if len(shown) <= longest else shown[: longest - 1] + "…"
    return html.escape(shown).replace(" %", "\u00a0%")  # a number and its sign stay on one line


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a list."""
    return "<ul>" + "".join(f"<li>{text(sentence)}</li>" for sentence in sentences) + "</ul>"


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Any]], words: bool = False) -> str:
    """Return a table that scrolls by itself where the screen is narrow; the first cell of a row names it.

    Args:
        words: cells are words, not numbers, and stand to the left.
    """
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in header)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    kind = ' class="words"' if words else ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(caption)}"><table{kind}>'
        f"<caption>{text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def folded(summary: str, content: str, of: str = "") -> str:
    """Return content that opens on a click; where many summaries read alike, `of` tells them apart to whoever hears them."""
    label = f' aria-label="{text(summary)}: {text(of)}"' if of else ""
    return f"<details><summary{label}>{text(summary)}</summary>{content}</details>"


def _cells(row: Sequence[Any]) -> str:
    first, *others = row
    return f'<th scope="row">{text(first)}</th>' + "".join(f"<td>{text(cell)}</td>" for cell in others)
