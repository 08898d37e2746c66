"""The public contract of the command line: verbs, exit codes, one message for bad input, nothing written."""

import csv
import json
import subprocess
import sys

import pytest
from command import forecast

from forecast.cli.main import VERBS
from forecast.cli.shown import PIPE_COLUMNS


def test_run_json_is_one_document():
    done = forecast("run", "--paths", "50", "--months", "6", "--json")
    document = json.loads(done.stdout)
    assert {"manifest", "runway", "prices", "consolidation", "convergence"} <= set(document)


def test_list_and_show():
    names = [line.split()[0] for line in forecast("list").stdout.splitlines()]
    assert {"base", "capital-drought", "accelerator-glut", "article-corrected"} <= set(names)
    shown = forecast("show", "capital-drought", "--match", "funding_drought").stdout
    assert "scenarios/capital-drought.toml line" in shown
    assert "data/parameters.csv row" in forecast("show", "--match", "pue_ratio").stdout
    other = "provider_finances.anthropic.other_revenue_usd_per_year"
    instead = "not read: what token sales leave of provider_finances.anthropic.revenue_usd_per_year is"
    assert instead in forecast("show", "--match", other).stdout
    assert "not read" not in forecast("show", "--match", "provider_finances.novita").stdout


def test_check():
    assert "no problems" in forecast("check").stdout


def test_check_as_json(tmp_path):
    (tmp_path / "hollow.toml").write_text('extends = "base"\n[parameters]\npue_ratio = {}\n')
    wrong = forecast("check", str(tmp_path / "hollow.toml"), "--json")
    said = "parameters.pue_ratio holds nothing; value is required, why and source are allowed. Correct it."
    assert wrong.returncode == 2 and said in wrong.stderr
    assert [said in problem for problem in json.loads(wrong.stdout)["problems"]] == [True]
    assert json.loads(forecast("check", "--json").stdout)["problems"] == []


def test_a_parameter_outside_its_table_is_told_where_it_stands(tmp_path):
    (tmp_path / "bare.toml").write_text('extends = "base"\npue_ratio = 1.2\n')
    said = 'line 2: no setting or table "pue_ratio". A parameter stands under [parameters]. Correct the key.'
    assert said in forecast("check", str(tmp_path / "bare.toml")).stderr


@pytest.mark.parametrize("verb", VERBS)
def test_any_verb_may_be_told_to_be_quiet(verb):
    shown = forecast(verb, "--help").stdout
    assert "--quiet" in shown
    assert "--as-of [" not in shown, "a day is called DATE, not by its format"


def test_what_has_no_progress_is_quiet_too():
    assert forecast("list", "--quiet").stdout == forecast("list").stdout


def test_check_of_a_folder_without_a_table_says_so(tmp_path):
    note = f"note: {tmp_path} holds no table and no scenario: the shipped tables were checked\n"
    assert [forecast("check", str(tmp_path), *quiet).stderr for quiet in ((), ("--quiet",))] == [note, ""]


def test_check_of_a_table_alone_asks_for_its_folder():
    """A table was read as a scenario: "not valid TOML: Expected '=' after a key"."""
    done = forecast("check", "mine/rents.csv")
    assert done.returncode == 2 and done.stderr == (
        "forecast: mine/rents.csv: a table is checked with the folder that holds it. Give the folder: forecast check mine\n"
    )


def test_check_sees_a_market_that_cannot_run(tmp_path):
    path = tmp_path / "half.toml"
    path.write_text(
        'extends = "base"\n[offers."together:commodity"]\ntokens_frac = 0.9\n[regimes.hot]\nnext_hot_prob = 0.1\n'
    )
    done = forecast("check", str(path))
    assert done.returncode == 2
    assert "offers of together: tokens_frac adds up to 1.6; it must be 1" in done.stderr
    assert "regime hot: next_*_prob add up to" in done.stderr


def test_cost_cases_keep_their_rows(tmp_path):
    cases = tmp_path / "in.csv"
    cases.write_text(
        "accelerator,n_accelerators,model,precision,input_tokens,output_tokens,concurrency\n"
        "H100,2,Llama-3.3-70B,fp8,1024,1024,64\nnonsense,1,Llama-3.3-70B,fp8,1024,1024,\nB200,8,deepseek-ai/DeepSeek-R1,,1024,1024,\n"
    )
    done = forecast("cost", "--cases", str(cases), "--out", str(tmp_path / "out.csv"))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert [bool(row["error"]) for row in rows] == [False, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "bsae"],
            'no scenario "bsae"; shipped: accelerator-glut, article-as-printed, article-corrected, base,',
        ),
        (["run", "--paths", "0"], "paths = 0: outside 1 to"),
        (["run", "--as-of", "2024-12-31"], "no provider's finances are known before 2025-01-01. Choose that date"),
        (["watch", "--paths", "40"], "watch: 40 paths; at least 1,000 are needed. Raise --paths."),
        (["watch", "--months", "1"], "--months 1: a signal comes before the horizon. Choose a horizon of two months"),
        (
            ["cost", "--model", "llama-3.3-70b"],
            "cost: --accelerator required (or --cases IN.csv), but not given. Accelerators: ",
        ),
        (["runn"], 'Did you mean "run"?'),
        (["contract", "--months", "3"], "contract: Missing option '--mtok-per-month'. See forecast contract --help."),
        (
            ["own", "--utilisation", "50k"],
            "own: Invalid value for '--utilisation': '50k' is no number. See forecast own",
        ),
        (["run", "--months", "1.5"], "run: Invalid value for '--months': '1.5' is no whole number. See forecast run"),
        (["calibrate"], "Choose from: throughput, trends, market. See forecast calibrate --help."),
        (["contract", "--segment"], "forecast: Option '--segment' requires an argument. See forecast --help."),
        (["run", "base", "scarcity"], "run: Got unexpected extra argument (scarcity). See forecast run --help."),
    ],
)
def test_bad_usage_is_one_message_and_exit_2(arguments, message, tmp_path):
    out = ["--out", str(tmp_path / "o")] if arguments[0] == "run" else []
    done = forecast(*arguments, *out)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("forecast: ") and len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert not list(tmp_path.iterdir())


def test_a_spoilt_table_stops_the_run(tmp_path):
    (tmp_path / "parameters.csv").write_text("parameter,value\n")
    done = forecast("run", "--out", str(tmp_path / "o"), env={"FORECAST_DATA": str(tmp_path)})
    assert done.returncode == 2
    assert "parameters.csv row 1" in done.stderr
    assert not (tmp_path / "o").exists()


SLOW = {"pandas", "scipy", "statsmodels", "matplotlib", "pyarrow", "distributed", "sqlalchemy", "httpx", "psycopg"}


@pytest.mark.parametrize(
    ("words", "slow"),
    [
        (["--help"], SLOW | {"numpy"}), (["list"], SLOW | {"numpy"}),
        (["run", "--paths", "10", "--months", "2", "--quiet"], SLOW),
    ],
)  # fmt: skip
def test_what_is_slow_to_import_is_not(words, slow):
    code = (
        f"import sys; sys.argv = ['forecast', *{words!r}]\n"
        "from forecast.cli import main\n"
        "try: main.main()\n"
        "except SystemExit: pass\n"
        f"assert not {slow!r} & set(sys.modules), sorted({slow!r} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_table_that_moves_nothing_is_named(overlay):
    """Tier prices move a run through fits only: who changes them must hear of it, until a newer fit lies beside them."""
    folder = overlay("tier_prices", list)
    done = forecast("run", "--paths", "10", "--quiet", env={"FORECAST_DATA": str(folder)})
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        f"note: {folder / 'tier_prices.csv'} moved nothing: no simulation reads it. Where fits rest on it, fit anew: "
        f"forecast calibrate trends --write {folder / 'fits.csv'}\n"
    )
    overlay("fits", list)
    assert forecast("run", "--paths", "10", "--quiet", env={"FORECAST_DATA": str(folder)}).stderr == ""


@pytest.mark.parametrize("name", ["rents", "events"])
def test_a_table_that_moves_less_than_its_fits_would_is_named(overlay, name):
    """A run reads how rents came about, and who closed; where rents start, and how often firms raise, it reads of fits."""
    folder = overlay(name, list)
    ask = ("run", "--paths", "10", "--months", "2", "--quiet")
    assert forecast(*ask, env={"FORECAST_DATA": str(folder)}).stderr == (
        f"note: {folder / name}.csv moved little: a simulation reads but a part of it. Where fits rest on it, fit anew: "
        f"forecast calibrate trends --write {folder / 'fits.csv'}\n"
    )
    overlay("fits", list)
    assert forecast(*ask, env={"FORECAST_DATA": str(folder)}).stderr == ""


def test_a_row_that_the_run_does_not_know_yet_is_named(overlay):
    """Whoever dates own figures today would take the answer of the shipped ones for an answer of his own."""
    folder = overlay("provider_finances", lambda rows: [*rows, rows[-1] | {"as_of": "2026-11-20", "cash_usd": "1"}])
    env = {"FORECAST_DATA": str(folder)}
    said = forecast("run", "--paths", "10", "--months", "2", env=env).stderr
    file = folder / "provider_finances.csv"
    row = len(file.read_text("utf-8").splitlines())
    assert (
        f"note: {file} row {row}: known after the run's as_of, 2026-10-31, so it moved nothing. It counts from --as-of "
        "2026-11-20 on.\n" in said
    )
    assert (
        "moved nothing"
        not in forecast("run", "--paths", "10", "--months", "2", "--as-of", "2026-11-20", env=env).stderr
    )


def test_check_reads_the_scenarios_of_a_folder(tmp_path):
    (tmp_path / "good.toml").write_text('extends = "base"\n')
    assert forecast("check", str(tmp_path)).stdout.endswith("tables and 1 scenario: no problems\n")
    (tmp_path / "bad.toml").write_text('extends = "base"\nmonth = 3\n')
    done = forecast("check", str(tmp_path))
    assert done.returncode == 2 and 'bad.toml line 2: no setting or table "month"' in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "where pue_ratio",
        "show --match providers.together",
        "cost --model llama-3.3-70b --accelerator h100 --techniques",
    ],
)
def test_a_pipe_has_no_line_that_an_editor_cuts(words):
    """Before, one of `where` had 417 characters, and one of `cost --techniques` 278."""
    lengths = [len(line) for line in forecast(*words.split()).stdout.splitlines()]
    assert 80 < max(lengths) <= PIPE_COLUMNS


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes stderr")
def test_a_closed_stderr_is_no_terminal():
    words = [sys.executable, "-m", "forecast", "run", "--paths", "20", "--months", "2"]
    done = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *words], stdout=subprocess.PIPE, timeout=120)
    assert done.returncode == 0 and b"HOW SURE" in done.stdout


def test_a_bar_shows_on_a_terminal_only(monkeypatch):
    import io

    from forecast.cli import shown as ours
    from forecast.cli.shown import bar, steps

    def shown(terminal, quiet):
        monkeypatch.setattr(ours, "is_quiet", lambda: quiet)
        said = io.StringIO()
        said.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stderr", said)
        with bar(4, "sections") as progress:
            progress(4)
        assert list(steps("ab", "letters")) == ["a", "b"] and ("letters" in said.getvalue()) == (terminal and not quiet)
        return said.getvalue()

    assert shown(False, False) == shown(True, True) == "" and "sections" in shown(True, False)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize(
    ("words", "label"),
    [
        (["contract", "--mtok-per-month", "9", "--segment", "commodity", "--months", "2", "--paths", "50"], "base"),
        (["run", "--months", "1", "--paths", "50", "--format", "xlsx", "--out", "o"], "workbook"),
    ],
)
def test_work_of_seconds_shows_a_bar_on_a_terminal(tmp_path, words, label):
    import os

    def said(*more):
        ours, theirs = os.openpty()
        code = subprocess.run(
            [sys.executable, "-m", "forecast", *words, *more],
            stdout=subprocess.DEVNULL, stderr=theirs, timeout=120, cwd=tmp_path, check=False,
        ).returncode  # fmt: skip
        os.close(theirs)
        found = b""
        try:
            while part := os.read(ours, 1 << 16):
                found += part
        except OSError:  # the other end is closed and all is read
            pass
        os.close(ours)
        assert code == 0, found
        return found.decode()

    assert f"{label}  [####################################]  100%" in said()
    assert said("--quiet") == ""


@pytest.mark.parametrize("formats", ["", ",", "doc", "csv,doc"])
def test_a_format_must_be_known_and_one_must_be_given(tmp_path, formats):
    done = forecast("run", "--out", str(tmp_path / "o"), "--format", formats)
    assert done.returncode == 2 and "one of csv, xlsx, parquet is allowed. Correct it." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_formats_may_have_blanks_and_capitals(tmp_path):
    done = forecast("run", "--paths", "20", "--months", "2", "--out", str(tmp_path / "o"), "--format", "CSV, Parquet")
    assert done.returncode == 0 and {"forecast.csv", "forecast.parquet"} <= {p.name for p in (tmp_path / "o").iterdir()}


def test_check_misses_a_parameter_that_a_folder_misspells(tmp_path):
    from forecast.tables import shipped_directory

    text = (shipped_directory("data") / "parameters.csv").read_text("utf-8")
    (tmp_path / "parameters.csv").write_text(text.replace("\npue_ratio,", "\npue_rato,"), "utf-8")
    done = forecast("check", env={"FORECAST_DATA": str(tmp_path)})
    assert done.returncode == 2
    assert 'no row of pue_ratio, which the shipped table has. Did you mean "pue_rato"? Restore the row.' in done.stderr


def test_a_pipe_is_given_utf_8_whatever_the_locale(tmp_path):
    import os

    (tmp_path / "é.toml").write_text('extends = "base"\ntitle = "Été ≥ σ"\n', "utf-8")
    words = [
        sys.executable,
        "-m",
        "forecast",
        "run",
        str(tmp_path / "é.toml"),
        "--paths",
        "20",
        "--months",
        "2",
    ]
    done = subprocess.run(words, capture_output=True, timeout=120, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("utf-8").startswith("é: Été ≥ σ\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--format", "xlsx,csv", "--decimal", "comma"), "--format xlsx, --decimal comma"),
        (("run", "--sample-paths", "3"), "--sample-paths 3"),
        (("compare", "base", "scarcity", "--format", "parquet", "--json"), "--format parquet"),
    ],
)
def test_what_only_files_can_hold_needs_a_folder(words, said):
    done = forecast(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"forecast: {said}: without --out no file is written. Add --out FOLDER.\n"


def test_a_vintage_before_all_data_has_nothing_to_show():
    """It said that no input holds the text "" and asked for a shorter one."""
    done = forecast("show", "--as-of", "2020-01-01")
    assert done.returncode == 2
    assert done.stderr == "forecast: as of 2020-01-01: no input of base is known yet. Choose a later --as-of.\n"
