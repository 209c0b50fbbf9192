"""Kernels of networks, infinitely wide or finite, and wide networks to compare with them."""
