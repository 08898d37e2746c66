"""The throughput model fitted to measurements, and how well it does on pairs it has not seen."""
