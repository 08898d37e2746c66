"""Scenarios: the shipped ones load, every value knows where it came from, and mistakes are told in one message."""

import shutil
from dataclasses import replace
from datetime import date

import pytest

from forecast.contract.capacity import need_of, own_or_rent
from forecast.deployments.deployment import Deployment
from forecast.deployments.priced import cost_of
from forecast.deployments.techniques import techniques
from forecast.draws import Draws
from forecast.errors import InputError
from forecast.inputs.inputs import EVIDENCE
from forecast.march import march
from forecast.market.names import market_names
from forecast.scenario import load_scenario
from forecast.scenario_files import list_scenarios, scenario_chain, settings_of
from forecast.serving.workloads import Request, workloads
from forecast.tables import load_tables, shipped_directory

POWER = "parameters.electricity_usd_per_kwh"


def refusal(*args, **kwargs):
    with pytest.raises(InputError) as caught:
        load_scenario(*args, **kwargs)
    return list(caught.value.problems)


def median(scenario, key=POWER):
    return scenario.inputs[key].value.median()


@pytest.mark.parametrize("name", list_scenarios())
def test_shipped_scenarios_load(name, tables):
    scenario = load_scenario(name, tables)
    assert scenario.name == name
    assert scenario.title and scenario.story
    settings = settings_of(scenario_chain(name))  # what `forecast list` prints, without a table
    assert all(settings[key] == getattr(scenario, key) for key in ("title", "story", "as_of", "months"))
    assert {len(item.origin.as_of) for item in scenario.inputs.values()} == {10}  # every value has a date
    assert all(item.origin.place and item.origin.source for item in scenario.inputs.values())


def test_shipped_scenarios_are_listed():
    assert "base" in list_scenarios()
    assert list_scenarios() == sorted(path.stem for path in shipped_directory("scenarios").glob("*.toml"))


def test_names_and_paths_are_told_apart(tables, written):
    assert refusal("bas", tables)[0].endswith('or a path to a TOML file. Did you mean "base"?')
    assert refusal("here/none.toml", tables) == ["here/none.toml: no such scenario file. Correct the path."]
    assert refusal(".", tables) == [".: a folder; a scenario is a TOML file. Name one of its files."]
    assert load_scenario(written('extends = "base"\ntitle = "Mine"'), tables).title == "Mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[parameters]\nelectricty_usd_per_kwh = 0.1",
            'line 3: no parameter "electricty_usd_per_kwh". Did you mean "electricity_usd_per_kwh"? Correct the key.',
        ),
        (
            "[parameter]\nelectricity_usd_per_kwh = 0.1",
            'line 2: no setting or table "parameter". Did you mean "parameters"? Correct the key.',
        ),
        (
            "[provider_finances.together]\ncash = 1",
            'line 3: no input "provider_finances.together.cash". '
            'Did you mean "provider_finances.together.cash_usd"? Correct the key.',
        ),
        (
            "[parameters]\nelectricity_usd_per_kwh = -1",
            f"line 3: {POWER} = -1: -1 is below the minimum 0.001 USD/kWh. Correct the value.",
        ),
        (
            '[parameters]\nelectricity_usd_per_kwh = "cheap"',
            f'line 3: {POWER} = cheap: "cheap" is not a number. Correct the value.',
        ),
        (
            '[parameters]\nelectricity_usd_per_kwh = "normal(mean=0.1, sd=0.1)"',
            f"line 3: {POWER} = normal(mean=0.1, sd=0.1): -0.209023 is below the minimum 0.001 USD/kWh. "
            "Correct the value.",
        ),
        (
            '[parameters]\nelectricity_usd_per_kwh = ""',
            f"line 3: {POWER} = : the column is required and may not be empty. Correct the value.",
        ),
        (
            '[accelerators.h100]\nmemory_gb = ""',
            "line 3: accelerators.h100.memory_gb is empty; a number or a distribution is required. Correct the value.",
        ),
        (
            "[parameters.electricity_usd_per_kwh]\nvalue = 0.1\nreason = 'cheap gas'",
            f"line 2: {POWER} holds value, reason; value is required, why and source are allowed. Correct it.",
        ),
        (
            'months = "long"',
            "line 2: months = 'long'; a whole number from 1 to 240 is required. Correct the value.",
        ),
        (
            "months = true",
            "line 2: months = True; a whole number from 1 to 240 is required. Correct the value.",
        ),
        (
            'as_of = "today"',
            "line 2: as_of = 'today'; a date such as 2026-10-31 is required. Correct the value.",
        ),
        (
            "as_of = 2026-10-31T00:00:00",
            "line 2: as_of = datetime.datetime(2026, 10, 31, 0, 0); a date such as 2026-10-31 is required. "
            "Correct the value.",
        ),
        ("parameters = 3", "line 2: parameters = 3; a table is required. Write [parameters]."),
        (
            'title = "red \\u009b31m"',
            "line 2: title = 'red \\x9b31m': a control character is not allowed. Correct the value.",
        ),
        (
            'title = "turned \\u202e round"',
            "line 2: title = 'turned \\u202e round': a control character is not allowed. Correct the value.",
        ),
    ],
)
def test_a_bad_key_or_value_is_named(tables, written, text, message):
    path = written(f'extends = "base"\n{text}\n')
    assert refusal(path, tables) == [f"{path} {message}"]


def test_all_problems_of_a_file_come_at_once(tables, written):
    path = written('extends = "base"\n[parameters]\nelectricity_usd_per_kwh = -1\npue = 1.2\n')
    assert [text.partition(":")[0] for text in refusal(path, tables)] == [f"{path} line 3", f"{path} line 4"]


def test_a_scenario_does_not_extend_itself(tables, written):
    path = written('extends = "other"\n')
    written('extends = "mine"\n', "other")
    assert "mine.toml: the scenario extends itself (mine → other → mine)" in refusal(path, tables)[0]


def test_a_scenario_extends_what_exists(tables, written):
    assert 'no scenario "basee"' in refusal(written('extends = "basee"'), tables)[0]
    assert "extends = 3; the name of a scenario is required." in refusal(written("extends = 3"), tables)[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty; a scenario needs at least a title. Fill it."),
        (b"title = ", "not valid TOML: "),
        (b"title = 'a'\ntitle = 'b'", "not valid TOML: "),
        ("title = 'é'".encode("latin-1"), "not UTF-8 text; a scenario is UTF-8 TOML. Save it as UTF-8."),
        (
            b"title = 'Timeless'",
            "no as_of; a scenario needs the date of its vintage. Add as_of = 2026-10-31.",
        ),
    ],
)
def test_files_that_are_no_scenario(tables, written, content, message):
    path = written(content)
    (problem,) = refusal(path, tables)
    assert problem.startswith(f"{path}: {message}")


@pytest.mark.parametrize("months", [0, -1, 241, 1000])
def test_the_horizon_has_bounds(tables, written, months):
    message = [f"months = {months}: outside 1 to 240. Choose a horizon in that range."]
    assert refusal("base", tables, months=months) == message
    assert refusal(written(f'extends = "base"\nmonths = {months}'), tables) == message


# --- overrides ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "key", "text"),
    [
        ("electricity_usd_per_kwh=0.05", POWER, "0.05"),
        (f"{POWER} = 0.05", POWER, "0.05"),
        ("electricity_usd_per_kwh=lognormal(p10=0.05, p90=0.2)", POWER, "lognormal(p10=0.05, p90=0.2)"),
        ("provider_finances.together.cash_usd=2e9", "provider_finances.together.cash_usd", "2000000000"),
        ("offers.together:commodity.tokens_frac=0.5", "offers.together:commodity.tokens_frac", "0.5"),
    ],
)
def test_settings_take_numbers_distributions_and_table_keys(tables, setting, key, text):
    item = load_scenario("base", tables, settings=[setting]).inputs[key]
    assert str(item.value) == text
    assert item.origin.place == f"--set {setting}"
    assert item.origin.status == "assumption"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("electricity_usd_per_kwh", "--set electricity_usd_per_kwh: no '='; write --set KEY=VALUE."),
        (
            "electricty_usd_per_kwh=1",
            '--set electricty_usd_per_kwh=1: no parameter "electricty_usd_per_kwh". '
            'Did you mean "electricity_usd_per_kwh"? Correct the key.',
        ),
    ],
)
def test_a_bad_setting_is_named(tables, setting, message):
    (problem,) = refusal("base", tables, settings=[setting])
    assert problem.startswith(message)


def test_bad_settings_are_reported_together(tables):
    assert len(refusal("base", tables, settings=["a", "b=1", "pue_ratio=9"])) == 3


def test_the_child_beats_the_parent_and_the_command_line_both(tables, written):
    written(
        'extends = "base"\nmonths = 24\n[parameters]\nelectricity_usd_per_kwh = 0.2\npue_ratio = 1.5\n',
        "parent",
    )
    child = written('extends = "parent"\n[parameters]\nelectricity_usd_per_kwh = 0.3\n', "child")
    scenario = load_scenario(child, tables)
    assert (scenario.months, median(scenario), median(scenario, "parameters.pue_ratio")) == (24, 0.3, 1.5)
    assert median(load_scenario(child, tables, settings=["electricity_usd_per_kwh=0.4"])) == 0.4
    assert load_scenario(child, tables, months=3).months == 3
    assert [path.stem for path in scenario.files] == ["base", "parent", "child"]


def test_an_override_knows_its_file_and_line(tables, written):
    path = written(
        'extends = "base"\n\n[parameters]\npue_ratio = 1.5\n'
        'electricity_usd_per_kwh = {value = 0.2, why = "a dear grid", source = "own-guess"}\n'
        "[provider_finances.together]\ncash_usd = 1e9\n"
    )
    inputs = load_scenario(path, tables).inputs
    assert inputs["parameters.pue_ratio"].origin.place == f"{path} line 4"
    assert inputs["provider_finances.together.cash_usd"].origin.place == f"{path} line 7"
    origin = inputs[POWER].origin
    assert (origin.place, origin.why, origin.source) == (f"{path} line 5", "a dear grid", "own-guess")
    assert origin.as_of == "2026-10-31"


def test_a_value_of_the_tables_knows_its_row(base, tables):
    row = tables["parameters"].latest("parameter")["pue_ratio"]
    origin = base.inputs["parameters.pue_ratio"].origin
    assert origin.place == f"data/parameters.csv row {row.number}"
    assert (origin.source, origin.as_of, origin.status) == (row["source"], str(row["as_of"]), row["status"])


def test_who_has_closed_sells_no_more(base, tables, overlay):
    """Hyperbolic ended its sale of tokens in 2026: known then, in no market after, and not brought back by its old rows."""
    selling = ("provider_finances", "offers")
    before = load_scenario("base", tables, as_of=date(2026, 1, 1))
    for scenario, sells in ((before, True), (base, False)):
        found = [any(row["provider"] == "hyperbolic" for row in scenario.rows[table].values()) for table in selling]
        assert found == [sells, sells] and ("hyperbolic" in market_names(scenario).providers) is sells
    opened = overlay(
        "events", lambda rows: [row for row in rows if row["actors"] != "hyperbolic" or row["kind"] != "shutdown"]
    )
    assert "hyperbolic" in market_names(load_scenario("base", load_tables(opened))).providers


def test_the_digest_names_the_forecast(tables, monkeypatch):
    digest = load_scenario("base", tables).digest
    assert load_scenario("base", load_tables()).digest == digest
    changed = [
        load_scenario("base", tables, settings=["pue_ratio=1.2"]),
        load_scenario("base", tables, settings=["pue_ratio=1.2000000001"]),
        load_scenario("base", tables, months=12),
        load_scenario("base", tables, as_of=date(2026, 10, 30)),
    ]
    assert len({digest, *(scenario.digest for scenario in changed)}) == 5


def test_an_environment_overlay_replaces_one_table(tmp_path, monkeypatch, tables, overlay):
    def dearer(rows):
        return [r | {"value": "0.5"} if r["parameter"] == "electricity_usd_per_kwh" else r for r in rows]

    monkeypatch.setenv("FORECAST_DATA", str(overlay("parameters", dearer)))
    laid, shipped = load_scenario("base"), load_scenario("base", tables)
    assert median(laid) == 0.5
    assert laid.inputs[POWER].origin.place.startswith("overlay/parameters.csv row ")
    assert {k for k in laid.inputs if laid.inputs[k].value != shipped.inputs[k].value} == {POWER}


def test_a_parent_may_lie_beside_its_child(tables, tmp_path):
    shutil.copy(shipped_directory("scenarios") / "base.toml", tmp_path / "ours.toml")
    (tmp_path / "mine.toml").write_text('extends = "ours"\ntitle = "Mine"\n', "utf-8")
    assert [path.parent for path in load_scenario(tmp_path / "mine.toml", tables).files] == [
        tmp_path,
        tmp_path,
    ]


def test_a_comment_is_not_the_line_of_a_value(tables, written):
    path = written('extends = "base"\n[parameters]\n# pue_ratio of old halls\npue_ratio = 1.5\n')
    assert load_scenario(path, tables).inputs["parameters.pue_ratio"].origin.place == f"{path} line 4"


def test_an_inline_table_has_a_line(tables, written):
    path = written('extends = "base"\n[provider_finances]\ntogether = {cash_usd = 1e9}\n')
    origin = load_scenario(path, tables).inputs["provider_finances.together.cash_usd"].origin
    assert origin.place == f"{path} line 3"


class Noted(dict):
    """Inputs that note which of them was asked for."""

    def __init__(self, inputs):
        super().__init__(inputs)
        self.asked = set()

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key):
        return self.get(key)


def quantity(key):
    """Return the parameter or the column of an input's address."""
    return key if key.startswith("parameters.") else key.rpartition(".")[2]


def test_every_number_that_can_be_set_is_read_by_the_loop_by_cost_or_by_own(base):
    """But for evidence, which is refused: a setting that moves nothing would pass for an answer."""
    noted = Noted(base.inputs)
    scenario = replace(base, inputs=noted)
    march(scenario, market_names(scenario), Draws(scenario, 7, 0), watch=True)
    techniques(scenario, Deployment("h100", "deepseek-v3", 1024, 1024))
    cost_of(scenario, Deployment("h800", "deepseek-v3", 1000, 500, "fp8", wide_parallel=True))
    own_or_rent(scenario, need_of(scenario, "h100", 12, 0.6, None, None), 10, 7)
    unread = {quantity(key) for key in noted} - {quantity(key) for key in noted.asked}
    assert sorted(unread) == sorted(EVIDENCE)


@pytest.mark.parametrize("column", EVIDENCE)
def test_evidence_cannot_be_set(base, tables, column):
    key = next(key for key in base.inputs if key.endswith(column))
    with pytest.raises(InputError, match=f"no equation reads {key}, which others published"):
        load_scenario("base", tables, settings=[f"{key}=2"])


def test_other_revenue_cannot_be_set_where_all_revenue_is_known(tables, written):
    """The one is what tokens leave of the other; whoever sets it would see nothing move."""
    path = written('extends = "base"\n[provider_finances.anthropic]\nother_revenue_usd_per_year = 5e9\n')
    (said,) = refusal(path, tables)
    assert said == (
        f"{path} line 3: no equation reads provider_finances.anthropic.other_revenue_usd_per_year where "
        "provider_finances.anthropic.revenue_usd_per_year is known; it is what token sales leave of that. "
        "Set that one, and this one not."
    )
    both = [
        f"provider_finances.parasail.{column}=1e9" for column in ("other_revenue_usd_per_year", "revenue_usd_per_year")
    ]
    for alone in both:
        load_scenario("base", tables, settings=[alone])
    with pytest.raises(
        InputError, match="--set provider_finances.parasail.other_revenue_usd_per_year=1e9: no equation reads"
    ):
        load_scenario("base", tables, settings=both)


@pytest.mark.parametrize("column", ["memory_gb", "scaleup_gb_per_s", "memory_bandwidth_tb_per_s", "fp8_dense_tflops"])
def test_what_an_accelerator_is_can_be_set(tables, column):
    key = f"accelerators.h200.{column}"
    request = Request("h200", "deepseek-v3", 4000, 400, "fp8")
    half = load_scenario("base", tables).inputs[key].value.median() / 2
    before, after = (
        workloads(load_scenario("base", tables, settings=settings), [request]) for settings in ([], [f"{key}={half}"])
    )
    name = {"fp8_dense_tflops": "peak_tflops"}.get(column, column)
    assert after[name] == before[name] / 2


def test_a_path_to_a_parent_begins_at_the_file_that_names_it(tables, written, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    written('extends = "base"\ntitle = "Été"\nmonths = 7\n', "été chaud")
    (tmp_path / "below").mkdir()
    for parent, name in (("été chaud.toml", "one"), ("./été chaud.toml", "two"), ("../été chaud.toml", "below/three")):
        assert load_scenario(written(f'extends = "{parent}"\n', name), tables).months == 7
    (said,) = refusal(written('title = "x"\nextends = "./gone.toml"\n'), tables)
    assert said == f"{tmp_path}/mine.toml line 2: extends: ./gone.toml: no such scenario file. Correct the path."


def test_a_byte_order_mark_is_no_part_of_a_scenario(tables, written):
    path = written('extends = "base"\r\nmonth = 3\r\n'.encode("utf-8-sig"))
    assert refusal(path, tables) == [
        f'{path} line 2: no setting or table "month". Did you mean "months"? Correct the key.'
    ]


def test_a_misspelt_table_hides_no_other_mistake(tables, written):
    path = written('extends = "base"\n[paramters]\npue_ratio = 1.2\n[parameters]\npue_ratio = 99\n')
    misspelt, outside = refusal(path, tables)
    assert misspelt.endswith('line 2: no setting or table "paramters". Did you mean "parameters"? Correct the key.')
    assert "line 5: parameters.pue_ratio = 99: 99 is above the maximum" in outside


def test_a_setting_that_is_an_option_is_named(tables):
    assert refusal("base", tables, ["months=24", "as_of = 2026-09-30"]) == [
        "--set months=24: no input but an option. Write --months 24.",
        "--set as_of = 2026-09-30: no input but an option. Write --as-of 2026-09-30.",
    ]


def test_what_is_known_later_is_no_misspelling(tables):
    """'No parameter "…". Correct the key.' was said of a right key at an early vintage."""
    early = (
        "parameters.demand_fade_months is not known at 2024-06-01. Its first row is of 2025-01-01. Choose that --as-of"
    )
    assert early in refusal("scarcity", tables, as_of=date(2024, 6, 1))[2]
    keys = ["accelerator_prices.mi455x.price_low_usd=3e4", "accelerator_prices.mi455x.price_lwo_usd=3e4"]
    later, misspelt = refusal("base", tables, keys, as_of=date(2025, 6, 1))
    assert "mi455x.price_low_usd is not known at 2025-06-01. Its first row is of 2025-06-12." in later
    assert 'no input "accelerator_prices.mi455x.price_lwo_usd"' in misspelt
    (closed,) = refusal("base", tables, ["provider_finances.hyperbolic.cash_usd=1"])
    assert 'no input "provider_finances.hyperbolic.cash_usd"' in closed, "it was known, and has closed since"
