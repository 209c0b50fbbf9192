"""Sizes of signals and gradients in deep random networks."""
