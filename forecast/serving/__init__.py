"""How fast and how dearly tokens are made: workloads, the fitted step, groups of accelerators, owned hours."""
