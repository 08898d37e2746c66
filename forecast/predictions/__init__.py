"""Predictions as queries on outcomes with a date: their probabilities, and scores once the date has come."""
