"""Numbers as people read them: percent, dollars, calendar months, a median with its band."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import floor, isinf, log10
from typing import Any

SIZES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def words(*parts: str) -> str:
    """Return the parts that are not empty, with a space between.

    >>> words("groq", "", "1.2")
    'groq 1.2'
    """
    return " ".join(filter(None, parts))


def percent(value: float | None) -> str:
    """Return a probability or a share in whole percent; what is nearly none or nearly all says so.

    Rounded before to four digits more, so that a number and its copy in a file read alike.

    >>> percent(0.07), percent(0.004), percent(0.998), percent(0.0), percent(0.325000001) == percent(0.325)
    ('7 %', '<1 %', '>99 %', '0 %', True)
    """
    if value is None:
        return "-"
    return "<1 %" if 0 < value < 0.01 else ">99 %" if 0.99 < value < 1 else f"{round(100 * value, 4):.0f} %"


def chance(prob: float, error: float) -> str:
    """Return a probability and an error of it in percent; where no path or every path has it, no error can be told.

    >>> chance(0.19, 0.004), chance(0.0002, 0.00014), chance(0.0, 0.0), chance(1.0, 0.0)
    ('19.0 ± 0.4 %', '0.02 ± 0.01 %', '0 % (no path)', '100 % (every path)')
    """
    if error == 0:
        return "100 % (every path)" if prob else "0 % (no path)"
    digits = 1 if 0.01 <= prob <= 0.99 else 2
    return f"{100 * prob:.{digits}f} ± {100 * error:.{digits}f} %"


def apart(difference: float, error: float) -> tuple[str, str]:
    """Return a difference and its standard error, both to the first digit of the error; "=" where no path differs.

    >>> apart(0.0304, 0.0021), apart(-29.81, 0.13), apart(0.0, 0.0)
    (('+0.030', '0.002'), ('-29.8', '0.1'), ('=', ''))
    """
    if error == 0:
        return ("=", "") if difference == 0 else (f"{difference:+.3g}", "0")
    digits = max(0, -floor(log10(error)))
    return f"{difference:+z.{digits}f}", f"{error:.{digits}f}"


def span(ends: Any) -> str:
    """Return a number, or a low and a high one, with four significant digits; a dash for none.

    >>> span(None), span(41.8), span([0.01, 0.05])
    ('-', '41.8', '0.01 to 0.05')
    """
    if ends is None:
        return "-"
    return " to ".join(figures(end) for end in (ends if isinstance(ends, list) else [ends]))


def figures(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, a larger one whole.

    >>> figures(41791.04), figures(0.09997), figures(3.5e-07), figures(999.7, 3)
    ('41,791', '0.09997', '3.5e-07', '1,000')
    """
    text = f"{value:,.{digits}g}"
    return f"{value:,.0f}" if "e+" in text else text


def dollars(value: float | None) -> str:
    """Return an amount in USD, with M for millions, B for billions and T for trillions.

    >>> dollars(77_500_000.0), dollars(950.0), dollars(999.7e9), dollars(1.04e12)
    ('$77.5M', '$950', '$1T', '$1.04T')
    """
    if value is None:
        return "-"
    return f"${_lettered(value, 'M') or f'{value:.0f}'}"


def calendar(as_of: str, month: int) -> str:
    """Return the calendar month that lies `month` months after the month of an ISO date.

    >>> calendar("2026-10-31", 3)
    '2027-01'
    """
    year, first = int(as_of[:4]), int(as_of[5:7]) - 1 + month
    return f"{year + first // 12}-{first % 12 + 1:02d}"


def short(value: float) -> str:
    """Return a positive number with two or three significant digits.

    >>> short(123.4), short(12.34), short(1.234), short(0.1234), short(0.001234), short(0.0001234), short(0.0000123)
    ('123', '12.3', '1.23', '0.123', '0.0012', '0.00012', '1.2e-05')
    """
    for least, digits in ((100, 0), (10, 1), (1, 2), (0.01, 3)):
        if value >= least:
            return f"{value:.{digits}f}"
    return f"{value:#.2g}" if value else "0"


def number(value: float) -> str:
    """Return a number with three significant digits, large ones in thousands (k), millions (M), billions (B) or trillions (T).

    >>> number(3560000000.0), number(0.0851), number(float("inf")), number(5432.0), number(-999_700.0)
    ('3.56B', '0.0851', 'beyond', '5.43k', '-1M')
    """
    if isinf(value):
        return "beyond"
    return _lettered(value, "k") or f"{value:.3g}"


def _lettered(value: float, least: str) -> str:
    """Return a number with three significant digits and the letter of its size; nothing where it is below the least letter."""
    for size, letter in SIZES[: [letter for _, letter in SIZES].index(least) + 1]:
        if abs(value) >= 0.9995 * size:  # what three digits round up to it
            return f"{value / size:.3g}{letter}"
    return ""


def band(values: Sequence[float | None], joint: str = "-") -> str:
    """Return low, middle and high as the middle with the band in brackets.

    >>> band([0.072, 0.085, 0.102])
    '0.085 (0.072-0.102)'
    """
    low, middle, high = (0.0 if v is None else v for v in values)
    return f"{short(middle)} ({short(low)}{joint}{short(high)})"


def banded(values: Sequence[float | None], shown: Callable[[float | None], str]) -> str:
    """Return low, middle and high as the middle with the band in brackets, each as `shown` writes it.

    >>> banded([0.1, 0.2, 0.3], percent)
    '20 % (10 % to 30 %)'
    """
    low, middle, high = map(shown, values)
    return f"{middle} ({low} to {high})"


def counted(count: int, thing: str) -> str:
    """Return a count with its noun, which takes an s in the plural.

    >>> counted(1, "run"), counted(2_000, "run")
    ('1 run', '2,000 runs')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def changed_by_hand(manifest: Mapping[str, Any]) -> str:
    """Return the inputs that `--set` changed, or an empty text: the story of the scenario does not know them.

    >>> changed_by_hand({"settings": {"parameters.pue_ratio": "1.3"}}), changed_by_hand({})
    ('changed by --set: parameters.pue_ratio = 1.3', '')
    """
    changed = ", ".join(f"{key} = {value}" for key, value in manifest.get("settings", {}).items())
    return f"changed by --set: {changed}" if changed else ""
