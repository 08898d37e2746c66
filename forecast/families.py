"""Families of hardware: accelerators that share software. What code decides by family is decided by this list."""

from __future__ import annotations

from typing import NamedTuple

ALL, CLOUD, MAKER = "all", "its maker's cloud", "its maker"


class Family(NamedTuple):
    """A family of accelerators.

    Attributes:
        served_by: ALL: whoever buys it; CLOUD: its maker's cloud lets it and nobody sells it; MAKER: it alone, no cloud.
        in_fleets: the fleet of a provider may be of it.
        claims_only: its throughput rests on its makers' claims alone.
        fitted_as: families of fitted efficiency without eight-bit arithmetic, with it, and with four-bit; empty: its name.
    """

    served_by: str
    in_fleets: bool = True
    claims_only: bool = False
    fitted_as: tuple[str, ...] = ()


FAMILIES = {  # the order is that of the market's arrays
    "nvidia": Family(ALL, fitted_as=("nvidia-ampere", "nvidia-hopper", "nvidia-blackwell")),
    "amd": Family(ALL, fitted_as=("amd", "amd", "amd-cdna4")),
    "intel": Family(ALL, in_fleets=False),
    "tpu": Family(CLOUD),
    "trainium": Family(CLOUD),
    "lpu": Family(MAKER, claims_only=True),
    "wafer": Family(MAKER, claims_only=True),
    "dataflow": Family(MAKER),
    "other": Family(MAKER, in_fleets=False),
}
FLEETS = tuple(name for name, family in FAMILIES.items() if family.in_fleets)
