"""Small tables, headline and answers of a forecast made by hand: every cell from its own fact, every sentence as written here."""

import pytest

from forecast.delivery.answers import answers, doubts
from forecast.delivery.headline import headline
from forecast.delivery.small_tables import UNITS, marked_months, tables
from forecast.delivery.words import apart, band, chance, dollars, number, percent, short
from forecast.tidy_table import Fact, Forecast

HORIZON = 30
MARKS = (0, 12, HORIZON)
BANDS = {  # at 0, 12 and 30 months: 10, 50 and 90 %
    ("market_price", "commodity"): [(0.072, 0.085, 0.102), (0.052, 0.078, 0.111), (0.015, 0.034, 0.073)],
    ("market_price", "frontier"): [(0.88, 1.04, 1.24), (0.555, 0.921, 1.43), (0.09, 0.277, 0.742)],
    ("constant_mix_price", "commodity"): [(0.071, 0.084, 0.101), (0.054, 0.080, 0.112), (0.016, 0.037, 0.078)],
    ("constant_mix_price", "frontier"): [(0.87, 1.03, 1.23), (0.659, 1.07, 1.63), (0.128, 0.377, 0.997)],
    ("floor", "commodity"): [(0.014, 0.020, 0.026), (0.0054, 0.0097, 0.016), (0.0019, 0.0040, 0.0087)],
    ("floor", "frontier"): [(0.076, 0.114, 0.168), (0.024, 0.044, 0.076), (0.0052, 0.013, 0.030)],
    ("price_to_floor_ratio", "commodity"): [(3.08, 4.22, 6.52), (4.26, 8.05, 15.8), (3.37, 8.38, 21.0)],
    ("price_to_floor_ratio", "frontier"): [(6.03, 9.20, 14.2), (10.4, 21.0, 43.8), (6.47, 21.1, 69.3)],
    ("rent", None): [(3.25, 3.79, 4.49), (2.17, 3.11, 4.38), (0.957, 1.86, 3.53)],
    ("top5_tokens_frac", None): [(0.58, 0.60, 0.62), (0.59, 0.64, 0.69), (0.55, 0.69, 0.81)],
    ("top5_spend_frac", None): [(0.85, 0.87, 0.89), (0.84, 0.86, 0.90), (0.78, 0.88, 0.93)],
    ("independent_providers", None): [(62, 63, 64), (55, 66, 77), (47, 71, 99)],
}
REACHED = {  # chance by 12, 24 and 30 months
    ("consolidation_month", None): (0.03, 0.10, 0.28),
    ("consolidation_spend_month", None): (0.5, 0.98, 0.996),
    ("convergence_month", "commodity"): (0.0, 0.002, 0.004),
    ("convergence_month", "frontier"): (0.01, 0.02, 0.03),
}
# Cash; months it lasts at 10, 50 and 90 %; gone and left the market by 12, 24 and 30 months; how it left, if it did.
FIRMS = {
    "ada": (212e6, (12, 18, 28), (0.12, 0.82, 0.91), (0.04, 0.21, 0.64), "bought"),
    "bo": (3.16e6, (3, 10, None), (0.57, 0.75, 0.76), (0.22, 0.51, 0.72), "sold_in_distress"),
    "cy": (866e6, (20, None, None), (0.0, 0.049, 0.06), (0.0, 0.0, 0.0), None),
}
WAYS = ("sold_in_distress", "bought", "people_and_licence_bought", "shut", "left_the_market")
FINANCES = ("revenue_usd_per_year", "firm_margin_frac", "cash_with_rounds_usd", "provider_tokens_frac")


def facts():
    def fact(outcome, kind, entity, month, quantile, value, error=0.0, firm=False):
        segment, provider = (None, entity) if firm else (entity, None)
        late = int(value is None)
        head = ("r", "2026-11-01", "2026-10-31", "story")
        return Fact(*head, outcome, kind, "", segment, provider, month, quantile, value, error, late)

    for (outcome, segment), bands in BANDS.items():
        for month, ends in zip(MARKS, bands, strict=True):
            for quantile, value in zip((0.1, 0.5, 0.9), ends, strict=True):
                part = {HORIZON: 0.0123 if segment == "frontier" else 0.009}.get(month, 0.5)
                yield fact(outcome, "fan", segment, month, quantile, value, part * value)
    for (outcome, segment), chances in REACHED.items():
        yield fact(outcome, "date", segment, None, 0.5, None)
        for month, value in zip((12, 24, 30), chances, strict=True):
            yield fact(outcome, "date", segment, month, None, value, value / 8)
    for firm, (cash, lasts, dry, gone, way) in FIRMS.items():
        yield fact("cash_usd", "quantity", firm, 0, 0.5, cash, firm=True)
        for quantile, value in zip((0.1, 0.5, 0.9), lasts, strict=True):
            yield fact("runway_months", "quantity", firm, None, quantile, value, firm=True)
            yield fact("survival_months", "quantity", firm, None, quantile, 29, firm=True)
        for month, value, left in zip((12, 24, 30), dry, gone, strict=True):
            yield fact("out_of_cash", "event", firm, month, None, value, firm=True)
            yield fact("exit", "event", firm, month, None, left, firm=True)
            for each in WAYS:
                share = left if each == way else 0.0  # of a firm that leaves in one way only
                yield fact(f"exit_{each}", "event", firm, month, None, share, firm=True)
            yield fact("listed", "event", firm, month, None, left / 4, firm=True)
            for place, name in enumerate(FINANCES):
                for quantile in (0.1, 0.5, 0.9):
                    yield fact(name, "fan", firm, month, quantile, place + month + quantile, firm=True)


@pytest.fixture(scope="module")
def made():
    manifest = {
        "scenario": "story", "title": "A story", "as_of": "2026-10-31", "months": HORIZON, "paths": 10_000, "seed": 7,
        "run_id": "0e820044ae67", "counts": {"uncertain_inputs": 258, "inputs": 1582}, "finances_as_of": "2026-10-15",
    }  # fmt: skip
    kinds = {"ada": "chip maker", "bo": "host", "cy": "lab"}
    return Forecast(list(facts()), manifest, kinds)


def test_every_cell_of_the_small_tables(made):
    found = {name: rows for name, (_, rows) in tables(made).items()}
    assert [list(row) for row in found["runway"]] == [
        ["ada", "chip maker", 212e6, 12, 18, 28, 0.12, 0.82, 0.64, "bought"],
        ["bo", "host", 3.16e6, 3, 10, None, 0.57, 0.75, 0.72, "sold in distress"],
        ["cy", "lab", 866e6, 20, None, None, 0.0, 0.049, 0.0, None],
    ]
    assert found["prices"][0] == [0, "commodity", 0.072, 0.085, 0.102, 0.014, 0.020, 0.026, 4.22]
    assert found["prices"][3] == [12, "frontier", 0.555, 0.921, 1.43, 0.024, 0.044, 0.076, 21.0]
    assert [(row[0], row[1]) for row in found["prices"]] == [
        (month, segment) for month in MARKS for segment in ("commodity", "frontier")
    ]
    assert found["consolidation"] == [
        [12, 0.03, 0.03 / 8, 0.5, 0.5 / 8], [24, 0.10, 0.10 / 8, 0.98, 0.98 / 8], [30, 0.28, 0.28 / 8, 0.996, 0.996 / 8]
    ]  # fmt: skip
    assert found["convergence"] == [
        [12, "commodity", 0.0, 0.0], [12, "frontier", 0.01, 0.01 / 8], [24, "commodity", 0.002, 0.002 / 8],
        [24, "frontier", 0.02, 0.02 / 8], [30, "commodity", 0.004, 0.004 / 8], [30, "frontier", 0.03, 0.03 / 8],
    ]  # fmt: skip


def test_every_cell_of_the_finances(made):
    header, rows = tables(made)["finances"]
    assert [row[:4] for row in rows[:4]] == [
        ["ada", "chip maker", 12, "2027-10"], ["ada", "chip maker", 24, "2028-10"], ["ada", "chip maker", 30, "2029-04"],
        ["bo", "host", 12, "2027-10"],
    ]  # fmt: skip
    figures = [place + 24 + quantile for place in range(4) for quantile in (0.1, 0.5, 0.9)]
    assert rows[4][4:] == [1 - 0.51, *figures, 0.51, 0, 0, 0, 0, 0.51 / 4]
    assert rows[1][4:] == [1 - 0.21, *figures, 0, 0.21, 0, 0, 0, 0.21 / 4]
    assert header[4:8] == ["prob_in_market", *(f"revenue_usd_per_year_p{p}" for p in (10, 50, 90))]
    assert header[-6:] == [*(f"prob_{way}" for way in WAYS), "prob_listed"] and len(header) == len(rows[0])


HEADLINE = """\
story: A story
as of 2026-10-31, 30 months to 2029-04; 10,000 paths, seed 7, run 0e820044ae67

WHO IS AT RISK  (months of cash without new money; chance of running out; chance of leaving the market)
  provider      cash today    p10  median    p90  dry 12m  dry 24m  exit 30m  most likely exit
  ada                $212M     12      18     28     12 %     82 %      64 %  bought
  bo                $3.16M      3      10    >30     57 %     75 %      72 %  sold in distress
  cy                 $866M     20     >30    >30      0 %      5 %       0 %  –

WHEN THE MARKET CONSOLIDATES  (five largest hold at least 80 % for six months)
  tokens  top five 60 % today, 69 % (55 % to 81 %) at the horizon
          consolidated: 10 % by 2028-10, 28 % by 2029-04; not within the horizon: 72 %
  spend   top five 87 % today, 88 % (78 % to 93 %) at the horizon
          consolidated: 98 % by 2028-10, >99 % by 2029-04; not within the horizon: <1 %
  independent providers: 63 today, 71 at the horizon (47-99)

WHERE PRICE AND FLOOR GO  (USD per million tokens paid, all tokens blended; median and 80 % band)
                                                  today                 2027-10                 2029-04
  commodity       price             0.085 (0.072-0.102)     0.078 (0.052-0.111)     0.034 (0.015-0.073)
                  today's mix       0.084 (0.071-0.101)     0.080 (0.054-0.112)     0.037 (0.016-0.078)
                  floor             0.020 (0.014-0.026)   0.0097 (0.0054-0.016)  0.0040 (0.0019-0.0087)
                  price / floor        4.22 (3.08-6.52)        8.05 (4.26-15.8)        8.38 (3.37-21.0)
  frontier        price               1.04 (0.880-1.24)      0.921 (0.555-1.43)     0.277 (0.090-0.742)
                  today's mix         1.03 (0.870-1.23)       1.07 (0.659-1.63)     0.377 (0.128-0.997)
                  floor             0.114 (0.076-0.168)     0.044 (0.024-0.076)    0.013 (0.0052-0.030)
                  price / floor        9.20 (6.03-14.2)        21.0 (10.4-43.8)        21.1 (6.47-69.3)
  H100 rent, USD/hour                  3.79 (3.25-4.49)        3.11 (2.17-4.38)       1.86 (0.957-3.53)
  Price within 25 % of the floor for six months by 2029-04: commodity <1 %, frontier 3 %
  Price and floor are of the mix of the month, ever more cached input and less output: what the average customer
  pays. Whoever buys the same kinds of tokens throughout pays the price of today's mix.
  The floor is that of today's reference model on the month's best machine. Sellers pay more: fleets are older,
  hours are hired or idle, and models bought later are often larger. So price over floor is not their margin.

HOW SURE
  Monte Carlo error: at most 1.2 % on a median price, 0.5 points on a probability.
  258 of 1582 inputs are distributions. Private cash, burn, margins and volumes are
  assumptions: `forecast show` marks each, with its source and date.
  How past forecasts did: `forecast hindcast --as-of 2025-07-01`, `forecast backtest`."""


def test_the_headline_as_written(made):
    assert headline(made) == HEADLINE


def test_a_narrow_terminal_shows_fewer_months_of_a_table(made):
    """No line of the table of prices is broken in 80 columns, and nothing else changes."""
    wide, narrow = headline(made).split("\n\n"), headline(made, 80).split("\n\n")
    assert [narrow[i] == wide[i] for i in range(5)] == [True, True, True, False, True]
    assert narrow[3].splitlines()[1].split() == ["today", "2029-04"]
    assert narrow[3].splitlines()[4].split() == "floor 0.020 (0.014-0.026) 0.0040 (0.0019-0.0087)".split()
    assert all(len(line) < 80 for line in narrow[3].splitlines()[1:-5])  # without the words under the table
    assert [headline(made, columns) == HEADLINE for columns in (102, 103)] == [False, True]


ANSWERS = {
    'Whose money runs out, and when?': [
        'Without new money, the cash of ada (82 %) and bo (75 %) is more likely than not gone within 24 months.',
        'The nearest to it is ada: its $212M last 18 months in the median path, 12 months in a bad one and 28 months in a good one (one path in ten is worse, one better).',
        "Of 3 providers without a parent's balance sheet, 1 run that risk with less than 5 %.",
    ],
    'When does the market consolidate?': [
        'The five largest hold 60 % of tokens today and 69 % (55 % to 81 %) in 2029-04. The chance that they hold at least 80 % for six months in a row by 2029-04 is 28 %.',
        'The five largest hold 87 % of spend today and 88 % (78 % to 93 %) in 2029-04. The chance that they hold at least 80 % for six months in a row by 2029-04 is >99 %.',
        'Independent providers: 63 today, 71 (47 to 99) at the horizon.',
    ],
    'How far are prices from the floor?': [
        'commodity: the price paid is 4.22 (3.08 to 6.52) times the floor today and 8.38 (3.37 to 21.0) times in 2029-04. The chance that it comes within 25 % of the floor for six months in a row by 2029-04 is <1 %.',
        'frontier: the price paid is 9.20 (6.03 to 14.2) times the floor today and 21.1 (6.47 to 69.3) times in 2029-04. The chance that it comes within 25 % of the floor for six months in a row by 2029-04 is 3 %.',
        "The floor is that of today's reference model on the month's best machine. Sellers pay more: fleets are older, hours are hired or idle, and models bought later are often larger. So price over floor is not their margin.",
    ],
    'What will a million tokens cost?': [
        "commodity: $0.085 (0.072 to 0.102) paid for a million tokens today, $0.034 (0.015 to 0.073) in 2029-04; for today's mix of input, cached input and output $0.037 (0.016 to 0.078).",
        "frontier: $1.04 (0.880 to 1.24) paid for a million tokens today, $0.277 (0.090 to 0.742) in 2029-04; for today's mix of input, cached input and output $0.377 (0.128 to 0.997).",
        'An hour of an H100 on demand: $3.79 today, $1.86 (0.957 to 3.53) in 2029-04.',
    ],
}  # fmt: skip


def test_the_answers_as_written(made):
    assert {one.question: one.sentences for one in answers(made)} == ANSWERS


def many(made, dry):
    """The forecast with a firm for each of the chances that cash is gone after two years, b00, b01, …"""
    others = [f for f in made.facts if f.provider is None]
    bo = [f for f in made.facts if f.provider == "bo"]
    firms = [
        f._replace(provider=f"b{place:02d}", value=prob if (f.outcome, f.month) == ("out_of_cash", 24) else f.value)
        for place, prob in enumerate(dry) for f in bo
    ]  # fmt: skip
    return Forecast([*others, *firms], made.manifest, made.provider_kinds)


def test_fourteen_are_shown_the_most_at_risk_first(made):
    shown = headline(many(made, [k / 100 for k in range(1, 17)])).split("\n\n")[1].splitlines()
    assert [line.split()[0] for line in shown[2:-1]] == [f"b{k:02d}" for k in range(15, 1, -1)]
    assert shown[-1].startswith("  2 more run dry less often (runway.csv of --out has all)")
    just = headline(many(made, [0.2] * 14)).split("\n\n")[1].splitlines()
    assert [line.split()[0] for line in just[2:]] == [f"b{k:02d}" for k in range(14)]


def test_five_are_named_and_the_rest_are_counted(made):
    said = answers(many(made, [0.9, 0.8, 0.7, 0.6, 0.55, 0.51, 0.5, 0.05, 0.04]))[0].sentences
    named = "b00 (90 %), b01 (80 %), b02 (70 %), b03 (60 %), b04 (55 %) and 1 more"
    assert said[0] == f"Without new money, the cash of {named} is more likely than not gone within 24 months."
    assert said[2] == "Of 9 providers without a parent's balance sheet, 1 run that risk with less than 5 %."
    said = answers(many(made, [0.0, 0.5]))[0].sentences
    assert said[0] == "No provider's cash is more likely than not gone within 24 months, even without new money."
    assert said[1].startswith("The nearest to it is b01: its $3.16M last 10 months in the median path")
    assert len(answers(many(made, [0.0]))[0].sentences) == 2, "of nobody's cash it is said how long it lasts"
    five = answers(many(made, [0.9, 0.8, 0.7, 0.6, 0.55]))[0].sentences[0]
    assert "b03 (60 %) and b04 (55 %) is more" in five


def test_how_sure_it_is(made):
    first, second, third = doubts(made)
    assert first.startswith("Monte Carlo error: at most 1.2 % on a median price, 0.5 points on a probability.")
    assert second.startswith("258 of 1,582 inputs are distributions;") and third.startswith("Private cash")
    older = Forecast(made.facts, made.manifest | {"finances_as_of": "2026-09-30"}, made.provider_kinds)
    known = "the finances of providers are those known at 2026-09-30;"
    assert doubts(older)[3].lower().startswith(known) and known in headline(older)


@pytest.mark.parametrize(
    ("words", "of", "said"),
    [
        (percent, (None,), "-"),
        (percent, (0.01,), "1 %"),
        (percent, (0.0099,), "<1 %"),
        (percent, (0.99,), "99 %"),
        (percent, (0.9901,), ">99 %"),
        (percent, (1.0,), "100 %"),
        (chance, (0.01, 0.001), "1.0 ± 0.1 %"),
        (chance, (0.99, 0.001), "99.0 ± 0.1 %"),
        (chance, (0.0099, 0.001), "0.99 ± 0.10 %"),
        (chance, (0.9901, 0.001), "99.01 ± 0.10 %"),
        (apart, (0.52, 0.0), ("+0.52", "0")),
        (apart, (-151.4, 12.0), ("-151", "12")),
        (dollars, (None,), "-"),
        (dollars, (999.4e6,), "$999M"),
        (dollars, (999.5e6,), "$1B"),
        (dollars, (1e6,), "$1M"),
        (dollars, (999_400.0,), "$999400"),
        (short, (100.0,), "100"),
        (short, (10.0,), "10.0"),
        (short, (1.0,), "1.00"),
        (short, (0.01,), "0.010"),
        (short, (0.0099,), "0.0099"),
        (number, (999.4,), "999"),
        (number, (-2_500_000.0,), "-2.5M"),
        (number, (1e9,), "1B"),
        (number, (1.04e12,), "1.04T"),
        (number, (float("-inf"),), "beyond"),
        (band, ([None, 0.5, 1.0],), "0.500 (0-1.00)"),
    ],
)
def test_numbers_in_words_at_their_limits(words, of, said):
    assert words(*of) == said


def test_units_of_the_columns(made):
    """By hand: what a column of each table is in; names and kinds have none."""
    units = {name: [UNITS.get(column, "") for column in header] for name, (header, _) in tables(made).items()}
    assert units["runway"] == ["", "", "USD", *["months"] * 3, *["probability"] * 3, ""]
    assert units["prices"] == ["months", "", *["USD/Mtok"] * 6, "ratio"]
    assert units["consolidation"] == ["months", *["probability"] * 4]
    assert units["convergence"] == ["months", "", *["probability"] * 2]
    figures = [*["USD/year"] * 3, *["fraction"] * 3, *["USD"] * 3, *["fraction"] * 3]
    assert units["finances"] == ["", "", "months", "", "probability", *figures, *["probability"] * 6]


def test_a_run_of_a_year_is_judged_at_its_end(made):
    """Of 24 and 36 months it has none: cash is gone by its end, and one month is marked beside today."""
    facts = [f for f in made.facts if f.month is None or f.month <= 12]
    year = Forecast(facts, made.manifest | {"months": 12}, made.provider_kinds)
    assert marked_months(year) == [0, 12] and marked_months(made) == [0, 12, HORIZON]
    longer = Forecast(made.facts, made.manifest | {"months": 36}, made.provider_kinds)
    assert marked_months(longer) == [0, 12, 36]
    said = headline(year)
    assert [line.split()[0] for line in said.split("\n\n")[1].splitlines()[2:]] == ["bo", "ada", "cy"]
    assert "consolidated: 3 % by 2027-10; not within the horizon: 97 %" in said
    assert "today                 2027-10\n" in said and "exit 12m" in said
    first, nearest, _ = answers(year)[0].sentences
    assert first == "Without new money, the cash of bo (57 %) is more likely than not gone within 12 months."
    assert (
        "bo: its $3.16M last 10 months in the median path, 3 months in a bad one and beyond the horizon in a" in nearest
    )
