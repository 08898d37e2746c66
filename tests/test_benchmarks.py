"""A benchmark that no longer runs measures nothing: what each makes of the tables still loads."""

import importlib.util
from pathlib import Path

HERE = Path(__file__).parent / "benchmarks"


def test_the_market_of_copies_has_every_firm_twice(tmp_path, base):
    spec = importlib.util.spec_from_file_location("bench_scaling", HERE / "bench_scaling.py")
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    once = base.entities("providers")
    twice = bench.with_copies(tmp_path, 2).entities("providers")
    assert set(once) < set(twice) and "together-1" in twice
    assert 1.7 * len(once) < len(twice) < 2 * len(once)  # clouds and the many small ones are there once
