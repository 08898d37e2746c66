"""Hindcasts: the whole engine on what was known at a past date, against what happened afterwards."""
