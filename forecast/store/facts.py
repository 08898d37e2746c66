"""A forecast's tables as bytes and back, every number kept to its last bit.

The tidy table is Parquet, a tenth of the size of its CSV; the assumptions, texts for the most part, are compressed JSON.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from forecast.assumptions import Assumption
from forecast.tidy_table import Fact

NUMBERS = ("month", "beyond_horizon")
DECIMALS = ("quantile", "value", "standard_error")


def packed(facts: Sequence[Fact]) -> bytes:
    """Return facts as Parquet; equal facts give equal bytes."""
    import pyarrow
    from pyarrow import parquet

    kinds = {name: pyarrow.int64() for name in NUMBERS} | {name: pyarrow.float64() for name in DECIMALS}
    columns = zip(*facts, strict=True)
    arrays = [
        pyarrow.array(column, kinds.get(name, pyarrow.string()))
        for name, column in zip(Fact._fields, columns, strict=True)
    ]
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table(arrays, list(Fact._fields)), buffer, compression="zstd")
    return buffer.getvalue()


def unpacked(content: bytes) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of each fact."""
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(content), use_threads=False)
    yield from zip(*(table.column(name).to_pylist() for name in Fact._fields), strict=True)


def packed_assumptions(found: Sequence[Assumption]) -> bytes:
    """Return assumptions as bytes; equal ones give equal bytes."""
    return zlib.compress(json.dumps(list(found), ensure_ascii=False).encode())


def unpacked_assumptions(content: bytes | None) -> list[Assumption]:
    """Return the assumptions that bytes hold; none where a run was stored without."""
    return [] if content is None else [Assumption(*cells) for cells in json.loads(zlib.decompress(content))]
