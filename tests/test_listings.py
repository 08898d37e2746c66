"""Listings in whole runs: at the rate of a filing, and of nobody twice."""

from datetime import date

import numpy as np
from numpy.testing import assert_allclose

from forecast.market.doors import NEVER
from forecast.market.regimes import REGIMES
from forecast.scenario import load_scenario


def test_a_firm_that_filed_is_listed_at_the_rate_of_its_filing(tables, run_block):
    """Twelve filings a year: after three months e⁻³ are not listed, less the few that were bought before."""
    as_of = date(2025, 12, 31)
    settings = ["providers.zai.listing_per_year=12", "providers.minimax.listing_per_year=0", "funding_ratio=0"]
    settings += [f"regimes.{regime}.{rate}=0" for regime in REGIMES for rate in ("acquired_per_year", "ipo_per_year")]
    history, names, _ = run_block(load_scenario("base", tables, settings, as_of=as_of, months=3))
    listed = (history.listed_month != NEVER).mean(axis=1)
    still_in = (history.exit_month[names.providers.index("zai")] == NEVER).mean()
    assert_allclose(listed[names.providers.index("zai")], 1 - np.exp(-3.0), atol=0.02 + 1 - still_in)
    assert listed[names.providers.index("minimax")] == 0


def test_nobody_is_listed_twice(base, run_block):
    """Whose shares are traded has no listing to come, and every firm that the events call listed is marked so."""
    rows = base.rows["providers"]
    traded = {provider for provider, row in rows.items() if row["listed"]}
    gone = {row["actors"] for row in base.tables["events"] if row["kind"] == "ipo"} & set(rows)
    assert {"nebius"} | gone == traded and len(gone) > 2
    history, names, _ = run_block(base)
    listed = (history.listed_month != NEVER).any(axis=1)
    assert not traded & {p for p, is_so in zip(names.providers, listed, strict=True) if is_so}
    assert listed[names.providers.index("groq")]
