"""The one function that opens a socket: a conditional request with time and size limits, tried again while that helps."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast import __version__
from forecast.sources.quotes import SourceError

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"inference-forecast/{__version__}"
CUT_EVERY_S = 0.05  # a redirect may connect anew
WORTH_ANOTHER_TRY = (408, 429, 500, 502, 503, 504)


class Limits(NamedTuple):
    """How long and how much is too long and too much."""

    silence_s: float = 20.0  # between two pieces of an answer
    answer_s: float = 120.0  # for a whole answer, from the request to its last byte, redirects included
    size_bytes: int = 32_000_000  # of prices in CSV, some 500,000 rows: to check and store them takes 0.7 GB of memory
    tries: int = 3
    backoff_s: float = 1.0  # doubled with each try
    longest_wait_s: float = 60.0  # whatever Retry-After says


class Answer(NamedTuple):
    """What a feed answered; `content` is None when nothing changed since the last answer."""

    content: bytes | None
    etag: str | None
    last_modified: str | None


def fetch(
    address: str, known: Mapping[str, str | None], limits: Limits, sleep: Callable[[float], None] = time.sleep
) -> Answer:
    """Return the answer of an address.

    Args:
        address: http or https URL.
        known: `etag` and `last_modified` of the answer that is already there, where it is from the same address.
        limits: see there.
        sleep: waits a number of seconds between two tries.

    Raises:
        SourceError: no usable answer after all tries.
    """
    import httpx

    headers = {"User-Agent": USER_AGENT, "Accept": "application/json, text/csv;q=0.9, */*;q=0.5"}
    for name, field in (("If-None-Match", "etag"), ("If-Modified-Since", "last_modified")):
        if value := known.get(field):
            headers[name] = value
    how: dict[str, Any] = {"timeout": limits.silence_s, "follow_redirects": True, "max_redirects": 5}
    try:
        for attempt in range(limits.tries):
            last, deadline = attempt == limits.tries - 1, time.monotonic() + limits.answer_s
            try:
                with (
                    _cut_at(deadline) as note,
                    httpx.Client(headers=headers, **how) as client,
                    client.stream("GET", address, extensions={"trace": note}) as response,
                ):
                    if last or response.status_code not in WORTH_ANOTHER_TRY:
                        return _answer(response, limits, deadline)
                    wait = _asked_wait_s(response.headers.get("Retry-After"))
            except (httpx.TransportError, httpx.DecodingError) as error:
                if time.monotonic() > deadline:
                    raise SourceError(_too_long(limits)) from None
                if last or isinstance(error, httpx.UnsupportedProtocol):
                    raise SourceError(f"no answer ({type(error).__name__}: {error})") from None
                wait = None
            delay = limits.backoff_s * 2**attempt if wait is None else wait
            sleep(min(delay, limits.longest_wait_s))
    except (httpx.InvalidURL, httpx.TooManyRedirects, UnicodeError) as error:
        raise SourceError(f"the address cannot be used ({error})") from None
    raise SourceError("no tries were allowed")


@contextmanager
def _cut_at(deadline: float) -> Iterator[Callable[[str, Mapping[str, Any]], None]]:
    """Give what notes the connections of a request; from the deadline on they are cut.

    The client's own limits count from one piece to the next: headers that drip would never end.
    """
    opened: list[socket.socket] = []
    over = threading.Event()

    def note(event: str, about: Mapping[str, Any]) -> None:
        if event.endswith("connect_tcp.complete"):  # a second handle: TLS takes the first for itself
            opened.append(about["return_value"].get_extra_info("socket").dup())

    def cut() -> None:
        while not over.wait(max(deadline - time.monotonic(), CUT_EVERY_S)):
            for one in opened:
                with suppress(OSError):  # the other side was first
                    one.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=cut, daemon=True)
    thread.start()
    try:
        yield note
    finally:
        over.set()
        thread.join()
        for one in opened:
            one.close()


def _too_long(limits: Limits) -> str:
    return f"the answer took more than {limits.answer_s:g} s"


def _answer(response: httpx.Response, limits: Limits, deadline: float) -> Answer:
    headers = response.headers
    state = headers.get("ETag"), headers.get("Last-Modified")
    if response.status_code == 304:
        return Answer(None, *state)
    if response.status_code != 200:
        raise SourceError(f"the answer is {response.status_code} {response.reason_phrase}".rstrip())
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html" or kind.startswith(("image/", "audio/", "video/")):
        raise SourceError(f"the answer is {kind}, not data; the address moved or wants a login")
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > limits.size_bytes:
            raise SourceError(f"the answer is larger than {limits.size_bytes:,} bytes")
    if time.monotonic() > deadline:  # an answer without a length ends where it is cut
        raise SourceError(_too_long(limits))
    return Answer(bytes(content), *state)


def _asked_wait_s(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as a number or as a date.

    >>> _asked_wait_s("7"), _asked_wait_s(None), _asked_wait_s("Wed, 21 Oct 2015 07:28:00 GMT"), _asked_wait_s("soon")
    (7.0, None, 0.0, None)
    >>> _asked_wait_s("Wed Oct 21 07:28:00 2015"), _asked_wait_s("Wed, 21 Oct 2015 07:28:00 -0000")
    (0.0, 0.0)
    """
    if retry_after is None:
        return None
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:  # dates of HTTP are GMT, also where they do not say so
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
