"""Each feed's format read by hand, the faults of networks and feeds, and what no mutation of a feed may do."""

import json
import random
import socket
import threading
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from feeds import DROP, EIA, LITELLM, LLM_PRICES, MODELS_DEV, OPENROUTER, RENTS, SAMPLES

from forecast.errors import InputError
from forecast.sources import drop, eia, gpu_rents, litellm, llm_prices, models_dev, openrouter
from forecast.sources.fetch import USER_AGENT, Limits, fetch
from forecast.sources.quotes import Quote, SourceError, csv_rows
from forecast.sources.registry import SOURCES, chosen_sources

QUICK = Limits(silence_s=0.3, answer_s=5.0, size_bytes=10_000, tries=3, backoff_s=0.5, longest_wait_s=60)
PARSERS = {name: source.parse for name, source in SOURCES.items()}


def price(provider, item, given, output, **more):
    return Quote("price_changes", provider, item, (given, output), **more)


def test_litellm():
    found = litellm.parse(json.dumps(LITELLM).encode())
    assert found.quotes == [
        price("openai", "gpt-5", 1.25, 10.0),
        price("fireworks_ai", "fireworks_ai/accounts/fireworks/models/glm-4p6", 0.55, 2.19),
        price("together_ai", "together_ai/zai-org/GLM-5", 1.0, 3.2),
    ]
    assert found.unread == []


def test_models_dev():
    found = models_dev.parse(json.dumps(MODELS_DEV).encode())
    kimi = price("fireworks-ai", "accounts/fireworks/models/kimi-k2.6", 0.95, 4.0)
    assert found.quotes == [price("openai", "gpt-5", 1.25, 10.0), kimi]


def test_openrouter():
    quotes = openrouter.parse(json.dumps(OPENROUTER).encode()).quotes
    assert quotes[0] == price("openrouter", "openai/gpt-5", 1.25, 10.0, kind="gateway")
    assert [quote.amounts for quote in quotes[1:]] == [(0.6, 1.9), (0.0, 0.0), (-1e6, -1e6)]


def test_llm_prices():
    found = llm_prices.parse(json.dumps(LLM_PRICES).encode())
    opus = price("anthropic", "claude-opus-4", 15.0, 75.0, as_of=date(2025, 5, 22))
    assert found.quotes == [price("openai", "gpt-5", 1.25, 10.0), opus]
    ended = {"id": "x", "vendor": "openai", "input": 1, "output": 2, "from_date": None, "to_date": "2025-01-01"}
    found = llm_prices.parse(json.dumps({"prices": [*LLM_PRICES["prices"], ended]}).encode())
    assert [one.reason for one in found.unread] == ["an ended price without its first day"]


def test_eia():
    found = eia.parse(json.dumps(EIA).encode())
    assert found.quotes == [Quote("electricity", "", "US Total (industrial)", (0.0871,), "2026-08")]
    assert [one.reason for one in found.unread] == ["the price is missing or not a number"]
    dollars = json.loads(json.dumps(EIA).replace("cents per kilowatt-hour", "dollars per megawatthour"))
    with pytest.raises(SourceError, match="no price in the answer .2 entries unread.; the feed changed its form"):
        eia.parse(json.dumps(dollars).encode())


@pytest.mark.parametrize(
    "period", ["2026-13", "2026- 8", "2026-+8", "2026/08", "2026-08-15", "2026-H1", "２０２６-08", None]
)
def test_a_price_of_electricity_has_a_month(period):
    """What `int` reads is more than what a date may say: a month that is none must not reach the record of the feed."""
    (good,) = eia.parse(json.dumps(EIA).encode()).quotes
    entry = {"stateDescription": "U.S. Total", "sectorName": "industrial", "period": good.channel, "price": "8.71"}
    both = {"response": {"data": [entry, entry | {"period": period}]}}
    found = eia.parse(json.dumps(both).encode())
    assert found.quotes == [good]
    assert [one.reason for one in found.unread] == ["not a month such as 2026-08"]


@pytest.mark.parametrize("form", ["csv", "array", "object"])
def test_gpu_rents(form):
    entries = [dict(zip(RENTS.split()[0].split(","), line.split(","), strict=True)) for line in RENTS.split()[1:]]
    content = {"csv": RENTS, "array": json.dumps(entries), "object": json.dumps({"rents": entries})}[form]
    found = gpu_rents.parse(content.encode())
    assert found.quotes[0] == Quote("rents", "Lambda", "H100", (3.99,), "on-demand", as_of=date(2026, 11, 20))
    assert found.quotes[1].channel == "on-demand"


def test_the_drop_folder_knows_a_file_by_its_columns():
    assert drop.parse(DROP.encode()).quotes[0] == price(
        "together", "glm-5", 0.9, 3.1, kind="host", as_of=date(2026, 11, 20)
    )
    assert drop.parse(RENTS.encode()).quotes[0].target == "rents"
    power = "category,item,period,low,mid,high,unit\nprice,US Iowa (industrial),2026-08,,0.07,,USD/kWh\npue,x,2026,,1.2,,ratio\n"
    found = drop.parse(power.encode())
    assert found.quotes == [Quote("electricity", "", "US Iowa (industrial)", (0.07,), "2026-08")]
    assert found.unread[0].reason == "only the category price in USD/kWh is read from the folder"
    assert drop.parse(DROP.split("\n")[0].encode()).quotes == [], "an empty table is no mistake"
    with pytest.raises(
        SourceError, match="stand between semicolons. Save it with commas between cells and decimal point"
    ):
        drop.parse(DROP.replace(",", ";").encode())
    with pytest.raises(SourceError, match="cells stand between tabs. Save it with commas"):
        drop.parse(DROP.replace(",", "\t").encode())
    with pytest.raises(SourceError, match="column model stands twice. Delete one."):  # the last was taken
        drop.parse(DROP.replace("provider_kind", "model").encode())
    with pytest.raises(SourceError, match="'unexpected end of data'"):  # an open quote swallowed what follows
        drop.parse((DROP + '2026-11-21,"together,host,glm-5,1,2\n2026-11-22,together,host,glm-5,1,2\n').encode())
    with pytest.raises(SourceError, match="the header is 'a,b'. Prices need date, .*; rents need provider, "):
        drop.parse(b"a,b\n1,2\n")
    assert (
        drop.parse(DROP.replace("2026-11-20", "20.11.2026").encode()).unread[0].reason
        == "not a date such as 2026-10-31"
    )


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in ("gpu-rents", "drop")])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>sign in</html>", "the answer is not JSON .it begins b'<html>"),
        (b"", "the answer is not JSON"),
        (b"[" * 100_000, "the answer is not JSON"),
        (b"[]", "the answer is a list, not a dict; the feed changed its form"),
        (b"{}", 'no list "data"|no list "prices"|no dict "response"|no price in the answer'),
        (b'{"data": [], "prices": [], "response": {"data": []}}', "no price in the answer"),
    ],
)
def test_another_form_is_one_sentence(name, content, message):
    with pytest.raises(SourceError, match=message):
        PARSERS[name](content)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_mutation_of_a_feed_is_a_traceback(name):
    chance = random.Random(7)
    for _ in range(80):
        try:
            for quote in PARSERS[name](mutated(SAMPLES[name], chance)).quotes:
                assert all(isinstance(amount, float) and abs(amount) < float("inf") for amount in quote.amounts)
        except SourceError as error:
            assert len(str(error)) < 700


def mutated(content, chance):
    """Return a feed with a few values replaced, or with a few bytes changed, cut out or doubled."""
    if chance.random() < 0.6:
        return with_other_values(content, chance)
    found = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(found) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            found[place : place + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del found[place : place + chance.randint(1, 40)]
        elif kind == 2:
            found[place:place] = chance.choice([b"null", b"NaN", b"1e999", b"-1", b'"', b"{}", b"\x00", b"9" * 400])
        elif kind == 3:
            found[place:place] = found[place : place + chance.randint(1, 60)]
        else:
            del found[place:]
    return bytes(found)


def with_other_values(content, chance):
    """Return a feed whose form is right and some of whose values are not; one in five has all its numbers off by 1000."""
    try:
        document = json.loads(content)
    except ValueError:
        document = [line.split(",") for line in content.decode().splitlines()]
    leaves = []

    def collect(node):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            leaves.append((node, key))
            if isinstance(value, dict | list):
                collect(value)

    collect(document)
    numbers = [(node, key) for node, key in leaves if is_number(node[key])]
    if chance.random() < 0.2:
        factor = chance.choice([1000, 0.001, 1e6, 1e-6])
        for node, key in numbers:
            node[key] = type(node[key])(float(node[key]) * factor)
    for node, key in chance.sample(leaves, chance.randint(1, 3)):
        node[key] = chance.choice([
            None, "", "NaN", -1, 0, 1e308, 10**400, [], {}, True, "=cmd()|' /C calc'!A0", "<script>", "a\x1b[31m", "x" * 10_000,
            float(node[key]) * 1000 if is_number(node[key]) else "other",
        ])  # fmt: skip
    if content.lstrip()[:1] in (b"{", b"["):
        return json.dumps(document).encode()
    return "\n".join(",".join(map(str, line)) if isinstance(line, list) else str(line) for line in document).encode()


def is_number(value):
    try:
        return not isinstance(value, bool) and float(value) is not None
    except (TypeError, ValueError):
        return False


def test_a_second_request_is_conditional(feeds):
    url = feeds.serve("a", (200, {"ETag": '"1"', "Last-Modified": "Wed, 25 Nov 2026 00:00:00 GMT"}, b"{}"))
    first = fetch(url, {}, QUICK)
    assert first.content == b"{}" and first.etag == '"1"'
    assert fetch(url, first._asdict(), QUICK).content is None
    assert feeds.requests[1][1]["If-None-Match"] == '"1"'
    assert feeds.requests[1][1]["If-Modified-Since"] == "Wed, 25 Nov 2026 00:00:00 GMT"
    assert {headers["User-Agent"] for _, headers in feeds.requests} == {USER_AGENT}


@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ([(500, {}, b"")], [0.5]),
        ([(503, {}, b""), (502, {}, b"")], [0.5, 1.0]),
        ([(429, {"Retry-After": "7"}, b"")], [7.0]),
        ([(429, {"Retry-After": "86400"}, b"")], [60.0]),
        ([(503, {"Retry-After": "Wed Oct 21 07:28:00 2015"}, b"")], [0.0]),  # a date of HTTP without a zone
        ([(200, {"truncate": 9}, b"{")], [0.5]),
        ([(200, {"pause_s": 0.5}, b"{}")], [0.5]),
    ],
)
def test_a_passing_fault_is_tried_again(feeds, faults, waits):
    slept = []
    assert fetch(feeds.serve("a", *faults, b"{}"), {}, QUICK, slept.append).content == b"{}"
    assert slept == waits


@pytest.mark.parametrize(
    ("fault", "message", "asked"),
    [
        ((500, {}, b""), "the answer is 500 Internal Server Error", 3),
        ((429, {}, b""), "the answer is 429 Too Many Requests", 3),
        ((404, {}, b""), "the answer is 404 Not Found", 1),
        ((200, {"truncate": 9}, b"{"), "no answer .RemoteProtocolError: peer closed connection", 3),
        ((200, {"pause_s": 0.5}, b"{}"), "no answer .ReadTimeout", 3),
        ((200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>"), "the answer is text/html, not data", 1),
        ((200, {}, b"x" * 10_001), "the answer is larger than 10,000 bytes", 1),
        ((200, {"Content-Encoding": "gzip"}, b"not gzip"), "no answer .DecodingError", 3),
        ((302, {"Location": "a"}, b""), "the address cannot be used .Exceeded maximum allowed redirects", 6),
    ],
)
def test_a_lasting_fault_is_one_sentence(feeds, fault, message, asked):
    with pytest.raises(SourceError, match=message):
        fetch(feeds.serve("a", fault), {}, QUICK, lambda _: None)
    assert len(feeds.requests) == asked


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_slow_drip_has_an_end(begun):
    """A byte within each silence allowed, of the headers or of the answer: headers that drip had no end at all."""

    def drip():
        with server.accept()[0] as connection, suppress(OSError):
            for piece in (begun, *[b"x"] * 1_000):
                connection.sendall(piece)
                time.sleep(0.05)

    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(SourceError, match=r"^the answer took more than 0\.4 s$"):
            fetch(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, QUICK._replace(answer_s=0.4))
        dripping.join()
    assert set(threading.enumerate()) <= before, "a thread left behind would forbid a simulation to fork"


@pytest.mark.parametrize(
    "url", ["ftp://host/file", "file:///etc/passwd", "http://", "nonsense", "http://127.0.0.1:1/closed"]
)
def test_addresses_that_cannot_be_asked(url):
    with pytest.raises(SourceError, match="no answer|the address cannot be used"):
        fetch(url, {}, QUICK, lambda _: None)


def test_what_a_new_source_needs_is_there(tables):
    """Its key in sources.csv, for its rows to name, and its row in the page of the refresh."""
    page = (Path(__file__).parents[2] / "docs" / "refresh.md").read_text("utf-8")
    for name, source in SOURCES.items():
        assert source.key in tables.citations(), f"add {source.key} to data/sources.csv"
        assert f"| `{name}` |" in page, f"add {name} to the sources of docs/refresh.md"


def test_sources_are_configured_by_variables(monkeypatch):
    for name in ("EIA_API_KEY", "FORECAST_SOURCE_EIA", "FORECAST_SOURCE_GPU_RENTS", "FORECAST_SOURCE_LITELLM"):
        monkeypatch.delenv(name, raising=False)
    unset = {name for name, source in SOURCES.items() if source.secret or not source.address} - {"drop"}
    assert {"eia", "gpu-rents"} <= unset
    assert [source.name for source in chosen_sources(())] == [name for name in SOURCES if name not in unset]
    with pytest.raises(InputError, match="--source eia: not configured. Set EIA_API_KEY."):
        chosen_sources(("eia",))
    with pytest.raises(InputError, match='--source litelm: one of .* is allowed. Did you mean "litellm"?'):
        chosen_sources(("litelm",))
    monkeypatch.setenv("EIA_API_KEY", "k")
    assert chosen_sources(("eia",))[0].configured_address().endswith("&length=24&api_key=k")
    monkeypatch.setenv("FORECAST_SOURCE_LITELLM", "http://mirror/x.json")
    assert chosen_sources(("litellm", "drop"))[1].configured_address() == "http://mirror/x.json"


def test_rows_of_a_file_are_read_as_they_are_asked_for():
    """A file of half a million rows is not held as rows: what is wrong with its end is found at its end, and then it is all left out."""
    lines = "2026-01-01,together,glm-5,1,2\n" * 10_000
    content = f"date,provider,model,input_usd_per_mtok,output_usd_per_mtok\n{lines}".encode() + b"\xff"
    _, entries = csv_rows(content)
    assert next(entries)["model"] == "glm-5"
    for wrong in (lambda: list(entries), lambda: drop.parse(content)):
        with pytest.raises(SourceError, match="not UTF-8 CSV"):
            wrong()
