"""Room of the chapter `generative/adversarial`: a game of two networks, and what it makes of a distribution."""
