"""The store: observations, runs, forecasts, scores, quarantine and failures, in SQLite or PostgreSQL."""
