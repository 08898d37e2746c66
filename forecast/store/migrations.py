"""The tables of the store as numbered steps: a step that has been released is never edited, a new one is added.

Plain SQL that both databases take; {id} and {bytes} are what they spell differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Connection

SPELLINGS = {
    "sqlite": {"id": "INTEGER PRIMARY KEY AUTOINCREMENT", "bytes": "BLOB"},
    "postgresql": {"id": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "bytes": "BYTEA"},
}
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE observations (id {id}, source TEXT NOT NULL, target TEXT NOT NULL, provider TEXT NOT NULL,
           item TEXT NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, amounts TEXT NOT NULL, as_of TEXT NOT NULL,
           observed_at TEXT NOT NULL, UNIQUE (source, target, provider, item, channel, as_of, amounts))""",
        """CREATE TABLE quarantine (id {id}, source TEXT NOT NULL, target TEXT NOT NULL, provider TEXT NOT NULL,
           item TEXT NOT NULL, found TEXT NOT NULL, reason TEXT NOT NULL, observed_at TEXT NOT NULL,
           UNIQUE (source, target, provider, item, found, reason))""",
        """CREATE TABLE feeds (source TEXT PRIMARY KEY, address TEXT NOT NULL, etag TEXT, last_modified TEXT,
           checked_at TEXT NOT NULL, newest_on TEXT)""",
        """CREATE TABLE runs (run_id TEXT PRIMARY KEY, run_key TEXT NOT NULL UNIQUE, made_at TEXT NOT NULL,
           published_at TEXT, as_of TEXT NOT NULL, recipe TEXT NOT NULL, inputs TEXT NOT NULL,
           observations_through BIGINT NOT NULL, seconds DOUBLE PRECISION NOT NULL, drift TEXT NOT NULL)""",
        """CREATE TABLE forecasts (run_id TEXT NOT NULL REFERENCES runs, scenario TEXT NOT NULL, manifest TEXT NOT NULL,
           provider_kinds TEXT NOT NULL, facts {bytes} NOT NULL, PRIMARY KEY (run_id, scenario))""",
        """CREATE TABLE fans (run_id TEXT NOT NULL, scenario TEXT NOT NULL, outcome TEXT NOT NULL, segment TEXT NOT NULL,
           due_on TEXT NOT NULL, horizon_months INTEGER NOT NULL, quantiles TEXT NOT NULL,
           PRIMARY KEY (run_id, scenario, outcome, segment, due_on),
           FOREIGN KEY (run_id, scenario) REFERENCES forecasts)""",
        "CREATE INDEX fans_by_due ON fans (due_on)",
        """CREATE TABLE scores (run_id TEXT NOT NULL, scenario TEXT NOT NULL, outcome TEXT NOT NULL, segment TEXT NOT NULL,
           due_on TEXT NOT NULL, value DOUBLE PRECISION NOT NULL, evidence TEXT NOT NULL, crps_log DOUBLE PRECISION NOT NULL,
           inside_80 INTEGER NOT NULL, PRIMARY KEY (run_id, scenario, outcome, segment, due_on),
           FOREIGN KEY (run_id, scenario, outcome, segment, due_on) REFERENCES fans)""",
        """CREATE TABLE failures (id {id}, run_key TEXT NOT NULL, failed_at TEXT NOT NULL, step TEXT NOT NULL,
           subject TEXT NOT NULL, message TEXT NOT NULL, inputs TEXT NOT NULL, seconds DOUBLE PRECISION NOT NULL)""",
    ),
    (  # what the next run is compared with: the influences of the last one only, since they are large
        """CREATE TABLE influences (scenario TEXT PRIMARY KEY, run_id TEXT NOT NULL, content {bytes} NOT NULL,
           FOREIGN KEY (run_id, scenario) REFERENCES forecasts)""",
    ),
    ("ALTER TABLE forecasts ADD COLUMN assumptions {bytes}",),  # of a run stored before, none
    # scored again by the next refresh: they had been compared with the level that a segment stands for today
    ("DELETE FROM scores WHERE outcome = 'tier_price'",),
    # scored again too: some had been compared with what their own day knew, or before their month was over
    ("DELETE FROM scores",),
)


def migrate(
    connection: Connection, steps: tuple[tuple[str, ...], ...] = MIGRATIONS, read_only: bool = False
) -> None:  # fmt: skip
    """Bring the tables up to date: each step that is missing, and its number, in the caller's transaction.

    In a file that may only be read, steps that only delete rows are left to whoever may write.

    Raises:
        InputError: the store was written by a newer version, or by an older one with other tables and may only be read.
    """
    from sqlalchemy import text

    connection.execute(text("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)"))
    done = connection.execute(text("SELECT coalesce(max(number), 0) FROM migrations")).scalar_one()
    if done > len(steps):
        raise InputError(f"store: has migration {done}; this version knows {len(steps)}. Install a newer forecast.")
    missing = steps[done:]
    if read_only:
        if not all(statement.startswith("DELETE ") for statements in missing for statement in statements):
            raise InputError("store: an older version wrote it. Open it once with the right to write.")
        return
    for number, statements in enumerate(missing, start=done + 1):
        for statement in statements:
            connection.execute(text(statement.format(**SPELLINGS[connection.dialect.name])))
        connection.execute(text("INSERT INTO migrations VALUES (:number)"), {"number": number})
