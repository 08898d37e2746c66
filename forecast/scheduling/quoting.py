"""Values written so that each scheduler reads them as they are, whatever is in them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from forecast.errors import InputError


def checked_words(words: Sequence[str]) -> list[str]:
    """Return the words of a command unless one holds a character that no unit file can hold.

    Raises:
        InputError: a control character.
    """
    for word in words:
        if any(ord(character) < 32 or ord(character) in (127, 0x85, 0x2028, 0x2029) for character in word):
            raise InputError(f"schedule: {word!a} holds a control character; no unit file can. Leave it out.")
    return list(words)


def cron_line(words: Sequence[str]) -> str:
    """Return a command for a crontab, where % would end it.

    >>> cron_line(["forecast", "--set", "x=50% more"])
    "forecast --set 'x=50\\\\% more'"
    """
    return shlex.join(words).replace("%", "\\%")


def systemd_line(words: Sequence[str]) -> str:
    """Return a command for ExecStart, where %, $, quotes and backslashes mean something.

    >>> systemd_line(["/bin/forecast", 'a "b" %h $HOME'])
    '/bin/forecast "a \\\\"b\\\\" %%h $$HOME"'
    """
    return " ".join(_systemd_word(word) for word in words)


def _systemd_word(word: str) -> str:
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = safe == word and word and not any(character in " ';" for character in word)
    return safe if plain else f'"{safe}"'


def yaml_text(text: str) -> str:
    """Return a text as YAML reads it back: JSON's form is one of YAML's.

    >>> yaml_text('say "no": #1')
    '"say \\\\"no\\\\": #1"'
    """
    return json.dumps(text)


def yaml_list(words: Sequence[str]) -> str:
    """Return texts as a YAML list on one line."""
    return "[" + ", ".join(yaml_text(word) for word in words) + "]"
