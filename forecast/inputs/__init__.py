"""The inputs of a scenario: every number of the tables by address, those that a fit gives, what a scenario changes, pairs that move together."""
