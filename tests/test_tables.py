"""Tables: the shipped ones are sound, every mistake has its sentence, and a vintage hides what came later."""

import csv
import os
from datetime import date

import pytest

from forecast.cells import Column, convert
from forecast.errors import InputError
from forecast.table_files import Row, Table
from forecast.table_rules import table_problems
from forecast.tables import Tables, load_tables


def spoil(folder, table, row, column, text):
    """Write `text` into a cell; rows are numbered as a spreadsheet does."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        records = list(csv.reader(file))
    records[row - 1][records[0].index(column)] = text
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(records)


def problems(folder, table="regimes"):
    with pytest.raises(InputError) as caught:
        load_tables(folder)[table]
    return list(caught.value.problems)


def test_the_shipped_tables_are_sound(tables):
    assert table_problems(load_tables()) == []


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("source", "", "source = empty: the column is required and may not be empty. Correct the row."),
        (
            "funding_per_month",
            "often",
            'funding_per_month = often: "often" is not a number. Correct the row.',
        ),
        (
            "funding_per_month",
            "-0.1",
            "funding_per_month = -0.1: -0.1 is below the minimum 0 1/month. Correct the row.",
        ),
        (
            "funding_per_month",
            "1.5",
            "funding_per_month = 1.5: 1.5 is above the maximum 1 1/month. Correct the row.",
        ),
        (
            "funding_per_month",
            "uniform(low=0, high=2)",
            "funding_per_month = uniform(low=0, high=2): 2 is above the maximum 1 1/month. Correct the row.",
        ),
        (
            "next_hot_prob",
            "uniform(low=0, high=1)",
            "next_hot_prob = uniform(low=0, high=1): a plain number is required here, not a distribution. "
            "Correct the row.",
        ),
        (
            "as_of",
            "31.10.2026",
            "as_of = 31.10.2026: a date such as 2026-10-31 is required. Correct the row.",
        ),
        (
            "confidence",
            "mediun",
            'confidence = mediun: one of high, medium, low is required (Did you mean "medium"?). Correct the row.',
        ),
        ("note", "a\tb", "note = a\tb: a control character is not allowed. Correct the row."),
    ],
)
def test_a_bad_cell_is_named(data_copy, column, text, message):
    spoil(data_copy, "regimes", 3, column, text)
    assert problems(data_copy) == [f"data/regimes.csv row 3, {message}"]


def test_a_flag_and_a_whole_number_are_what_they_say(data_copy):
    spoil(data_copy, "providers", 2, "parent_backed", "yes")
    assert problems(data_copy, "providers") == [
        "data/providers.csv row 2, parent_backed = yes: 0 or 1 is required. Correct the row."
    ]
    column = Column("t", "count", "integer", "", 1, None, True, False, (), "")
    with pytest.raises(ValueError, match="^a whole number is required$"):
        convert(column, "2.5")


def other(old, new):
    """Return a change of a file's content: the first of some text replaced."""
    return lambda content: content.replace(old.encode(), new.encode(), 1)


FILE = "tables are UTF-8 text. Save the file as UTF-8 CSV."


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (
            other("distressed_sale_prob", "distressed_sale_porb"),
            ' row 1: no column distressed_sale_prob; unknown column "distressed_sale_porb". '
            'Did you mean "distressed_sale_prob"? Correct the header.',
        ),
        (other(",note", ""), " row 1: no column note. Correct the header."),
        (
            other("regime,funding_per_month", "funding_per_month,regime"),
            " row 1: the columns are in another order; it must be regime,funding_per_month,",
        ),
        (lambda content: "régime".encode("latin-1"), f": byte 1 is not UTF-8; {FILE}"),
        (lambda content: content + b"\0", f": holds a NUL byte; {FILE}"),
        (
            lambda content: content + b'"cold',
            ": unexpected end of data; tables are comma-separated CSV. Correct the quoting.",
        ),
        (lambda content: b"", ": the file is empty; a header row is required. Restore the file."),
        (lambda content: content.splitlines()[0], ": has a header but no rows. Restore the rows."),
        (lambda content: content + content.splitlines()[1], " row {next}: the same as row 2. Delete one."),
        (
            lambda content: content + b"cold,0.1",
            " row {next}: 2 cells where the header has {cells}. Correct the row.",
        ),
    ],
)
def test_a_file_that_is_no_table_says_why(data_copy, tables, spoilt, message):
    path, sound = data_copy / "regimes.csv", tables["regimes"]
    path.write_bytes(spoilt(path.read_bytes()))
    (said,) = problems(data_copy)
    assert said.startswith(f"data/regimes.csv{message.format(next=len(sound) + 2, cells=len(sound.columns))}")


def test_a_byte_order_mark_does_no_harm(data_copy, tables):
    path = data_copy / "regimes.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_tables(data_copy)["regimes"].rows == tables["regimes"].rows


def test_a_missing_table_is_named(data_copy):
    (data_copy / "regimes.csv").unlink()
    (data_copy / "segments.csv").unlink()
    assert sorted(table_problems(Tables((data_copy,)))) == [
        f"data/{name}.csv: the table is missing from {data_copy}. Restore the file." for name in ("regimes", "segments")
    ]


def test_an_unknown_table_suggests(tables):
    with pytest.raises(InputError, match='^no table "regime" in the schema. Did you mean "regimes"'):
        tables["regime"]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError) as caught:
        load_tables(tmp_path / "nowhere")
    assert (
        str(caught.value) == f"{tmp_path}/nowhere: no such folder; the data folder holds CSV tables. Correct the path."
    )


def test_an_unknown_key_is_named(data_copy):
    spoil(data_copy, "regimes", 2, "source", "own-hazard")
    assert table_problems(load_tables(data_copy)) == [
        "data/regimes.csv row 2, source = own-hazard: not in sources.csv. "
        'Did you mean "own-hazards"? Add it there or correct the row.'
    ]


def test_all_mistakes_are_reported_at_once(data_copy):
    spoil(data_copy, "regimes", 2, "source", "")
    spoil(data_copy, "regimes", 4, "funding_per_month", "7")
    spoil(data_copy, "providers", 3, "own_frac", "half")
    assert len(problems(data_copy)) == 3
    found = table_problems(Tables((data_copy,)))
    assert sorted(text.partition(":")[0] for text in found) == [
        "data/providers.csv row 3, own_frac = half",
        "data/regimes.csv row 2, source = empty",
        "data/regimes.csv row 4, funding_per_month = 7",
    ]


def test_a_bad_schema_is_bad_input(tmp_path):
    header = "table,column,kind,unit,minimum,maximum,required,uncertain,allowed,meaning"
    (tmp_path / "schema.csv").write_text(f"{header}\na,b,nunber,,,,1,0,,\n", "utf-8")
    with pytest.raises(InputError) as caught:
        _ = load_tables(tmp_path).schema
    assert "schema.csv row 2: needs 10 cells and a kind of text, key, date, number" in str(caught.value)
    (tmp_path / "schema.csv").write_text("table,name\n", "utf-8")
    with pytest.raises(InputError, match="schema.csv row 1: the header is table,name; it must be table,column,kind"):
        _ = load_tables(tmp_path).schema


def test_a_limit_that_is_no_number_is_bad_input(data_copy):
    spoil(data_copy, "schema", 2, "minimum", "low")
    assert "row 2" in table_problems(Tables((data_copy,)))[0]


def test_a_parameter_outside_its_own_range_is_named(data_copy):
    spoil(data_copy, "parameters", 2, "value", "99")
    assert table_problems(load_tables(data_copy)) != []


def test_two_values_for_one_key_and_date_are_refused(data_copy):
    first = load_tables()["regimes"].rows[0]
    spoil(data_copy, "regimes", 3, "as_of", f"{first['as_of']}")
    spoil(data_copy, "regimes", 3, "regime", first["regime"])
    assert table_problems(load_tables(data_copy)) == [
        "data/regimes.csv row 3: hot, 2025-01-01 stands in row 2 already. Delete one."
    ]


def test_two_sources_of_one_name_are_refused_whatever_their_dates(data_copy):
    first = load_tables()["sources"].rows[0]
    spoil(data_copy, "sources", 3, "key", first["key"])
    found = [said for said in table_problems(load_tables(data_copy)) if "already" in said]
    assert found == [f"data/sources.csv row 3: {first['key']} stands in row 2 already. Delete one."]


def test_chances_sum_to_one(data_copy):
    spoil(data_copy, "regimes", 2, "next_hot_prob", "0.1")
    assert table_problems(load_tables(data_copy)) != []


# --- vintages -------------------------------------------------------------------------------------


def dated(*rows):
    columns = tuple(
        Column("t", name, kind, "", None, None, True, False, (), "")
        for name, kind in (("name", "key"), ("as_of", "date"))
    )
    made = tuple(Row({"name": n, "as_of": d, "value": v}, i) for i, (n, d, v) in enumerate(rows, start=2))
    return Table("t", "data/t.csv", columns, made)


OLD, NEW = date(2025, 1, 1), date(2026, 1, 1)


def test_a_vintage_hides_later_rows():
    table = dated(("a", OLD, 1), ("a", NEW, 2), ("b", NEW, 3))
    assert [row["value"] for row in table.until(date(2025, 12, 31))] == [1]
    assert [row["value"] for row in table.until(NEW)] == [1, 2, 3]  # known on the day itself


def test_latest_takes_the_row_known_last_whatever_the_order():
    table = dated(("a", NEW, 2), ("a", OLD, 1), ("b", OLD, 3), ("b", OLD, 4))
    found = {name: row["value"] for name, row in table.latest("name").items()}
    assert found == {"a": 2, "b": 4}  # of equal dates the later row
    assert table.latest("name", "as_of")["a", OLD]["value"] == 1


def test_a_table_of_ones_own_is_checked_even_if_no_verb_reads_it(overlay):
    folder = overlay("rents", lambda rows: [*rows[:-1], rows[-1] | {"usd_per_accelerator_hour": "cheap"}])
    with pytest.raises(InputError, match='usd_per_accelerator_hour = cheap: "cheap" is not a number. Correct the row.'):
        load_tables(folder)


def test_a_file_that_is_no_table_is_not_passed_over(overlay):
    folder = overlay("rents", list)
    (folder / "rents.csv").rename(folder / "rentz.csv")
    with pytest.raises(InputError, match=r'rentz.csv: no table has this name. Did you mean "rents"\? Rename the file'):
        load_tables(folder)


def test_what_nothing_has_read_is_known(overlay):
    tables = load_tables(overlay("rents", list))
    overlay("regimes", list)
    overlay("sources", list)
    tables["regimes"]
    assert [file.name for file in tables.unread()] == ["rents.csv"]
    assert load_tables().unread() == []


def test_a_table_is_parsed_once_whoever_asks_and_anew_once_a_byte_differs(data_copy):
    """Not even the same size and time of a file hide that its content is another."""
    first, again = (load_tables(data_copy)["rents"].rows for _ in range(2))
    assert all(one is other for one, other in zip(first, again, strict=True))
    assert load_tables(data_copy).schema is load_tables(data_copy).vintage(date(2026, 1, 1)).schema
    path = data_copy / "rents.csv"
    before, content = path.stat(), path.read_bytes()
    path.write_bytes(content.replace(b",4.76,", b",4.75,", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.read_bytes() != content and path.stat().st_size == before.st_size
    assert load_tables(data_copy)["rents"].rows[0]["usd_per_accelerator_hour"] == 4.75
