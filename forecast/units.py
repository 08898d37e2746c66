"""Conversion constants. A name ends in its unit; one unit for each quantity (HOUSE: decimal TB and GB)."""

from __future__ import annotations

HOURS_PER_YEAR = 8760.0
HOURS_PER_MONTH = HOURS_PER_YEAR / 12
SECONDS_PER_HOUR = 3600.0
DAYS_PER_MONTH = 365.0 / 12
MONTHS_PER_YEAR = 12.0
TOKENS_PER_MTOK = 1e6
