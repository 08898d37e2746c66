"""One self-contained page about a forecast: pure functions from the tidy table to text."""
