"""Sensitivity: which uncertain inputs drive an outcome, where it turns, and what learning one of them is worth."""
