"""What tests share: a shipped table written with other rows, hostile names, and what was said up to a day."""

import csv

from forecast.tables import shipped_directory
from forecast.tidy_table import Forecast

HOSTILE = (
    "=cmd()",
    "+1+1",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a\x00b\x1b[31m\r\n\u202e,;\"'",
    "x" * 10_000,
)


def written(folder, table, change):
    """Write a shipped table into a folder with its rows changed, and return the folder."""
    with (shipped_directory("data") / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows, header = list(reader), list(reader.fieldnames or ())
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(change(rows))
    return folder


def said_by(cases, until):
    """Return the quantiles of rolling forecasts made up to a day, by series, origin and horizon."""
    at = [i for i, origin in enumerate(cases.origin) if origin <= until]
    keys = [(cases.series[i], cases.origin[i], int(cases.horizon_months[i])) for i in at]
    return dict(zip(keys, cases.quantiles_log[:, at].T.tolist(), strict=True))


def named(forecast, name):
    """Return a forecast of one provider and one segment in which every text that a user may choose is the name."""
    provider, segment = forecast.find("runway_months")[0].provider, forecast.find("floor")[0].segment
    facts = [
        f._replace(scenario=name, made_on=name, provider=f.provider and name, segment=f.segment and name)
        for f in forecast.facts
        if f.provider in (None, provider) and f.segment in (None, segment)
    ]
    assumed = [a._make([name] * len(a)) for a in forecast.assumptions[:3]]
    texts = {"title": name, "story": name, "scenario": name, "run_id": name, "versions": {"forecast": name}}
    kinds = {name if each == provider else each: name for each in forecast.provider_kinds}
    return Forecast(facts, forecast.manifest | texts, kinds, assumed)
