"""The rooms of the market: each keeps its own state and is moved one month at a time by `forecast.march`."""
