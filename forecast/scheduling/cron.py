"""Cron's five fields: which minutes, hours, days, months and weekdays they mean."""

from __future__ import annotations

from typing import NamedTuple

from forecast.errors import InputError

SHORTHANDS = {"daily": "17 3 * * *", "weekly": "17 3 * * 1"}  # off the hour, when every other job starts
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()), ("hour", 0, 23, ()), ("day", 1, 31, ()), ("month", 1, 12, MONTHS), ("weekday", 0, 7, WEEKDAYS),
)  # fmt: skip


class Times(NamedTuple):
    """What a cron expression means: its text, and the numbers each field allows."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]  # 0 is Sunday

    @property
    def either_day(self) -> bool:
        """Whether a day may match by its date or by its weekday: cron's rule where neither field begins with *."""
        _, _, day, _, weekday = self.text.split(" ")
        return not day.startswith("*") and not weekday.startswith("*")


def times(every: str) -> Times:
    """Return what `daily`, `weekly` or five fields of cron mean.

    Raises:
        InputError: a field is wrong; all of them are listed.

    >>> times("*/30 6-7 * jan,7 sun").minutes, times("0 6-7 * * 5-7").weekdays
    ((0, 30), (0, 5, 6))
    """
    fields = SHORTHANDS.get(every, every).lower().split()
    if len(fields) != len(FIELDS):
        raise InputError(
            f'--every "{every}": daily, weekly or five fields such as "17 3 * * *" are allowed. Correct it.'
        )
    problems, found = [], []
    for field, (name, low, high, names) in zip(fields, FIELDS, strict=True):
        try:
            found.append(_numbers(field, low, high, names))
        except ValueError:
            problems.append(
                f'--every "{every}": {name} {field}: numbers {low} to {high}, * , - / are allowed. Correct it.'
            )
    if problems:
        raise InputError(problems)
    minutes, hours, days, months, weekdays = found
    return Times(" ".join(fields), minutes, hours, days, months, tuple(sorted({day % 7 for day in weekdays})))


def _numbers(field: str, low: int, high: int, names: tuple[str, ...]) -> tuple[int, ...]:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        if slash and (not step.isdecimal() or int(step) == 0):
            raise ValueError(part)
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = _number(first, names)
            end = _number(last, names) if dash else start
            if slash and not dash:
                raise ValueError(part)
        if not low <= start <= end <= high:
            raise ValueError(part)
        found |= set(range(start, end + 1, int(step) if slash else 1))
    return tuple(sorted(found))


def _number(text: str, names: tuple[str, ...]) -> int:
    if text and text in names:
        return names.index(text)
    if not text.isdecimal() or len(text) > 2:
        raise ValueError(text)
    return int(text)
