"""A buyer's choice of price and provider."""
