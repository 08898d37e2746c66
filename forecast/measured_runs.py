"""What a measured run of `throughput` was beside its case, told by the name of its software."""

from __future__ import annotations

# Prefill on machines of its own; tokens drafted by the model's own module; sequences in flight that are not printed.
OTHER_SYSTEMS = ("disagg", "mtp", "load inferred")
STACKS = {"sglang": "sglang", "vllm": "vllm", "trt": "tensorrt-llm", "tensorrt": "tensorrt-llm", "tgi": "tgi"}


def stack_of(framework: str | None) -> str | None:
    """Return the serving stack that a framework's printed name stands for, None where it names two or none we know.

    >>> stack_of("vllm 0.19.0"), stack_of("TensorRT 10.11, CUDA 12.9"), stack_of("vLLM/TRT")
    ('vllm', 'tensorrt-llm', None)
    """
    name = (framework or "").lower()
    found = {stack for word, stack in STACKS.items() if word in name}
    return found.pop() if len(found) == 1 else None


def other_system(framework: str | None) -> bool:
    """Return whether a run separated prefill, drafted tokens or did not print its load: it compares with no run that did neither.

    >>> other_system("sglang 0.5.9 MTP"), other_system("Dynamo disagg"), other_system("vllm 0.19.0"), other_system(None)
    (True, True, False, False)
    """
    name = (framework or "").lower()
    return any(system in name for system in OTHER_SYSTEMS)
