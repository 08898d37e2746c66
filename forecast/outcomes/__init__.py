"""Outcomes: what the paths of a block answer. Each has a unit, a kind, a definition and one function."""
