"""What tests of vintages share: a shipped table written with other rows, and what was said up to a day."""

import csv

from forecast.tables import shipped_directory


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
