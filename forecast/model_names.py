"""One name for a model, however a seller writes it: what tells which prices are prices of the same thing."""

from __future__ import annotations

import re
from functools import cache

_TUNING = "instruct|chat|it|hf|turbo|fp8|fp16|bf16|int4|awq|preview|latest|versatile|instant|maas|tee"
_REMOVED = tuple(
    re.compile(pattern)
    for pattern in (
        r":(beta|nitro|extended|thinking|exacto|\d+)$|@.*$",  # a router's variants, a cloud's versions
        r"^(us|eu|apac|au|jp|global|regional|us-gov)\.",  # regions
        r"^(anthropic|amazon|meta|mistral|cohere|ai21|qwen|google|nvidia|writer|deepseek|openai|xai|zai|moonshot)\.",
        r"(-v1|-00\d)$",  # builds
        r"-\d{4}-\d{2}-\d{2}$|-20\d{6}$",  # release dates
        rf"-({_TUNING})(?=-|$)",
        r"(?<=\db)-a\d+b(?=-|$)",  # active parameters of a mixture of experts
        r"^(meta|nvidia|amazon|mistralai|openai|google|anthropic)-(?=[a-z])",
    )
)
_SAID_ONE_WAY = (
    (re.compile(r"(?<=\d)p(?=\d)"), "."),  # qwen2p5
    (re.compile(r"(?<=[a-z])-?v(?=\d(\.\d|$|-))"), "-"),  # llama-v3.1, deepseek-v3
    (re.compile(r"(?<=llama|gemma)(?=\d)"), "-"),
    (re.compile(r"^qwen-(?=\d)"), "qwen"),
    (re.compile(r"^gpt-35"), "gpt-3.5"),
    (re.compile(r"(?<=-\d)-(?=\d(-|$))"), "."),  # claude-3-5-sonnet
    (re.compile(r"^(claude|gemini)-(\d[\d.]*)-(opus|sonnet|haiku|pro|flash)"), r"\1-\3-\2"),
)


@cache
def canonical_name(model: str) -> str:
    """Return the name that sellers' spellings of one model share: no author, region, release date or kind of tuning.

    What makes another product stays: size, generation, context length, and words such as mini or vision.

    >>> canonical_name("meta-llama/Llama-3.1-70B-Instruct-Turbo"), canonical_name("accounts/x/models/llama-v3p1-70b-instruct")
    ('llama-3.1-70b', 'llama-3.1-70b')
    >>> canonical_name("us.anthropic.claude-3-5-sonnet-20240620-v1:0"), canonical_name("claude-3.5-sonnet")
    ('claude-sonnet-3.5', 'claude-sonnet-3.5')
    """
    name = model.strip().lower().rpartition("/")[2].replace("_", "-").replace(" ", "-")
    for pattern in _REMOVED:
        name = pattern.sub("", name)
    for pattern, said in _SAID_ONE_WAY:
        name = pattern.sub(said, name)
    return name or model.strip().lower()


def family_of(canonical: str) -> str:
    """Return the leading word of a canonical name, which stands for its maker.

    >>> family_of("llama-3.1-70b"), family_of("qwen3-32b")
    ('llama', 'qwen')
    """
    found = re.match(r"[a-z]+", canonical)
    return found.group() if found else canonical
