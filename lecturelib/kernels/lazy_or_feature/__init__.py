"""Networks multiplied by α: when training is lazy, and when features are learned."""
