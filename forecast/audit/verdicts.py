"""The rule that turns a printed and a recomputed range into a verdict."""

from __future__ import annotations

from typing import NamedTuple

TOLERANCE_FRAC = 0.15  # printed figures are rounded, and inputs of the engine are no better known than this
HOLDS, OFF, INCONSISTENT = "holds", "off by a factor", "inconsistent with its own table"


class Range(NamedTuple):
    """Two ends of a quantity in one unit, equal for a point."""

    low: float
    high: float


def near(printed: float, recomputed: float) -> bool:
    """Return whether two numbers agree within 15 % of the smaller one's size.

    |a − b| ≤ 0.15·min(|a|, |b|)

    >>> near(1.0, 1.14), near(1.0, 1.16), near(0.0, 0.0)
    (True, False, True)
    """
    return abs(printed - recomputed) <= TOLERANCE_FRAC * min(abs(printed), abs(recomputed))


def agrees(printed: Range, recomputed: Range, end_by_end: bool) -> bool:
    """Return whether two ranges agree.

    Args:
        printed, recomputed: ranges in the same unit.
        end_by_end: both ends must agree, as when a table is held against itself; otherwise it is enough that the
            ranges overlap or that their nearest ends agree.

    >>> agrees(Range(2, 3), Range(1, 2.2), False), agrees(Range(2, 3), Range(1, 2.2), True)
    (True, False)
    """
    return all(near(*pair) for pair in _compared(printed, recomputed, end_by_end))


def factor(printed: Range, recomputed: Range, end_by_end: bool) -> float | None:
    """Return printed over recomputed: of the nearest ends, or of the ends further apart when held end by end.

    Above one the article printed too much. One when ranges overlap, None where a zero makes it meaningless.

    >>> factor(Range(30, 30), Range(2, 3), False), factor(Range(30, 60), Range(45, 240), True)
    (10.0, 0.25)
    """
    pairs = _compared(printed, recomputed, end_by_end)
    if any(0 in pair for pair in pairs):
        return None
    ratios = [theirs / ours for theirs, ours in pairs]
    return max(ratios, key=lambda ratio: max(ratio, 1 / ratio), default=1.0)


def _compared(printed: Range, recomputed: Range, end_by_end: bool) -> list[tuple[float, float]]:
    """Return the ends to compare, printed and recomputed: both pairs, or the nearest ends of ranges that do not overlap."""
    if end_by_end:
        return list(zip(printed, recomputed, strict=True))
    if printed.low <= recomputed.high and recomputed.low <= printed.high:
        return []
    return [(printed.low, recomputed.high) if printed.low > recomputed.high else (printed.high, recomputed.low)]


def verdict(printed: Range, recomputed: Range | None, judgement: str | None, own_table: bool) -> str:
    """Return the verdict on a claim: the row's judgement where it has one, else what the numbers say.

    Args:
        printed: as printed.
        recomputed: by the engine or by arithmetic; None only where there is a judgement.
        judgement: as the row states it, with its evidence, or None.
        own_table: the recomputation uses other figures of the article's own tables.

    >>> verdict(Range(42, 42), Range(41_791, 41_791), None, False)
    'off by a factor'
    """
    if judgement:
        return judgement
    assert recomputed is not None
    if agrees(printed, recomputed, own_table):
        return HOLDS
    return INCONSISTENT if own_table else OFF
