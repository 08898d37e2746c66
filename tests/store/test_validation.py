"""What is believed and what is held: units, jumps, zeros, renamed models, names; and how observations become tables."""

import csv
import pickle
import random
import re
from datetime import date
from functools import partial

import pytest
from feeds import SAMPLES
from test_sources import PARSERS, mutated

from forecast.refresh.known import AmountHistory, Known, table_rows
from forecast.refresh.overlay import believed, overlaid_tables, overlay_files
from forecast.refresh.validation import check_quotes
from forecast.sources.quotes import Parsed, Quote, SourceError
from forecast.store.observations import Observation
from forecast.table_rules import table_problems

NOW = "2026-11-25T03:00:00+00:00"


@pytest.fixture(scope="session")
def new_known(tables):
    """Return a function that gives what the tables know: each is another, and they are read once."""
    return partial(pickle.loads, pickle.dumps(Known(tables, [])))


@pytest.fixture
def known(new_known):
    return new_known()


@pytest.fixture
def check(known):
    return lambda *quotes, source="litellm", now=NOW: check_quotes(source, Parsed(list(quotes), []), known, now)


def price(item="gpt-5", given=1.25, output=10.0, provider="openai", **more):
    return Quote("price_changes", provider, item, (given, output), **more)


def test_a_history_by_hand():
    """Amounts 1 and 2 of one day, 3 of a later, 0 of an earlier: the later entry of a day holds, from that day on."""
    history, key = AmountHistory(), ("x",)
    for day, amount in (("2026-02", 1.0), ("2026-03", 3.0), ("2026-02", 2.0), ("2026-01", 0.0)):
        history.add(key, day, (amount,))
    days = ("2025-12", "2026-01", "2026-02", "2026-02-15", "2026-03", "2027")
    assert [history.in_force(key, day) for day in days] == [None, (0.0,), (2.0,), (2.0,), (3.0,), (3.0,)]
    assert history.said_on(key, "2026-02") == [(1.0,), (2.0,)]
    assert history.said_on(key, "2026-02-15") == history.said_on(("y",), "2026-02") == []
    history.remove(key, "2026-02", (1.0,))
    assert history.said_on(key, "2026-02") == [(2.0,)]
    history.remove(key, "2026-03", (3.0,))
    assert history.latest() == {key: (2.0,)} and history.in_force(key, "2027") == (2.0,)


def test_of_equal_amounts_that_of_the_day_is_taken_back():
    history = AmountHistory()
    for day in ("2026-01", "2026-02", "2026-03"):
        history.add(("x",), day, (5.0,))
    history.remove(("x",), "2026-02", (5.0,))
    assert [len(history.said_on(("x",), f"2026-0{month}")) for month in (1, 2, 3)] == [1, 0, 1]
    history.remove(("x",), "2026-01", (5.0,))
    assert history.in_force(("x",), "2026-02") is None and history.in_force(("x",), "2026-03") == (5.0,)


def test_of_the_table_of_electricity_only_prices_are_known(known, tables):
    about = {}
    for row in tables["electricity"]:
        about.setdefault(row["item"], set()).add((row["category"], row["unit"]) == ("price", "USD/kWh"))
    assert set().union(*about.values()) == {True, False}
    for item, price_rows in about.items():
        assert (known.all.in_force(("electricity", "", item), "9999") is not None) == (True in price_rows), item


def test_a_name_with_p_for_a_point_is_that_of_the_tables(known):
    dotted = next(m for m, sellers in known.offers.items() if "fireworks" in sellers and re.search(r"\d\.\d", m))
    written = re.sub(r"(?<=\d)\.(?=\d)", "p", dotted)
    assert written != dotted and known.model("fireworks", f"accounts/fireworks/models/{written}") == dotted


def test_a_plain_price_becomes_an_observation_once(check):
    (seen,) = check(price()).accepted
    assert seen == Observation(
        "litellm", "price_changes", "openai", "gpt-5", "", "first", (1.25, 10.0), "2026-11-25", NOW
    )
    assert check(price()) == ([], [], 1)
    (cut,) = check(price(given=0.6, output=5.0), now="2026-11-26T03:00:00+00:00").accepted
    assert cut.as_of == "2026-11-26"


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        (price(given=0.0), "a price of zero: given away or unknown, no list price"),
        (price(given=-1.0), "input_usd_per_mtok = -1: outside 0.0005 to 500; another unit?"),
        (price(given=1250.0, output=10000.0), "input_usd_per_mtok = 1250: outside 0.0005 to 500; another unit?"),
        (price(given=0.00125, output=0.01), "1e.03 times from 1.25, 10: an implausible jump, or another unit."),
        (price(given=125.0), "100 times from 1.25, 10: an implausible jump"),
        (price(item="gpt-oss-120b", given=90.0, output=400.0, provider="together"), "times from"),
        (price(provider="Unheard Of"), "a seller that the tables do not know: add it to aliases.csv"),
        (price(provider="newhost", kind="friend"), "provider_kind 'friend': first, host, cloud or gateway is allowed"),
        (price(as_of=date(2026, 12, 24)), "dated 2026-12-24, in the future"),
        (price(item="=cmd()|'/c calc'!A0"), "a name that is no name"),
        (price(item="<script>alert(1)</script>"), "a name that is no name"),
        (price(item="x" * 10_000), "a name that is no name"),
        (price(item="a\x1b[31m\nb"), "a name that is no name"),
        (Quote("rents", "lambda", "H900", (2.0,), "on-demand"), "an accelerator that the tables do not know"),
        (
            Quote("rents", "lambda", "H100", (3990.0,), "on-demand"),
            "usd_per_accelerator_hour = 3990: outside 0.1 to 30",
        ),
        (Quote("rents", "lambda", "H100", (2.0,), "forever"), "channel 'forever': one of on-demand, reserved"),
        (Quote("electricity", "", "US Total (industrial)", (8.71,), "2026-08"), "mid = 8.71: outside 0.005 to 2"),
        (Quote("electricity", "", "US Total (industrial)", (0.09,), "August"), "period 'August': a year or a month"),
        (Quote("electricity", "", "US Total (industrial)", (2.01,), "2026-08"), "outside 0.005 to 2; another unit"),
        (Quote("electricity", "", "US Total (industrial)", (0.0049,), "2026-08"), "outside 0.005 to 2; another unit"),
        (Quote("rents", "x" * 10_000, "H100", (2.0,), "on-demand"), "a name that is no name"),
    ],
)
def test_what_is_held_and_why(check, quote, reason):
    found = check(quote)
    assert found.accepted == [] and len(found.suspects) == 1
    assert re.search(reason, found.suspects[0].reason), found.suspects[0].reason
    assert all(ord(c) >= 32 and ord(c) < 127 for c in found.suspects[0].provider + found.suspects[0].item)
    assert len(found.suspects[0].item) <= 120


@pytest.mark.parametrize(("times", "held"), [(24.9, False), (25.1, True), (1 / 24.9, False), (1 / 25.1, True)])
def test_a_jump_of_more_than_twenty_five_times_is_held_either_way(check, times, held):
    assert len(check(price(given=1.25 * times)).suspects) == held


@pytest.mark.parametrize(("times", "held"), [(39.9, False), (40.1, True), (1 / 39.9, False), (1 / 40.1, True)])
def test_a_first_price_of_more_than_forty_times_the_median_of_others_is_held_either_way(check, times, held):
    for seller, given in (("together", 1.0), ("fireworks", 2.0), ("groq", 9.0)):
        assert len(check(price("new-model", given, 10.0, seller)).accepted) == 1
    found = check(price("new-model", 2.0 * times, 10.0, "novita"))
    assert len(found.suspects) == held == (not found.accepted)
    if held:
        assert (
            found.suspects[0].reason
            == "40.1 times from what 3 others ask: another unit? Confirm it in the drop folder."
        )


def test_what_a_feed_wrote_is_held_as_printable_text(check):
    (held,) = check(price(item="a\x1b[31m\nb\u202ec")).suspects
    assert (held.provider, held.item, held.found) == ("openai", r"a\x1b[31m\nb\u202ec", "1.25, 10")
    assert check(price(provider="Ünheard", item="x")).suspects[0].provider == r"\xdcnheard"


def test_a_person_may_confirm_a_jump_but_no_nonsense(check):
    assert len(check(price(given=125.0, confirmed=True), source="drop").accepted) == 1
    assert check(price(given=0.0, confirmed=True), source="drop").accepted == []


def test_a_feed_that_changed_its_unit_is_held_whole(check, known):
    last = {model: sellers["openai"] for model, sellers in known.offers.items() if "openai" in sellers}
    models = [model for model, amounts in last.items() if min(amounts) > 0.6][:6]
    day = check(*(price(m, *last[m]) for m in models))
    assert len(day.accepted) == len(models)
    wrong = [price(m, last[m][0] / 1000, last[m][1] / 1000) for m in models]
    found = check(*wrong, price("gpt-99", 0.002, 0.01), now="2026-11-26T03:00:00+00:00")
    assert found.accepted == []
    assert [one.reason for one in found.suspects if one.item == "gpt-99"] == [
        "6 of 6 known prices of this answer are implausible: its unit may have changed"
    ]
    assert {m: known.offers[m]["openai"] for m in models} == {m: last[m] for m in models}
    assert "openai" not in known.offers.get("gpt-99", {})
    newcomer = ("litellm", "price_changes", "openai", "gpt-99", "")
    assert known.by_source.in_force(newcomer, "9999") is None, "nor is it known when the feed says it again"
    assert check(*(price(m, *last[m]) for m in models), now="2026-11-27T03:00:00+00:00").unchanged == len(models)


@pytest.mark.parametrize(("right", "wrong", "held"), [(6, 2, False), (5, 2, True), (2, 3, True), (1, 3, False)])
def test_a_feed_is_judged_from_five_known_prices_and_a_quarter_wrong(check, known, right, wrong, held):
    """Of 8 known prices 2 are a quarter and not more; of 4 any number is too few to judge all by."""
    last = {model: sellers["openai"] for model, sellers in known.offers.items() if "openai" in sellers}
    models = [model for model, amounts in last.items() if min(amounts) > 0.6][: right + wrong]
    quotes = [price(m, *(amount * 1.1 for amount in last[m])) for m in models[:right]]
    quotes += [price(m, *(amount / 1000 for amount in last[m])) for m in models[right:]]
    found = check(*quotes)
    assert (len(found.accepted), len(found.suspects)) == ((0, right + wrong) if held else (right, wrong))
    said = f"{wrong} of {right + wrong} known prices of this answer are implausible: its unit may have changed"
    assert sum(one.reason == said for one in found.suspects) == (right if held else 0)


def test_a_model_that_the_feed_still_has_has_not_vanished_however_the_seller_is_spelled(check):
    seller = {"provider": "Together AI"}
    (first,) = check(price("gpt-77-turbo", 3.0, 9.0, **seller)).accepted
    assert first.provider == "together"
    both = check(
        *(price(item, 3.0, 9.0, **seller) for item in ("gpt-77-turbo", "gpt-77-turbo-001")),
        now="2026-11-27T03:00:00+00:00",
    )
    assert [one.item for one in both.accepted] == ["gpt-77-turbo-001"]
    gone = check(price("gpt-77-turbo-002", 3.0, 9.0, **seller), now="2026-11-28T03:00:00+00:00")
    assert "renamed? It is gone and had this price" in gone.suspects[0].reason


def test_a_renamed_model_is_no_new_one(check):
    assert len(check(price("gpt-77-turbo", 3.0, 9.0)).accepted) == 1
    found = check(price("gpt-77-turbo-001", 3.0, 9.0), now="2026-11-26T03:00:00+00:00")
    assert found.suspects[0].reason.startswith("gpt-77-turbo renamed? It is gone and had this price.")
    both = check(price("gpt-77-turbo", 3.0, 9.0), price("gpt-77-turbo-001", 3.0, 9.0), now="2026-11-27T03:00:00+00:00")
    assert len(both.accepted) == 1, "beside the old name it is a model of its own"


def test_a_feed_that_contradicts_itself(check):
    found = check(price(), price(given=2.5))
    assert len(found.accepted) == 1
    assert found.suspects[0].reason == "the feed also says 1.25, 10 for this series"
    again = check(price(), price(given=2.5), now="2026-11-26T03:00:00+00:00")
    assert (again.accepted, again.unchanged) == ([], 1), "nor is it believed on another day"


def test_two_changes_on_one_day_both_happened_and_the_later_holds(check, tables):
    day = date(2026, 11, 20)
    found = check(price(given=1.0, as_of=day), price(given=1.5, as_of=day), source="drop").accepted
    assert [one.amounts[0] for one in found] == [1.0, 1.5]
    rows = list(csv.DictReader(overlay_files(tables, found)["price_changes"].decode().splitlines()))
    assert [row["input_usd_per_mtok"] for row in rows if row["changed_on"] == "2026-11-20"] == ["1.0", "1.5"]
    again = check(price(given=1.0, as_of=day), price(given=1.5, as_of=day), source="drop")
    assert again == ([], [], 2), "both are known, not only the one that holds"


def test_names_of_feeds_become_names_of_the_tables(check):
    quotes = [
        price("together_ai/zai-org/GLM-5", 1.0, 3.2, "together_ai"),
        price("fireworks_ai/accounts/fireworks/models/gpt-oss-20b", 0.07, 0.3, "fireworks_ai"),
        price("us/gpt-5.1-codex", 1.375, 11.0, "Azure OpenAI"),
        price("moonshotai/kimi-k2.6", 0.55, 2.3, "openrouter", kind="gateway"),
        price("openrouter/moonshotai/Kimi-K2.5", 0.5, 2.2, "openrouter", kind="gateway"),
    ]
    names = {(one.provider, one.item) for one in check(*quotes).accepted}
    assert names == {
        ("together", "glm-5"), ("fireworks", "gpt-oss-20b"), ("azure", "us/gpt-5.1-codex"), ("openrouter", "moonshotai/kimi-k2.6"),
        ("openrouter", "moonshotai/kimi-k2.5"),
    }  # fmt: skip


def test_a_history_is_checked_in_the_order_of_its_dates(check):
    rows = [price("new-model", 2.0 * 10**k, 4.0 * 10**k, as_of=date(2026, 9 - k, 1)) for k in (0, 1)]
    assert [one.as_of for one in check(*rows, source="drop").accepted] == ["2026-08-01", "2026-09-01"]


@pytest.mark.parametrize("name", SAMPLES)
def test_no_mutation_of_a_feed_brings_in_a_bad_price(name, new_known):
    chance = random.Random(11)
    for _ in range(20):
        try:
            parsed = PARSERS[name](mutated(SAMPLES[name], chance))
        except SourceError:
            continue
        accepted = check_quotes(name, parsed, new_known(), NOW).accepted if parsed.quotes else []
        for one in accepted:
            columns = {"price_changes": (0.0005, 1500), "rents": (0.1, 30), "electricity": (0.005, 2)}[one.target]
            assert all(columns[0] <= amount <= columns[1] for amount in one.amounts)


SEEN = [
    Observation("litellm", "price_changes", "openai", "gpt-5", "", "first", (2.0, 10.0), "2026-11-20", NOW),
    Observation("models-dev", "price_changes", "openai", "gpt-5", "", "first", (3.0, 10.0), "2026-11-21", NOW),
    Observation("litellm", "price_changes", "openai", "gpt-5", "", "first", (4.0, 10.0), "2026-11-22", NOW),
    Observation("models-dev", "price_changes", "openai", "gpt-5", "", "first", (2.5, 10.0), "2026-11-23", NOW),
    Observation("gpu-rents", "rents", "lambda", "h100", "on-demand", "", (4.25,), "2026-11-20", NOW),
    Observation("eia", "electricity", "", "US Total (industrial)", "2026-08", "", (0.0871,), "2026-11-20", NOW),
]


def test_a_series_follows_the_source_that_is_believed_most():
    assert [one.amounts[0] for one in believed(SEEN) if one.item == "gpt-5"] == [2.0, 3.0, 2.5]
    said = SEEN[0]._replace(source="drop", amounts=(9.0, 10.0), as_of="2026-11-22")
    assert [one.amounts[0] for one in believed([*SEEN, said]) if one.item == "gpt-5"] == [2.0, 3.0, 9.0, 2.5]


def test_observations_become_tables_that_pass_every_check(tables, tmp_path):
    made = overlaid_tables(tables, SEEN, tmp_path / "store")
    assert table_problems(made) == []
    assert len(made["price_changes"]) == len(tables["price_changes"]) + 3
    assert [row["usd_per_accelerator_hour"] for row in made["rents"]][-1] == 4.25
    assert [row["mid"] for row in made["electricity"]][-1] == 0.0871
    assert len(made.vintage(date(2026, 11, 20))["price_changes"]) == len(tables["price_changes"]) + 1
    days = [row["changed_on"] for row in made["price_changes"]]
    assert days == sorted(days)


def test_the_same_observations_in_any_order_give_the_same_bytes(tables):
    files = overlay_files(tables, SEEN)
    assert files == overlay_files(tables, SEEN[::-1])
    assert NOW[:19].encode() not in b"".join(files.values()), "no moment of observation stands in a data row"


def test_without_news_the_tables_are_the_shipped_ones(tables, tmp_path):
    assert overlaid_tables(tables, [], tmp_path / "store") is tables
    last = table_rows(tables, "price_changes")[-1]
    amounts = float(last["input_usd_per_mtok"]), float(last["output_usd_per_mtok"])
    same = Observation("drop", "price_changes", last["provider"], last["model"], "", "host", amounts, "2026-11-20", NOW)
    assert overlay_files(tables, [same]) == {}
