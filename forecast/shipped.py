"""Where the shipped folders lie, and what names the rows of their tables: known before any of them is read."""

from __future__ import annotations

from pathlib import Path

# What names a row of a table that keeps several vintages of it: a date may hold only one of each.
VINTAGE_KEYS: dict[str, tuple[str, ...]] = {
    "parameters": ("parameter",),
    "correlations": ("first", "second"),
    "providers": ("provider",),
    "provider_finances": ("provider",),
    "cloud_finances": ("provider",),
    "contracts": ("provider",),
    "provider_kinds": ("kind",),
    "offers": ("provider", "segment"),
    "segments": ("segment",),
    "regimes": ("regime",),
    "accelerators": ("name",),
    "accelerator_prices": ("accelerator",),
    "efficiency": ("family", "architecture"),
    "speculation": ("form",),
    "serving_stacks": ("stack",),
    "load_power": ("family",),
    "outside_prices": ("accelerator",),
    "throughput_effects": ("term", "feature", "level"),
    "fits": ("key",),
}
# What stands in one row, whatever its date.
NAMED_ONCE: dict[str, tuple[str, ...]] = {
    "sources": ("key",),
    "aliases": ("kind", "alias"),
    "served_models": ("model",),
}
# The tables whose numbers a scenario may change, and the columns that name their rows.
INPUT_TABLES = {n: keys for n, keys in VINTAGE_KEYS.items() if n not in ("parameters", "correlations", "fits")}


def shipped_directory(name: str) -> Path:
    """Return where `data` or `scenarios` lies: beside the package in a checkout, inside it in a wheel."""
    inside = Path(__file__).parent / f"_{name}"
    return inside if inside.is_dir() else Path(__file__).parent.parent / name
