"""Correlated inputs of a scenario: added by name, changed, shown with their place, refused with a reason."""

import json

import numpy as np
import pytest
from command import forecast

from forecast.draws import Draws
from forecast.errors import InputError
from forecast.scenario import load_scenario
from forecast.tables import load_tables

HEAD = 'extends = "base"\ntitle = "x"\n\n'


def entry(first, second, correlation, more=""):
    return f'[[correlations]]\nfirst = "{first}"\nsecond = "{second}"\ncorrelation = {correlation}\n{more}\n'


@pytest.fixture
def load(tables, tmp_path):
    def made(*entries):
        path = tmp_path / "mine.toml"
        path.write_text(HEAD + "".join(entries))
        return load_scenario(path, tables, months=2)

    return made


def test_a_pair_of_any_inputs_is_reached(load):
    burn, cash = "provider_finances.groq.burn_usd_per_year", "provider_finances.groq.cash_usd"
    draws = Draws(load(entry(burn, cash, 0.7)), 7, 0)
    logs = np.log([draws.values(burn, burn), draws.values(cash, cash)])
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.7, abs=0.04)


def test_a_pair_of_the_tables_is_replaced_in_either_order(load, base):
    names = "supply_growth_start_per_year", "demand_growth_start_per_year"
    changed = load(entry(*names, -0.2))
    wanted = {frozenset(p[:2]): p[2] for p in base.correlations}
    wanted[frozenset(f"parameters.{name}" for name in names)] = -0.2
    assert {frozenset(p[:2]): p[2] for p in changed.correlations} == wanted


def test_a_pair_of_the_tables_must_name_inputs(tmp_path):
    header = "first,second,correlation,status,confidence,as_of,source,note"
    row = "provider_finances.zaI.cash_usd,pue_ratio,0.5,assumption,low,2025-01-01,own-assumption,"
    (tmp_path / "correlations.csv").write_text(f"{header}\n{row}\n")
    with pytest.raises(
        InputError, match=r'correlations.csv row 2: no input "provider_finances.zaI.cash_usd". Did you mean'
    ):
        load_scenario("base", load_tables(tmp_path))


def test_a_volume_that_nobody_published_is_what_revenue_buys_at_the_price(base):
    draws = Draws(base, 7, 0)
    part = {}
    for lab in ("deepseek", "minimax", "moonshot", "zai"):
        tokens, price, revenue = (
            draws.column("provider_finances", column, [lab])[0]
            for column in ("tokens_mtok_per_day", "paid_usd_per_mtok", "revenue_usd_per_year")
        )
        part[lab] = 365 * tokens * price / revenue
        assert np.corrcoef(np.log(tokens), np.log(price))[0, 1] == pytest.approx(-0.85, abs=0.03)
    assert (part["zai"] > 1).mean() < 0.2 and max((of > 1).mean() for lab, of in part.items() if lab != "zai") < 0.02
    assert np.quantile(part["zai"], 0.1) > 0.6  # interface and cloud were 0.87 of its half year


def test_start_and_own_growth_of_a_provider_go_together(load, base):
    """Both are read from the same figures: by the fitted number, by one that is set, or by that of a scenario's own pair."""
    revenue, growth = "provider_finances.nebius.revenue_usd_per_year", "providers.nebius.growth_apart_per_month"

    def correlation(scenario):
        draws = Draws(scenario, 7, 0)
        return np.corrcoef(np.log(draws.values(revenue, revenue)), draws.values(growth, growth))[0, 1]

    fitted = base.input("parameters.growth_revenue_correlation").value.median()
    assert 0.5 < fitted < 0.8
    assert correlation(base) == pytest.approx(fitted, abs=0.04)
    apart = load_scenario("base", base.tables, settings=["growth_revenue_correlation=0"])
    assert correlation(apart) == pytest.approx(0.0, abs=0.04)
    assert correlation(load(entry(growth, revenue, -0.3))) == pytest.approx(-0.3, abs=0.04)


def test_a_pair_moves_no_draw_of_others_and_another_digest(load, base):
    mine = load(entry("pue_ratio", "accelerator_life_years", 0.9))
    key = "parameters.electricity_usd_per_kwh"
    assert np.array_equal(Draws(mine, 7, 0).values(key, key), Draws(base, 7, 0).values(key, key))
    assert mine.digest != load().digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (entry("pue_rato", "accelerator_life_years", 0.5), 'line 4: no input "parameters.pue_rato". Did you mean'),
        (entry("launch_slip_months", "pue_ratio", 0.5), "launch_slip_months is drawn anew for each entity"),
        (entry("pue_ratio", "accelerator_life_years", 1.5), "correlation = 1.5: a number between -1 and 1"),
        (entry("pue_ratio", "accelerator_life_years", '"high"'), "correlation = 'high': a number"),
        (entry("pue_ratio", "pue_ratio", 0.5), "with itself: two inputs are required"),
        (entry("pue_ratio", "accelerator_life_years", 0.5, 'becase = "x"'), "a correlation holds first, second, "),
        ("correlations = 3\n", "a list of tables is required. Write"),
    ],
)
def test_a_pair_that_is_none(load, text, says):
    with pytest.raises(InputError, match=says):
        load(text)


def test_all_wrong_pairs_come_at_once_with_their_lines(load):
    with pytest.raises(InputError) as caught:
        load(entry("a", "pue_ratio", 0.5), entry("pue_ratio", "b", 2))
    assert [problem.split(":")[0].split()[-1] for problem in caught.value.problems] == ["4", "9", "9"]


def test_show_tells_where_a_pair_stands_and_how_far_the_matrix_moved(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + "".join(
        entry(*pair) for pair in (("pue_ratio", "accelerator_life_years", 0.9), ("pue_ratio", "capital_rate_per_year", 0.9),
                                  ("capital_rate_per_year", "accelerator_life_years", -0.9, 'why = "a test"'))
    ))  # fmt: skip
    shown = forecast("show", str(path), "--match", "capital_rate").stdout
    assert f"{path} line 14" in shown and "a test" in shown
    found = json.loads(forecast("show", str(path), "--json").stdout)
    assert found["correlation_moved"] > 0.3  # these three cannot hold together
    assert {"first", "second", "correlation", "place", "why"} <= set(found["correlations"][0])
