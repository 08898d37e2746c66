"""Engines: where the blocks of a simulation are computed. The numbers are the same on each."""
