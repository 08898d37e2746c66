"""LiteLLM's price catalogue: one JSON object, a member for each model, prices in USD per token."""

from __future__ import annotations

from forecast.sources.quotes import Parsed, checked, json_document, per_mtok

ADDRESS = "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
TEXT_MODES = ("chat", "completion", "responses")
# Names of the catalogue for parts of one seller's price list.
SELLERS = {
    "bedrock_converse": "bedrock",
    "cohere_chat": "cohere",
    "dashscope": "alibaba",
    "gemini": "google",
    "text-completion-openai": "openai",
}


def parse(content: bytes) -> Parsed:
    """Return the text models that are priced by the token; others (images, characters, seconds) are another market.

    Raises:
        SourceError: the answer is no such catalogue.
    """
    found = Parsed([], [])
    for name, entry in json_document(content, dict).items():
        if name == "sample_spec" or not isinstance(entry, dict) or entry.get("mode", "chat") not in TEXT_MODES:
            continue
        if "input_cost_per_token" in entry or "output_cost_per_token" in entry:
            seller = str(entry.get("litellm_provider", ""))
            seller = SELLERS.get(seller, "vertex" if seller.startswith("vertex_ai") else seller)
            given = {side: entry.get(f"{side}_cost_per_token") for side in ("input", "output")}
            found.add_price(seller, name, [per_mtok(usd) for usd in given.values()], given)
    return checked(found)
