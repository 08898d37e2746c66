"""The audit: every numeric claim of the founding article, recomputed and judged by a stated rule."""
