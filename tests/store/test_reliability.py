"""A small version of the reliability script: what it counts as wrong is nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "reliability" / "refresh_reliability.py"


@pytest.mark.skipif(sys.platform == "win32", reason="kills and limits are those of POSIX")
def test_nothing_is_damaged_lost_or_published_twice():
    small = "--kills 2 --crowd 0 --full 1 --mutations 7 --days 2 --few-fits".split()
    done = subprocess.run([sys.executable, str(SCRIPT), *small], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for wrong in ("damaged", "tracebacks", "bad prices published"):
        found = re.findall(rf"{wrong} (\d+)", done.stdout)
        assert found and set(found) == {"0"}, done.stdout
    assert re.findall(r"next refresh completes (\d+)", done.stdout) == ["2", "1"]
    counts = [
        int(re.search(rf"{name} (\d+)", done.stdout)[1])
        for name in ("runs in the store", "distinct keys", "marked published")
    ]
    assert counts == [4, 4, 4], "the first, one to measure, and one a kill, each once"
